//! Queries that are rightly signed: the engine answers them as all others, and the reply is signed.

use super::reply::Asked;
use super::tsig::Signer;
use crate::counters::{Event, Worker};
use crate::forward::Return;
use crate::plugin::acme::Token;
use crate::query::{Pending, Signed, Verdict};
use crate::snapshot::Snapshot;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A message whose signature is right.
pub(super) struct Verified {
    /// As it came, the signature with it.
    pub(super) signed: Signed,
    /// Without the signature.
    pub(super) plain: Vec<u8>,
    pub(super) asked: Asked,
    pub(super) key: Arc<Token>,
    pub(super) signer: Signer,
}

impl Verified {
    /// Signs a reply and sends it.
    pub(super) fn reply(self, mut reply: Vec<u8>) {
        if reply.is_empty() {
            return;
        }
        restore_id(&mut reply, &self.signed.octets);
        self.signer.sign(&mut reply, seconds_now());
        self.signed.back.send(&reply);
    }

    /// Replies to an update or to what may not be.
    pub(super) fn reply_bare(self, rcode: u8, why: Option<(u16, &str)>) {
        let reply = self.asked.bare(&self.plain, rcode, why);
        self.reply(reply);
    }
}

/// Answers a query out of the snapshot, or lets the forwarder do so.
///
/// The room of the signature is taken off before, so that a reply that does not fit with it is truncated (RFC 8945 section
/// 5.3).
pub(super) fn answer(snapshot: &Snapshot, verified: Verified, buffer: &mut [u8], counters: &Worker) {
    let (client, transport) = (verified.signed.client, verified.signed.transport);
    let limit = verified.asked.limit(transport).saturating_sub(verified.signer.size()).min(buffer.len());
    let buffer = &mut buffer[..limit];
    let mut pending = Pending::new();
    pending.read(snapshot, client, &verified.plain);
    let length = match pending.answer(snapshot, transport, &verified.plain, buffer) {
        Verdict::Reply(length) | Verdict::Refresh(length) => length,
        Verdict::Forward(length) => {
            let Verified { signed, plain, signer, asked, key } = verified;
            let Signed { back, forwarder, octets, .. } = signed;
            // The way back is used either by the forwarder or, when it takes nothing, here.
            let Some(forwarder) = forwarder else {
                let Some(length) = pending.not_forwarded(transport, &plain, buffer) else { return };
                counters.count(Event::NotForwarded);
                let signed = Signed { client, transport, octets, forwarder: None, back };
                return Verified { signed, plain, asked, key, signer }.reply(buffer[..length].to_vec());
            };
            let back = Box::new(SigningReturn { octets, signer, back });
            let miss = pending.miss(snapshot, client, transport, &plain, &buffer[..length], back);
            if let Some(mut miss) = miss {
                if let Some(waiter) = miss.waiter.as_mut() {
                    waiter.limit = limit;
                }
                if forwarder.submit(miss).is_err() {
                    // Its queue is full: the client asks again, or somebody else.
                    counters.count(Event::NotForwarded);
                }
            }
            return;
        }
        // What had a signature has none any more, and drops are for what is no query.
        Verdict::Signed | Verdict::Drop => return,
    };
    verified.reply(buffer[..length].to_vec());
}

/// Signs what the forwarder says on its way back.
struct SigningReturn {
    octets: Box<[u8]>,
    signer: Signer,
    back: Box<dyn Return>,
}

impl Return for SigningReturn {
    fn send(self: Box<Self>, reply: &[u8]) {
        let mut reply = reply.to_vec();
        restore_id(&mut reply, &self.octets);
        self.signer.sign(&mut reply, seconds_now());
        self.back.send(&reply);
    }
}

/// The message was checked with its original ID; whoever sent it waits for the one that it came with.
fn restore_id(reply: &mut [u8], message: &[u8]) {
    if let (Some(id), Some(come)) = (reply.first_chunk_mut::<2>(), message.first_chunk::<2>()) {
        *id = *come;
    }
}

/// Seconds since 1970.
pub(super) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
