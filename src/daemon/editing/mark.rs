//! Marks: short words that tell whether something is still what it was. They hold as long as this program runs, and in
//! another process of the same version.

use super::lint::Touched;
use crate::zone::store::NewText;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The mark of a text; that of a file that is not there is another one.
pub(super) fn mark(text: Option<&[u8]>) -> String {
    told(|hasher| text.hash(hasher))
}

/// One mark of everything that a plan of these sets and texts was decided on.
pub(super) fn base(sets: &[Touched<'_>], texts: &[NewText]) -> String {
    told(|hasher| {
        for set in sets {
            (set.horizon, set.origin.as_slice(), set.owner.as_slice(), set.rtype.to_int()).hash(hasher);
            set.before.map(|before| (before.ttl, &before.data)).hash(hasher);
        }
        for text in texts {
            (&text.path, &text.before).hash(hasher);
        }
    })
}

fn told(put: impl FnOnce(&mut DefaultHasher)) -> String {
    let mut hasher = DefaultHasher::new();
    put(&mut hasher);
    format!("{:016x}", hasher.finish())
}
