//! `horizond` as the shell sees it: what it prints, and its exit code.

use super::demo::{demo_source, greeting};
use super::serve::Server;
use super::source::Source;
use crate::finding::Finding;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Serves until it is told to end. The log goes to stderr, and one line to stdout when the server is ready.
///
/// Exit code 0 after SIGTERM or SIGINT; 1 when the server cannot start, with every finding on stderr.
pub fn serve(source: Source) -> ExitCode {
    run(source, |_| String::new())
}

/// Serves the worked example, or the config that is named, on `listen`; prints a table of names and commands to try.
///
/// Exit codes as those of [`serve`].
pub fn demo(config: Option<PathBuf>, listen: SocketAddr) -> ExitCode {
    match demo_source(config, listen) {
        Ok(source) => run(source, greeting),
        Err(findings) => refuse(&findings),
    }
}

fn run(source: Source, greeting: impl FnOnce(&Server) -> String) -> ExitCode {
    start_log();
    let server = match Server::start(source) {
        Ok(server) => server,
        Err(findings) => return refuse(&findings),
    };
    let signals = match server.signals() {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("horizond: signals cannot be taken: {error}");
            return ExitCode::FAILURE;
        }
    };
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    let text = format!("{}horizond: ready on {} (UDP and TCP)\n", greeting(&server), addresses.join(", "));
    // Nobody may be reading; the server serves all the same.
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    server.run(signals);
    ExitCode::SUCCESS
}

fn refuse(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        eprintln!("{finding}");
    }
    eprintln!("horizond: not started; see above");
    ExitCode::FAILURE
}

fn start_log() {
    let ansi = io::stderr().is_terminal();
    // A program that embeds this one may have its own log already.
    let _ = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(ansi).with_target(false).try_init();
}
