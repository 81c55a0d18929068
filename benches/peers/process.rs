//! A server that runs: started on its cores, waited for until its first right answer, ended with all its children.

use crate::asking::{Asking, fault};
use crate::kernel;
use crate::program::{Again, Plan, Program, Setup};
use crate::usage::Tree;
use crate::world::World;
use horizon_dns::control::{Author, ChangeAnswer, ChangeRequest, Errand, Request, ask};
use horizon_dns::edit::{Order, Place};
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running server; it ends when this is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// From just before it was started to its first right answer about the end of its zone.
    pub(crate) started_in: Duration,
    pub(crate) tree: Tree,
    again: Again,
    edits: Option<PathBuf>,
    child: Child,
    client: IpAddr,
    log: PathBuf,
    _folder: TempDir,
}

/// How a server is to be run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner<'a> {
    pub(crate) workers: usize,
    pub(crate) cores: &'a [usize],
    /// Whom a forwarder asks.
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) horizond: Option<&'a Path>,
}

/// How long a server may take to load its zones.
const START: Duration = Duration::from_secs(120);

/// How long a server may take to end before it is killed.
const END: Duration = Duration::from_secs(10);

/// How long a command to a server may take.
const COMMAND: Duration = Duration::from_secs(60);

impl Running {
    /// Starts a server and waits for its first right answer.
    pub(crate) fn start(program: Program, world: &World, manner: Manner<'_>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (address, control) = (free_port()?, free_port()?);
        let setup = Setup {
            world,
            folder: folder.path(),
            address,
            control,
            workers: manner.workers,
            upstream: manner.upstream,
            horizond: manner.horizond,
        };
        let Plan { mut command, again, edits } = program.plan(&setup)?;
        let log = folder.path().join("talk");
        let talk = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(talk.try_clone()?).stderr(talk);
        kernel::bind(&mut command, manner.cores.to_vec());
        let begun = Instant::now();
        let child = command.spawn()?;
        let mut running = Running {
            address,
            started_in: Duration::ZERO,
            tree: Tree { root: child.id() },
            again,
            edits,
            child,
            client: world.clients()[0],
            log,
            _folder: folder,
        };
        let first = world.last();
        running.await_answer(&first, program != Program::Echo, START)?;
        running.started_in = begun.elapsed();
        // Knot puts its first worker on the first core; an upstream would be in the way of who asks it.
        kernel::keep_all_on(running.child.id(), manner.cores)?;
        Ok(running)
    }

    /// Asks until the answer is right.
    pub(crate) fn await_answer(&mut self, asking: &Asking, whole: bool, at_most: Duration) -> io::Result<Duration> {
        let socket = UdpSocket::bind((self.client, 0))?;
        socket.connect(self.address)?;
        socket.set_read_timeout(Some(Duration::from_millis(2)))?;
        let begun = Instant::now();
        let mut buffer = [0; 2048];
        let mut last = "no answer".to_owned();
        while begun.elapsed() < at_most {
            if kernel::interrupted() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("it ended with {status}: {}", self.talk())));
            }
            // An error here says that nobody listens yet.
            let heard = socket.send(asking.octets(0)).and_then(|_| socket.recv(&mut buffer));
            match heard {
                Ok(length) => match fault(asking.octets(0), asking.expected(0), &buffer[..length]) {
                    Some(found) if whole => {
                        last = found;
                        // Asking without a pause would take the core from the work that is waited for.
                        thread::sleep(Duration::from_micros(200));
                    }
                    _ => return Ok(begun.elapsed()),
                },
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    thread::sleep(Duration::from_micros(500));
                }
                Err(_) => {}
            }
        }
        Err(io::Error::other(format!("no right answer in {at_most:?}: {last}; {}", self.talk())))
    }

    /// Tells it to read its zone again, waits for the command, but not for the change.
    pub(crate) fn read_again(&self) -> io::Result<()> {
        match &self.again {
            Again::Never => Ok(()),
            Again::Hangup => {
                kernel::signal(self.child.id(), libc::SIGHUP);
                Ok(())
            }
            Again::Command(program, arguments) => {
                let mut command = Command::new(program);
                let quiet = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
                let mut child = quiet.spawn()?;
                let begun = Instant::now();
                while child.try_wait()?.is_none() {
                    if begun.elapsed() > COMMAND {
                        child.kill()?;
                        child.wait()?;
                        return Err(io::Error::other(format!("{} did not end within {COMMAND:?}", program.display())));
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                let output = child.wait_with_output()?;
                if output.status.success() {
                    return Ok(());
                }
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                Err(io::Error::other(format!("{} failed: {text}", program.display())))
            }
        }
    }

    /// Whether it changes records by command.
    pub(crate) fn edits(&self) -> bool {
        self.edits.is_some()
    }

    /// Has one record changed by command, in a thread of its own that ends when the server has acknowledged it; none where
    /// the server has no such command.
    pub(crate) fn edit(&self, name: &str, address: &str) -> Option<JoinHandle<io::Result<ChangeAnswer>>> {
        let socket = self.edits.clone()?;
        let order = Order::Set {
            name: name.to_owned(),
            rtype: "A".to_owned(),
            data: vec![address.to_owned()],
            ttl: None,
            place: Place::Unsaid,
            condition: Vec::new(),
            reverse: false,
        };
        let by = Author { user: "bench".to_owned(), host: "localhost".to_owned() };
        let request = ChangeRequest { dry: false, yes: true, ..ChangeRequest::dry(vec![order], by) };
        let errand = Request::Errand(Errand::Change(request));
        Some(thread::spawn(move || ask(&socket, &errand, START).map_err(io::Error::other)))
    }

    /// The last of what it said.
    fn talk(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let all = self.tree.processes();
        kernel::signal(self.child.id(), libc::SIGTERM);
        let begun = Instant::now();
        while begun.elapsed() < END && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(2));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        // Children of a server that is gone have another parent now; those that still run are ended.
        for pid in all.into_iter().skip(1).filter(|pid| Path::new(&format!("/proc/{pid}")).exists()) {
            kernel::signal(pid, libc::SIGKILL);
        }
    }
}

/// A port that is free for UDP and TCP.
fn free_port() -> io::Result<SocketAddr> {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = tcp.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
}
