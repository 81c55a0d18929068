//! Names as dnsmasq has them: plain text without escapes.

use super::line::Wrong;
use super::value::Value;
use crate::dns::Name;
use crate::dns::name_from_wire;
use std::net::IpAddr;

/// Reads a name; a final dot is allowed.
pub(super) fn name(text: &str) -> Result<Name, String> {
    let bare = text.strip_suffix('.').unwrap_or(text);
    let mut wire = Vec::with_capacity(bare.len() + 2);
    for label in bare.split('.') {
        if label.is_empty() {
            return Err(if bare.is_empty() {
                "a name is empty".to_owned()
            } else {
                format!("`{text}` has an empty label")
            });
        }
        if label.len() > 63 {
            return Err(format!("`{text}` has a label of more than 63 octets"));
        }
        if let Some(odd) = label.chars().find(|letter| !letter.is_ascii_graphic() || matches!(letter, '\\' | '/' | '"'))
        {
            return Err(format!("`{}` holds `{}`, which no name here may", text.escape_debug(), odd.escape_debug()));
        }
        wire.push(label.len() as u8);
        wire.extend(label.to_ascii_lowercase().bytes());
    }
    wire.push(0);
    name_from_wire(&wire).map_err(|error| format!("`{text}`: {error}"))
}

/// Reads the name that a value is.
pub(super) fn name_of(value: &Value) -> Result<Name, Wrong> {
    name(&value.text()).map_err(|what| {
        Wrong::new(
            value.column(),
            what,
            "write labels of letters, digits, `-` and `_` with dots between; `xn--` for others",
        )
    })
}

/// `below` under `above`.
pub(super) fn joined(below: &str, above: &Name) -> Result<Name, String> {
    name(&format!("{below}.{above}"))
}

/// The name with a `*` label in front; none when that makes it too long.
pub(super) fn wildcard(name: &Name) -> Option<Name> {
    name_from_wire(&[b"\x01*", name.as_slice()].concat()).ok()
}

/// True when the first label is `*`.
pub(super) fn is_wildcard(name: &Name) -> bool {
    name.as_slice().starts_with(b"\x01*")
}

/// The name by which an address is looked up (RFC 1035 section 3.5, RFC 3596 section 2.5).
pub(super) fn reverse_name(address: IpAddr) -> Result<Name, String> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            name(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"))
        }
        IpAddr::V6(v6) => {
            let nibbles =
                v6.octets().iter().rev().map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4)).collect::<String>();
            name(&format!("{nibbles}ip6.arpa"))
        }
    }
}

/// The octets of an address as record data.
pub(super) fn address_octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}
