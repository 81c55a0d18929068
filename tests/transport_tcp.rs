//! TCP as RFC 7766 wants it, and clients that do not play fair.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod transport_lab;

use horizon_dns::counters::Event;
use horizon_dns::dns::Rtype;
use horizon_dns::transport::Limits;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};
use transport_lab::{Lab, ask, connect, framed, id_and_success, query, read_message, wait_until};

const LOOPBACK: [&str; 2] = ["127.0.0.1:0", "[::1]:0"];

/// Hundreds of queries in one segment, or cut at any octet, are each answered (RFC 7766 section 6.2.1.1).
#[test]
fn pipelined_queries_are_all_answered() {
    let lab = Lab::new(&LOOPBACK, Limits::default());
    for address in lab.addresses() {
        for piece in [usize::MAX, 1, 7, 1000] {
            let mut stream = connect(address);
            let all: Vec<u8> = (0..300).flat_map(|id| framed(&query(id, "www.example.org", Rtype::A))).collect();
            let mut writer = stream.try_clone().unwrap();
            let sending = std::thread::spawn(move || {
                for piece in all.chunks(piece.min(all.len())) {
                    writer.write_all(piece).unwrap();
                }
            });
            for id in 0..300 {
                let answer = read_message(&mut stream).unwrap();
                assert_eq!(id_and_success(&answer), (id, true), "{address} in pieces of {piece}");
            }
            sending.join().unwrap();
        }
    }
    assert_eq!(lab.count(Event::QueriesTcp), 2 * 4 * 300);
}

/// A client that has said all still gets all answers (RFC 7766 section 6.2.4), also far more than fits into the socket.
#[test]
fn a_client_that_closes_its_side_gets_every_answer() {
    let lab = Lab::new(&LOOPBACK, Limits::default());
    let mut stream = lab.connect();
    let all: Vec<u8> = (0..400).flat_map(|id| framed(&query(id, "big.example.org", Rtype::TXT))).collect();
    stream.write_all(&all).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    for id in 0..400 {
        let answer = read_message(&mut stream).unwrap();
        assert_eq!(id_and_success(&answer), (id, true));
        assert!(answer.len() > 50_000, "200 strings of 250 octets");
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "then the server closes, too");
}

/// A connection that says nothing is closed in time; one that asks is not (RFC 7766 section 6.2.3).
#[test]
fn idle_connections_are_closed() {
    let lab = Lab::new(&LOOPBACK, Limits { idle: Duration::from_millis(300), ..Limits::default() });
    let (mut silent, mut busy) = (lab.connect(), lab.connect());
    let start = Instant::now();
    let mut id = 0;
    while lab.count(Event::TcpClosedIdle) == 0 {
        id += 1;
        assert_eq!(id_and_success(&ask(&mut busy, id).unwrap()), (id, true));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    assert!(start.elapsed() >= Duration::from_millis(290));
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    assert_eq!(id_and_success(&ask(&mut busy, 9).unwrap()), (9, true));
}

/// A message that comes in drops of one octet must still be whole in time.
#[test]
fn a_slow_writer_is_cut_off() {
    let lab = Lab::new(&LOOPBACK, Limits { message: Duration::from_millis(300), ..Limits::default() });
    let mut slow = lab.connect();
    let start = Instant::now();
    slow.write_all(&[0xff, 0xff]).unwrap();
    while slow.write_all(&[0]).is_ok() && lab.count(Event::TcpClosedSlow) == 0 {
        std::thread::sleep(Duration::from_millis(5));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    lab.wait_for(Event::TcpClosedSlow, 1);
    assert!(start.elapsed() >= Duration::from_millis(290));
}

/// A client that asks for much and reads nothing is cut off, holds little memory until then, and hinders nobody.
#[test]
fn a_slow_reader_is_cut_off_and_hinders_nobody() {
    let lab = Lab::new(&LOOPBACK, Limits { write: Duration::from_millis(500), ..Limits::default() });
    let slow = lab.connect();
    slow.set_nonblocking(true).unwrap();
    let all: Vec<u8> = (0..2000).flat_map(|id| framed(&query(id, "big.example.org", Rtype::TXT))).collect();
    let mut other = lab.connect();
    let mut sent = 0;
    let mut id = 0;
    while lab.count(Event::TcpClosedSlow) == 0 {
        sent += (&slow).write(&all[sent % all.len()..]).unwrap_or(0);
        id += 1;
        let start = Instant::now();
        assert_eq!(id_and_success(&ask(&mut other, id).unwrap()), (id, true));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

/// What all connections hold together is bounded: the one that asks for too much is closed, the others stay.
#[test]
fn held_octets_are_bounded_together() {
    let lab = Lab::new(&LOOPBACK, Limits { held: 3000, ..Limits::default() });
    let begun = [&[0xff, 0xff][..], &[0; 1400]].concat();
    let mut first: Vec<TcpStream> = (0..2).map(|_| lab.connect()).collect();
    for stream in &mut first {
        stream.write_all(&begun).unwrap();
    }
    let mut third = lab.connect();
    // Which of the three is refused depends on who comes last; one of them is.
    third.write_all(&begun).unwrap();
    lab.wait_for(Event::TcpClosedSlow, 1);
    drop((first, third));
    let mut next = lab.connect();
    wait_until("the budget comes back", || {
        next = lab.connect();
        let message = framed(&query(7, "www.example.org", Rtype::A));
        next.write_all(&message[..20]).unwrap();
        next.write_all(&message[20..]).unwrap();
        read_message(&mut next).is_some_and(|answer| id_and_success(&answer) == (7, true))
    });
}

/// The caps hold, refuse at once and count; a place that comes free can be taken.
#[test]
fn connection_caps_hold() {
    let table = [
        ("of one client", Limits { per_client: 3, ..Limits::default() }),
        ("in all", Limits { connections: 3, ..Limits::default() }),
    ];
    for (which, limits) in table {
        let lab = Lab::new(&LOOPBACK, limits);
        let mut open: Vec<TcpStream> = (0..3).map(|_| lab.connect()).collect();
        for (id, stream) in (1..).zip(&mut open) {
            assert_eq!(id_and_success(&ask(stream, id).unwrap()), (id, true), "{which}");
        }
        assert_eq!(ask(&mut lab.connect(), 4), None, "the fourth {which}");
        lab.wait_for(Event::TcpRefused, 1);
        drop(open.pop());
        wait_until("the place comes free", || ask(&mut lab.connect(), 5).is_some());
        for (id, stream) in (1..).zip(&mut open) {
            assert_eq!(id_and_success(&ask(stream, id).unwrap()), (id, true), "those that are open stay, {which}");
        }
    }
}

/// Messages that are no queries get no answer and do not keep a connection open; queries after them are answered.
#[test]
fn messages_that_are_no_queries_are_dropped() {
    let lab = Lab::new(&LOOPBACK, Limits { idle: Duration::from_millis(400), ..Limits::default() });
    let mut stream = lab.connect();
    let mut response = query(1, "www.example.org", Rtype::A);
    response[2] |= 0x80;
    for dropped in [framed(&[]), framed(&[1]), framed(&response)] {
        stream.write_all(&dropped).unwrap();
    }
    assert_eq!(id_and_success(&ask(&mut stream, 2).unwrap()), (2, true));
    assert_eq!(lab.count(Event::Dropped), 3);
    let start = Instant::now();
    while stream.write_all(&framed(&response)).is_ok() && lab.count(Event::TcpClosedIdle) == 0 {
        std::thread::sleep(Duration::from_millis(5));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    lab.wait_for(Event::TcpClosedIdle, 1);
}

/// On a stop, every query that has arrived is answered before the connection ends, and no new connection is taken.
#[test]
fn a_stop_answers_what_has_arrived() {
    let mut lab = Lab::new(&LOOPBACK, Limits::default());
    let address = lab.addresses()[0];
    let mut streams: Vec<TcpStream> = (0..20).map(|_| lab.connect()).collect();
    for stream in &mut streams {
        for id in 0..50 {
            stream.write_all(&framed(&query(id, "www.example.org", Rtype::A))).unwrap();
        }
    }
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            std::thread::spawn(move || {
                let ids: Vec<u16> =
                    std::iter::from_fn(|| read_message(&mut stream)).map(|m| id_and_success(&m).0).collect();
                assert_eq!(ids, (0..50).collect::<Vec<_>>());
            })
        })
        .collect();
    lab.stop();
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(TcpStream::connect(address).is_err());
}

/// When file descriptors run out, the server neither burns a core nor gives up: who is connected is served, and who waited
/// is served when a descriptor comes free.
#[test]
fn a_lack_of_descriptors_is_waited_out() {
    let mut child = Child::start(40);
    let mut open: Vec<TcpStream> = (0..40).map(|_| connect(child.address)).collect();
    let mut served = 0;
    for stream in &mut open {
        stream.set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
        match ask(stream, 1) {
            Some(_) => served += 1,
            None => break,
        }
    }
    assert!((5..40).contains(&served), "{served} of 40 are served");
    let before = child.processor_time();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        assert_eq!(id_and_success(&ask(&mut open[0], 2).unwrap()), (2, true));
        std::thread::sleep(Duration::from_millis(50));
    }
    let used = child.processor_time() - before;
    assert!(used < 30, "{used} hundredths of a second of processor time in one second");
    open.drain(..20);
    let mut last = open.pop().unwrap();
    last.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // Its query of before may have been answered, too.
    assert!(ask(&mut last, 3).is_some(), "one that waited is served now");
    child.end();
}

/// An idle connection costs little memory: no buffer waits for it.
#[test]
fn ten_thousand_idle_connections_fit_into_100_megabytes() {
    const CONNECTIONS: usize = 10_000;
    let limited = std::process::Command::new("prlimit")
        .args(["--pid", &std::process::id().to_string(), "--nofile=12000"])
        .status()
        .is_ok_and(|status| status.success());
    if !limited {
        eprintln!("skipped: this process may not open 12,000 files");
        return;
    }
    let mut child = Child::start(12_000);
    let before = child.memory();
    let mut open: Vec<TcpStream> = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        let mut stream = connect(child.address);
        if number % 10 == 0 {
            assert!(ask(&mut stream, 1).is_some(), "connection {number}");
        }
        open.push(stream);
    }
    assert!(ask(&mut open[CONNECTIONS - 1], 2).is_some(), "all have been taken");
    let used = child.memory().saturating_sub(before);
    eprintln!("{CONNECTIONS} idle connections take {used} KiB");
    assert!(used < 100_000_000 / 1024, "{used} KiB");
    child.end();
}

/// Clients that ask for much and never read: each connection ends by the deadline for answers and not before, memory stays
/// bounded however many they are, and another client is served all the while.
#[test]
fn clients_that_never_read_end_by_the_deadline() {
    const CLIENTS: usize = 50;
    let mut child = Child::start(1000);
    let mut other = connect(child.address);
    assert!(ask(&mut other, 1).is_some());
    let (files, memory) = (child.files(), child.memory());
    let begun = Instant::now();
    let all: Vec<u8> = (0..200).flat_map(|id| framed(&query(id, "big.example.org", Rtype::TXT))).collect();
    let silent: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| {
            let mut stream = connect(child.address);
            stream.set_nonblocking(true).unwrap();
            // Ten megabytes of answers; what does not leave now is never asked.
            let _ = stream.write(&all);
            stream
        })
        .collect();
    let (mut most_files, mut most_memory, mut slowest) = (0, 0, Duration::ZERO);
    let mut last = begun;
    wait_until("all connections but one have ended", || {
        let asked = Instant::now();
        assert_eq!(id_and_success(&ask(&mut other, 2).unwrap()), (2, true));
        slowest = slowest.max(asked.elapsed());
        most_memory = most_memory.max(child.memory());
        let open = child.files();
        if open > most_files {
            (most_files, last) = (open, Instant::now());
        }
        begun.elapsed() > Duration::from_secs(1) && open <= files
    });
    let took = begun.elapsed();
    drop(silent);
    let grown = most_memory.saturating_sub(memory);
    eprintln!("{CLIENTS} silent clients: {took:?}, at most {grown} KiB more, the slowest answer took {slowest:?}");
    assert!(most_files >= files + CLIENTS, "all of them were connected at once");
    assert!(took >= WRITE_DEADLINE, "not before the deadline");
    assert!(took < last.duration_since(begun) + WRITE_DEADLINE + Duration::from_secs(5), "by the deadline");
    assert!(slowest < Duration::from_secs(5), "another client is served: {slowest:?}");
    // One answer each, one more on its way, and no queue of them.
    assert!(grown < 15 * 1024, "{grown} KiB");
    child.end();
}

/// The server in a process of its own, which may open only so many files.
struct Child {
    process: std::process::Child,
    address: std::net::SocketAddr,
    /// Kept open: the child writes a summary at its end.
    _output: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

/// How long the child waits for clients to take their answers.
const WRITE_DEADLINE: Duration = Duration::from_secs(2);

const IN_CHILD: &str = "HORIZON_TEST_IN_CHILD";

/// Does nothing, except in the process that [`Child::start`] starts: there it is the server.
#[test]
fn the_server_of_the_tests_above() {
    if std::env::var_os(IN_CHILD).is_none() {
        return;
    }
    let limits = Limits {
        per_client: 20_000,
        connections: 20_000,
        idle: Duration::from_secs(600),
        write: WRITE_DEADLINE,
        ..Limits::default()
    };
    let lab = Lab::new(&["127.0.0.1:0"], limits);
    println!("\nlistening {}", lab.addresses()[0]);
    // Serves until the parent closes this.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

impl Child {
    fn start(files: usize) -> Self {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};
        let mut process = Command::new("sh")
            .args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "the_server_of_the_tests_above", "--nocapture"])
            .env(IN_CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut told = lines.by_ref().map_while(Result::ok);
        let address = told.find_map(|line| line.strip_prefix("listening ")?.parse().ok()).unwrap();
        Child { process, address, _output: lines }
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

    fn end(&mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
