//! The desk: takes signed messages from the workers, and knows whose signature is right.

use super::allowance::Allowance;
use super::answering::{Verified, answer, seconds_now};
use super::clerk::{Clerk, Job};
use super::editor::Editor;
use super::refused::Refused;
use super::replay::{Novelty, Replays, Stamp};
use super::reply::{Asked, ede};
use super::tsig::{Checked, Signature, Signer, TsigError, read_signature};
use super::voice::Voice;
use crate::counters::{Event, Worker};
use crate::dns::{Name, Rcode, present_name};
use crate::finding::{Finding, Severity};
use crate::plugin::acme::{Challenges, Token, TokenKind, Tokens, TsigAlgorithm};
use crate::query::Signed;
use crate::snapshot::Live;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// Takes signed messages; each is answered from a thread of its own, in the order in which they come.
///
/// Dropping it ends that thread, after what it has taken.
pub struct Desk {
    sender: SyncSender<Signed>,
}

/// What the desk works with.
pub struct Tools {
    /// What queries are answered from, and what prerequisites are held against.
    pub live: Arc<Live>,
    /// Who holds which key.
    pub tokens: Arc<Tokens>,
    /// Where challenge values go.
    pub challenges: Arc<Challenges>,
    /// Who carries out all other changes.
    pub editor: Box<dyn Editor>,
    /// Where it counts.
    pub counters: Arc<Worker>,
}

/// Messages that wait for the desk, which needs some 20 microseconds for each.
const QUEUE: usize = 256;

impl Desk {
    /// Starts the desk and the clerk behind it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(tools: Tools) -> io::Result<Arc<Self>> {
        let (sender, receiver) = sync_channel(QUEUE);
        let Tools { live, tokens, challenges, editor, counters } = tools;
        let replays = Arc::new(Mutex::new(Replays::default()));
        let clerk = Clerk::start(Clerk {
            live: Arc::clone(&live),
            challenges,
            editor,
            counters: Arc::clone(&counters),
            replays: Arc::clone(&replays),
            voice: Voice::new(),
        })?;
        let mut keeper = Keeper {
            live,
            tokens,
            counters,
            replays,
            clerk,
            allowance: Allowance::new(Instant::now()),
            voice: Voice::new(),
            buffer: vec![0; usize::from(u16::MAX)],
        };
        thread::Builder::new().name("signed".to_owned()).spawn(move || keeper.run(&receiver))?;
        Ok(Arc::new(Desk { sender }))
    }

    /// Takes a message, which is answered later. False when too many wait, or the desk has ended.
    pub fn submit(&self, signed: Signed) -> bool {
        self.sender.try_send(signed).is_ok()
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// The thread of the desk.
struct Keeper {
    live: Arc<Live>,
    tokens: Arc<Tokens>,
    counters: Arc<Worker>,
    replays: Arc<Mutex<Replays>>,
    clerk: SyncSender<Job>,
    allowance: Allowance,
    voice: Voice,
    buffer: Vec<u8>,
}

/// Why a signature is not right, and what is said of it.
struct Wrong {
    error: TsigError,
    /// For BADTIME the reply is signed.
    signer: Option<Signer>,
    finding: Finding,
}

/// What a look at a signature gave.
enum Looked {
    Right(Arc<Token>, Box<Signer>),
    Malformed,
    Wrong(Box<Wrong>),
}

impl Keeper {
    fn run(&mut self, receiver: &Receiver<Signed>) {
        while let Ok(signed) = receiver.recv() {
            // A panic in it is a fault of ours that costs one message.
            if catch_unwind(AssertUnwindSafe(|| self.take(signed))).is_err() {
                tracing::error!(
                    "a signed message could not be handled; this is a fault of the program, please report it"
                );
            }
        }
    }

    fn take(&mut self, signed: Signed) {
        let asked = Asked::of(&signed.octets);
        let Some(signature) = read_signature(&signed.octets) else {
            return self.malformed(signed, asked);
        };
        let plain = signature.stripped(&signed.octets);
        match self.look(&signature, &plain, seconds_now()) {
            Looked::Malformed => self.malformed(signed, asked),
            Looked::Wrong(wrong) => self.wrong(signed, asked, &signature, *wrong),
            Looked::Right(key, signer) => {
                let signer = *signer;
                self.serve(Verified { signed, plain, asked, key, signer });
            }
        }
    }

    /// The checks of RFC 8945 section 5.2, in its order: key, MAC, time.
    fn look(&self, signature: &Signature, plain: &[u8], now: u64) -> Looked {
        let wrong = |error, signer, finding| Looked::Wrong(Box::new(Wrong { error, signer, finding }));
        let algorithm = match known_algorithm(signature) {
            Ok(algorithm) => algorithm,
            Err(finding) => return wrong(TsigError::BadKey, None, finding),
        };
        let token = self.tokens.tsig(&signature.key);
        let found = token.as_ref().and_then(|token| match &token.kind {
            TokenKind::Tsig { algorithm, secret } => Some((token, *algorithm, secret)),
            _ => None,
        });
        let Some((token, own, secret)) = found else {
            return wrong(TsigError::BadKey, None, unknown_key(&signature.key));
        };
        if own != algorithm {
            return wrong(TsigError::BadKey, None, other_algorithm(&token.name, own, algorithm));
        }
        match signature.check(plain, algorithm, secret) {
            Checked::Malformed => return Looked::Malformed,
            Checked::TooShort => return wrong(TsigError::BadTrunc, None, short_mac(&token.name)),
            Checked::Wrong => return wrong(TsigError::BadSig, None, wrong_secret(&token.name)),
            Checked::Right => {}
        }
        let signer = Signer::new(algorithm, secret, signature.clone());
        if !signature.is_in_time(now) {
            return wrong(TsigError::BadTime, Some(signer), clock_skew(&token.name, signature, now));
        }
        Looked::Right(Arc::clone(token), Box::new(signer))
    }

    fn malformed(&mut self, signed: Signed, asked: Asked) {
        self.counters.count(Event::SignatureBad);
        if self.allowance.take(signed.client, Instant::now()) {
            signed.back.send(&asked.bare(&signed.octets, Rcode::FORMERR.to_int(), None));
        }
    }

    /// NOTAUTH with the TSIG error (RFC 8945 section 5.3.2).
    fn wrong(&mut self, signed: Signed, asked: Asked, signature: &Signature, wrong: Wrong) {
        self.counters.count(Event::SignatureBad);
        if !self.allowance.take(signed.client, Instant::now()) {
            return;
        }
        self.voice.find(&wrong.finding.because(format!("a message from {}", signed.client)));
        let mut reply = asked.bare(&signed.octets, Rcode::NOTAUTH.to_int(), None);
        match wrong.signer {
            Some(signer) => signer.sign_bad_time(&mut reply, seconds_now()),
            None => signature.append_unsigned(&mut reply, wrong.error),
        }
        signed.back.send(&reply);
    }

    fn serve(&mut self, verified: Verified) {
        let client = verified.signed.client;
        if !verified.key.may_come_from(client) {
            let name = &verified.key.name;
            self.voice.warn(format_args!(
                "key `{name}` is used from {client}, which is not where it may come from: refused; see `zonectl acme token list`"
            ));
            self.counters.count(Event::UpdateRefused);
            let why = (ede::PROHIBITED, "the key may not be used from this address");
            return verified.reply_bare(Rcode::REFUSED.to_int(), Some(why));
        }
        verified.key.note_use();
        if verified.asked.update {
            return self.hand_on(verified);
        }
        answer(&self.live.load(), verified, &mut self.buffer, &self.counters);
    }

    /// An update goes to the clerk, once.
    fn hand_on(&mut self, verified: Verified) {
        let signature = verified.signer.request();
        let stamp = Stamp {
            key: verified.key.name.to_ascii_lowercase(),
            time: signature.time,
            fudge: signature.fudge,
            mac: signature.mac.clone(),
            client: verified.signed.client,
        };
        let novelty = self.replays().look(&stamp, seconds_now());
        match novelty {
            Novelty::New => {}
            Novelty::AtWork => return,
            Novelty::Again(rcode) => return verified.reply_bare(rcode.to_int(), None),
            Novelty::Replayed => {
                let (name, client) = (&verified.key.name, stamp.client);
                self.voice.warn(format_args!(
                    "an update by key `{name}` came a second time, from {client}: refused; if no client sent it twice, somebody replays it"
                ));
                self.counters.count(Event::UpdateRefused);
                return verified
                    .reply_bare(Rcode::REFUSED.to_int(), Some((ede::PROHIBITED, "this update was made before")));
            }
            Novelty::TooMany => {
                self.counters.count(Event::UpdateRefused);
                let why = (ede::OTHER, "too many updates by this key in a short time");
                return verified.reply_bare(Rcode::SERVFAIL.to_int(), Some(why));
            }
        }
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) =
            self.clerk.try_send(Job { verified, stamp })
        {
            self.replays().undone(&job.stamp);
            self.counters.count(Event::SignedNotTaken);
            job.verified.reply_bare(Rcode::SERVFAIL.to_int(), Some((ede::OTHER, "too many updates wait")));
        }
    }

    fn replays(&self) -> MutexGuard<'_, Replays> {
        self.replays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a refusal says to clients that know EDNS.
pub(super) fn extended(refused: &Refused) -> (u16, &str) {
    let code = if refused.rcode == Rcode::REFUSED { ede::PROHIBITED } else { ede::OTHER };
    (code, &refused.why)
}

/// Names of HMACs that nobody should use any more, and of other ways to sign (RFC 8945 section 6, RFC 3645).
const REFUSED_ALGORITHMS: [(&str, &str); 5] = [
    ("hmac-md5.sig-alg.reg.int", "MD5"),
    ("hmac-md5", "MD5"),
    ("hmac-sha1", "SHA-1"),
    ("hmac-sha224", "SHA-224"),
    ("gss-tsig", "GSS-API"),
];

fn known_algorithm(signature: &Signature) -> Result<TsigAlgorithm, Finding> {
    let text = signature.algorithm.to_string().to_ascii_lowercase();
    TsigAlgorithm::from_name(&text).ok_or_else(|| {
        let refused = REFUSED_ALGORITHMS.iter().find(|(name, _)| *name == text);
        let what = match refused {
            Some((name, short)) => format!("its client signs with {name}, and {short} is not taken here"),
            None => format!("its client signs with {}, which is not known here", shown(&signature.algorithm)),
        };
        let remedy = "set hmac-sha256 in the client: cert-manager `tsigAlgorithm: HMACSHA256` (its default is HMACMD5), \
                      lego and Traefik `RFC2136_TSIG_ALGORITHM=hmac-sha256.` (lego 5 has HMAC-SHA1), certbot \
                      `dns_rfc2136_algorithm = HMAC-SHA256`";
        finding("TSIG_ALGORITHM", &signature.key, what, remedy)
    })
}

fn unknown_key(key: &Name) -> Finding {
    let remedy = "see `zonectl acme token list` for the names of keys, or make one with `zonectl acme token create`";
    finding("TSIG_KEY_UNKNOWN", key, "there is no key of this name", remedy)
}

fn other_algorithm(name: &str, own: TsigAlgorithm, used: TsigAlgorithm) -> Finding {
    let what = format!("its client signs with {}, and the key is for {}", used.name(), own.name());
    let remedy = format!("set {} in the client", own.name());
    Finding::new("TSIG_ALGORITHM", Severity::Warning, format!("key {name}"), what, remedy)
}

fn wrong_secret(name: &str) -> Finding {
    let remedy =
        "compare the secret in the client with that of `zonectl acme token create`; make a new key when it is lost";
    let what = "a signature was not made with its secret";
    Finding::new("TSIG_SECRET_WRONG", Severity::Warning, format!("key {name}"), what, remedy)
}

fn short_mac(name: &str) -> Finding {
    let what = "its client cuts signatures to less than half";
    let remedy = "let the client send whole ones (RFC 8945 section 5.2.2.1)";
    Finding::new("TSIG_MAC_SHORT", Severity::Warning, format!("key {name}"), what, remedy)
}

fn clock_skew(name: &str, signature: &Signature, now: u64) -> Finding {
    let (early, late) = (now.saturating_sub(signature.time), signature.time.saturating_sub(now));
    let how = if early > 0 { format!("{early} s behind") } else { format!("{late} s ahead of") };
    let what =
        format!("its client's clock is {how} this one, or its message is old; {} s are allowed", signature.fudge);
    let remedy = "let both machines keep time by NTP";
    Finding::new("CLOCK_SKEW", Severity::Warning, format!("key {name}"), what, remedy)
}

fn finding(code: &'static str, key: &Name, what: impl Into<String>, remedy: &str) -> Finding {
    Finding::new(code, Severity::Warning, format!("key {}", shown(key)), what, remedy)
}

/// A stranger's name for the log, with escapes and cut.
fn shown(name: &Name) -> String {
    present_name(name.as_slice()).chars().take(LONGEST_SHOWN).collect()
}

const LONGEST_SHOWN: usize = 80;
