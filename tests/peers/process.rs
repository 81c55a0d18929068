//! Knot and NSD as processes of ours: own config and zones in a folder that vanishes, a free port, ended by pid.

use super::ask::{Carrier, ask_all};
use super::names::show;
use super::question::Question;
use super::reply::read;
use super::world::World;
use super::zonefile;
use horizon_dns::dns::Rtype;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a peer may take to load its zones.
const START: Duration = Duration::from_secs(20);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Knot,
    Nsd,
}

impl Program {
    /// As its makers write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::Knot => "Knot",
            Program::Nsd => "NSD",
        }
    }
}

/// A running peer; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: Arc<TempDir>,
}

impl Peer {
    /// Starts `program` with the zones of `world` and waits until it answers for every one of them.
    ///
    /// # Panics
    /// When the program is not installed, does not start, or refuses a zone: the message says which.
    pub(crate) fn start(program: Program, world: &World) -> Self {
        let mut folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        for (number, zone) in world.zones.iter().enumerate() {
            let path = folder.path().join(format!("{number}.zone"));
            fs::write(path, zonefile::text(zone)).expect("a zone file in the temporary folder");
        }
        // Another process may take the port between the look and the start.
        for _ in 0..2 {
            let mut peer = Peer::spawn(program, world, folder, free_address());
            match peer.wait_until_ready(world) {
                Ok(()) => return peer,
                Err(reason) => eprintln!("{} does not serve: {reason}", program.name()),
            }
            folder = Arc::clone(&peer.folder);
        }
        panic!("{} does not serve; see above", program.name())
    }

    fn spawn(program: Program, world: &World, folder: Arc<TempDir>, address: SocketAddr) -> Self {
        let (name, config, arguments) = match program {
            Program::Knot => ("knotd", knot_config(world, folder.path(), address), ["-c", "peer.conf"].as_slice()),
            Program::Nsd => ("nsd", nsd_config(world, folder.path(), address), ["-d", "-c", "peer.conf"].as_slice()),
        };
        fs::write(folder.path().join("peer.conf"), config).expect("the config in the temporary folder");
        let log = File::create(folder.path().join("log")).expect("the log in the temporary folder");
        let child = Command::new(installed(name))
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Peer { address, child, folder }
    }

    fn wait_until_ready(&mut self, world: &World) -> Result<(), String> {
        let begun = Instant::now();
        let questions: Vec<_> = world.zones.iter().map(|zone| Question::plain(zone.apex.clone(), Rtype::SOA)).collect();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended with {status}\n{}", self.log()));
            }
            let refused = self.first_refused(&questions);
            let Some(refused) = refused else { return Ok(()) };
            if begun.elapsed() > START {
                return Err(format!("no SOA for {refused}\n{}", self.log()));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// The first zone for which no authoritative SOA comes, over TCP: a connection is refused at once while none listens.
    fn first_refused(&self, questions: &[Question]) -> Option<String> {
        let queries: Vec<_> = questions.iter().zip(0..).map(|(question, id)| question.octets(id)).collect();
        let replies = ask_all(Carrier::Tcp, self.address, &queries);
        questions.iter().zip(replies).find_map(|(question, reply)| {
            let served = reply.and_then(|octets| read(&octets).ok()).is_some_and(|reply| reply.aa && reply.rcode == 0);
            (!served).then(|| show(&question.name))
        })
    }

    /// What the peer said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Peer {
    /// NSD has children of its own: it is asked to end, and killed only when it does not.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// The path of a server's binary, which Debian keeps where a user's PATH does not look.
fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; packaging/test.sh installs what the tests need"))
}

/// A loopback address whose port is free for both UDP and TCP.
fn free_address() -> SocketAddr {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free UDP port on loopback");
        let address = socket.local_addr().expect("a bound socket has an address");
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

fn knot_config(world: &World, folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let mut text = format!(
        "server:\n  rundir: {folder}\n  listen: {}@{}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n  \
         answer-rotation: off\n  tcp-reuseport: off\nlog:\n  - target: stderr\n    any: warning\ndatabase:\n  \
         storage: {folder}\ntemplate:\n  - id: default\n    storage: {folder}\n    semantic-checks: off\n    \
         zonefile-load: whole\n    zonefile-sync: -1\n    journal-content: none\nzone:\n",
        address.ip(),
        address.port()
    );
    for (number, zone) in world.zones.iter().enumerate() {
        let name = show(&zone.apex);
        writeln!(text, "  - domain: \"{name}\"\n    file: {number}.zone").expect("a String takes text");
    }
    text
}

fn nsd_config(world: &World, folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let mut text = format!(
        "server:\n  ip-address: {}@{}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{folder}\"\n  \
         database: \"\"\n  pidfile: \"{folder}/nsd.pid\"\n  xfrdfile: \"{folder}/xfrd.state\"\n  \
         xfrdir: \"{folder}\"\n  zonelistfile: \"{folder}/zone.list\"\n  cookie-secret-file: \"{folder}/cookies\"\n  \
         refuse-any: no\n  minimal-responses: yes\n  round-robin: no\n  rrl-ratelimit: 0\n  \
         rrl-whitelist-ratelimit: 0\n  tcp-query-count: 0\n  tcp-count: 100\nremote-control:\n  control-enable: no\n",
        address.ip(),
        address.port()
    );
    for (number, zone) in world.zones.iter().enumerate() {
        let name = show(&zone.apex);
        writeln!(text, "zone:\n  name: \"{name}\"\n  zonefile: \"{number}.zone\"").expect("a String takes text");
    }
    text
}
