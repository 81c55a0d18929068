//! The validator: an answer in, what is to be thought of it out.

use super::asker::Asker;
use super::asker::Inside;
use super::blame::bogus;
use super::blame::indeterminate;
use super::chain::Chain;
use super::complaints::Complaints;
use super::except::is_excepted;
use super::pieces::Piece;
use super::pieces::Uncut;
use super::pieces::cut;
use super::source::CURRENT;
use super::source::ITERATIONS;
use super::source::Source;
use super::wildcard::is_proven;
use crate::config::Forward;
use crate::counters::Event;
use crate::counters::Worker;
use crate::forward::Asking;
use crate::forward::Note;
use crate::forward::Suspect;
use crate::forward::Validate;
use crate::forward::Validated;
use crate::forward::Validity;
use hickory_net::DnsError;
use hickory_net::NetError;
use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::xfer::DnsHandle;
use hickory_net::xfer::FirstAnswer;
use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::TrustAnchors;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::DnsRequestOptions;
use hickory_proto::op::DnsResponse;
use hickory_proto::op::Message;
use hickory_proto::op::Query;
use hickory_proto::rr::Name;
use hickory_proto::rr::RData;
use hickory_proto::rr::Record;
use hickory_proto::rr::RecordType;
use hickory_proto::serialize::binary::BinDecodable;
use hickory_proto::serialize::binary::BinEncodable;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Validates answers as tasks of one runtime.
#[derive(Clone)]
pub struct Validator {
    runtime: Handle,
    library: DnssecDnsHandle<Source>,
    /// Answers that are validated or wait for it.
    places: Arc<Semaphore>,
    counters: Arc<Worker>,
    complaints: Arc<Complaints>,
}

/// Answers at once; one takes a few milliseconds when the keys of its zone are known.
const PLACES: usize = 1024;
/// For one answer, its questions included; below what clients wait for.
const LONGEST: Duration = Duration::from_secs(3);
/// Sets whose signatures are remembered as checked, some 500 octets each.
const REMEMBERED: usize = 8192;
/// How long at most, whatever their TTL says: a signature may end before.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);
/// The same for what did not hold, which may only be the fault of a question that was not answered.
const FAULTS_REMEMBERED_FOR: Duration = Duration::from_secs(2);

impl Validator {
    /// A validator that trusts the keys of the root zone: KSK-2017 (20326) and KSK-2024 (38696).
    pub fn new(runtime: Handle, counters: Arc<Worker>) -> Self {
        Validator::with(runtime, counters, TrustAnchors::default())
    }

    /// A validator that trusts these keys in place of the root's: DNSKEY records, one a line.
    ///
    /// # Errors
    /// In words, what cannot be read as one.
    pub fn trusting(runtime: Handle, counters: Arc<Worker>, keys: &str) -> Result<Self, String> {
        let anchors = TrustAnchors::from_str(keys).map_err(|error| error.to_string())?;
        Ok(Validator::with(runtime, counters, anchors))
    }

    fn with(runtime: Handle, counters: Arc<Worker>, anchors: TrustAnchors) -> Self {
        let library = DnssecDnsHandle::with_trust_anchor(Source, Arc::new(anchors))
            .nsec3_iteration_limits(Some(ITERATIONS), None)
            .validation_cache_size(REMEMBERED)
            .positive_validation_ttl(Duration::ZERO..=REMEMBERED_FOR)
            .negative_validation_ttl(Duration::ZERO..=FAULTS_REMEMBERED_FOR);
        Validator { runtime, library, places: Arc::new(Semaphore::new(PLACES)), counters, complaints: Arc::default() }
    }

    /// Validates the reply to a question; the name is in wire format and lower-cased. Takes 3 s at most.
    ///
    /// `settings` say what is excepted; keys are asked for through `asker`.
    pub async fn examine(
        &self,
        settings: &Forward,
        name: &[u8],
        rtype: u16,
        reply: &[u8],
        asker: Arc<dyn Asker>,
    ) -> Validity {
        if is_excepted(settings, name) || RecordType::from(rtype) == RecordType::RRSIG {
            // Nobody signs signatures.
            return Validity::Insecure;
        }
        let pieces = match read(name, rtype, reply) {
            Ok(pieces) => pieces,
            Err(what) => return Validity::Bogus(Note::new(6, what)),
        };
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let chain = Arc::new(Chain::new(asker, since_1970 as u32));
        let all = async {
            let mut whole = Validity::Secure;
            for piece in pieces {
                match self.examine_piece(settings, piece, &chain).await {
                    Validity::Secure => {}
                    Validity::Insecure => whole = Validity::Insecure,
                    fault => return fault,
                }
            }
            whole
        };
        match timeout(LONGEST, CURRENT.scope(Arc::clone(&chain), all)).await {
            Ok(validity) => validity,
            Err(_) => match chain.trouble().unanswered {
                Some(query) => indeterminate(&format!("{} {} was not to be had", query.name(), query.query_type())),
                None => indeterminate("the keys were not to be had in time"),
            },
        }
    }

    async fn examine_piece(&self, settings: &Forward, piece: Piece, chain: &Chain) -> Validity {
        let Piece { query, message, aside } = piece;
        let name = query.name().to_bytes().unwrap_or_default().to_ascii_lowercase();
        if is_excepted(settings, &name) {
            return Validity::Insecure;
        }
        *chain.piece.lock().unwrap_or_else(PoisonError::into_inner) = Some((query.clone(), message));
        match self.proof(&query).await {
            Proof::Secure => Validity::Secure,
            Proof::Insecure => Validity::Insecure,
            Proof::Bogus | Proof::Indeterminate if aside || self.is_hashed_too_often(chain).await => Validity::Insecure,
            Proof::Bogus | Proof::Indeterminate => bogus(&chain.trouble(), &query),
        }
    }

    /// What the library thinks of the answer to a question.
    async fn proof(&self, query: &Query) -> Proof {
        let mut options = DnsRequestOptions::default();
        options.edns_set_dnssec_ok = true;
        match self.library.lookup(query.clone(), options).first_answer().await {
            Ok(response) if is_opted_out(&response) => worse(worst(&response), Proof::Insecure),
            Ok(response) => worst(&response),
            Err(NetError::Dns(DnsError::Nsec { response, .. })) if is_proven(&response, query) => Proof::Secure,
            Err(NetError::Dns(DnsError::Nsec { proof, .. })) => proof,
            Err(error) => {
                tracing::debug!("validation of {query}: {error}");
                Proof::Indeterminate
            }
        }
    }

    /// Counts an outcome, and names in the log what is wrong.
    fn tell(&self, name: &[u8], rtype: u16, validity: Validity) {
        let note = match validity {
            Validity::Secure => return self.counters.count(Event::AnswerSecure),
            Validity::Insecure => return,
            Validity::Bogus(note) => {
                self.counters.count(Event::AnswerBogus);
                note
            }
            Validity::Indeterminate(note) => {
                self.counters.count(Event::AnswerIndeterminate);
                note
            }
        };
        if let Some(unsaid) = self.complaints.may_say(Instant::now()) {
            let question = Query::query(Name::from_bytes(name).unwrap_or_default(), RecordType::from(rtype));
            let (name, rtype) = (question.name(), question.query_type());
            tracing::warn!(
                "the answer for {name} {rtype} does not validate: {}; {unsaid} more since the last",
                note.text()
            );
        }
    }

    /// Whether a denial on the way is secure but hashed too often: then what hangs on it is insecure (RFC 9276 section 3.2).
    /// The library says so only to whom asks for it by itself.
    async fn is_hashed_too_often(&self, chain: &Chain) -> bool {
        let mut hashed_often = None;
        chain.note(|trouble| hashed_often = trouble.hashed_often.take());
        match hashed_often {
            Some(query) => self.proof(&query).await == Proof::Insecure,
            None => false,
        }
    }
}

/// The pieces of a reply, or what is wrong with it.
fn read(name: &[u8], rtype: u16, reply: &[u8]) -> Result<Vec<Piece>, &'static str> {
    let message = Message::from_vec(reply).map_err(|_| "the answer cannot be read")?;
    let name = Name::from_bytes(name).map_err(|_| "the name cannot be read")?;
    cut(&message, &name, RecordType::from(rtype)).map_err(|uncut| match uncut {
        Uncut::Aliases => "more aliases than an answer may have",
        Uncut::Synthesized => "an alias is not the one that its DNAME record makes",
    })
}

/// The worst proof of what the answer consists of; nothing at all is at best insecure, for nobody can have signed it.
fn worst(response: &DnsResponse) -> Proof {
    let records = if response.answers.is_empty() { &response.authorities } else { &response.answers };
    let is_data = |record: &&Record| record.record_type() != RecordType::RRSIG;
    let proofs = records.iter().filter(is_data).map(|record| record.proof);
    proofs.reduce(worse).unwrap_or(Proof::Insecure)
}

fn worse(one: Proof, other: Proof) -> Proof {
    if (other as u8) < one as u8 { other } else { one }
}

/// Whether a denial may hide a delegation without keys: then it vouches for nothing (RFC 5155 section 9.2). One record proves
/// that a name has no data, whatever it says of its neighbours; more are there to cover what is not there.
fn is_opted_out(response: &DnsResponse) -> bool {
    let hashed = response.authorities.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => Some(nsec3.opt_out()),
        _ => None,
    });
    response.answers.is_empty() && hashed.clone().count() > 1 && hashed.into_iter().any(|opt_out| opt_out)
}

impl Validate for Validator {
    fn validate(&self, suspect: Suspect, asking: &Asking, done: Validated) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return done(suspect.message, indeterminate("too many answers wait for their validation"));
        };
        let asker = Inside { asking: asking.clone(), plan: Arc::clone(&suspect.plan), horizon: suspect.horizon };
        let validator = self.clone();
        let promise = Promise { done: Some(done), message: Vec::new() };
        self.runtime.spawn(async move {
            let Suspect { plan, name, rtype, message, .. } = suspect;
            let mut promise = promise;
            promise.message = message;
            let validity = validator.examine(&plan.settings, &name, rtype, &promise.message, Arc::new(asker)).await;
            drop(place);
            validator.tell(&name, rtype, validity);
            promise.keep(validity);
        });
    }
}

/// Calls its `done` once, whatever becomes of the task that holds it.
struct Promise {
    done: Option<Validated>,
    message: Vec<u8>,
}

impl Promise {
    fn keep(mut self, validity: Validity) {
        if let Some(done) = self.done.take() {
            done(std::mem::take(&mut self.message), validity);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(std::mem::take(&mut self.message), indeterminate("the server stops"));
        }
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").finish_non_exhaustive()
    }
}
