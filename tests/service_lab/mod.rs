//! A service manager as small as can be: hears notices, keeps sockets, starts `horizond` with them.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const CONFIG: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 2
control = "run/control.sock"

[zones]
directory = "zones"

[[horizon]]
name = "internal"
clients = ["127.0.0.0/8", "::1/128"]
"#;

/// Sockets by the name they are kept under.
pub(crate) type Kept = Vec<(String, Vec<OwnedFd>)>;

/// The files of a server, and where it listens once it has told.
pub(crate) struct Lab {
    folder: TempDir,
    address: Mutex<Option<SocketAddr>>,
}

/// A `horizond` that runs.
pub(crate) struct Service {
    process: Child,
    log: PathBuf,
}

/// Hears what the service tells.
pub(crate) struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
    kept: Mutex<BTreeMap<String, Vec<OwnedFd>>>,
}

/// One message of the service.
#[derive(Debug, Clone)]
pub(crate) struct Notice(String);

impl Lab {
    pub(crate) fn new(config: &str) -> Self {
        let lab = Lab { folder: tempfile::tempdir().unwrap(), address: Mutex::default() };
        lab.write_config(config);
        lab.write_zone("192.0.2.1");
        lab
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::write(self.folder.path().join("horizon.toml"), text).unwrap();
    }

    pub(crate) fn write_zone(&self, address: &str) {
        let folder = self.folder.path().join("zones/internal");
        fs::create_dir_all(&folder).unwrap();
        let text =
            format!("$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\nwww A {address}\n");
        let text = text.replace("ns A 192.0.2.1\n", "").replace("@ NS ns\n", "@ NS ns.example.net.\n");
        fs::write(folder.join("example.org.zone"), text).unwrap();
    }

    /// Starts the program with these sockets, as `LISTEN_FDS` has it, and waits until it says where it listens.
    pub(crate) fn start(
        &self,
        manager: &Manager,
        handed: &[(String, Vec<OwnedFd>)],
        watchdog: Option<Duration>,
    ) -> Service {
        let names: Vec<_> = handed.iter().flat_map(|(name, sockets)| sockets.iter().map(|_| name.clone())).collect();
        let mut moves = String::new();
        // Above all numbers that are asked for, so that no move hides the source of another one.
        let copies: Vec<OwnedFd> = handed
            .iter()
            .flat_map(|(_, sockets)| sockets)
            .map(|socket| rustix::io::fcntl_dupfd_cloexec(socket, 100).unwrap())
            .collect();
        for (place, socket) in (3..).zip(&copies) {
            fcntl_setfd(socket, FdFlags::empty()).unwrap();
            moves.push_str(&format!(" {place}<&{0} {0}<&-", socket.as_raw_fd()));
        }
        let listening = if handed.is_empty() { String::new() } else { "export LISTEN_PID=$$; ".to_owned() };
        let script = format!("{listening}exec \"$HORIZOND\" serve --config horizon.toml{moves}");
        let mut command = Command::new("bash");
        command.args(["-c", &script]);
        if !handed.is_empty() {
            command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        }
        if let Some(period) = watchdog {
            command.env("WATCHDOG_USEC", period.as_micros().to_string());
        }
        self.spawn(command, manager)
    }

    /// Starts the program with these variables.
    pub(crate) fn start_with(&self, manager: &Manager, variables: &[(&str, &str)]) -> Service {
        let mut command = Command::new(env!("CARGO_BIN_EXE_horizond"));
        command.args(["serve", "--config", "horizon.toml"]).envs(variables.iter().copied());
        self.spawn(command, manager)
    }

    fn spawn(&self, mut command: Command, manager: &Manager) -> Service {
        let log = self.folder.path().join("log");
        let mut process = command
            .env("HORIZOND", env!("CARGO_BIN_EXE_horizond"))
            .env("NOTIFY_SOCKET", manager.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::OpenOptions::new().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = process.stdout.take().unwrap();
        let mut text = String::new();
        let mut octet = [0];
        while !text.ends_with('\n') && stdout.read(&mut octet).unwrap() == 1 {
            text.push(octet[0].into());
        }
        let service = Service { process, log };
        let ready = text.strip_prefix("horizond: ready on ").unwrap_or_else(|| panic!("{text}{}", service.log()));
        *self.address.lock().unwrap() = Some(ready.split([',', ' ']).next().unwrap().parse().unwrap());
        service
    }

    /// Where the server listened last.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.lock().unwrap().unwrap()
    }

    /// True when a reply comes within 20 s.
    pub(crate) fn is_answered(&self) -> bool {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(self.address()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client.send(&question()).unwrap();
        let mut reply = [0; 512];
        client.recv(&mut reply).is_ok_and(|length| reply[length - 4..length - 1] == [192, 0, 2])
    }

    /// Connects and asks at once; the answer's address comes with the thread.
    pub(crate) fn ask_over_tcp_later(&self) -> JoinHandle<[u8; 4]> {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let query = question();
        stream.write_all(&[&u16::try_from(query.len()).unwrap().to_be_bytes(), &query[..]].concat()).unwrap();
        std::thread::spawn(move || {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut reply).unwrap();
            reply[reply.len() - 4..].try_into().unwrap()
        })
    }
}

/// `www.example.org A`
pub(crate) fn question() -> Vec<u8> {
    b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01".to_vec()
}

impl Service {
    pub(crate) fn pid(&self) -> i32 {
        self.process.id().try_into().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// What it has written to stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Manager {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        Manager { folder, socket, kept: Mutex::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("notify")
    }

    /// The next notice that is wanted; others are passed over. Panics after 20 s.
    pub(crate) fn wait_for(&self, wanted: impl Fn(&Notice) -> bool) -> Notice {
        self.look_for(Duration::from_secs(20), wanted)
            .unwrap_or_else(|seen| panic!("waited in vain; there came {seen:?}"))
    }

    /// Panics when such a notice comes within this time. What is on its way already does not count.
    pub(crate) fn nothing_for(&self, time: Duration, unwanted: impl Fn(&Notice) -> bool) {
        let _ = self.look_for(Duration::from_millis(50), |_| false);
        if let Ok(notice) = self.look_for(time, unwanted) {
            panic!("{notice:?} came");
        }
    }

    /// The sockets that are kept, copies, by name.
    pub(crate) fn kept(&self) -> Kept {
        let kept = self.kept.lock().unwrap();
        let copy = |sockets: &Vec<OwnedFd>| sockets.iter().map(|socket| socket.try_clone().unwrap()).collect();
        kept.iter().map(|(name, sockets)| (name.clone(), copy(sockets))).collect()
    }

    fn look_for(&self, time: Duration, wanted: impl Fn(&Notice) -> bool) -> Result<Notice, Vec<Notice>> {
        let until = Instant::now() + time;
        let mut seen = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(seen);
            }
            self.socket.set_read_timeout(Some(left)).unwrap();
            let Some(notice) = self.receive() else { return Err(seen) };
            if wanted(&notice) {
                return Ok(notice);
            }
            seen.push(notice);
        }
    }

    fn receive(&self) -> Option<Notice> {
        let mut text = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let message =
            recvmsg(&self.socket, &mut [IoSliceMut::new(&mut text)], &mut ancillary, RecvFlags::CMSG_CLOEXEC).ok()?;
        let notice = Notice(String::from_utf8(text[..message.bytes].to_vec()).unwrap());
        let sockets: Vec<OwnedFd> = ancillary
            .drain()
            .filter_map(|part| match part {
                RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
                _ => None,
            })
            .flatten()
            .collect();
        let mut kept = self.kept.lock().unwrap();
        if let Some(name) = notice.value("FDNAME") {
            if notice.has("FDSTOREREMOVE=1") {
                kept.remove(name);
            } else if notice.has("FDSTORE=1") {
                assert!(notice.has("FDPOLL=0"), "an error of a socket must not end its being kept");
                kept.entry(name.to_owned()).or_default().extend(sockets);
            }
        }
        drop(kept);
        Some(notice)
    }
}

impl Notice {
    pub(crate) fn has(&self, line: &str) -> bool {
        self.0.lines().any(|own| own == line)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.split_once('=').filter(|(own, _)| *own == name)).map(|(_, value)| value)
    }

    pub(crate) fn status(&self) -> &str {
        self.value("STATUS").unwrap_or_default()
    }
}
