//! Serials belong to the server: content that changed gets a higher one, also when a person forgot it.
//!
//! The file is not touched; the serial that is served is raised.

use crate::dns::{Name, Rtype, serial_at};
use crate::pace::breathe_at;
use crate::zone::{Records, RecordsError};

/// The serial of a zone's SOA record (RFC 1035 section 3.3.13); none without a whole SOA at the apex.
pub(super) fn serial(records: &Records) -> Option<u32> {
    let data = records.iter().find(|record| is_soa(records.origin(), record.owner, record.rtype))?.data;
    let octets = data.get(serial_at(data)?..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*octets))
}

/// The same records with another serial; none without a whole SOA at the apex.
pub(super) fn with_serial(records: &Records, serial: u32) -> Option<Result<Records, RecordsError>> {
    let mut raised = Records::new(records.origin().clone());
    let mut found = false;
    for (index, record) in records.iter().enumerate() {
        breathe_at(index);
        let mut data = record.data.to_vec();
        if is_soa(records.origin(), record.owner, record.rtype) {
            let at = serial_at(&data)?;
            data.get_mut(at..at + 4)?.copy_from_slice(&serial.to_be_bytes());
            found = true;
        }
        if let Err(error) = raised.push(record.owner, record.rtype, record.ttl, &data, record.line) {
            return Some(Err(error));
        }
    }
    found.then_some(Ok(raised))
}

/// The serial to serve for content that changed: the written one when it is ahead of the one served, else the next
/// (RFC 1982 section 3.2: ahead means by less than 2^31).
pub(super) fn raised(served: u32, written: u32) -> u32 {
    let ahead = written.wrapping_sub(served);
    if ahead != 0 && ahead < 1 << 31 { written } else { served.wrapping_add(1) }
}

/// True when two zones hold the same records in the same order, serials and places left out.
pub(super) fn same_but_serial(a: &Records, b: &Records) -> bool {
    a.len() == b.len()
        && a.iter().zip(b.iter()).enumerate().all(|(index, (a_record, b_record))| {
            breathe_at(index);
            a_record.owner == b_record.owner
                && a_record.rtype == b_record.rtype
                && a_record.ttl == b_record.ttl
                && if is_soa(a.origin(), a_record.owner, a_record.rtype) {
                    without_serial(a_record.data) == without_serial(b_record.data)
                } else {
                    a_record.data == b_record.data
                }
        })
}

fn without_serial(data: &[u8]) -> (&[u8], &[u8]) {
    let at = serial_at(data).unwrap_or(data.len());
    (&data[..at], data.get(at + 4..).unwrap_or_default())
}

fn is_soa(origin: &Name, owner: &[u8], rtype: Rtype) -> bool {
    rtype == Rtype::SOA && owner.eq_ignore_ascii_case(origin.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;
    use crate::zone::Line;

    fn zone(number: u32, address: u8) -> Records {
        let origin = parse_name("example.org").unwrap();
        let mut records = Records::new(origin.clone());
        let mut soa = [origin.as_slice(), b"\x01h\0"].concat();
        for number in [number, 1, 2, 3, 4] {
            soa.extend(number.to_be_bytes());
        }
        records.push(b"\x07EXAMPLE\x03org\0", Rtype::SOA, 60, &soa, Line::default()).unwrap();
        records.push(origin.as_slice(), Rtype::A, 60, &[192, 0, 2, address], Line::default()).unwrap();
        records
    }

    /// Serials wrap (RFC 1982): ahead is ahead also past 2^32.
    #[test]
    fn a_serial_that_did_not_rise_is_raised() {
        let table = [
            ("ahead", 5, 9, 9),
            ("the same", 5, 5, 6),
            ("behind", 9, 5, 10),
            ("past the end of the numbers", u32::MAX, 3, 3),
            ("the same at the end", u32::MAX, u32::MAX, 0),
            ("so far ahead that it is behind", 5, 5 + (1 << 31), 6),
        ];
        for (why, served, written, expected) in table {
            assert_eq!(raised(served, written), expected, "{why}");
        }
    }

    /// Only the serial differs after it was raised.
    #[test]
    fn raising_changes_the_serial_only() {
        let before = zone(7, 1);
        let after = with_serial(&before, 8).unwrap().unwrap();
        assert_eq!((serial(&before), serial(&after)), (Some(7), Some(8)));
        assert!(same_but_serial(&before, &after));
        assert!(!same_but_serial(&before, &zone(7, 2)));
        assert!(with_serial(&Records::new(parse_name("example.org").unwrap()), 8).is_none());
    }
}
