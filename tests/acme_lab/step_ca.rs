//! A real step-ca, built once from Debian's package of its library, which comes without the command.

use super::authority::Authority;
use super::network::Network;
use super::process::{Process, run, wait_until};
use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acme_lab/step_ca.go");
const LIBRARY: &str = "golang-github-smallstep-certificates-dev";
/// It makes its database first.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// step-ca in guest 103, at `https://ca.internal.thinkheads.ai:9000`.
pub(crate) struct StepCa {
    folder: PathBuf,
    process: Option<Process>,
}

impl StepCa {
    /// Starts it in 103 and waits until it is healthy.
    pub(crate) fn start(network: &Network, authority: &Authority, folder: &Path) -> StepCa {
        let folder = folder.join("step");
        fs::create_dir_all(folder.join("db")).unwrap();
        let config = serde_json::json!({
            "root": authority.root, "crt": authority.intermediate, "key": authority.intermediate_key,
            "address": "10.0.0.10:9000", "dnsNames": ["10.0.0.10", "ca.internal.thinkheads.ai"],
            "logger": {"format": "json"}, "db": {"type": "badgerv2", "dataSource": folder.join("db")},
            "authority": {"provisioners": [{"type": "ACME", "name": "acme"}, {"type": "ACME", "name": "eab", "requireEAB": true}]},
        });
        fs::write(folder.join("ca.json"), config.to_string()).unwrap();
        let mut ca = StepCa { folder, process: None };
        ca.restart(network);
        ca
    }

    /// Starts it again with what it knew before.
    pub(crate) fn restart(&mut self, network: &Network) {
        self.stop();
        let mut command = network.command("103", &built().display().to_string());
        command.env("STEPPATH", &self.folder).env("HOME", &self.folder).arg(self.folder.join("ca.json"));
        let mut process = Process::start("step-ca", &mut command, &self.folder);
        wait_until("step-ca listens", STARTS_WITHIN, || {
            assert!(process.is_running(), "step-ca ended: {}", process.said());
            network.inside("internal", || std::net::TcpStream::connect("10.0.0.10:9000").is_ok())
        });
        self.process = Some(process);
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Its log.
    pub(crate) fn said(&self) -> String {
        self.process.as_ref().map_or_else(String::new, Process::said)
    }
}

/// The program; built by the first who asks, half a minute, and kept beside what cargo built for each version of the library.
fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("step-ca");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let version = run("dpkg-query", |query| query.args(["-W", "-f", "${Version}", LIBRARY]));
    let program = folder.join(format!("step-ca-{}", version.trim()));
    let is_fresh = |program: &Path| {
        let made = |path: &Path| fs::metadata(path).and_then(|data| data.modified());
        made(program).is_ok_and(|program| made(Path::new(SOURCE)).is_ok_and(|source| source <= program))
    };
    if !is_fresh(&program) {
        fs::copy(SOURCE, folder.join("main.go")).unwrap();
        let new = folder.join("new");
        let mut go = Command::new("go");
        go.args(["build", "-o"]).arg(&new).arg("main.go").current_dir(&folder);
        go.env("GO111MODULE", "off").env("GOFLAGS", "").env("GOPATH", "/usr/share/gocode");
        go.env("GOCACHE", folder.join("cache")).env("CGO_CFLAGS", "-w");
        let output = go.output().unwrap_or_else(|error| {
            panic!("go: {error}; packaging/test.sh installs what the tests need");
        });
        assert!(output.status.success(), "step-ca: {}", String::from_utf8_lossy(&output.stderr));
        // The objects of a hundred packages are of no more use.
        let _ = fs::remove_dir_all(folder.join("cache"));
        fs::rename(new, &program).unwrap();
    }
    program
}
