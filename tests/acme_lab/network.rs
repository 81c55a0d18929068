//! Network namespaces on a bridge: one a guest, with hosts file and resolver of its own.

use super::process::run;
use rustix::thread::LinkNameSpaceType;
use rustix::thread::move_into_link_name_space;
use std::fs;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where `ip netns` keeps the names of namespaces.
const NAMES: &str = "/run/netns";
/// Where `ip netns exec` finds the files that it lays over those of `/etc`.
const FILES: &str = "/etc/netns";
const LOCALHOST: &str = "127.0.0.1 localhost\n";

/// How many networks this process made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Guests on one bridge, and one outside that reaches them through 101. Vanishes when it is dropped.
pub(crate) struct Network {
    /// Begins the name of every namespace: the process and a number, so that tests run beside each other.
    prefix: String,
}

impl Network {
    /// The guests of the worked example.
    ///
    /// # Errors
    /// Why there can be no namespaces here, in words.
    pub(crate) fn new() -> Result<Network, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("network namespaces need root".to_owned());
        }
        remove_strays();
        let prefix = format!("hz{}x{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let network = Network { prefix };
        let bridge = network.namespace("br");
        let made = Command::new("ip").args(["netns", "add", &bridge]).output();
        match made {
            Err(error) => return Err(format!("ip of iproute2 cannot be run: {error}")),
            Ok(output) if !output.status.success() => {
                return Err(format!("no network namespaces: {}", String::from_utf8_lossy(&output.stderr).trim()));
            }
            Ok(_) => (),
        }
        for (link, kind) in [("br0", "bridge"), ("br1", "bridge")] {
            network.ip("br", &["link", "add", link, "type", kind]);
            network.ip("br", &["link", "set", link, "up"]);
        }
        for (guest, address) in
            [("101", "10.0.0.153/24"), ("102", "10.0.0.12/24"), ("103", "10.0.0.10/24"), ("internal", "10.0.0.50/24")]
        {
            network.add_guest(guest);
            network.plug(guest, "eth0", "br0", address);
        }
        network.add_guest("outside");
        network.plug("101", "wan0", "br1", "192.0.2.1/24");
        network.plug("outside", "eth0", "br1", "192.0.2.9/24");
        network.ip("outside", &["route", "add", "10.0.0.0/24", "via", "192.0.2.1"]);
        Ok(network)
    }

    /// A further guest on the inner bridge.
    pub(crate) fn add(&self, guest: &str, address: &str) {
        self.add_guest(guest);
        self.plug(guest, "eth0", "br0", address);
    }

    /// A second address of a guest.
    pub(crate) fn add_address(&self, guest: &str, address: &str) {
        self.ip(guest, &["addr", "add", address, "dev", "eth0"]);
    }

    fn add_guest(&self, guest: &str) {
        let name = self.namespace(guest);
        run("ip", |ip| ip.args(["netns", "add", &name]));
        self.ip(guest, &["link", "set", "lo", "up"]);
        let folder = self.files(guest);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("hosts"), LOCALHOST).unwrap();
        fs::write(folder.join("resolv.conf"), "nameserver 10.0.0.153\noptions timeout:1 attempts:2\n").unwrap();
        fs::write(folder.join("nsswitch.conf"), "hosts: files dns\n").unwrap();
    }

    fn plug(&self, guest: &str, link: &str, bridge: &str, address: &str) {
        let peer = format!("{bridge}-{guest}");
        let other = self.namespace("br");
        self.ip(guest, &["link", "add", link, "type", "veth", "peer", "name", &peer, "netns", &other]);
        self.ip("br", &["link", "set", &peer, "master", bridge, "up"]);
        self.ip(guest, &["addr", "add", address, "dev", link]);
        self.ip(guest, &["link", "set", link, "up"]);
    }

    fn ip(&self, guest: &str, words: &[&str]) {
        run("ip", |ip| ip.args(["-n", &self.namespace(guest)]).args(words));
    }

    fn namespace(&self, guest: &str) -> String {
        format!("{}-{guest}", self.prefix)
    }

    /// The folder of the files of a guest that differ from this machine's.
    pub(crate) fn files(&self, guest: &str) -> PathBuf {
        Path::new(FILES).join(self.namespace(guest))
    }

    /// Puts lines into the hosts file of a guest, in the place of those before; programs that run there see it, for it stays the
    /// same file.
    pub(crate) fn set_hosts(&self, guest: &str, lines: &str) {
        fs::write(self.files(guest).join("hosts"), format!("{LOCALHOST}{lines}")).unwrap();
    }

    /// A program that will run in a guest, and dies with the thread that starts it.
    pub(crate) fn command(&self, guest: &str, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "ip", "netns", "exec", &self.namespace(guest), program]);
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        command.env("PATH", path);
        command
    }

    /// Does something in a guest; a socket that is opened there stays there, whoever uses it.
    pub(crate) fn inside<T: Send>(&self, guest: &str, action: impl FnOnce() -> T + Send) -> T {
        let file = File::open(Path::new(NAMES).join(self.namespace(guest))).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                action()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        remove(&self.prefix);
    }
}

/// Removes what a test run left behind that was killed: its processes died with it.
fn remove_strays() {
    let Ok(entries) = fs::read_dir(NAMES) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((prefix, _)) = name.split_once('-') else { continue };
        let Some((process, _)) = prefix.strip_prefix("hz").and_then(|rest| rest.split_once('x')) else { continue };
        let is_process = !process.is_empty() && process.bytes().all(|octet| octet.is_ascii_digit());
        if is_process && !Path::new("/proc").join(process).exists() {
            remove(prefix);
        }
    }
}

/// Removes all namespaces whose name begins so, and their files. Another process may be at it, too.
fn remove(prefix: &str) {
    let begins = format!("{prefix}-");
    for folder in [NAMES, FILES] {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with(&begins) {
                continue;
            }
            if folder == NAMES {
                let _ = Command::new("ip").args(["netns", "del", &name]).output();
            } else {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
    // Only when it is empty: it may have been there before.
    let _ = fs::remove_dir(FILES);
}
