//! A real dnsmasq from Debian on loopback, an upstream of its own, and `zonectl import dnsmasq` beside them.
#![allow(clippy::unwrap_used, dead_code, reason = "a test lab; each test program uses its own part")]

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A folder with a dnsmasq configuration.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Lab { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join(file)).unwrap()
    }

    /// Runs `zonectl` in the folder.
    pub(crate) fn zonectl(&self, arguments: &str) -> Ran {
        run(self.command(env!("CARGO_BIN_EXE_zonectl")).args(arguments.split_whitespace()))
    }

    pub(crate) fn horizond(&self, arguments: &str) -> Ran {
        run(self.command(env!("CARGO_BIN_EXE_horizond")).args(arguments.split_whitespace()))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts dnsmasq with a file of the folder and waits until it answers.
    pub(crate) fn dnsmasq(&self, file: &str, address: SocketAddr) -> Running {
        let log = File::create(self.path().join("log")).unwrap();
        // It would give its rights away and could not read the hosts files of a private folder any more.
        let arguments = ["-k", "--pid-file=", "--user=root", "--group=root", "--log-facility=-", "-C", file];
        let mut child = self
            .command(installed().to_str().unwrap())
            .args(arguments)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !answers(address) {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < START, "{ended:?}\n{}", self.read("log"));
        }
        Running { child, address }
    }

    /// Serves an import on the address that its config names.
    pub(crate) fn serve(&self, config: &str) -> Running {
        let text = self.read(config).replacen("[server]\n", "[server]\nworkers = 1\ncontrol = \"control.sock\"\n", 1);
        self.write(config, &text);
        let mut command = self.command(env!("CARGO_BIN_EXE_horizond"));
        let mut child =
            command.args(["serve", "--config", config]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().find_map(|word| word.trim_matches(',').parse().ok());
        assert!(line.contains("ready") && address.is_some(), "{line}");
        Running { child, address: address.unwrap() }
    }
}

/// A server that ends with the test.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The path of dnsmasq, which Debian keeps where a user's PATH does not look.
pub(crate) fn installed() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join("dnsmasq"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("dnsmasq is not installed; packaging/test.sh installs what the tests need"))
}

/// What dnsmasq itself says of a file: none when it takes it.
pub(crate) fn refused_by_dnsmasq(file: &Path) -> Option<String> {
    let output = Command::new(installed()).arg("--test").arg("-C").arg(file).output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A loopback address whose port is free for both UDP and TCP.
pub(crate) fn free_address() -> SocketAddr {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// True when a server answers anything at all; waits a moment for it.
fn answers(address: SocketAddr) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let query = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x09localhost\0\0\x01\0\x01";
    socket.send(query).is_ok() && socket.recv(&mut [0; 512]).is_ok()
}

/// An upstream: what is below `public.example` and `thinkheads.ai` has AAAA, HTTPS and TXT records, `corp.example` has an
/// address, those of 10.9.0.0/16 have a name, and nothing else exists.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let address = socket.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, client)) = socket.recv_from(&mut buffer) else { continue };
                let _ = socket.send_to(&reply(&buffer[..length]), client);
            }
        });
        Upstream { address, stop, thread: Some(thread) }
    }

    /// As dnsmasq writes it.
    pub(crate) fn written(&self) -> String {
        format!("127.0.0.1#{}", self.address.port())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn reply(query: &[u8]) -> Vec<u8> {
    let mut end = 12;
    while query.get(end).is_some_and(|length| *length != 0) {
        end += 1 + usize::from(query[end]);
    }
    let name = query.get(12..=end).unwrap_or_default().to_ascii_lowercase();
    let rtype = query.get(end + 1..end + 3).map_or(0, |octets| u16::from_be_bytes([octets[0], octets[1]]));
    let public = name.ends_with(b"\x06public\x07example\0") || name.ends_with(b"\x0athinkheads\x02ai\0");
    let data: Option<&[u8]> = match rtype {
        1 if name.ends_with(b"\x04corp\x07example\0") => Some(&[192, 0, 2, 77]),
        28 if public => Some(b"\x20\x01\x0d\xb9\0\0\0\0\0\0\0\0\0\0\0\x07"),
        65 if public => Some(b"\0\x01\0\0\x04\0\x04\xc6\x33\x64\x09"),
        16 if public => Some(b"\x06public"),
        12 if name.ends_with(b"\x019\x0210\x07in-addr\x04arpa\0") => Some(b"\x04host\x04corp\x07example\0"),
        _ => None,
    };
    let exists = data.is_some() || public || name.ends_with(b"\x04corp\x07example\0");
    let mut reply = [&query[..2], &[0x81, if exists { 0x80 } else { 0x83 }, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
    reply.extend_from_slice(query.get(12..end + 5).unwrap_or_default());
    match data {
        Some(data) => {
            reply[7] = 1;
            reply.extend_from_slice(b"\xc0\x0c");
            reply.extend(rtype.to_be_bytes());
            reply.extend_from_slice(b"\0\x01\0\0\x01\x2c");
            reply.extend((data.len() as u16).to_be_bytes());
            reply.extend_from_slice(data);
        }
        None => {
            reply[9] = 1;
            reply.extend_from_slice(
                b"\0\0\x06\0\x01\0\0\0\x3c\0\x16\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x3c",
            );
        }
    }
    reply
}

/// The kinds of difference that `-o json` tells: meaning, code and count.
pub(crate) fn classes(json: &str) -> Vec<(String, String, u64)> {
    let answer: serde_json::Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let classes = answer["verified"]["classes"].as_array().unwrap_or_else(|| panic!("nothing verified: {json}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    classes
        .iter()
        .map(|class| (text(&class["meaning"]), text(&class["code"]), class["count"].as_u64().unwrap()))
        .collect()
}

/// The questions with differences of one meaning that `-o json` tells.
pub(crate) fn examples(json: &str, meaning: &str) -> Vec<String> {
    let answer: serde_json::Value = serde_json::from_str(json).unwrap();
    let classes = answer["verified"]["classes"].as_array().unwrap();
    let faults = classes.iter().filter(|class| class["meaning"] == meaning);
    let examples =
        faults.flat_map(|class| class["examples"].as_array().unwrap().iter().map(move |example| (class, example)));
    examples
        .map(|(class, example)| {
            let word = |key: &str| example[key].as_str().unwrap().to_owned();
            format!("{} {}: {} -> {}", class["code"].as_str().unwrap(), word("question"), word("old"), word("new"))
        })
        .collect()
}
