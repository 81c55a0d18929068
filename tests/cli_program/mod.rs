//! Runs the real binaries in a folder of their own.
#![allow(clippy::unwrap_used, dead_code, reason = "a test lab; each test program uses its own part")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A folder with `horizon.toml`, zones and an inventory.
pub(crate) struct Folder {
    pub(crate) folder: TempDir,
}

pub(crate) const CONFIG: &str = r#"[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "control.sock"

[[horizon]]
name = "internal"
clients = ["10.0.0.0/24", "127.0.0.0/8"]

[[horizon]]
name = "external"
clients = ["any"]
private_addresses = ["10.0.0.153"]
"#;

impl Folder {
    /// Two hand-written zones, no inventory.
    pub(crate) fn new() -> Self {
        let folder = Folder { folder: tempfile::tempdir().unwrap() };
        folder.write("horizon.toml", CONFIG);
        let zone = |serial: u32, app: &str| {
            format!("$TTL 300\n@ SOA ns admin {serial} 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\napp A {app}\n")
        };
        folder.write("zones/internal/corp.example.zone", &zone(1, "10.0.0.12 ; from lxc/102 traefik_service"));
        folder.write("zones/external/corp.example.zone", &zone(1, "10.0.0.153"));
        folder
    }

    /// No zones yet, and an inventory of so many guests.
    pub(crate) fn with_inventory(guests: usize) -> Self {
        let folder = Folder { folder: tempfile::tempdir().unwrap() };
        folder.write("horizon.toml", &format!("{CONFIG}\n[inventory]\nphoenix = \"phoenix\"\n"));
        folder.write(
            "phoenix/etc/phoenix_hypervisor_config.json",
            r#"{"domain_name": "corp.example", "network": {"default_subnet": "10.0.0.0/24"}}"#,
        );
        folder.write("phoenix/etc/phoenix_vm_configs.json", r#"{"vms": []}"#);
        folder.guests(guests);
        folder
    }

    /// Writes the inventory's containers: the gateway and so many more.
    pub(crate) fn guests(&self, count: usize) {
        let mut text =
            String::from(r#"{"lxc_configs": {"101": {"name": "nginx", "network_config": {"ip": "10.0.0.153/24"}}"#);
        for number in 0..count {
            let ctid = 200 + number;
            write!(
                text,
                r#", "{ctid}": {{"name": "g{number}", "network_config": {{"ip": "10.0.0.{}/24"}}}}"#,
                1 + number
            )
            .unwrap();
        }
        text.push_str("}}\n");
        self.write("phoenix/etc/phoenix_lxc_configs.json", &text);
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

    /// Every file below the folder with its content.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else if path.is_file() {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    found.push((name, fs::read(&path).unwrap()));
                }
            }
        }
        let mut found = Vec::new();
        walk(self.path(), self.path(), &mut found);
        found.sort();
        found
    }

    /// A command in this folder that knows nothing of the caller's terminal.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn zonectl(&self, arguments: &str) -> Ran {
        run(self.command(env!("CARGO_BIN_EXE_zonectl")).args(arguments.split_whitespace()))
    }

    pub(crate) fn horizond(&self, arguments: &str) -> Ran {
        run(self.command(env!("CARGO_BIN_EXE_horizond")).args(arguments.split_whitespace()))
    }

    /// Starts the server and waits until it says that it is ready.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(Stdio::null())
    }

    /// The same, with what it logs in the file `log`.
    pub(crate) fn serve_logged(&self) -> Server {
        self.serve_with(fs::File::create(self.path().join("log")).unwrap().into())
    }

    fn serve_with(&self, log: Stdio) -> Server {
        let mut command = self.command(env!("CARGO_BIN_EXE_horizond"));
        let mut child = command.args(["serve"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().find_map(|word| word.trim_matches(',').parse().ok());
        assert!(line.contains("ready") && address.is_some(), "{line}");
        Server { child, address: address.unwrap() }
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    /// UDP and TCP.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as the system would, and returns its exit code.
    pub(crate) fn terminate(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
