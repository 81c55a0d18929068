//! Programs that run beside a test and end with it, and those that run to their end.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A program that runs until it is stopped or dropped. What it says goes into a file, shown when the test fails.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// A program that ran to its end, or for as long as it might.
#[derive(Debug)]
pub(crate) struct Finished {
    /// None when it was stopped because its time was over.
    pub(crate) status: Option<ExitStatus>,
    /// What it said, stdout and stderr together.
    pub(crate) said: String,
    pub(crate) took: Duration,
}

impl Process {
    pub(crate) fn start(name: &str, command: &mut Command, folder: &Path) -> Process {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name}: {error}; {INSTALL}"));
        Process { name: name.to_owned(), child, log }
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL, and waits for its end.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end, and stops it when that takes longer than `limit`.
    pub(crate) fn finish(mut self, limit: Duration) -> Finished {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break Some(status);
            }
            if since.elapsed() > limit {
                self.kill();
                break None;
            }
            std::thread::sleep(LOOK);
        };
        Finished { status, said: self.said(), took: since.elapsed() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = self.said();
            let from = said.char_indices().rev().nth(4000).map_or(0, |(at, _)| at);
            eprintln!("--- {}:\n{}", self.name, &said[from..]);
        }
    }
}

impl Finished {
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }
}

const INSTALL: &str = "packaging/test.sh installs what the tests need";

/// Runs a program that must succeed; gives its stdout.
pub(crate) fn run(program: &str, arguments: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(program);
    let output = arguments(&mut command).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; {INSTALL}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits for a condition; panics after `limit`.
pub(crate) fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < limit, "waited in vain for {limit:?}: {what}");
        std::thread::sleep(LOOK);
    }
    since.elapsed()
}
