//! An answer cut into what can be validated on its own: each alias in it, and what the last one leads to.
//!
//! Each piece holds what belongs to one owner name, so that no record can vouch for one of another zone.

use super::trim::covers;
use super::trim::labels_of;
use hickory_proto::op::Message;
use hickory_proto::op::Query;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::Name;
use hickory_proto::rr::RData;
use hickory_proto::rr::Record;
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::NULL;
use hickory_proto::serialize::binary::BinDecodable;
use std::collections::BTreeSet;

/// One question and what the answer says to it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) query: Query,
    pub(super) message: Message,
    /// Not what was asked for: when it is not secure, the whole is not, but it is no fault.
    pub(super) aside: bool,
}

/// Why an answer cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uncut {
    /// More aliases than an answer may have.
    Aliases,
    /// The alias that a DNAME record makes is another one (RFC 6672 section 3.4).
    Synthesized,
}

/// More aliases follow each other in no answer of use.
const ALIASES: usize = 16;

/// NS sets in the authority section that are looked at.
const ASIDES: usize = 2;

/// Cuts an answer to this question.
pub(super) fn cut(answer: &Message, name: &Name, rtype: RecordType) -> Result<Vec<Piece>, Uncut> {
    let mut pieces = Vec::new();
    let mut owner = name.clone();
    loop {
        if pieces.len() > ALIASES {
            return Err(Uncut::Aliases);
        }
        if let Some((dname, target)) = dname_above(answer, &owner) {
            pieces.push(positive(answer, &dname, RecordType::DNAME));
            if alias_at(answer, &owner).is_some_and(|alias| alias != target) {
                return Err(Uncut::Synthesized);
            }
            owner = target;
        } else if let Some(target) = alias_at(answer, &owner).filter(|_| !is_final(rtype)) {
            pieces.push(positive(answer, &owner, RecordType::CNAME));
            owner = target;
        } else {
            break;
        }
    }
    let types = types_at(answer, &owner, rtype);
    let denies = answer.authorities.iter().any(|record| record.record_type() == RecordType::SOA)
        || answer.metadata.response_code == ResponseCode::NXDomain;
    if types.is_empty() && (pieces.is_empty() || denies) {
        pieces.push(negative(answer, &owner, rtype));
    }
    pieces.extend(types.into_iter().map(|rtype| positive(answer, &owner, rtype)));
    if answer.answers.is_empty() {
        return Ok(pieces);
    }
    // What stands beside a positive answer counts for the AD bit, too (RFC 4035 section 3.2.3).
    let beside: BTreeSet<_> = answer
        .authorities
        .iter()
        .filter(|record| record.record_type() == RecordType::NS)
        .map(|record| record.name.clone())
        .collect();
    for name in beside.into_iter().take(ASIDES) {
        let query = Query::query(name.clone(), RecordType::NS);
        let mut message = empty(answer, ResponseCode::NoError);
        let records = answer.authorities.iter().filter(|record| record.name == name);
        message.answers = records.filter(|record| covers(record, RecordType::NS)).cloned().collect();
        message.add_query(query.clone());
        pieces.push(Piece { query, message, aside: true });
    }
    Ok(pieces)
}

/// Types that aliases are not followed for.
fn is_final(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::CNAME | RecordType::ANY)
}

/// The types of the answer at its last owner: one, or all there are for ANY.
fn types_at(answer: &Message, owner: &Name, rtype: RecordType) -> Vec<RecordType> {
    let mut types = Vec::new();
    for record in answer.answers.iter().filter(|record| record.name == *owner) {
        let found = record.record_type();
        if found != RecordType::RRSIG && (rtype == RecordType::ANY || found == rtype) && !types.contains(&found) {
            types.push(found);
        }
    }
    types
}

fn alias_at(answer: &Message, owner: &Name) -> Option<Name> {
    answer.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *owner => Some(target.0.clone()),
        _ => None,
    })
}

/// The DNAME record above a name, and where it leads.
fn dname_above(answer: &Message, owner: &Name) -> Option<(Name, Name)> {
    answer.answers.iter().find_map(|record| {
        let RData::Unknown { code: RecordType::DNAME, rdata } = &record.data else { return None };
        if !record.name.zone_of(owner) || record.name == *owner {
            return None;
        }
        let target = Name::from_bytes(&rdata.anything).ok()?;
        let kept = owner.iter().count().checked_sub(record.name.iter().count())?;
        let front = Name::from_labels(owner.iter().take(kept)).ok()?;
        Some((record.name.clone(), front.append_domain(&target).ok()?))
    })
}

fn empty(answer: &Message, code: ResponseCode) -> Message {
    let mut message = Message::response(answer.metadata.id, answer.metadata.op_code);
    message.metadata.response_code = code;
    message
}

fn positive(answer: &Message, owner: &Name, rtype: RecordType) -> Piece {
    let query = Query::query(owner.clone(), rtype);
    let mut message = empty(answer, ResponseCode::NoError);
    message.add_query(query.clone());
    let records = answer.answers.iter().filter(|record| record.name == *owner && covers(record, rtype));
    message.answers = records.cloned().map(lower_cased).collect();
    // Only what a wildcard made needs a proof that the name itself does not exist (RFC 4035 section 5.3.4).
    let expanded = |record: &Record| match super::trim::signature(record) {
        Some(signature) => signature.input().num_labels < labels_of(owner),
        None => false,
    };
    if message.answers.iter().any(expanded) {
        message.authorities = denials(answer);
    }
    Piece { query, message, aside: false }
}

fn negative(answer: &Message, owner: &Name, rtype: RecordType) -> Piece {
    let query = Query::query(owner.clone(), rtype);
    let mut message = empty(answer, answer.metadata.response_code);
    message.add_query(query.clone());
    message.authorities = denials(answer);
    let soa = answer.authorities.iter().filter(|record| covers(record, RecordType::SOA));
    message.authorities.extend(soa.cloned());
    Piece { query, message, aside: false }
}

fn denials(answer: &Message) -> Vec<Record> {
    let denies = |record: &&Record| covers(record, RecordType::NSEC) || covers(record, RecordType::NSEC3);
    answer.authorities.iter().filter(denies).cloned().collect()
}

/// The target of a DNAME record is signed in lower case (RFC 4034 section 6.2), which the library does not know.
fn lower_cased(mut record: Record) -> Record {
    if let RData::Unknown { code: RecordType::DNAME, rdata } = &record.data
        && !rdata.anything.is_empty()
    {
        let rdata = NULL::with(rdata.anything.to_ascii_lowercase());
        record.data = RData::Unknown { code: RecordType::DNAME, rdata };
    }
    record
}
