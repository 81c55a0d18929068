//! The files of a machine that decide whom its programs ask for names: hosts and resolv.conf.

use crate::files;
use crate::finding::Place;
use std::net::IpAddr;
use std::path::Path;

/// What stands in them.
#[derive(Debug, Clone, Default)]
pub(super) struct GuestFiles {
    /// Every name of every line of the hosts file.
    hosts: Vec<HostsLine>,
    /// `nameserver` of resolv.conf, in order.
    pub(super) nameservers: Vec<(IpAddr, Place)>,
    /// `search` or `domain` of resolv.conf; the last one counts.
    pub(super) search: Option<(String, Place)>,
}

/// A line of a hosts file.
#[derive(Debug, Clone)]
pub(super) struct HostsLine {
    pub(super) address: IpAddr,
    names: Vec<String>,
    /// As written.
    pub(super) text: String,
    pub(super) place: Place,
}

impl HostsLine {
    /// The command that takes the name away: the line, if there is no other name on it.
    pub(super) fn removal(&self, name: &str) -> String {
        let (line, file) = (self.place.line.unwrap_or_default(), self.place.file.display());
        if self.names.len() == 1 {
            return format!("sed -i '{line}d' {file}");
        }
        let pattern = name.replace('.', "\\.");
        format!("sed -i -E '{line}s/[[:space:]]+{pattern}\\.?([[:space:]]|$)/\\1/I' {file}")
    }
}

/// Octets of either file.
const LARGEST_FILE: u64 = 16 << 20;

impl GuestFiles {
    /// Reads `etc/hosts` and `etc/resolv.conf` below `root`; a file that cannot be read says nothing.
    pub(super) fn read(root: &Path) -> Self {
        let mut found = GuestFiles::default();
        let hosts = root.join("etc/hosts");
        for (number, line) in lines(&hosts) {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
            let names = words.map(|word| word.trim_end_matches('.').to_ascii_lowercase()).collect();
            let place = Place::at(&hosts, number, 1);
            found.hosts.push(HostsLine { address: address.to_canonical(), names, text: line, place });
        }
        let resolv = root.join("etc/resolv.conf");
        for (number, line) in lines(&resolv) {
            let mut words = line.split_whitespace();
            let place = Place::at(&resolv, number, 1);
            match (words.next(), words.next()) {
                (Some("nameserver"), Some(word)) => {
                    found.nameservers.extend(word.parse().ok().map(|address: IpAddr| (address, place)));
                }
                (Some("search" | "domain"), Some(first)) => {
                    let list = std::iter::once(first).chain(words).collect::<Vec<_>>().join(", ");
                    found.search = Some((list, place));
                }
                _ => {}
            }
        }
        found
    }

    /// The lines of the hosts file with this name, in lower case without a final dot.
    pub(super) fn lines_for(&self, name: &str) -> impl Iterator<Item = &HostsLine> {
        self.hosts.iter().filter(move |line| line.names.iter().any(|own| own == name))
    }
}

/// Lines with their numbers, from 1.
fn lines(file: &Path) -> Vec<(u32, String)> {
    let text = files::read(file, LARGEST_FILE).map(|octets| String::from_utf8_lossy(&octets).into_owned());
    let text = text.unwrap_or_default();
    (1u32..).zip(text.lines().map(str::to_owned)).collect()
}
