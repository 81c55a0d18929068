//! The network with Horizon and step-ca on it, and every look from one of its seats.

use super::authority::Authority;
use super::network::Network;
use super::process::{Finished, Process, wait_until};
use super::step_ca::StepCa;
use horizon_dns::dns::{parse_name, parse_rtype};
use std::fs;
use std::io::{Read, Seek, Write};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The zone of the guests.
pub(crate) const ZONE: &str = "internal.thinkheads.ai";
/// Where Horizon answers.
pub(crate) const DNS: &str = "10.0.0.153:53";
/// The directory of step-ca, by its own name.
pub(crate) const DIRECTORY: &str = "https://ca.internal.thinkheads.ai:9000/acme/acme/directory";
/// For a program that is to end by itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// Names a file that gets one line for each test that could not run.
const SKIPPED: &str = "HORIZON_TESTS_SKIPPED";

/// Everything; ends and vanishes when it is dropped, programs first.
pub(crate) struct World {
    horizon: Mutex<Option<Process>>,
    pub(crate) ca: StepCa,
    pub(crate) network: Network,
    pub(crate) authority: Authority,
    pub(crate) folder: TempDir,
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// The worked example with these further lines of `[acme]`; none, and the reason on stderr, where it cannot be.
    pub(crate) fn new(acme: &str) -> Option<World> {
        let network = match Network::new() {
            Ok(network) => network,
            Err(reason) => {
                skip(&reason);
                return None;
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("zones"), &folder.path().join("zones"));
        // The gateway knows the roots of its own CA, as the guests do.
        let config = config(&authority, acme);
        fs::write(folder.path().join("horizon.toml"), config).unwrap();
        let ca = StepCa::start(&network, &authority, folder.path());
        let mut horizon = None;
        start(&network, folder.path(), &mut horizon);
        Some(World { horizon: Mutex::new(horizon), ca, network, authority, folder })
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a file beside the config.
    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        fs::write(self.path(file), text).unwrap();
        self.path(file)
    }

    /// Puts another config in the place of the present one; the caller reloads.
    pub(crate) fn configure(&self, acme: &str) {
        fs::write(self.path("horizon.toml"), config(&self.authority, acme)).unwrap();
    }

    /// Ends Horizon without a warning.
    pub(crate) fn kill_horizon(&self) {
        self.horizon.lock().unwrap().take().unwrap().kill();
    }

    pub(crate) fn start_horizon(&self) {
        start(&self.network, self.folder.path(), &mut self.horizon.lock().unwrap());
    }

    /// The log of Horizon.
    pub(crate) fn log(&self) -> String {
        self.horizon.lock().unwrap().as_ref().map_or_else(String::new, Process::said)
    }

    pub(crate) fn horizon_id(&self) -> u32 {
        self.horizon.lock().unwrap().as_ref().unwrap().id()
    }

    /// What Horizon answers to this guest: the RCODE, then the data of the answer, in order of the text.
    pub(crate) fn ask(&self, guest: &str, question: &str) -> String {
        ask(&self.network, guest, question).unwrap_or_else(|| panic!("no answer to {question} in {guest}"))
    }

    /// Runs `zonectl` where Horizon runs.
    pub(crate) fn zonectl(&self, words: &[&str]) -> Ran {
        self.zonectl_in("101", words)
    }

    pub(crate) fn zonectl_in(&self, guest: &str, words: &[&str]) -> Ran {
        let mut command = self.network.command(guest, env!("CARGO_BIN_EXE_zonectl"));
        command.arg("--config").arg(self.path("horizon.toml")).args(words);
        ran(&mut command, "")
    }

    /// An edit that must succeed.
    pub(crate) fn edit(&self, words: &[&str]) {
        let words: Vec<&str> = words.iter().chain(&["--yes"]).copied().collect();
        let ran = self.zonectl(&words);
        assert_eq!(ran.exit, 0, "{words:?}: {}{}", ran.stdout, ran.stderr);
    }

    /// The same, read as JSON, and the exit code.
    pub(crate) fn zonectl_json(&self, words: &[&str]) -> (i32, serde_json::Value) {
        let words: Vec<&str> = ["-o", "json"].iter().chain(words).copied().collect();
        let ran = self.zonectl(&words);
        let value = serde_json::from_str(&ran.stdout);
        (ran.exit, value.unwrap_or_else(|error| panic!("{words:?}: {error} in {ran:?}")))
    }

    /// Runs a program in a guest to its end.
    pub(crate) fn run(&self, guest: &str, program: &str, words: &[&str]) -> Ran {
        ran(self.network.command(guest, program).args(words), "")
    }

    /// Runs a program in a guest to its end with this on its stdin.
    pub(crate) fn feed(&self, guest: &str, program: &str, words: &[&str], input: &str) -> Ran {
        ran(self.network.command(guest, program).args(words), input)
    }

    /// An nginx of the gateway's kind on port 80 of 101: 404 for everything but what `locations` say; one line a request in its
    /// access log.
    pub(crate) fn gateway(&self, locations: &str) -> Gateway {
        let folder = self.path("gateway");
        fs::create_dir_all(&folder).unwrap();
        let shown = folder.display();
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|part| format!("{part}_temp_path {shown}/{part};\n"))
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\nuser root;\npid {shown}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
             log_format lab '$remote_addr $host \"$request\" $status';\naccess_log {shown}/access.log lab;\n{paths}\
             server {{ listen 10.0.0.153:80 default_server;\n{locations}\nlocation / {{ return 404; }} }}\n}}\n"
        );
        fs::write(folder.join("nginx.conf"), config).unwrap();
        let mut command = self.network.command("101", "nginx");
        let process = Process::start("gateway", command.arg("-c").arg(folder.join("nginx.conf")), &folder);
        self.wait_for_tcp("internal", "10.0.0.153:80");
        Gateway { _process: process, log: folder.join("access.log") }
    }

    pub(crate) fn wait_for_tcp(&self, from: &str, address: &str) {
        wait_until(&format!("{address} listens"), Duration::from_secs(20), || {
            self.network.inside(from, || std::net::TcpStream::connect(address).is_ok())
        });
    }
}

/// The gateway's nginx, until it is dropped.
pub(crate) struct Gateway {
    _process: Process,
    log: PathBuf,
}

impl Gateway {
    /// The requests for challenges that it got: who asked, the host, the request, the status.
    pub(crate) fn challenges(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains("/.well-known/acme-challenge/")).map(str::to_owned).collect()
    }
}

/// The worked example's own file with what differs in the lab: where it listens, and what it knows of the CA.
fn config(authority: &Authority, acme: &str) -> String {
    let example = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("zones/horizon.toml")).unwrap();
    let (before, _) = example.split_once("[acme]").unwrap();
    let changes = [
        ("listen = [\"10.0.0.153:53\", \"127.0.0.1:53\"]", "listen = [\"10.0.0.153:53\"]"),
        ("workers = 0", "control = \"run/control.sock\"\nworkers = 1"),
        ("directory = \".\"", "directory = \"zones\""),
        // Nothing outside is to be asked.
        ("forward = true", "forward = false"),
        ("phoenix = \"phoenix\"", "phoenix = \"zones/phoenix\""),
    ];
    let mut text = before.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "zones/horizon.toml has {from}");
        text = text.replace(from, to);
    }
    format!(
        "{text}\n[acme]\ndirectory = \"{DIRECTORY}\"\nroots = \"{}\"\nfingerprint = \"{}\"\nca_addresses = [\"10.0.0.10\"]\nstate \
         = \"acme\"\n{acme}\n",
        authority.root.display(),
        authority.fingerprint
    )
}

fn start(network: &Network, folder: &Path, horizon: &mut Option<Process>) {
    let mut command = network.command("101", env!("CARGO_BIN_EXE_horizond"));
    command.args(["serve", "--config"]).arg(folder.join("horizon.toml"));
    let mut process = Process::start("horizond", &mut command, folder);
    wait_until("Horizon answers", Duration::from_secs(30), || {
        assert!(process.is_running(), "horizond ended: {}", process.said());
        ask(network, "internal", "ns.internal.thinkheads.ai A").is_some()
    });
    *horizon = Some(process);
}

fn ask(network: &Network, guest: &str, question: &str) -> Option<String> {
    let (name, rtype) = question.split_once(' ').unwrap();
    let socket = network.inside(guest, || UdpSocket::bind("0.0.0.0:0").unwrap());
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut query = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(parse_name(name).unwrap().as_slice());
    query.extend(parse_rtype(rtype.as_bytes()).unwrap().to_int().to_be_bytes());
    query.extend([0, 1]);
    let mut octets = [0; 1232];
    let length = (0..4).find_map(|_| {
        socket.send_to(&query, DNS).ok()?;
        socket.recv(&mut octets).ok()
    })?;
    let message = domain::base::Message::from_octets(&octets[..length]).unwrap();
    let answer = message.answer().unwrap().limit_to::<domain::rdata::AllRecordData<_, _>>();
    let mut data: Vec<String> = answer.map(|record| record.unwrap().data().to_string()).collect();
    data.sort();
    data.insert(0, message.header().rcode().to_string());
    Some(data.join(" "))
}

/// Runs a program to its end, at most for a minute.
fn ran(command: &mut Command, input: &str) -> Ran {
    let mut files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    files[0].write_all(input.as_bytes()).unwrap();
    files[0].rewind().unwrap();
    let [stdin, stdout, stderr] = [0, 1, 2].map(|at: usize| Stdio::from(files[at].try_clone().unwrap()));
    let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn();
    let mut child =
        child.unwrap_or_else(|error| panic!("{command:?}: {error}; packaging/test.sh installs what it needs"));
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if since.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let [_, stdout, stderr] = files.map(|mut file| {
        let mut octets = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut octets).unwrap();
        String::from_utf8_lossy(&octets).into_owned()
    });
    Ran { exit: status.code().unwrap_or(-1), stdout, stderr }
}

/// Says why a test does not run, here and to whom counts.
fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped: {test}: {reason}");
    if let Some(file) = std::env::var_os(SKIPPED) {
        let mut file = fs::File::options().create(true).append(true).open(file).unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
