//! Promise: the control socket answers who speaks its protocol, tells who does not, and nobody can block it for others.

mod cli_lab;

use arc_swap::ArcSwap;
use horizon_dns::control;
use horizon_dns::control::{
    AskError, ControlListener, Desk, GetAnswer, Health, LARGEST_ERRAND, LARGEST_REQUEST, LastReload,
};
use horizon_dns::control::{MatchAnswer, ReloadOrder, ReloadOutcome, Request, StatusAnswer, Traffic};
use horizon_dns::counters::Counters;
use horizon_dns::finding::{Finding, Severity};
use horizon_dns::plugin::acme::{Board, Challenges, Tokens};
use horizon_dns::query::Feed;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

const LONG: Duration = Duration::from_secs(20);

/// A control socket over the usual zones; it ends when this is dropped.
struct Lab {
    folder: TempDir,
    socket: PathBuf,
    _runtime: Runtime,
}

fn health() -> Health {
    Health {
        started: UNIX_EPOCH + Duration::from_secs(1000),
        listen: vec!["127.0.0.1:5300".parse().unwrap()],
        workers: 2,
        last_reload: LastReload { at: UNIX_EPOCH + Duration::from_secs(2000), live: true, findings: Vec::new() },
        upstreams: Vec::new(),
        http: (Vec::new(), false),
        encrypted: Vec::new(),
        challenges: 2,
        web: Vec::new(),
        totals: Counters::new(1).totals(),
        live_since: UNIX_EPOCH + Duration::from_secs(2000),
        counters: BTreeMap::from([("queries".to_owned(), 7)]),
    }
}

fn lab() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let published = Arc::new(ArcSwap::from_pointee(cli_lab::corp(folder.path())));
    let (reload, mut orders) = mpsc::channel::<ReloadOrder>(1);
    let (errands, _) = mpsc::channel(1);
    let challenges = Arc::new(Challenges::unopened(&folder.path().join("acme"), Arc::default()));
    let tokens = Arc::new(Tokens::closed(&folder.path().join("acme")));
    let reaches = Arc::new(Board::open(&folder.path().join("acme")).0);
    let desk = Arc::new(Desk {
        published,
        health: Box::new(health),
        reload,
        errands,
        challenges,
        reaches,
        tokens,
        watched: Arc::default(),
        traffic: Arc::new(Traffic::new(Arc::new(Feed::new()), Arc::new(Counters::new(1)))),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = ControlListener::bind(&socket).unwrap();
    runtime.spawn(async move { control::serve(&listener, desk).await });
    runtime.spawn(async move {
        while let Some(order) = orders.recv().await {
            let finding = Finding::new("BAD_ZONE", Severity::Error, "corp.example", "no SOA", "write one");
            let _ = order.done.send(ReloadOutcome { live: false, changed: Vec::new(), findings: vec![finding] });
        }
    });
    Lab { folder, socket, _runtime: runtime }
}

/// Sends octets, ends the sending side when told so, and reads all that comes back.
fn speak(socket: &Path, octets: &[u8], end: bool) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(octets);
    if end {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut seen = Vec::new();
    let _ = stream.read_to_end(&mut seen);
    String::from_utf8(seen).unwrap()
}

fn codes(replies: &str) -> Vec<String> {
    let code = |line: &str| {
        let reply: Value = serde_json::from_str(line).unwrap();
        assert_eq!(reply["version"], 1);
        reply["refusal"]["code"].as_str().unwrap_or("answer").to_owned()
    };
    replies.lines().map(code).collect()
}

/// Each request gets the answer in its shape.
#[test]
fn every_verb_is_answered() {
    let lab = lab();
    let get = Request::Get { name: "app".into(), rtype: Some("A".into()), horizon: Some("internal".into()) };
    let answer: GetAnswer = control::ask(&lab.socket, &get, LONG).unwrap();
    assert_eq!((answer.name.as_str(), answer.horizons.len()), ("app.corp.example.", 1));
    assert_eq!(answer.horizons[0].records[0].data, "10.0.0.12");

    let request = Request::HorizonMatch { address: "10.0.0.9".parse().unwrap() };
    let answer: MatchAnswer = control::ask(&lab.socket, &request, LONG).unwrap();
    assert_eq!((answer.horizon.as_deref(), answer.forward), (Some("internal"), true));

    let status: StatusAnswer = control::ask(&lab.socket, &Request::Status, LONG).unwrap();
    assert!(status.healthy && status.pid == std::process::id() && status.counters["queries"] == 7);
    let zone = &status.horizons[1].zones[0];
    assert_eq!((zone.origin.as_str(), zone.serial, zone.inherited), ("corp.example.", 9, false));
    assert_eq!(zone.file.as_deref(), Some(&*lab.folder.path().join("zones/external/corp.example.zone")));

    let reload: Value = control::ask(&lab.socket, &Request::Reload { wait: true }, LONG).unwrap();
    assert_eq!((&reload["live"], &reload["findings"][0]["code"]), (&Value::Bool(false), &Value::from("BAD_ZONE")));
    let reload: Value = control::ask(&lab.socket, &Request::Reload { wait: false }, LONG).unwrap();
    assert_eq!(reload.to_string(), r#"{"ordered":true}"#);

    let request = Request::Diff { left: "internal".into(), right: "nowhere".into() };
    let refused = control::ask::<Value>(&lab.socket, &request, LONG).unwrap_err();
    assert!(matches!(&refused, AskError::Refused(refusal) if refusal.code == "UNKNOWN_HORIZON"), "{refused}");
}

/// What breaks the protocol is told so and cut off; what follows the protocol goes on.
#[test]
fn broken_requests_are_told_and_cut_off() {
    let lab = lab();
    let status = br#"{"version":1,"verb":"status"}"#;
    let long = vec![b'x'; LARGEST_REQUEST + 5000];
    let mut errand = br#"{"version":1,"verb":"errand","errand":""#.to_vec();
    errand.resize(LARGEST_REQUEST * 4, b'x');
    let mut huge = errand.clone();
    huge.resize(LARGEST_ERRAND + 5000, b'x');
    let deep = "[".repeat(60_000);
    let table: [(&str, Vec<u8>, &[&str]); 11] = [
        ("two requests, one after the other", [&status[..], b"\n", status, b"\n"].concat(), &["answer", "answer"]),
        ("the last line needs no end", status.to_vec(), &["answer"]),
        ("nothing at all", Vec::new(), &[]),
        ("garbage ends the talk", [b"\xff\0garbage\n", &status[..], b"\n"].concat(), &["BAD_REQUEST"]),
        ("an empty line", b"\n".to_vec(), &["BAD_REQUEST"]),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), &["BAD_REQUEST"]),
        ("a line without end", long, &["REQUEST_TOO_LARGE"]),
        ("an errand may be longer", [&errand[..], b"\n"].concat(), &["BAD_REQUEST"]),
        ("an errand without end", huge, &["REQUEST_TOO_LARGE"]),
        ("brackets without end", deep.into_bytes(), &["BAD_REQUEST"]),
        ("another version", br#"{"version":9,"verb":"dance"}"#.to_vec(), &["OTHER_VERSION"]),
    ];
    for (why, octets, expected) in table {
        assert_eq!(codes(&speak(&lab.socket, &octets, true)), expected, "{why}");
    }
}

/// Half a request is waited for only so long; meanwhile others are served, and an idle connection just ends.
#[test]
fn slow_clients_are_cut_off_and_block_nobody() {
    let lab = lab();
    let begun = Instant::now();
    let socket = lab.socket.clone();
    let idle = std::thread::spawn({
        let socket = socket.clone();
        move || speak(&socket, b"", false)
    });
    let slow: Vec<_> = (0..8)
        .map(|_| {
            let socket = socket.clone();
            std::thread::spawn(move || speak(&socket, br#"{"version":1,"#, false))
        })
        .collect();
    let _: StatusAnswer = control::ask(&socket, &Request::Status, LONG).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "served while the others wait");
    for client in slow {
        assert_eq!(codes(&client.join().unwrap()), ["TOO_SLOW"]);
    }
    assert_eq!(idle.join().unwrap(), "");
}

/// Only one client at a time may send more than a short line; the next one's line is not read before, and short requests go on.
#[test]
fn large_errands_take_turns() {
    let lab = lab();
    let mut large = br#"{"version":1,"verb":"errand","errand":""#.to_vec();
    // More than the system keeps between two ends: who could send it all is being read.
    large.resize(2 << 20, b'x');
    let connect = || {
        let stream = UnixStream::connect(&lab.socket).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        stream
    };
    let (mut first, mut second) = (connect(), connect());
    first.write_all(&large).unwrap();
    let mut sent = 0;
    let stuck = loop {
        match second.write(&large[sent..]) {
            Ok(octets) if sent + octets < large.len() => sent += octets,
            other => break other,
        }
    };
    assert!(stuck.is_err() && sent >= LARGEST_REQUEST, "waits for its turn: {stuck:?} after {sent} octets");
    let _: StatusAnswer = control::ask(&lab.socket, &Request::Status, LONG).unwrap();
    drop(first);
    second.set_write_timeout(Some(LONG)).unwrap();
    second.write_all(&[&large[sent..], b"\"}\n"].concat()).unwrap();
    let mut seen = String::new();
    second.read_to_string(&mut seen).unwrap();
    assert_eq!(codes(&seen), ["BAD_REQUEST"], "read as a whole in the end");
}

/// Clients that vanish in the middle, as many as there are places and more, leave the server as it was.
#[test]
fn clients_that_vanish_cost_nothing() {
    let lab = lab();
    for round in 0..200 {
        let mut stream = UnixStream::connect(&lab.socket).unwrap();
        let request: &[u8] = if round % 2 == 0 { br#"{"version""# } else { b"{\"version\":1,\"verb\":\"status\"}\n" };
        let _ = stream.write_all(request);
    }
    let _: StatusAnswer = control::ask(&lab.socket, &Request::Status, LONG).unwrap();
}

/// `zonectl` says what is wrong when nobody or somebody else listens.
#[test]
fn the_client_says_why_there_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let said = |socket: &Path| control::ask::<Value>(socket, &Request::Status, Duration::from_millis(300)).unwrap_err();
    assert!(matches!(said(&socket), AskError::NoServer { .. }), "nothing there");
    let listener = UnixListener::bind(&socket).unwrap();
    assert!(matches!(said(&socket), AskError::Broken { .. }), "a server that never answers");
    // The connection above waits in the queue.
    let table: [(&str, &[u8]); 4] = [
        ("nothing", b""),
        ("garbage", b"hello\n"),
        ("half a reply", b"{\"version\":1"),
        ("no content", b"{\"version\":1}\n"),
    ];
    drop(listener.accept().unwrap());
    for (why, reply) in table {
        let server = std::thread::spawn({
            let listener = listener.try_clone().unwrap();
            move || {
                let (stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                (&stream).write_all(reply).unwrap();
            }
        });
        let error = control::ask::<Value>(&socket, &Request::Status, LONG).unwrap_err();
        assert!(matches!(error, AskError::NotAReply { .. }), "{why}: {error}");
        server.join().unwrap();
    }
    drop(listener);
    assert!(matches!(said(&socket), AskError::NoServer { .. }), "a dead socket");
}
