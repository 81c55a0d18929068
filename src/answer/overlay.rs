//! Short-lived TXT records above the zones: ACME challenges (RFC 8555 section 8.4). They are in no zone file.

use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The values that live now. One for the whole server and all its snapshots: what is set is visible to the next query.
#[derive(Debug, Default)]
pub struct Overlay {
    /// True when there are any, so that other queries pay one read of memory that rarely changes.
    any: AtomicBool,
    values: ArcSwap<OverlayValues>,
}

/// By owner: wire format in lower case.
pub type OverlayValues = HashMap<Box<[u8]>, OverlaySet>;

/// The values of one owner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OverlaySet {
    /// The horizons that see them, by name; none for all.
    pub horizons: Option<Vec<String>>,
    /// TXT record data in wire format, each value once.
    pub data: Vec<Box<[u8]>>,
    /// Seconds; at most 60.
    pub ttl: u32,
}

impl Overlay {
    /// Puts all values in the place of those before.
    pub fn set(&self, values: OverlayValues) {
        let any = !values.is_empty();
        if any {
            self.any.store(true, Ordering::Release);
        }
        self.values.store(Arc::new(values));
        self.any.store(any, Ordering::Release);
    }

    /// All values.
    pub fn values(&self) -> Arc<OverlayValues> {
        self.values.load_full()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }
}
