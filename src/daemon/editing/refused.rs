//! Errors of the rooms below become refusals: a code that scripts match on, what happened, what to do.

use crate::control::Refusal;
use crate::edit::{EditRefusal, RewriteError};
use crate::files::FileError;
use crate::zone::{StoreError, UndoError};

pub(super) fn edits(refusals: &[EditRefusal]) -> Refusal {
    let Some((first, rest)) = refusals.split_first() else {
        return Refusal::new("INTERNAL", "an edit was refused without a reason", "report this as a bug");
    };
    let mut refusal = Refusal::new(first.code, &*first.what, &*first.remedy);
    refusal.choices = rest.iter().map(|other| format!("{}; {}", other.what, other.remedy)).collect();
    refusal
}

pub(super) fn file(error: &FileError) -> Refusal {
    Refusal::new("FILE", error.to_string(), "see that the server may read and write its zones directory")
}
