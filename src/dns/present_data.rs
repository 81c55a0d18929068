//! Record data from wire format to master-file text that reads back as the same octets; never fails.

use super::Rtype;
use super::base::push_hex;
use super::present::present_fields;
use super::scan::parse_data;

/// Writes record data as one line of master-file text: names absolute, strings quoted, no comment.
///
/// Data that is not right for its type, and types without a form of their own, come as `\# LENGTH HEX`
/// (RFC 3597 section 5). Data that is right for its type always reads back as the same octets
/// ([`super::scan_data`]); data that is not is refused when it is read back.
pub fn present_data(rtype: Rtype, data: &[u8]) -> String {
    if let Some(text) = present_fields(rtype, data) {
        // Octets may be well formed and still have no text that leads back to them, such as a LOC size of 0e9.
        if parse_data(rtype, &text, &super::Name::root_bytes()).is_ok_and(|back| back == data) {
            return text;
        }
    }
    let mut text = format!("\\# {}", data.len());
    if !data.is_empty() {
        text.push(' ');
        push_hex(&mut text, data);
    }
    text
}
