//! The server.

use horizon_dns::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::horizond(std::env::args_os())
}
