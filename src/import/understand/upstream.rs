//! A server as dnsmasq writes it: `ip[#port][@interface][@source[#port]]`.

use crate::import::line::Wrong;
use crate::import::value::Value;
use std::net::IpAddr;
use std::net::SocketAddr;

/// An upstream as `horizon.toml` has it, and what of it was left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) text: String,
    pub(super) left_out: Option<String>,
}

/// Reads a server.
pub(super) fn read(value: &Value) -> Result<Read, Wrong> {
    let text = value.text();
    let wrong = |what: String, remedy: &str| Err(Wrong::new(value.column(), what, remedy));
    let (server, source) = match text.split_once('@') {
        Some((server, source)) => (server, Some(source)),
        None => (text.as_str(), None),
    };
    let (address, port) = match server.split_once('#') {
        Some((address, port)) => match port.parse::<u16>() {
            Ok(port) if port > 0 => (address, port),
            _ => return wrong(format!("`{port}` is not a port"), "write 1 to 65535"),
        },
        None => (server, 53),
    };
    if address.contains('%') {
        let what = format!("`{address}` is an address of one link, which no upstream may have here");
        return wrong(what, "write another address of the server");
    }
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let Ok(ip) = bare.parse::<IpAddr>() else {
        let what = format!("`{address}` is not an address");
        return wrong(what, "write the address of the server: a server's name would have to be looked up by itself");
    };
    let text = if port == 53 { ip.to_string() } else { SocketAddr::new(ip, port).to_string() };
    let left_out =
        source.map(|source| format!("`@{source}` is left out: the system's routes choose interface and source"));
    Ok(Read { text, left_out })
}
