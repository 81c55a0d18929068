//! Where the parts of SOA data stand (RFC 1035 section 3.3.13).

use super::wire_len;

/// The offset of the serial in SOA data: behind two names; none when the data are not whole.
pub fn serial_at(data: &[u8]) -> Option<usize> {
    let first = wire_len(data).ok()?;
    let at = first + wire_len(data.get(first..)?).ok()?;
    (data.len() == at + 20).then_some(at)
}
