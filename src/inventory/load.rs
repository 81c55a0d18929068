//! One JSON file of the inventory, read whole.

use super::json::{Json, repeated_keys};
use crate::files;
use crate::finding::{Finding, Place, Severity};
use std::path::Path;

/// The most octets that a file of the inventory may have.
const LIMIT: u64 = 64 << 20;

/// What came of reading a file.
pub(super) enum Loaded {
    /// Well-formed JSON.
    Json(Json),
    /// No such file.
    Missing,
    /// A finding says why not.
    Refused,
}

/// Reads one file of JSON; keys that stand twice are noted.
pub(super) fn load(file: &Path, findings: &mut Vec<Finding>) -> Loaded {
    let text = match files::read_text(file, LIMIT) {
        Ok(text) => text,
        Err(error) if error.is_missing() => return Loaded::Missing,
        Err(error) => {
            findings.push(
                Finding::new(
                    "FILE_UNREADABLE",
                    Severity::Error,
                    name_of(file),
                    error.to_string(),
                    "make it readable; until then the zones stay as they are",
                )
                .seen_at(Place::file(file)),
            );
            return Loaded::Refused;
        }
    };
    match serde_json::from_str::<Json>(&text) {
        Ok(json) => {
            repeated_keys(file, &json, findings);
            Loaded::Json(json)
        }
        Err(error) => {
            findings.push(syntax(file, &text, &error));
            Loaded::Refused
        }
    }
}

fn syntax(file: &Path, text: &str, error: &serde_json::Error) -> Finding {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
    let column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
    let whole = error.to_string();
    let reason = whole.split(" at line ").next().unwrap_or_default();
    let finding = Finding::new(
        "JSON_SYNTAX",
        Severity::Error,
        name_of(file),
        if text.trim().is_empty() { "the file is empty".to_owned() } else { format!("not JSON: {reason}") },
        "correct it; until then the zones stay as they are",
    )
    .seen_at(Place::at(file, line, column));
    if error.is_eof() { finding.because("it is half-written, or was cut short") } else { finding }
}

/// The last part of a path.
pub(super) fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}
