//! Why an answer is bogus, as an extended error says it (RFC 8914 sections 4.7 to 4.13).

use super::chain::Trouble;
use super::trim::When;
use super::trim::signature;
use super::trim::when;
use crate::forward::Note;
use crate::forward::Validity;
use hickory_proto::op::Message;
use hickory_proto::op::Query;
use hickory_proto::rr::Record;
use hickory_proto::rr::RecordType;

/// What is wrong with one answer, whatever the library finds in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    code: u16,
    text: String,
}

const INDETERMINATE: u16 = 5;
const BOGUS: u16 = 6;
const EXPIRED: u16 = 7;
const NOT_YET_VALID: u16 = 8;
const NO_KEY: u16 = 9;
const NO_SIGNATURE: u16 = 10;
const NO_DENIAL: u16 = 12;

/// What can be seen at an answer without a key; only of consequence when it should be signed and the chain breaks.
pub(super) fn fault(message: &Message, query: &Query, now: u32) -> Option<Fault> {
    let (name, rtype) = (query.name(), query.query_type());
    let fault = |code, text: String| Some(Fault { code, text });
    let is_key = rtype == RecordType::DNSKEY;
    let records = if message.answers.is_empty() { &message.authorities } else { &message.answers };
    let signatures = || records.iter().filter_map(signature);
    let first = |wanted: When| signatures().find(|signature| when(signature, now) == wanted);
    if is_key && message.answers.is_empty() {
        return fault(NO_KEY, format!("{name} has no DNSKEY"));
    }
    if rtype == RecordType::NS {
        // Only where zones begin; the answer may come from the parent, unsigned.
        return None;
    }
    if signatures().next().is_none() {
        let is_data = |record: &&Record| record.record_type() != RecordType::RRSIG;
        return match records.iter().find(is_data) {
            Some(record) => fault(NO_SIGNATURE, format!("{} {} is not signed", record.name, record.record_type())),
            None => fault(NO_DENIAL, format!("nothing proves that there is no {name} {rtype}")),
        };
    }
    if signatures().all(|signature| when(signature, now) == When::Past) {
        let ended = first(When::Past).map(|signature| signature.input().sig_expiration.get());
        return fault(EXPIRED, format!("the signatures of {name} {rtype} ended {}", date(ended)));
    }
    if signatures().all(|signature| when(signature, now) == When::Future) {
        let begins = first(When::Future).map(|signature| signature.input().sig_inception.get());
        return fault(NOT_YET_VALID, format!("the signatures of {name} {rtype} begin {}", date(begins)));
    }
    let denies = |record: &Record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3);
    if message.answers.is_empty() && !records.iter().any(denies) {
        return fault(NO_DENIAL, format!("nothing proves that there is no {name} {rtype}"));
    }
    None
}

/// Says why a piece with this question did not turn out well.
pub(super) fn bogus(trouble: &Trouble, query: &Query) -> Validity {
    if let Some(too_much) = trouble.too_much {
        return Validity::Bogus(Note::new(BOGUS, too_much));
    }
    if let Some(query) = &trouble.unanswered {
        return indeterminate(&format!("{} {} was not to be had", query.name(), query.query_type()));
    }
    if let Some(Fault { code, text }) = &trouble.fault {
        return Validity::Bogus(Note::new(*code, text));
    }
    let text = format!("no signature of {} {} holds", query.name(), query.query_type());
    Validity::Bogus(Note::new(BOGUS, &text))
}

pub(super) fn indeterminate(text: &str) -> Validity {
    Validity::Indeterminate(Note::new(INDETERMINATE, text))
}

/// Seconds since 1970 as a day; serial numbers of this century are those.
fn date(seconds: Option<u32>) -> String {
    let stamp = seconds.and_then(|seconds| jiff::Timestamp::from_second(i64::from(seconds)).ok());
    stamp.map_or_else(String::new, |stamp| stamp.to_string())
}
