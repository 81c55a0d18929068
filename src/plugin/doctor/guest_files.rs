//! The files of a guest that decide whom it asks: given one by one, or below the root of the guest's file system.

use super::super::acme::told;
use super::hosts::judge_hosts;
use super::resolv::{judge_nsswitch, judge_resolv};
use super::row::{Area, Row};
use crate::dns::{Name, parse_name};
use crate::files;
use crate::snapshot::Snapshot;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Octets of such a file.
const LARGEST: u64 = 1 << 20;

/// Which files to look at.
#[derive(Debug, Clone, Default)]
pub struct GuestFiles {
    /// Hosts files.
    pub hosts: Vec<PathBuf>,
    /// `resolv.conf` files.
    pub resolv: Vec<PathBuf>,
    /// Folders that are the root of a guest: `etc/hosts`, `etc/resolv.conf`, `etc/nsswitch.conf` below them. A file that is
    /// missing there is no fault.
    pub roots: Vec<PathBuf>,
}

/// Reads the files and judges each: one row a file. `client` is the address as which our zones are asked.
pub fn read_guest_files(wanted: &GuestFiles, snapshot: &Snapshot, client: IpAddr, servers: &[IpAddr]) -> Vec<Row> {
    let ours = |name: &Name| {
        let found = told(snapshot, client, name);
        found.exists.then_some(found.addresses)
    };
    let captures = |domain: &Name| {
        // A name that nobody has: only a wildcard answers.
        let made_up = parse_name(&format!("zonectl-no-such-name.{domain}")).ok();
        made_up.is_some_and(|name| told(snapshot, client, &name).exists)
    };
    let hosts = |file: &Path, text: &str| judge_hosts(file, text, None, &ours);
    let resolv = |file: &Path, text: &str| judge_resolv(file, text, None, servers, &captures);
    let nsswitch = |file: &Path, text: &str| judge_nsswitch(file, text, None);
    let mut rows = Vec::new();
    let mut look =
        |file: &Path, needed: bool, judge: &dyn Fn(&Path, &str) -> Vec<super::super::acme::reach::Problem>| {
            let check = file.display().to_string();
            match files::read(file, LARGEST) {
                Ok(octets) => {
                    let text = String::from_utf8_lossy(&octets);
                    let problems = judge(file, &text);
                    let seen = match problems.len() {
                        0 => "nothing passes this server by".to_owned(),
                        1 => "1 line does".to_owned(),
                        several => format!("{several} lines do"),
                    };
                    rows.push(Row::new(Area::Files, check, seen, problems));
                }
                Err(error) if needed || !error.is_missing() => {
                    rows.push(Row::untested(Area::Files, check, error.to_string()));
                }
                Err(_) => {}
            }
        };
    wanted.hosts.iter().for_each(|file| look(file, true, &hosts));
    wanted.resolv.iter().for_each(|file| look(file, true, &resolv));
    for root in &wanted.roots {
        look(&root.join("etc/hosts"), false, &hosts);
        look(&root.join("etc/resolv.conf"), false, &resolv);
        look(&root.join("etc/nsswitch.conf"), false, &nsswitch);
    }
    rows
}

/// The addresses at which guests reach this server: what is listened on but loopback.
pub(super) fn reached_at(listen: &[SocketAddr]) -> Vec<IpAddr> {
    let all = listen.iter().map(|listen| listen.ip().to_canonical());
    all.filter(|ip| !ip.is_loopback() && !ip.is_unspecified()).collect()
}
