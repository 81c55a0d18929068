//! What an answer is kept by.

use crate::forward::Ask;
use siphasher::sip::SipHasher13;

/// What an answer is kept by: one question of one horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'n> {
    /// The horizon, as [`crate::forward::Plan::tag`] has it.
    pub tag: u32,
    /// The name in wire format, lower-cased.
    pub name: &'n [u8],
    /// QTYPE.
    pub rtype: u16,
    /// The DO bit: the answer has DNSSEC records.
    pub dnssec_ok: bool,
    /// The CD bit: the answer may be one that does not validate.
    pub checking_disabled: bool,
}

/// A missing name is missing for all types (RFC 2308 section 5): NXDOMAIN is kept under this one, which no record has.
pub(super) const ALL_TYPES: u16 = 0;

impl<'n> Key<'n> {
    /// The key of a question.
    pub fn of(ask: &Ask<'n>, tag: u32) -> Self {
        Key {
            tag,
            name: ask.name,
            rtype: ask.rtype,
            dnssec_ok: ask.dnssec_ok,
            checking_disabled: ask.checking_disabled,
        }
    }

    /// The key under which it is kept that this name, or one above it, does not exist.
    pub(super) fn cut(self, name: &'n [u8]) -> Self {
        Key { name, rtype: ALL_TYPES, ..self }
    }
}

/// A keyed hash, so that nobody outside can choose names that share a place.
#[derive(Debug)]
pub(super) struct Hashes(SipHasher13);

impl Hashes {
    /// With a random key; a fixed one when the system has no randomness.
    pub(super) fn new() -> Self {
        let mut key = [0; 16];
        let _ = getrandom::fill(&mut key);
        Hashes(SipHasher13::new_with_key(&key))
    }

    pub(super) fn of(&self, key: &Key<'_>) -> u64 {
        let flags = u64::from(key.dnssec_ok) | u64::from(key.checking_disabled) << 1;
        let rest = u64::from(key.tag) << 32 | u64::from(key.rtype) << 16 | flags;
        // An odd factor keeps different questions about one name apart.
        self.0.hash(key.name) ^ rest.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}
