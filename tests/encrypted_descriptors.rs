//! Encrypted DNS when file descriptors run out, and beside a crowd of connections that never say a word.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod encrypted_lab;
mod transport_lab;

use encrypted_lab::{Encrypted, NAME, client, connect, is_here, kdig};
use horizon_dns::dns::Rtype;
use horizon_dns::transport::Limits;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};
use transport_lab::{framed, id_and_success, query, wait_until};

const IN_CHILD: &str = "HORIZON_TEST_IN_CHILD";

/// The server in a process of its own, which may open only so many files.
struct Child {
    process: Process,
    input: Option<ChildStdin>,
    plain: SocketAddr,
    tls: SocketAddr,
    https: SocketAddr,
    quic: SocketAddr,
    root: PathBuf,
}

/// Does nothing, except in the process that [`Child::start`] starts: there it is the server.
#[test]
fn the_server_of_the_tests_below() {
    let Some(per_client) = std::env::var_os(IN_CHILD) else { return };
    let per_client = per_client.into_string().unwrap().parse().unwrap();
    let limits = Limits {
        encrypted_per_client: per_client,
        handshake: Duration::from_secs(3),
        idle: Duration::from_secs(600),
        ..Limits::default()
    };
    let server = Encrypted::new(limits);
    let Encrypted { tls, https, quic, .. } = server;
    let plain = server.lab.addresses()[0];
    println!("\nlistening {plain} {tls} {https} {quic} {}", server.authority.root().display());
    // Serves until the parent closes this.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

impl Child {
    fn start(files: usize, per_client: usize) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "the_server_of_the_tests_below", "--nocapture"])
            .env(IN_CHILD, per_client.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut told = lines.map_while(Result::ok);
        let line = told.find_map(|line| Some(line.strip_prefix("listening ")?.to_owned())).unwrap();
        std::thread::spawn(move || told.for_each(drop));
        let mut words = line.split(' ');
        let [plain, tls, https, quic] = [(); 4].map(|()| words.next().unwrap().parse().unwrap());
        let root = words.next().unwrap().into();
        Child { process, input, plain, tls, https, quic, root }
    }

    /// User and system time in hundredths of a second (proc(5): fields 14 and 15 of `stat`).
    fn processor_time(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// How many files it has open.
    fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap().count()
    }

    /// Asks over UDP, and how long the answer took.
    fn ask_plain(&self) -> Duration {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let start = Instant::now();
        socket.send_to(&query(3, "www.example.org", Rtype::A), self.plain).unwrap();
        let mut reply = [0; 1232];
        let length = socket.recv(&mut reply).unwrap();
        assert_eq!(id_and_success(&reply[..length]), (3, true));
        start.elapsed()
    }

    /// Whether a new client is served over TLS.
    fn serves(&self) -> bool {
        connect(self.tls, client(&self.root, b"dot"))
            .is_ok_and(|mut stream| encrypted_lab::ask(&mut stream, 1).is_some())
    }

    fn end(&mut self) {
        drop(self.input.take());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// With 64 descriptors and 120 connections that idle, over TLS and HTTPS: no core burns, who is connected is served, UDP and
/// QUIC are, and who comes when some have gone is served.
#[test]
fn a_lack_of_descriptors_is_waited_out() {
    let mut child = Child::start(64, 1000);
    let mut first = connect(child.tls, client(&child.root, b"dot")).unwrap();
    assert!(encrypted_lab::ask(&mut first, 1).is_some());
    let idle: Vec<TcpStream> = (0..120)
        .map(|number| TcpStream::connect(if number % 2 == 0 { child.tls } else { child.https }).unwrap())
        .collect();
    // One that was inherited may have a number beyond the limit.
    wait_until("the descriptors have run out", || child.files() >= 64);
    let start = Instant::now();
    let mut before = child.processor_time();
    let mut busiest = 0;
    // Longer than a handshake may take: those that got a descriptor give it back, and those behind them get it.
    while start.elapsed() < Duration::from_secs(5) {
        let round = Instant::now();
        while round.elapsed() < Duration::from_secs(1) {
            assert!(encrypted_lab::ask(&mut first, 2).is_some());
            assert!(child.ask_plain() < Duration::from_secs(2));
            std::thread::sleep(Duration::from_millis(20));
        }
        let now = child.processor_time();
        busiest = busiest.max(now - before);
        before = now;
    }
    eprintln!("at most {busiest} hundredths of a second of processor time in one second");
    assert!(busiest < 40, "{busiest}");
    if is_here("kdig") {
        let asked = Instant::now();
        let said = kdig(&child.root, child.quic, &["+quic", "www.example.org", "A"]);
        assert!(said.contains("10.0.0.1"), "QUIC needs no descriptor for a connection: {said}");
        eprintln!("over QUIC it took {:?}", asked.elapsed());
    }
    drop(idle);
    wait_until("a new client is served", || child.serves());
    child.end();
}

/// Thousands of connections, one after the other and many at once, that end half way through, or never say a word: memory
/// stays bounded, and others are served within the deadline of a handshake.
#[test]
fn a_crowd_of_half_open_connections_is_bounded() {
    const CROWD: usize = 20_000;
    const AT_ONCE: usize = 400;
    let mut child = Child::start(1000, 300);
    assert!(child.serves());
    let before = child.memory();
    let mut open = std::collections::VecDeque::new();
    let mut slowest = Duration::ZERO;
    for number in 0..CROWD {
        let Ok(mut stream) = TcpStream::connect(if number % 2 == 0 { child.tls } else { child.https }) else {
            continue;
        };
        if number % 3 == 0 {
            // The head of a record that does not come.
            let _ = stream.write_all(&[22, 3, 1, 0x02, 0, 1]);
        }
        open.push_back(stream);
        if open.len() > AT_ONCE {
            open.pop_front();
        }
        if number % 500 == 0 {
            slowest = slowest.max(child.ask_plain());
        }
    }
    let grown = child.memory().saturating_sub(before);
    eprintln!("{CROWD} half-open connections: {grown} KiB more, the slowest answer over UDP took {slowest:?}");
    assert!(grown < 64 * 1024, "{grown} KiB");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    drop(open);
    wait_until("a new client is served", || child.serves());
    // Questions on it, and nothing is left of the crowd.
    let mut stream = connect(child.tls, client(&child.root, b"dot")).unwrap();
    stream.write_all(&framed(&query(9, NAME, Rtype::A))).unwrap();
    assert!(encrypted_lab::message(&mut stream).is_some());
    child.end();
}
