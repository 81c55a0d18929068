//! The syntax of an upstream: `IP`, `IP:port`, `tls://IP#name`, `tls://IP:port#name`, `https://host/path`.

use super::Host;
use super::Upstream;
use super::Way;
use crate::dns::parse_name;
use std::net::IpAddr;
use std::net::SocketAddr;

const DNS_PORT: u16 = 53;
const TLS_PORT: u16 = 853;
const HTTPS_PORT: u16 = 443;

/// Reads an upstream, or says what is wrong with it and what would be right.
pub(super) fn read(text: &str) -> Result<Upstream, (String, &'static str)> {
    let plain = "write an address such as `8.8.8.8` or `8.8.8.8:53`, `tls://9.9.9.9#dns.quad9.net` or `https://9.9.9.9/dns-query`";
    let way = match text.split_once("://") {
        None => {
            address(text, DNS_PORT).map(Way::Plain).ok_or_else(|| (format!("`{text}` is not an upstream"), plain))?
        }
        Some(("tls", rest)) => tls(text, rest)?,
        Some(("https", rest)) => https(rest)
            .filter(|_| !text.contains(char::is_whitespace))
            .ok_or_else(|| (format!("`{text}` is not a URL of a resolver"), HTTPS_RIGHT))?,
        Some((scheme, _)) => return Err((format!("`{scheme}://` is not a way to reach an upstream"), plain)),
    };
    Ok(Upstream { text: text.to_owned(), way })
}

const HTTPS_RIGHT: &str = "write a URL such as `https://9.9.9.9/dns-query`";

fn tls(text: &str, rest: &str) -> Result<Way, (String, &'static str)> {
    let right = "write `tls://9.9.9.9#dns.quad9.net`: the address, then the name in its certificate";
    let Some((written, name)) = rest.split_once('#') else {
        return Err((format!("`{text}` lacks the name that its certificate must have"), right));
    };
    let Some(address) = address(written, TLS_PORT) else {
        return Err((format!("`{written}` is not an address"), right));
    };
    if name.is_empty() {
        return Err((format!("`{text}` has no name after `#`"), right));
    }
    if !is_host(name) {
        return Err((format!("`{name}` is not a host name"), right));
    }
    Ok(Way::Tls { address, name: name.to_owned() })
}

/// `host[:port][/path][#name]`; the path is `/dns-query` when none is written (RFC 8484 section 4.1.1).
fn https(rest: &str) -> Option<Way> {
    let (url, name) = match rest.split_once('#') {
        Some((url, name)) if is_host(name) => (url, Some(name.to_owned())),
        Some(_) => return None,
        None => (rest, None),
    };
    let (authority, path) = match url.find('/') {
        Some(at) => url.split_at(at),
        None => (url, "/dns-query"),
    };
    let (host, port) = match address(authority, HTTPS_PORT) {
        Some(address) => (Host::Address(address.ip()), address.port()),
        None => {
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
                None => (authority, HTTPS_PORT),
            };
            is_host(host).then(|| (Host::Name(host.to_owned()), port))?
        }
    };
    Some(Way::Https { host, port, path: path.to_owned(), name })
}

/// `IP`, `[IP]` or `IP:port`.
fn address(text: &str, port: u16) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, port));
    }
    text.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

fn is_host(text: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'.';
    !text.is_empty() && text.bytes().all(plain) && !text.starts_with('.') && parse_name(text).is_ok()
}

/// Reads an address to ask over plain DNS.
pub(super) fn server(text: &str) -> Option<SocketAddr> {
    address(text, DNS_PORT)
}
