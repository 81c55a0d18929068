//! Looks inside a Horizon server, or into its files when none runs.

use horizon_dns::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::zonectl(std::env::args_os()).into()
}
