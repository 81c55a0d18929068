//! Short-lived TXT records above the zones: ACME challenges (RFC 8555 section 8.4). They are in no zone file.

use super::name::SearchName;
use super::name::hash_name;
use arc_swap::ArcSwap;
use arc_swap::Guard;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

/// The values that live now. One for the whole server and all its snapshots: what is set is visible to the next query.
#[derive(Debug)]
pub struct Overlay {
    /// True when there are any, or any are expected.
    any: AtomicBool,
    /// True when some owner does not begin with `_acme-challenge`, so that every name may be one. It rarely changes: queries
    /// pay one read of memory that stays in the cache.
    anywhere: AtomicBool,
    /// A bit for the hash of each such owner, so that hardly any other name is looked for.
    owners: Box<[AtomicU64]>,
    values: ArcSwap<OverlayValues>,
}

/// Words of [`Overlay::owners`]: with the most owners that there can be, one name in seven is looked for in vain.
const WORDS: usize = 1024;

impl Default for Overlay {
    fn default() -> Self {
        Overlay {
            any: AtomicBool::default(),
            anywhere: AtomicBool::default(),
            owners: (0..WORDS).map(|_| AtomicU64::new(0)).collect(),
            values: ArcSwap::default(),
        }
    }
}

/// By owner: wire format in lower case.
pub type OverlayValues = HashMap<Arc<[u8]>, Arc<OverlaySet>>;

/// The values of one owner, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OverlaySet {
    /// Each value once.
    pub values: Vec<OverlayValue>,
    /// Values are expected to come: until then the name is not said to be missing, in no horizon that has a zone for it.
    pub expected: bool,
}

/// One TXT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayValue {
    /// Record data in wire format: a length octet and as many octets.
    pub data: Box<[u8]>,
    /// The horizons that see it, by name; none for all.
    pub horizons: Option<Vec<String>>,
    /// When it goes.
    pub until: SystemTime,
}

/// Seconds that a value may be kept by those who asked. A CA that asks for the first of two values of a name must see the
/// second soon; less than this gains nothing, for few ask and a CA's checks lie further apart.
pub const OVERLAY_TTL: u32 = 10;

/// The first label of names that hold dns-01 challenges (RFC 8555 section 8.4), in wire format.
pub const CHALLENGE_LABEL: &[u8; 16] = b"\x0f_acme-challenge";

/// True for a lower-case name in wire format that begins with [`CHALLENGE_LABEL`].
#[inline]
pub(crate) fn is_challenge(name: &[u8]) -> bool {
    // Hardly any other name begins with a label of this length.
    name.first() == CHALLENGE_LABEL.first() && name.first_chunk() == Some(CHALLENGE_LABEL)
}

impl Overlay {
    /// Puts all values in the place of those before.
    pub fn set(&self, values: OverlayValues) {
        let any = !values.is_empty();
        let anywhere = values.keys().any(|owner| !is_challenge(owner));
        let mut owners = [0; WORDS];
        for name in
            values.keys().filter(|owner| !is_challenge(owner)).filter_map(|owner| SearchName::new(owner, 0).ok())
        {
            let (word, bit) = place(hash_name(&name));
            owners[word] |= bit;
        }
        // A flag must never be down while its values are there.
        self.any.fetch_or(any, Ordering::Release);
        self.owners.iter().zip(owners).for_each(|(word, bits)| _ = word.fetch_or(bits, Ordering::Release));
        self.anywhere.fetch_or(anywhere, Ordering::Release);
        self.values.store(Arc::new(values));
        self.any.store(any, Ordering::Release);
        self.anywhere.store(anywhere, Ordering::Release);
        self.owners.iter().zip(owners).for_each(|(word, bits)| word.store(bits, Ordering::Release));
    }

    /// All values.
    pub fn values(&self) -> Arc<OverlayValues> {
        self.values.load_full()
    }

    /// True when there is none, and none is expected.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    #[cold]
    fn may_hold(&self, hash: u64) -> bool {
        let (word, bit) = place(hash);
        self.owners.get(word).is_some_and(|word| word.load(Ordering::Acquire) & bit != 0)
    }

    /// As the clients of a horizon see it.
    pub(crate) fn seen_by<'a>(&'a self, horizon: &'a str) -> Laid<'a> {
        Laid { overlay: self, horizon }
    }
}

impl OverlaySet {
    /// The values that the clients of a horizon see.
    pub(crate) fn seen_by<'s>(&'s self, horizon: &str) -> impl Iterator<Item = &'s OverlayValue> {
        self.values.iter().filter(move |value| value.is_seen_by(horizon))
    }
}

impl OverlayValue {
    /// True when the clients of a horizon see it.
    pub fn is_seen_by(&self, horizon: &str) -> bool {
        self.horizons.as_ref().is_none_or(|horizons| horizons.iter().any(|one| one == horizon))
    }
}

/// The values above the zones of one horizon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Laid<'a> {
    overlay: &'a Overlay,
    pub(crate) horizon: &'a str,
}

impl Laid<'_> {
    /// True when a name with this hash may have values although it does not begin with `_acme-challenge`.
    #[inline]
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        self.overlay.anywhere.load(Ordering::Acquire) && self.overlay.may_hold(hash)
    }

    /// All values; allocates nothing.
    pub(crate) fn values(&self) -> Guard<Arc<OverlayValues>> {
        self.overlay.values.load()
    }
}

/// The word of a hash among the owners, and its bit there.
fn place(hash: u64) -> (usize, u64) {
    ((hash >> 32) as usize % WORDS, 1 << (hash >> 58))
}
