//! The SOA record that the generator writes, and serials.

use crate::dns::{Name, parse_name};

/// Seconds: refresh, retry, expire, and how long a missing name is remembered (RFC 2308 section 4).
///
/// A minute only for the last: a name that is published is found at once.
const TIMES: [u32; 4] = [3600, 600, 604_800, 60];

/// SOA data in wire format; the mailbox is `hostmaster` of the domain that this server's name is in.
pub(super) fn data(origin: &Name, server: &Name, serial: u32) -> Vec<u8> {
    let mut data = server.as_slice().to_vec();
    let domain = server.parent().unwrap_or_else(|| origin.clone());
    let mailbox = if domain.is_root() { "hostmaster".to_owned() } else { format!("hostmaster.{domain}") };
    // A domain of 244 octets or more leaves no room for the label: the apex itself is the mailbox then.
    let mailbox = parse_name(&mailbox).unwrap_or_else(|_| origin.clone());
    data.extend_from_slice(mailbox.as_slice());
    for number in [serial].iter().chain(&TIMES) {
        data.extend(number.to_be_bytes());
    }
    data
}

/// The serial after this one (RFC 1982), never 0: many programs take that for none.
pub(super) fn next(serial: u32) -> u32 {
    serial.checked_add(1).unwrap_or(1)
}
