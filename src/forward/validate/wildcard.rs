//! Whether a wildcard was rightly expanded, by NSEC (RFC 4035 section 5.3.4).
//!
//! The library wants the wildcard itself to be covered, too (hickory-net 0.26.3, `verify_nsec`), and so takes answers for
//! bogus whose only NSEC record is that of the wildcard. What it has verified of their signatures is right, and enough.

use super::trim::signature;
use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::dnssec::rdata::NSEC;
use hickory_proto::op::DnsResponse;
use hickory_proto::op::Query;
use hickory_proto::rr::Name;
use hickory_proto::rr::RData;
use hickory_proto::rr::Record;
use hickory_proto::rr::RecordType;

/// Whether the records of a positive answer are secure, and a secure NSEC record of their zone proves that nothing nearer
/// to the question's name than their wildcard exists.
pub(super) fn is_proven(response: &DnsResponse, query: &Query) -> bool {
    let (mut zone, mut labels) = (None, None);
    for record in &response.answers {
        match signature(record) {
            // Only the one that was verified has a proof; the others say nothing.
            Some(signature) if record.proof == Proof::Secure => {
                zone = Some(&signature.input().signer_name);
                labels = Some(usize::from(signature.input().num_labels));
            }
            Some(_) => {}
            None if record.proof == Proof::Secure => {}
            None => return false,
        }
    }
    let (Some(zone), Some(labels)) = (zone, labels) else { return false };
    // The name below what the wildcard hangs on, on the way to the question's name.
    let next_closer = query.name().trim_to(labels + 1);
    response.authorities.iter().any(|record| match nsec(record) {
        Some(nsec) => {
            record.proof == Proof::Secure
                && is_of(&response.authorities, &record.name, zone)
                && covers(&record.name, nsec, zone, &next_closer)
        }
        None => false,
    })
}

fn nsec(record: &Record) -> Option<&NSEC> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => Some(nsec),
        _ => None,
    }
}

/// Whether the verified signature of the NSEC record at this name is by that zone: another zone's record may be true and
/// say nothing of this one (RFC 6840 section 4.1).
fn is_of(records: &[Record], name: &Name, zone: &Name) -> bool {
    records.iter().filter(|record| record.name == *name && record.proof == Proof::Secure).any(|record| {
        signature(record).is_some_and(|signature| {
            signature.input().type_covered == RecordType::NSEC && signature.input().signer_name == *zone
        })
    })
}

/// Whether neither the name nor anything below it exists.
fn covers(owner: &Name, nsec: &NSEC, zone: &Name, name: &Name) -> bool {
    let (next, types) = (nsec.next_domain_name(), nsec.type_set());
    let is_cut = types.contains(RecordType::NS) && !types.contains(RecordType::SOA);
    let leads_off = owner.zone_of(name) && (is_cut || types.contains(RecordType::DNAME));
    !leads_off && owner < name && (name < next || next == zone) && !name.zone_of(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    /// Names between the owner and the next one are not there; the order is the canonical one (RFC 4034 section 6.1).
    #[test]
    fn a_record_covers_what_lies_between() {
        type Case = (&'static str, &'static str, &'static str, &'static [RecordType], &'static str, bool);
        let table: [Case; 9] = [
            ("between", "*.wild.a.", "www.a.", &[RecordType::A], "x.wild.a.", true),
            ("after the last", "www.a.", "a.", &[RecordType::A], "zz.a.", true),
            ("the owner", "x.wild.a.", "www.a.", &[RecordType::A], "x.wild.a.", false),
            ("the next", "*.wild.a.", "x.wild.a.", &[RecordType::A], "x.wild.a.", false),
            ("it exists without records", "*.wild.a.", "b.x.wild.a.", &[RecordType::A], "x.wild.a.", false),
            ("before", "b.a.", "c.a.", &[RecordType::A], "a.a.", false),
            ("behind", "b.a.", "c.a.", &[RecordType::A], "d.a.", false),
            ("below a delegation", "wild.a.", "www.a.", &[RecordType::NS], "x.wild.a.", false),
            ("below an alias of all", "wild.a.", "www.a.", &[RecordType::DNAME], "x.wild.a.", false),
        ];
        let name = |text| Name::from_str(text).unwrap();
        for (why, owner, next, types, asked, expected) in table {
            let nsec = NSEC::new(name(next), types.iter().copied());
            assert_eq!(covers(&name(owner), &nsec, &name("a."), &name(asked)), expected, "{why}");
        }
    }
}
