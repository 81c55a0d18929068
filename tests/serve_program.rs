//! `horizond` as a service manager and an operator see it: ready line, signals, exit codes, and errors that help.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;

use reload_lab::{CONFIG, ask, wait_until, zone};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A `horizond` that runs, and what it wrote to stderr so far.
struct Program {
    process: Child,
    address: SocketAddr,
    /// What stood on stdout up to the ready line.
    greeting: String,
    log: Arc<Mutex<String>>,
}

fn horizond(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_horizond"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = horizond(folder, arguments).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut greeting = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        while !greeting.contains("horizond: ready on ") {
            let before = greeting.len();
            stdout.read_line(&mut greeting).unwrap();
            assert!(greeting.len() > before, "not started: {}", log.lock().unwrap());
        }
        let ready = greeting.lines().last().unwrap().strip_prefix("horizond: ready on ").unwrap();
        let address = ready.split([',', ' ']).next().unwrap().parse().unwrap();
        Program { process, address, greeting, log }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("horizon.toml"), config).unwrap();
    fs::create_dir_all(folder.path().join("zones/internal")).unwrap();
    fs::write(folder.path().join("zones/internal/example.org.zone"), zone(1, "192.0.2.1")).unwrap();
    folder
}

const SERVE: [&str; 3] = ["serve", "--config", "horizon.toml"];

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = horizond(folder, arguments).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    assert_eq!(stdout, b"", "stdout is data");
    text
}

/// SIGHUP reloads, SIGTERM and SIGINT end it with exit code 0 and take the control socket away.
#[test]
fn signals_do_what_service_managers_expect() {
    for signal in ["TERM", "INT"] {
        let folder = folder(CONFIG);
        let mut program = Program::start(folder.path(), &SERVE);
        assert_eq!(ask(program.address, "www.example.org A"), ["192.0.2.1"]);
        program.signal("HUP");
        wait_until("the log tells", || program.log().contains("reload on SIGHUP: nothing has changed"));
        assert!(folder.path().join("run/control.sock").exists());
        program.signal(signal);
        assert_eq!(program.process.wait().unwrap().code(), Some(0), "{}", program.log());
        wait_until("the log tells", || program.log().contains(&format!("shutting down on SIG{signal}")));
        assert!(!folder.path().join("run/control.sock").exists());
    }
}

/// Everything that keeps it from starting is told at once, and the exit code is 1.
#[test]
fn a_start_that_fails_says_everything() {
    let folder = folder(CONFIG);
    fs::write(folder.path().join("zones/internal/a.example.zone"), "@ A 192.0.2.1\n@ MX mail\n").unwrap();
    fs::write(folder.path().join("zones/internal/b.example.zone"), "www A 192.0.2\n").unwrap();
    let text = refused(folder.path(), &SERVE);
    assert!(
        text.contains("zones/internal/a.example.zone:2:") && text.contains("zones/internal/b.example.zone:1:"),
        "{text}"
    );
    let text = refused(folder.path(), &["serve", "--config", "elsewhere.toml"]);
    assert!(text.contains("elsewhere.toml"), "{text}");
}

/// A port in use is told with the program that holds it, and a control socket in use with the server that has it.
#[test]
fn a_port_and_a_control_socket_in_use_are_explained() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let first = folder(CONFIG);
    let program = Program::start(first.path(), &SERVE);
    let text = refused(first.path(), &SERVE);
    assert!(text.contains(&format!("belongs to a running server, process {}", program.process.id())), "{text}");
    let second = folder(&CONFIG.replace("127.0.0.1:0", &address.to_string()));
    let text = refused(second.path(), &SERVE);
    assert!(text.contains(&format!("LISTEN_FAILED {address}")), "{text}");
    assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
}

/// The demo shows each name in both horizons and lines that can be tried as they are.
#[test]
fn the_demo_greets_with_a_table_and_lines_to_try() {
    let config = format!(
        "{}\n[[horizon]]\nname = \"external\"\nclients = [\"any\"]\n",
        CONFIG.replace("control =", "# control =").replace("directory = \"zones\"", "directory = \".\"")
    );
    let folder = folder(&config);
    let text = refused(folder.path(), &["demo", "--listen", "127.0.0.1:0"]);
    assert!(text.contains("zones/horizon.toml") && text.contains("--config FILE"), "{text}");
    fs::rename(folder.path().join("horizon.toml"), folder.path().join("zones/horizon.toml")).unwrap();
    fs::create_dir(folder.path().join("zones/external")).unwrap();
    let outside = zone(1, "198.51.100.1").replace("127.0.0.1", "198.51.100.1");
    fs::write(folder.path().join("zones/external/example.org.zone"), outside).unwrap();
    let mut program = Program::start(folder.path(), &["demo", "--listen", "127.0.0.1:0"]);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = program.greeting.lines().map(words).collect();
    for expected in [&["name", "internal", "external"][..], &["www.example.org.", "192.0.2.1", "198.51.100.1"]] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} in\n{}", program.greeting);
    }
    let outside = UdpSocket::bind("127.0.0.2:0").unwrap();
    outside.send_to(&reload_lab::query(1, "www.example.org", horizon_dns::dns::Rtype::A), program.address).unwrap();
    let mut answer = [0; 512];
    let length = outside.recv(&mut answer).unwrap();
    assert_eq!(answer[length - 4..length], [198, 51, 100, 1]);
    assert_eq!(ask(program.address, "www.example.org A"), ["192.0.2.1"]);
    let port = program.address.port().to_string();
    let text = refused(folder.path(), &["demo", "--listen", &format!("127.0.0.1:{port}")]);
    assert!(text.contains("LISTEN_FAILED") && text.contains(&format!("(pid {})", program.process.id())), "{text}");
    assert!(text.contains("--listen"), "{text}");
    let socket = program.greeting.split_once("--socket ").unwrap().1.split(' ').next().unwrap().to_owned();
    assert!(Path::new(&socket).exists());
    program.signal("INT");
    assert_eq!(program.process.wait().unwrap().code(), Some(0));
    assert!(
        !Path::new(&socket).parent().unwrap().exists(),
        "the demo leaves nothing in the folder for temporary files"
    );
    let mut rest = String::new();
    let _ = program.process.stdout.take().map(|mut stdout| stdout.read_to_string(&mut rest));
}
