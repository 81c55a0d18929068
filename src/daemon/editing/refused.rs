//! Errors of the rooms below become refusals: a code that scripts match on, what happened, what to do.

use crate::control::Refusal;
use crate::edit::{EditRefusal, RewriteError};
use crate::files::FileError;
use crate::zone::store::{StoreError, UndoError};

pub(super) fn edits(refusals: &[EditRefusal]) -> Refusal {
    let Some((first, rest)) = refusals.split_first() else {
        return Refusal::new("INTERNAL", "an edit was refused without a reason", "report this as a bug");
    };
    let code = match first.code {
        "EDIT_CONFLICT" => "CONDITION_FAILED",
        "EDIT_CNAME" | "EDIT_SEVERAL" => "NOT_ALLOWED_BY_CHECKS",
        other => other,
    };
    let mut refusal = Refusal::new(code, &*first.what, &*first.remedy);
    refusal.choices = rest.iter().map(|other| format!("{}; {}", other.what, other.remedy)).collect();
    refusal
}

pub(super) fn file(error: &FileError) -> Refusal {
    Refusal::new("FILE", error.to_string(), "see that the server may read and write its zones directory")
}

pub(super) fn rewrite(error: &RewriteError) -> Refusal {
    Refusal::new("TEXT", error.to_string(), "edit the file by hand; the server reloads it")
}

pub(super) fn undo(error: &UndoError) -> Refusal {
    let code = if matches!(error, UndoError::Later { .. }) { "CONFLICT" } else { "NO_UNDO" };
    Refusal::new(code, error.to_string(), "see `zonectl log` for the history")
}

/// Why what a file was is not told.
pub(super) fn past(error: &StoreError) -> Refusal {
    Refusal { remedy: "see `zonectl log` for what the history holds".to_owned(), ..store(error) }
}

pub(super) fn store(error: &StoreError) -> Refusal {
    let code = match error {
        StoreError::File(FileError::Locked { .. }) => "LOCKED",
        StoreError::Conflict { .. } | StoreError::Unnoticed { .. } => "CONFLICT",
        _ => "HISTORY",
    };
    Refusal::new(code, error.to_string(), "nothing was changed")
}
