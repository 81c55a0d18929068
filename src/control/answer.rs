//! One door for all requests that only look at a published state.

use super::Published;
use super::Refusal;
use super::Request;
use super::acme::acme_check;
use super::acme::acme_status;
use super::difference::diff;
use super::explain::explain;
use super::flow::flow;
use super::get::get;
use super::horizon_match::horizon_match;
use super::records::records;
use serde_json::Value;

/// Answers a request that changes nothing and needs nothing but the state; blocking, may read zone files for comments.
///
/// # Errors
/// The refusal of the request, `NEEDS_SERVER` for one that only the server can answer.
pub fn answer(request: &Request, published: &Published) -> Result<Value, Refusal> {
    match request {
        Request::Get { name, rtype, horizon } => to_value(&get(published, name, rtype.as_deref(), horizon.as_deref())?),
        Request::Explain { name, rtype, from } => to_value(&explain(published, name, rtype, *from)?),
        Request::HorizonMatch { address } => to_value(&horizon_match(&published.snapshot, *address)),
        Request::Diff { left, right } => to_value(&diff(published, left, right)?),
        Request::Flow { names, horizon } => to_value(&flow(published, names, horizon.as_deref())?),
        Request::Records { horizon, zone } => to_value(&records(published, horizon.as_deref(), zone.as_deref())?),
        Request::AcmeStatus { name } => to_value(&acme_status(published, name.as_deref())?),
        Request::AcmeCheck { names, asker } => to_value(&acme_check(published, names, *asker)?),
        Request::Status
        | Request::AcmeAck { .. }
        | Request::AcmeHere { .. }
        | Request::Top
        | Request::Tail { .. }
        | Request::AcmeChallenges
        | Request::AcmeOrder { .. }
        | Request::AcmeTokens(_)
        | Request::CacheShow { .. }
        | Request::CacheFlush { .. }
        | Request::CacheStats
        | Request::Reload { .. }
        | Request::Errand(_) => Err(Refusal::new("NEEDS_SERVER", "only the server can answer this", "start horizond")),
    }
}

/// The JSON of an answer.
pub(crate) fn to_value(answer: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(answer).map_err(|error| Refusal::new("INTERNAL", error.to_string(), "report this as a bug"))
}
