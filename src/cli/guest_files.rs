//! The files of a machine that decide whom its programs ask for names: hosts and resolv.conf.

use crate::files;
use crate::finding::Place;
use crate::plugin::doctor::{HostsLine, hosts_lines};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// What stands in them.
#[derive(Debug, Clone, Default)]
pub(super) struct GuestFiles {
    hosts: Vec<HostsLine>,
    hosts_file: PathBuf,
    /// `nameserver` of resolv.conf, in order.
    pub(super) nameservers: Vec<(IpAddr, Place)>,
    /// `search` or `domain` of resolv.conf; the last one counts.
    pub(super) search: Option<(String, Place)>,
}

/// Octets of either file.
const LARGEST_FILE: u64 = 16 << 20;

impl GuestFiles {
    /// Reads `etc/hosts` and `etc/resolv.conf` below `root`; a file that cannot be read says nothing.
    pub(super) fn read(root: &Path) -> Self {
        let hosts_file = root.join("etc/hosts");
        let hosts = hosts_lines(&text(&hosts_file)).collect();
        let mut found = GuestFiles { hosts, hosts_file, ..GuestFiles::default() };
        let resolv = root.join("etc/resolv.conf");
        for (number, line) in (1u32..).zip(text(&resolv).lines()) {
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

    /// The lines of the hosts file with this name.
    pub(super) fn lines_for(&self, name: &str) -> impl Iterator<Item = &HostsLine> {
        self.hosts.iter().filter(move |line| line.has(name))
    }

    /// Where a line of the hosts file stands.
    pub(super) fn place_of(&self, line: &HostsLine) -> Place {
        Place::at(&self.hosts_file, line.number, 1)
    }

    /// The command that takes a name out of the hosts file.
    pub(super) fn removal(&self, line: &HostsLine, name: &str) -> String {
        line.removal(name, &self.hosts_file)
    }
}

fn text(file: &Path) -> String {
    files::read(file, LARGEST_FILE).map(|octets| String::from_utf8_lossy(&octets).into_owned()).unwrap_or_default()
}
