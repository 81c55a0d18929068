//! What a message may hold to be worth a validation: records of its own question, and few enough of them.
//!
//! A zone can be made so that one answer costs its reader minutes (CVE-2023-50387, CVE-2023-50868). What is beyond the
//! numbers here never reaches the library.

use super::chain::Chain;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::dnssec::rdata::RRSIG;
use hickory_proto::op::Message;
use hickory_proto::op::Query;
use hickory_proto::rr::Name;
use hickory_proto::rr::RData;
use hickory_proto::rr::Record;
use hickory_proto::rr::RecordType;
use std::collections::HashMap;

/// Signatures of one set that are tried: one for each key of a zone that changes its keys and algorithms.
const SIGNATURES: usize = 4;
/// Keys of a zone.
const KEYS: usize = 24;
/// Records that say which keys those are.
const KEY_HASHES: usize = 16;
/// Records of a proof that something is not there; three are enough.
const DENIALS: usize = 8;

/// A message goes beyond what an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch(pub(super) &'static str);

/// Leaves what belongs to the question, and the best signatures of each set; gives how many signatures there are.
pub(super) fn trim(message: &mut Message, query: &Query, now: u32) -> Result<usize, TooMuch> {
    let (name, rtype) = (query.name(), query.query_type());
    message.additionals.clear();
    message.answers.retain(|record| {
        record.name == *name
            && (covers(record, rtype) || (covers(record, RecordType::CNAME) && is_signed_by(record, name)))
    });
    message.authorities.retain(|record| {
        let kind = signature(record).map_or(record.record_type(), |signature| signature.input().type_covered);
        matches!(kind, RecordType::SOA | RecordType::NSEC | RecordType::NSEC3) && is_signed_by(record, name)
    });
    message.answers.retain(|record| is_signed_by(record, name));
    let many = |records: &[Record], rtype| records.iter().filter(|record| record.record_type() == rtype).count();
    if many(&message.answers, RecordType::DNSKEY) > KEYS {
        return Err(TooMuch("a zone with too many keys"));
    }
    if many(&message.answers, RecordType::DS) > KEY_HASHES {
        return Err(TooMuch("a delegation with too many keys"));
    }
    if many(&message.authorities, RecordType::NSEC) + many(&message.authorities, RecordType::NSEC3) > DENIALS {
        return Err(TooMuch("too many records that deny a name"));
    }
    keep_best(&mut message.answers, now);
    keep_best(&mut message.authorities, now);
    Ok(many(&message.answers, RecordType::RRSIG) + many(&message.authorities, RecordType::RRSIG))
}

/// A signature of a zone that is not above the question's name says nothing of it.
fn is_signed_by(record: &Record, name: &Name) -> bool {
    signature(record).is_none_or(|signature| signature.input().signer_name.zone_of(name))
}

/// Leaves so many signatures of each set, those that count now and can be checked before all others.
fn keep_best(records: &mut Vec<Record>, now: u32) {
    let worth = |record: &Record| match signature(record) {
        Some(signature) => {
            let counts = when(signature, now) == When::Now;
            usize::from(counts) * 2 + usize::from(signature.input().algorithm.is_supported())
        }
        None => usize::MAX,
    };
    records.sort_by_key(|record| std::cmp::Reverse(worth(record)));
    let mut kept: HashMap<(Name, RecordType), usize> = HashMap::new();
    records.retain(|record| {
        let Some(signature) = signature(record) else { return true };
        let count = kept.entry((record.name.clone(), signature.input().type_covered)).or_default();
        *count += 1;
        *count <= SIGNATURES
    });
}

/// Whether a record is of this type, or a signature of records that are.
pub(super) fn covers(record: &Record, rtype: RecordType) -> bool {
    match signature(record) {
        Some(signature) => signature.input().type_covered == rtype,
        None => record.record_type() == rtype,
    }
}

/// A record's data as a signature.
pub(super) fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
        _ => None,
    }
}

/// How often the hash of a denial is hashed again, at most.
pub(super) fn iterations(message: &Message) -> u16 {
    let hashed = message.authorities.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => Some(nsec3.iterations()),
        _ => None,
    });
    hashed.max().unwrap_or(0)
}

/// When a signature counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Past,
    Now,
    Future,
}

/// Compares as serial numbers (RFC 4034 section 3.1.5).
pub(super) fn when(signature: &RRSIG, now: u32) -> When {
    let input = signature.input();
    if (now.wrapping_sub(input.sig_inception.get()) as i32) < 0 {
        When::Future
    } else if (input.sig_expiration.get().wrapping_sub(now) as i32) < 0 {
        When::Past
    } else {
        When::Now
    }
}

/// Labels of a name as signatures count them: neither the root nor a leading asterisk (RFC 4034 section 3.1.3).
pub(super) fn labels_of(name: &Name) -> u8 {
    name.num_labels()
}

/// Counts a message's signatures into what the chain may cost.
pub(super) fn admit(chain: &Chain, message: &mut Message, query: &Query) -> Result<(), TooMuch> {
    let signatures = trim(message, query, chain.now)?;
    // The sets of NS records tell where zones begin; nobody looks at their signatures.
    if query.query_type() == RecordType::NS || chain.pay(signatures) {
        return Ok(());
    }
    Err(TooMuch("more signatures than an answer is worth"))
}
