//! `horizond` as the shell sees it: what it prints, and its exit code.

use super::demo::{RunFolder, demo_source, greeting};
use super::serve::Server;
use super::source::Source;
use super::supervised::Supervisor;
use crate::finding::Finding;
use crate::transport::LISTEN_FAILED;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Serves until it is told to end. The log goes to stderr, and one line to stdout when the server is ready.
///
/// Exit code 0 after SIGTERM or SIGINT; 1 when the server cannot start, with every finding on stderr.
///
/// To be called before there are other threads: what the environment says of the service manager is taken from there.
pub fn serve(source: Source) -> ExitCode {
    run(Supervisor::of_environment(), source, None, |_| String::new())
}

/// Serves the worked example, or the config that is named, on `listen`; prints a table of names and commands to try.
///
/// Exit codes as those of [`serve`].
pub fn demo(config: Option<PathBuf>, listen: SocketAddr) -> ExitCode {
    let folder = match RunFolder::make() {
        Ok(folder) => folder,
        Err(findings) => return refuse(&findings),
    };
    match demo_source(config, listen, folder.socket()) {
        Ok(source) => run(Supervisor::default(), source, Some(OTHER_PORT), greeting),
        Err(findings) => refuse(&findings),
    }
}

/// What the demo says when it cannot listen.
const OTHER_PORT: &str = "the demo listens elsewhere with `--listen`, such as `--listen 127.0.0.1:5301`";

fn run(
    supervisor: Supervisor,
    source: Source,
    other_port: Option<&str>,
    greeting: impl FnOnce(&Server) -> String,
) -> ExitCode {
    start_log();
    let server = match Server::start_under(supervisor, source) {
        Ok(server) => server,
        Err(findings) => {
            let cannot_listen = findings.iter().any(|finding| finding.code == LISTEN_FAILED);
            let code = refuse(&findings);
            if let Some(hint) = other_port.filter(|_| cannot_listen) {
                eprintln!("hint: {hint}");
            }
            return code;
        }
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
    // The validating library tells of each answer that it does not like, and anybody can make it many.
    let shown = Targets::new().with_default(Level::INFO).with_target("hickory", LevelFilter::OFF);
    let lines = layer().with_writer(io::stderr).with_ansi(ansi).with_target(false).with_filter(shown);
    // A program that embeds this one may have its own log already.
    let _ = registry().with(lines).try_init();
}
