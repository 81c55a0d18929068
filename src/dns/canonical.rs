//! Record data in the form in which it is compared: embedded names in lower case where the standard says so.

use super::Rtype;
use super::fields::Field;
use super::fields::fields;
use super::wire_len;
use std::borrow::Cow;

/// Returns record data with its embedded names in lower case, for the types whose names compare without case.
///
/// Those are the types of RFC 4034 section 6.2, NSEC excepted (RFC 6840 section 5.1); the data of all others, and what is
/// not right for its type, comes back as it is. `data` is in wire format, names uncompressed.
pub fn canonical_data(rtype: Rtype, data: &[u8]) -> Cow<'_, [u8]> {
    let folds = matches!(rtype.to_int(), 2..=9 | 12 | 14 | 15 | 17 | 18 | 21 | 24 | 26 | 33 | 35 | 36 | 39 | 46);
    let Some(fields) = fields(rtype).filter(|_| folds && data.iter().any(u8::is_ascii_uppercase)) else {
        return Cow::Borrowed(data);
    };
    let mut folded = data.to_vec();
    let mut at = 0;
    for (field, _) in fields {
        let Some(rest) = folded.get_mut(at..) else { break };
        at += match field {
            Field::U8 | Field::Algorithm | Field::DigestType => 1,
            Field::U16 | Field::Type | Field::CertificateType => 2,
            Field::U32 | Field::Seconds | Field::Time | Field::Ip4 => 4,
            Field::String => 1 + rest.first().map_or(0, |&length| usize::from(length)),
            Field::Name => {
                let Ok(length) = wire_len(rest) else { break };
                rest[..length].make_ascii_lowercase();
                length
            }
            _ => break,
        };
    }
    Cow::Owned(folded)
}

/// True when two records of a type are the same record: names in the data compare as in [`canonical_data`].
pub fn same_data(rtype: Rtype, left: &[u8], right: &[u8]) -> bool {
    left == right
        || (left.len() == right.len()
            && left.eq_ignore_ascii_case(right)
            && canonical_data(rtype, left) == canonical_data(rtype, right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_data;

    /// Names compare without case, strings and labels of new types with it (RFC 4034 section 6.2, RFC 3597 section 7).
    #[test]
    fn case_counts_outside_names() {
        let table = [
            (Rtype::CNAME, "Host.Example.", "host.example.", true),
            (Rtype::MX, "10 MAIL.example.", "10 mail.example.", true),
            (Rtype::MX, "10 mail.example.", "20 mail.example.", false),
            (Rtype::SRV, "1 2 65 Sip.example.", "1 2 65 sip.example.", true),
            (Rtype::SRV, "1 2 65 sip.example.", "1 2 97 sip.example.", false),
            (Rtype::NAPTR, "1 2 u E2U+sip !a! X.example.", "1 2 u E2U+sip !a! x.example.", true),
            (Rtype::NAPTR, "1 2 U E2U+sip !a! x.example.", "1 2 u E2U+sip !a! x.example.", false),
            (Rtype::TXT, "\"Text\"", "\"text\"", false),
            (Rtype::HTTPS, "1 X.example.", "1 x.example.", false),
            (Rtype::SOA, "NS.a. Host.a. 1 2 3 4 5", "ns.a. host.a. 1 2 3 4 5", true),
        ];
        for (rtype, left, right, expected) in table {
            let data = |text| parse_data(rtype, text, &crate::dns::Name::root_bytes()).unwrap();
            assert_eq!(same_data(rtype, &data(left), &data(right)), expected, "{rtype} {left} {right}");
        }
    }
}
