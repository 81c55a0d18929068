//! The baseline: this program started again as a child, which sends every datagram back.

use crate::kernel::echo;
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;

/// The argument that makes this program the echo.
pub(crate) const ECHO: &str = "--echo-server";

/// Echoes on `address` until it is ended.
pub(crate) fn serve(address: Option<String>) -> ExitCode {
    let address: Option<SocketAddr> = address.and_then(|address| address.parse().ok());
    let Some(address) = address else { return ExitCode::FAILURE };
    match UdpSocket::bind(address).and_then(|socket| echo(&socket)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}
