//! `horizond` from its arguments to its exit code.

use super::check::check_file;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::Output;
use super::zonectl::completions;
use super::zonectl::tell;
use super::zonectl::usage;
use crate::config;
use crate::daemon;
use clap::CommandFactory;
use clap::Parser;
use clap::Subcommand;
use clap_complete::Shell;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  horizond demo                                       the worked example on 127.0.0.1:5300
  horizond check --config /etc/horizon/horizon.toml   exit code 3 when something is an error
  horizond serve --config /etc/horizon/horizon.toml

`zonectl` looks inside a server that runs.";

/// An authoritative DNS server with split horizons.
#[derive(Debug, Parser)]
#[command(name = "horizond", version, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve until SIGTERM; SIGHUP reads everything again
    Serve {
        /// The config file [default: ./horizon.toml, then /etc/horizon/horizon.toml]
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Serve the worked example on a port of its own and say what to try
    Demo {
        /// Another config file [default: zones/horizon.toml]
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Where to listen, UDP and TCP
        #[arg(short, long, value_name = "IP:PORT", default_value_t = daemon::DEMO_LISTEN)]
        listen: SocketAddr,
    },
    /// Check config, inventory and zone files without serving; exit code 3 when something in them is an error
    Check {
        /// The config file [default: ./horizon.toml, then /etc/horizon/horizon.toml]
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Form of the data on stdout
        #[arg(short, long, value_enum, default_value_t, value_name = "FORM")]
        output: Output,
    },
    /// Write a completion script for a shell to stdout
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The table of its arguments.
pub(super) fn command() -> clap::Command {
    Arguments::command()
}

/// Runs `horizond` with these arguments, the program's name first.
pub fn horizond(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let verb = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.verb,
        Err(error) => return usage(&error).into(),
    };
    let file = |named: Option<PathBuf>| {
        config::find(named.as_deref()).map_err(|error| Failure::new(Exit::Error, error.to_string()))
    };
    let outcome = match verb {
        Verb::Serve { config } => file(config).map(|config| daemon::serve(daemon::Source::of(config))),
        Verb::Demo { config, listen } => Ok(daemon::demo(config, listen)),
        Verb::Check { config, output } => {
            file(config).and_then(|config| check_file(config, output)).map(ExitCode::from)
        }
        Verb::Completions { shell } => completions(shell, command()).map(ExitCode::from),
    };
    outcome.unwrap_or_else(|failure| tell("horizond", &failure).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of arguments holds together: clap checks names, conflicts and defaults.
    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
