//! The `/domain/domain/rest` of `address`, `server`, `local` and `rebind-domain-ok`.

use super::line::Wrong;
use super::naming::name_of;
use super::value::Value;
use crate::dns::Name;

/// What one domain between slashes covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `//`: names of one label.
    Plain,
    /// `/#/`: every name that nothing longer covers.
    Everything,
    /// `/d/`: the name and everything below it.
    Subtree(Name),
    /// `/*.d/`: everything below the name.
    Below(Name),
    /// `/*d/`: every name that ends so, also inside a label.
    Ending(String),
}

/// The domains in front and what stands behind the last slash; no domains when the value does not begin with a slash.
pub(super) fn domains(value: &Value) -> Result<(Vec<Pattern>, Value), Wrong> {
    let value = value.unquoted();
    let mut parts = value.split('/');
    let Some(rest) = parts.pop().filter(|_| !parts.is_empty()) else { return Ok((Vec::new(), value)) };
    if !parts.remove(0).is_empty() {
        return Ok((Vec::new(), value));
    }
    if parts.is_empty() {
        return Err(Wrong::new(
            value.column(),
            "a slash opens a domain and none closes it",
            "write `/domain/` in front of the address",
        ));
    }
    Ok((parts.iter().map(one).collect::<Result<_, _>>()?, rest))
}

fn one(part: &Value) -> Result<Pattern, Wrong> {
    let text = part.text();
    // Dots in front are left out (`/.d/` is `/d/`).
    let bare = text.trim_start_matches('.');
    if bare.is_empty() {
        return Ok(Pattern::Plain);
    }
    if bare == "#" {
        return Ok(Pattern::Everything);
    }
    let read = |text: &str| {
        super::naming::name(text)
            .map_err(|what| Wrong::new(part.column(), what, "write a domain such as `/internal.example/`"))
    };
    match bare.strip_prefix('*') {
        None if bare == text => name_of(part).map(Pattern::Subtree),
        None => read(bare).map(Pattern::Subtree),
        Some(rest) => match rest.strip_prefix('.') {
            Some(rest) => read(rest).map(Pattern::Below),
            None if rest.is_empty() => Ok(Pattern::Everything),
            None => read(rest).map(|_| Pattern::Ending(rest.to_owned())),
        },
    }
}
