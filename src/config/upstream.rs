//! The syntax of an upstream: `IP`, `IP:port`, `tls://IP#name`, `tls://IP:port#name`, `https://host/path`.

use crate::dns::parse_name;
use std::net::IpAddr;
use std::net::SocketAddr;

/// Says what is wrong with an upstream and what would be right; none when it is well written.
pub(super) fn fault(text: &str) -> Option<(String, &'static str)> {
    let plain = "write an address such as `8.8.8.8` or `8.8.8.8:53`, `tls://9.9.9.9#dns.quad9.net` or `https://9.9.9.9/dns-query`";
    match text.split_once("://") {
        None if is_address(text) => None,
        None => Some((format!("`{text}` is not an upstream"), plain)),
        Some(("tls", rest)) => {
            let right = "write `tls://9.9.9.9#dns.quad9.net`: the address, then the name in its certificate";
            match rest.split_once('#') {
                None => Some((format!("`{text}` lacks the name that its certificate must have"), right)),
                Some((address, _)) if !is_address(address) => Some((format!("`{address}` is not an address"), right)),
                Some((_, "")) => Some((format!("`{text}` has no name after `#`"), right)),
                Some((_, name)) if !is_host(name) => Some((format!("`{name}` is not a host name"), right)),
                Some(_) => None,
            }
        }
        Some(("https", rest)) => {
            let host = rest.split('/').next().unwrap_or("");
            let known = is_address(host)
                || is_host(host)
                || host
                    .split_once(':')
                    .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0));
            let right = "write a URL such as `https://9.9.9.9/dns-query`";
            (!known || text.contains(char::is_whitespace))
                .then(|| (format!("`{text}` is not a URL of a resolver"), right))
        }
        Some((scheme, _)) => Some((format!("`{scheme}://` is not a way to reach an upstream"), plain)),
    }
}

fn is_address(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok_and(|address| address.port() != 0)
}

fn is_host(text: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'.';
    !text.is_empty() && text.bytes().all(plain) && !text.starts_with('.') && parse_name(text).is_ok()
}
