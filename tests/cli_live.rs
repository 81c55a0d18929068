//! Promise: `zonectl tail` shows queries as they are answered and `top` what goes on; both end well on Ctrl-C, are plain lines
//! where no terminal is, and cost nobody anything once they are gone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;
mod web_lab;

use horizon_dns::control::{AskError, Request, watch};
use reload_lab::{Lab, ask, wait_until};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

struct Running {
    process: Child,
    lines: Receiver<String>,
}

fn zonectl(lab: &Lab, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonectl"));
    command.arg("--config").arg(lab.path("horizon.toml")).args(arguments).env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Running {
    fn start(lab: &Lab, arguments: &[&str]) -> Self {
        let mut process = zonectl(lab, arguments).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        Running { process, lines }
    }

    fn line(&self) -> Option<String> {
        self.lines.recv_timeout(Duration::from_millis(200)).ok()
    }

    /// Ends it as Ctrl-C does; its exit code, and what it said on stderr.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut said = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.process.wait().unwrap().code(), said)
    }
}

/// Only what fits the conditions is shown, with client, horizon, RCODE and time; the end is clean and says how many.
#[test]
fn tail_shows_what_fits_and_ends_well() {
    let (lab, _) = web_lab::server("");
    let tail =
        Running::start(&lab, &["tail", "--name", "example.org", "--rcode", "nxdomain", "--client", "127.0.0.0/8"]);
    let mut first = None;
    wait_until("the first line", || {
        ask(lab.address(), "www.example.org A");
        ask(lab.address(), "Missing.example.org AAAA");
        ask(lab.address(), "elsewhere.example A");
        first = tail.line();
        first.is_some()
    });
    let line = first.unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[1..7], ["127.0.0.1", "udp", "internal", "missing.example.org.", "AAAA", "NXDOMAIN"], "{line}");
    assert!(words[0].len() == 12 && line.ends_with("us") || line.ends_with("ms"), "{line}");
    let (code, said) = tail.interrupt();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(" shown"), "{said}");
}

/// As JSON each query is one value; a reader that goes away ends it; conditions that mean nothing are refused.
#[test]
fn tail_is_for_scripts_too() {
    let (lab, _) = web_lab::server("");
    let mut tail = Running::start(&lab, &["tail", "-o", "json"]);
    let mut value = serde_json::Value::Null;
    wait_until("a value", || {
        ask(lab.address(), "www.example.org A");
        value = tail.line().map_or(serde_json::Value::Null, |line| serde_json::from_str(&line).unwrap());
        !value.is_null()
    });
    assert_eq!(
        (&value["name"], &value["rcode"], &value["type"]),
        (&"www.example.org.".into(), &"NOERROR".into(), &"A".into())
    );
    drop(std::mem::replace(&mut tail.lines, channel().1));
    tail.process.kill().unwrap();
    tail.process.wait().unwrap();
    let table: [(&[&str], &str); 4] = [
        (&["tail", "--client", "nobody"], "`nobody` is no client"),
        (&["tail", "--rcode", "MAYBE"], "`MAYBE` is no RCODE"),
        (&["tail", "--horizon", "inner"], "there is no horizon `inner`"),
        (&["top", "--offline"], "only the server can answer this"),
    ];
    for (arguments, expected) in table {
        let output = zonectl(&lab, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.contains(expected)), (Some(1), true), "{arguments:?}: {said}");
    }
}

/// So many lookers at once, and one more is told so; when they are gone there is room again.
#[test]
fn lookers_are_few() {
    let (lab, _) = web_lab::server("");
    let lookers: Vec<Running> = (0..8).map(|_| Running::start(&lab, &["tail"])).collect();
    for looker in &lookers {
        wait_until("a looker is let in", || {
            ask(lab.address(), "www.example.org A");
            looker.line().is_some()
        });
    }
    let path = lab.path("run/control.sock");
    let wanted = Request::Tail { client: None, name: None, rcode: None, horizon: None };
    // Whoever is let in gets a first word within some seconds, and goes.
    let refused = || {
        let looked = watch(&path, &wanted, Duration::from_secs(20), |_: serde_json::Value| false);
        matches!(looked, Err(AskError::Refused(refusal)) if refusal.code == "BUSY")
    };
    wait_until("one more is refused", refused);
    for looker in lookers {
        assert_eq!(looker.interrupt().0, Some(0));
    }
    let again = Running::start(&lab, &["tail"]);
    wait_until("there is room again", || {
        ask(lab.address(), "www.example.org A");
        again.line().is_some()
    });
    assert_eq!(again.interrupt().0, Some(0));
}

/// Plain blocks of lines without a terminal, so many as asked for; until Ctrl-C else.
#[test]
fn top_looks_as_often_as_asked() {
    let (lab, _) = web_lab::server("");
    let look = || {
        ask(lab.address(), "www.example.org A");
        let output = zonectl(&lab, &["top", "--count", "1"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let mut text = String::new();
    wait_until("the name is among the frequent ones", || {
        text = look();
        text.contains("www.example.org. A") && text.contains("NOERROR")
    });
    assert!(!text.contains('\x1b'), "no codes without a terminal: {text:?}");
    for part in ["queries", "replies", "NOERROR", "127.0.0.1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let top = Running::start(&lab, &["top", "--interval", "1", "-o", "json"]);
    for _ in 0..2 {
        let line = top.lines.recv_timeout(Duration::from_secs(20)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(value["queries"].as_u64().unwrap() >= 1, "{line}");
    }
    assert_eq!(top.interrupt().0, Some(0));
}
