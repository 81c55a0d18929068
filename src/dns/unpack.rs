//! Names and record data out of a message, compression undone (RFC 1035 section 4.1.4).

use super::Name;
use super::NameError;
use super::Rtype;
use super::data_usage;
use super::fields::Field;
use super::fields::fields;
use super::name_from_wire;
use super::present_data;
use std::ops::Range;

/// Reads the name at `start` of `message`, its pointers followed. Returns it with its case kept, and the offset of the
/// first octet after it.
///
/// A pointer must lead to an octet before the part of the name that it ends, so that no circle can be: at most 128 labels
/// and as many pointers are read.
///
/// # Errors
/// - [`NameError::CutShort`]: the message ends inside the name, or a pointer does not lead back.
/// - [`NameError::TooLong`]: more than 255 octets (RFC 1035 section 2.3.4).
/// - [`NameError::LabelType`]: a label type that is neither ordinary nor a pointer.
pub fn unpack_name(message: &[u8], start: usize) -> Result<(Name, usize), NameError> {
    let mut wire = Vec::with_capacity(64);
    let after = unpack_into(message, start, &mut wire)?;
    Ok((name_from_wire(&wire)?, after))
}

/// Reads record data of `rtype` that stand at `range` of `message`: names in it are written whole, as zones hold them.
///
/// Only in the types of RFC 3597 section 4 may names be compressed; the data of others come as they stand. None when the
/// data are not right for their type. Data of types without a form here are always right.
pub fn unpack_data(message: &[u8], rtype: Rtype, range: Range<usize>) -> Option<Vec<u8>> {
    let raw = message.get(range.clone())?;
    let compressible = matches!(rtype.to_int(), 2..=9 | 12 | 14 | 15 | 17 | 18 | 21 | 24 | 26 | 33 | 35);
    let data = match fields(rtype).filter(|_| compressible) {
        None => raw.to_vec(),
        Some(fields) => {
            let mut data = Vec::with_capacity(raw.len());
            let mut at = range.start;
            for (field, _) in fields {
                let length = match field {
                    Field::Name => {
                        at = unpack_into(message.get(..range.end)?, at, &mut data).ok()?;
                        continue;
                    }
                    Field::U8 | Field::Algorithm | Field::DigestType => 1,
                    Field::U16 | Field::Type | Field::CertificateType => 2,
                    Field::U32 | Field::Seconds | Field::Time | Field::Ip4 => 4,
                    Field::String => 1 + usize::from(*message.get(at)?),
                    _ => range.end.checked_sub(at)?,
                };
                data.extend_from_slice(message.get(at..at + length).filter(|_| at + length <= range.end)?);
                at += length;
            }
            data.extend_from_slice(message.get(at..range.end)?);
            data
        }
    };
    let right = data_usage(rtype).is_none() || !present_data(rtype, &data).starts_with("\\#");
    right.then_some(data)
}

/// Appends the name at `start` whole. Returns the offset after it.
fn unpack_into(message: &[u8], start: usize, wire: &mut Vec<u8>) -> Result<usize, NameError> {
    let begin = wire.len();
    let (mut at, mut part) = (start, start);
    let mut after = None;
    loop {
        let length = *message.get(at).ok_or(NameError::CutShort)?;
        match length {
            0 => {
                wire.push(0);
                return Ok(after.unwrap_or(at + 1));
            }
            1..=63 => {
                let end = at + 1 + usize::from(length);
                wire.extend_from_slice(message.get(at..end).ok_or(NameError::CutShort)?);
                at = end;
            }
            0xC0.. => {
                let low = *message.get(at + 1).ok_or(NameError::CutShort)?;
                after.get_or_insert(at + 2);
                let target = usize::from(length & 0x3F) << 8 | usize::from(low);
                if target >= part {
                    return Err(NameError::CutShort);
                }
                (at, part) = (target, target);
            }
            other => return Err(NameError::LabelType(other)),
        }
        if wire.len() - begin > 254 {
            return Err(NameError::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pointers lead back and nowhere else; what is unpacked is a whole name of at most 255 octets.
    #[test]
    fn names_are_unpacked_or_refused() {
        let name = |text: &str| super::super::parse_name(text).unwrap();
        let message = b"\x03www\x07example\x03org\0\x03api\xc0\x04\xc0\x11\xc0\x19\x01a\xc0\x1b\xc0";
        type Unpacked = Result<(Name, usize), NameError>;
        let table: [(&str, usize, Unpacked); 7] = [
            ("plain", 0, Ok((name("www.example.org"), 17))),
            ("a label, then a pointer", 17, Ok((name("api.example.org"), 23))),
            ("a pointer to what has a pointer", 23, Ok((name("api.example.org"), 25))),
            ("a pointer to itself", 25, Err(NameError::CutShort)),
            ("a pointer into its own name", 27, Err(NameError::CutShort)),
            ("half a pointer", 31, Err(NameError::CutShort)),
            ("behind the end", 32, Err(NameError::CutShort)),
        ];
        for (why, at, expected) in table {
            assert_eq!(unpack_name(message, at), expected, "{why}");
        }
        let mut long = vec![0];
        for _ in 0..4 {
            // The first one leads to the root, each other one to the one before.
            let before = (long.len() as u8).saturating_sub(66);
            long.push(63);
            long.extend([b'a'; 63]);
            long.extend([0xC0, before]);
        }
        assert!(unpack_name(&long, 1 + 66 * 2).is_ok(), "three labels of 63 octets");
        assert_eq!(unpack_name(&long, 1 + 66 * 3), Err(NameError::TooLong), "four");
        assert_eq!(unpack_name(b"\x40", 0), Err(NameError::LabelType(0x40)));
    }

    /// Names in data are written whole where they may be compressed; data that are not right for their type are refused.
    #[test]
    fn data_are_unpacked_or_refused() {
        let message = b"\x03org\0\0\x0a\x04mail\xc0\0\0\x05ab";
        let data = |rtype, range| unpack_data(message, rtype, range);
        assert_eq!(data(Rtype::MX, 5..14), Some(b"\0\x0a\x04mail\x03org\0".to_vec()));
        assert_eq!(data(Rtype::MX, 5..13), None, "half a pointer");
        assert_eq!(data(Rtype::CNAME, 12..14), Some(b"\x03org\0".to_vec()));
        assert_eq!(data(Rtype::CNAME, 12..15), None, "octets after the name");
        assert_eq!(data(Rtype::from_int(64), 5..14), None, "no compression in new types");
        assert_eq!(data(Rtype::A, 0..4), Some(b"\x03org".to_vec()));
        assert_eq!(data(Rtype::A, 0..3), None);
        assert_eq!(data(Rtype::TXT, 0..4), Some(b"\x03org".to_vec()));
        assert_eq!(data(Rtype::TXT, 15..18), None, "a string cut short");
        assert_eq!(data(Rtype::TXT, 4..4), None, "no string at all");
        assert_eq!(data(Rtype::from_int(65_280), 15..18), Some(b"\x05ab".to_vec()), "nobody knows what is right here");
    }
}
