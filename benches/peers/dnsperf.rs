//! The second driver: dnsperf, which everyone knows. It is often the limit itself, so only CPU a query counts.

use crate::kernel;
use crate::program::find;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What dnsperf counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) answered: u64,
    pub(crate) lost: u64,
}

/// True when dnsperf is installed.
pub(crate) fn is_here() -> bool {
    find("dnsperf").is_some()
}

/// Drives `server` with the questions in a file for so long.
pub(crate) fn drive(
    server: SocketAddr,
    questions: &Path,
    edns: bool,
    time: Duration,
    cores: &[usize],
) -> io::Result<Counted> {
    let program = find("dnsperf").ok_or_else(|| io::Error::other("dnsperf is not installed"))?;
    let mut command = Command::new(program);
    command
        .args(["-s", &server.ip().to_string(), "-p", &server.port().to_string(), "-c", "8", "-T", "1", "-q", "200"])
        .args(["-l", &time.as_secs().max(1).to_string(), "-d"])
        .arg(questions)
        .stdin(Stdio::null());
    if edns {
        command.args(["-e", "-D"]);
    }
    kernel::bind(&mut command, cores.to_vec());
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |label: &str| -> Option<u64> {
        let line = text.lines().find(|line| line.trim_start().starts_with(label))?;
        line.split(':').nth(1)?.split_whitespace().next()?.parse().ok()
    };
    match (number("Queries completed"), number("Queries lost")) {
        (Some(answered), Some(lost)) => Ok(Counted { answered, lost }),
        _ => Err(io::Error::other(format!("dnsperf said: {text}{}", String::from_utf8_lossy(&output.stderr)))),
    }
}
