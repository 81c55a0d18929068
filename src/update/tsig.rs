//! Transaction signatures: read, verified, made (RFC 8945).
//!
//! Computed here with `ring`, not by `domain`'s server side: that tells a wrong MAC as FORMERR in place of BADSIG, signs
//! the server's time of a BADTIME reply as eight octets where section 4.3.3 wants six, and takes no other case of an
//! algorithm's name. Its client side checks ours in the tests.

use crate::dns::{HEADER, Name, skip_name, unpack_name};
use crate::plugin::acme::TsigAlgorithm;
use ring::hmac;

/// A TSIG record as it came (RFC 8945 section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Where the record begins in its message.
    pub start: usize,
    /// The key's name, case kept.
    pub key: Name,
    /// The algorithm's name, case kept.
    pub algorithm: Name,
    /// Seconds since 1970, of 48 bits.
    pub time: u64,
    /// Seconds that the clocks may differ.
    pub fudge: u16,
    /// What is to be checked.
    pub mac: Vec<u8>,
    /// The message's ID before it was forwarded.
    pub original_id: u16,
    /// 0 in a request.
    pub error: u16,
    /// Empty in a request.
    pub other: Vec<u8>,
}

/// Codes of the TSIG error field (RFC 8945 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TsigError {
    /// The MAC is not right.
    BadSig,
    /// No such key, or not with this algorithm.
    BadKey,
    /// Signed at another time than now, by more than the fudge.
    BadTime,
    /// The MAC is shorter than we take.
    BadTrunc,
}

impl TsigError {
    /// The code on the wire.
    pub fn code(self) -> u16 {
        match self {
            TsigError::BadSig => 16,
            TsigError::BadKey => 17,
            TsigError::BadTime => 18,
            TsigError::BadTrunc => 22,
        }
    }

    /// The name of the code.
    pub fn name(self) -> &'static str {
        match self {
            TsigError::BadSig => "BADSIG",
            TsigError::BadKey => "BADKEY",
            TsigError::BadTime => "BADTIME",
            TsigError::BadTrunc => "BADTRUNC",
        }
    }
}

const TSIG: u16 = 250;
const ANY: u16 = 255;

/// Reads the TSIG record that ends a message whose records are known to be whole. None when it cannot be read, which
/// makes the whole message malformed (RFC 8945 section 5.2).
pub fn read_signature(message: &[u8]) -> Option<Signature> {
    let header = message.first_chunk::<HEADER>()?;
    let count = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let mut at = HEADER;
    for _ in 0..count(4) {
        at = skip_name(message, at).ok()? + 4;
    }
    for _ in 1..count(6) + count(8) + count(10) {
        at = skip_name(message, at).ok()?;
        let length = message.get(at + 8..at + 10)?;
        at += 10 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
    let start = at;
    let (key, at) = unpack_name(message, start).ok()?;
    let [t0, t1, c0, c1, a, b, c, d, l0, l1] = *message.get(at..)?.first_chunk::<10>()?;
    let right = u16::from_be_bytes([t0, t1]) == TSIG && u16::from_be_bytes([c0, c1]) == ANY && [a, b, c, d] == [0; 4];
    let data =
        message.get(at + 10..).filter(|data| right && data.len() == usize::from(u16::from_be_bytes([l0, l1])))?;
    // The algorithm's name is not compressed (RFC 8945 section 4.2).
    let (algorithm, at) = unpack_name(data, 0).ok()?;
    let [t0, t1, t2, t3, t4, t5, f0, f1, m0, m1] = *data.get(at..)?.first_chunk::<10>()?;
    let mac_end = at + 10 + usize::from(u16::from_be_bytes([m0, m1]));
    let mac = data.get(at + 10..mac_end)?.to_vec();
    let [i0, i1, e0, e1, o0, o1] = *data.get(mac_end..)?.first_chunk::<6>()?;
    let other = data.get(mac_end + 6..).filter(|other| other.len() == usize::from(u16::from_be_bytes([o0, o1])))?;
    Some(Signature {
        start,
        key,
        algorithm,
        time: u64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5]),
        fudge: u16::from_be_bytes([f0, f1]),
        mac,
        original_id: u16::from_be_bytes([i0, i1]),
        error: u16::from_be_bytes([e0, e1]),
        other: other.to_vec(),
    })
}

/// How far a MAC is from being the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It is shorter than half of a whole one (RFC 8945 section 5.2.2.1).
    TooShort,
    /// Longer than a whole one, or shorter than anybody may make it: malformed (RFC 8945 section 5.2.2.1).
    Malformed,
}

impl Signature {
    /// True when the time is not further from `now` than the fudge; both in seconds since 1970.
    pub fn is_in_time(&self, now: u64) -> bool {
        self.time.abs_diff(now) <= u64::from(self.fudge)
    }

    /// The message without the record, with its original ID, as it was signed.
    pub fn stripped(&self, message: &[u8]) -> Vec<u8> {
        let mut plain = message.get(..self.start).unwrap_or_default().to_vec();
        if let Some(header) = plain.first_chunk_mut::<HEADER>() {
            let additional = u16::from_be_bytes([header[10], header[11]]).saturating_sub(1);
            header[10..].copy_from_slice(&additional.to_be_bytes());
            header[..2].copy_from_slice(&self.original_id.to_be_bytes());
        }
        plain
    }

    /// Checks the MAC of a request; `stripped` is what [`Signature::stripped`] makes of it. The comparison takes the same
    /// time wherever the octets differ.
    pub fn check(&self, stripped: &[u8], algorithm: TsigAlgorithm, secret: &[u8]) -> Checked {
        let key = hmac::Key::new(hmac_of(algorithm), secret);
        let mut context = hmac::Context::with_key(&key);
        context.update(stripped);
        self.add_variables(&mut context);
        let tag = context.sign();
        let whole = tag.as_ref();
        let given = self.mac.len();
        if given > whole.len() || given < SHORTEST_MAC {
            return Checked::Malformed;
        }
        if given < whole.len() / 2 {
            return Checked::TooShort;
        }
        let differ = whole.iter().zip(&self.mac).fold(0, |differ, (ours, theirs)| differ | (ours ^ theirs));
        if std::hint::black_box(differ) == 0 { Checked::Right } else { Checked::Wrong }
    }

    /// The TSIG variables (RFC 8945 section 4.3.3).
    fn add_variables(&self, context: &mut hmac::Context) {
        context.update(&self.key.as_slice().to_ascii_lowercase());
        context.update(&[0, 255, 0, 0, 0, 0]);
        context.update(&self.algorithm.as_slice().to_ascii_lowercase());
        context.update(&self.time.to_be_bytes()[2..]);
        context.update(&self.fudge.to_be_bytes());
        context.update(&self.error.to_be_bytes());
        context.update(&(self.other.len() as u16).to_be_bytes());
        context.update(&self.other);
    }

    /// The record for a reply that says what is wrong with a signature, itself without a MAC (RFC 8945 section 5.3.2).
    pub fn append_unsigned(&self, reply: &mut Vec<u8>, error: TsigError) {
        let said = Signature { mac: Vec::new(), error: error.code(), other: Vec::new(), ..self.clone() };
        said.append(reply);
    }

    fn append(&self, reply: &mut Vec<u8>) {
        reply.extend_from_slice(self.key.as_slice());
        reply.extend([0, 250, 0, 255, 0, 0, 0, 0]);
        let length = self.algorithm.as_slice().len() + FIXED + self.mac.len() + self.other.len();
        reply.extend((length as u16).to_be_bytes());
        reply.extend_from_slice(self.algorithm.as_slice());
        reply.extend_from_slice(&self.time.to_be_bytes()[2..]);
        reply.extend(self.fudge.to_be_bytes());
        reply.extend((self.mac.len() as u16).to_be_bytes());
        reply.extend_from_slice(&self.mac);
        reply.extend(self.original_id.to_be_bytes());
        reply.extend(self.error.to_be_bytes());
        reply.extend((self.other.len() as u16).to_be_bytes());
        reply.extend_from_slice(&self.other);
        if let Some(header) = reply.first_chunk_mut::<HEADER>() {
            let additional = u16::from_be_bytes([header[10], header[11]]).saturating_add(1);
            header[10..].copy_from_slice(&additional.to_be_bytes());
        }
    }
}

/// Octets of a TSIG record's data beside algorithm, MAC and other data.
const FIXED: usize = 16;

/// No MAC is cut to less (RFC 8945 section 5.2.2.1).
const SHORTEST_MAC: usize = 10;

fn hmac_of(algorithm: TsigAlgorithm) -> hmac::Algorithm {
    match algorithm {
        TsigAlgorithm::HmacSha256 => hmac::HMAC_SHA256,
        TsigAlgorithm::HmacSha384 => hmac::HMAC_SHA384,
        TsigAlgorithm::HmacSha512 => hmac::HMAC_SHA512,
    }
}

/// Signs the reply to one request that was rightly signed.
#[derive(Debug)]
pub struct Signer {
    key: hmac::Key,
    request: Signature,
}

impl Signer {
    /// For the reply to this request.
    pub fn new(algorithm: TsigAlgorithm, secret: &[u8], request: Signature) -> Self {
        Signer { key: hmac::Key::new(hmac_of(algorithm), secret), request }
    }

    /// The request's signature.
    pub fn request(&self) -> &Signature {
        &self.request
    }

    /// Octets that [`Signer::sign`] appends.
    pub fn size(&self) -> usize {
        let names = self.request.key.as_slice().len() + self.request.algorithm.as_slice().len();
        names + 10 + FIXED + self.key.algorithm().digest_algorithm().output_len()
    }

    /// Appends the signature to a whole reply; `now` in seconds since 1970 (RFC 8945 section 5.3).
    pub fn sign(self, reply: &mut Vec<u8>, now: u64) {
        let fields = Signature { time: now, error: 0, other: Vec::new(), ..self.request.clone() };
        self.finish(reply, fields);
    }

    /// Appends a signature that tells the server's time, to a reply that says BADTIME (RFC 8945 section 5.2.3): its own
    /// time is that of the request, so that the client, whose clock is wrong, can check it.
    pub fn sign_bad_time(self, reply: &mut Vec<u8>, now: u64) {
        let other = now.to_be_bytes()[2..].to_vec();
        let fields = Signature { error: TsigError::BadTime.code(), other, ..self.request.clone() };
        self.finish(reply, fields);
    }

    fn finish(self, reply: &mut Vec<u8>, mut fields: Signature) {
        // The reply's own ID is the one that is signed.
        fields.original_id = reply.first_chunk::<2>().map_or(0, |id| u16::from_be_bytes(*id));
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(self.request.mac.len() as u16).to_be_bytes());
        context.update(&self.request.mac);
        context.update(reply);
        fields.add_variables(&mut context);
        fields.mac = context.sign().as_ref().to_vec();
        fields.append(reply);
    }
}
