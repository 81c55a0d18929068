//! What the library takes for its connection to a server: the answer that is validated, and all else from the `Asker`.
//!
//! One object serves all validations, so that the library remembers which signatures it has checked; which validation a
//! question belongs to is known by the task that asks.

use super::blame::fault;
use super::chain::Chain;
use super::trim::admit;
use super::trim::iterations;
use futures_util::stream;
use futures_util::stream::Stream;
use hickory_net::NetError;
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::DnsHandle;
use hickory_proto::op::DnsRequest;
use hickory_proto::op::DnsResponse;
use hickory_proto::op::Message;
use hickory_proto::op::OpCode;
use hickory_proto::op::Query;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RData;
use hickory_proto::rr::Record;
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::NS;
use hickory_proto::serialize::binary::BinEncodable;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::PoisonError;

tokio::task_local! {
    /// The validation that the current task runs.
    pub(super) static CURRENT: Arc<Chain>;
}

/// Repeated hashing beyond this makes a denial insecure (RFC 9276 section 3.2).
pub(super) const ITERATIONS: u16 = 100;

/// Answers the library's questions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source;

impl DnsHandle for Source {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let chain = CURRENT.try_with(Arc::clone);
        Box::pin(stream::once(async move {
            let chain = chain.map_err(|_| NetError::Message("no validation is under way"))?;
            let query = request.queries.first().cloned().ok_or(NetError::Message("no question"))?;
            let message = answer(&chain, &query).await?;
            DnsResponse::from_message(message).map_err(NetError::from)
        }))
    }
}

async fn answer(chain: &Chain, query: &Query) -> Result<Message, NetError> {
    let first = {
        let mut piece = chain.piece.lock().unwrap_or_else(PoisonError::into_inner);
        piece.take_if(|(asked, _)| asked == query)
    };
    let mut message = match first {
        Some((_, message)) => message,
        None => ask(chain, query).await?,
    };
    if let Err(too_much) = admit(chain, &mut message, query) {
        chain.note(|trouble| trouble.too_much = trouble.too_much.or(Some(too_much.0)));
        return Err(NetError::Message(too_much.0));
    }
    if iterations(&message) > ITERATIONS {
        chain.note(|trouble| trouble.hashed_often = trouble.hashed_often.take().or_else(|| Some(query.clone())));
    }
    if let Some(fault) = fault(&message, query, chain.now) {
        chain.note(|trouble| trouble.fault = trouble.fault.take().or(Some(fault)));
    }
    Ok(message)
}

async fn ask(chain: &Chain, query: &Query) -> Result<Message, NetError> {
    if !chain.may_ask() {
        let too_much = "more questions for keys than an answer is worth";
        chain.note(|trouble| trouble.too_much = trouble.too_much.or(Some(too_much)));
        return Err(NetError::Message(too_much));
    }
    if query.query_type() == RecordType::NS && query.name().iter().count() == 1 {
        return Ok(top_level(query));
    }
    let name = query.name().to_bytes().map_err(NetError::from)?;
    let reply = chain.asker.ask(&name, query.query_type().into()).await;
    let message = reply.and_then(|reply| Message::from_vec(&reply).ok());
    let usable =
        |message: &Message| matches!(message.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    match message {
        Some(message) if usable(&message) => Ok(message),
        _ => {
            chain.note(|trouble| trouble.unanswered = trouble.unanswered.take().or_else(|| Some(query.clone())));
            Err(NetError::Timeout)
        }
    }
}

/// Says that a name of one label is a zone, which all of them are: the guards let no question for one out. Whether it is
/// signed is not taken from here.
fn top_level(query: &Query) -> Message {
    let mut message = Message::response(0, OpCode::Query);
    message.add_query(query.clone());
    message.answers.push(Record::from_rdata(query.name().clone(), 0, RData::NS(NS(query.name().clone()))));
    message
}
