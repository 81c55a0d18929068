//! The options of dnsmasq: whether they take a value, and what becomes of them here.

use super::option_table::OPTIONS;
use crate::config::closest;
use serde::Serialize;
use std::fmt;

/// One option of dnsmasq 2.90.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// As it stands in a file: the long form without dashes.
    pub name: &'static str,
    /// Whether it takes a value.
    pub argument: Argument,
    /// What becomes of it as a rule; a line may get another verdict for its value.
    pub stand: Stand,
    /// What it becomes, how else it is done, or why not and what to do.
    pub text: &'static str,
}

/// Whether an option takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// None.
    No,
    /// One may follow.
    Maybe,
    /// One must follow.
    Must,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stand {
    /// It became settings or records.
    Understood,
    /// Nothing needs to become of it: what it is for is so here already, or done by another program or key.
    Otherwise,
    /// What it is for is not done here.
    Refused,
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Stand::Understood => "understood",
            Stand::Otherwise => "otherwise",
            Stand::Refused => "refused",
        })
    }
}

/// The option of this name.
pub fn known(name: &str) -> Option<&'static Known> {
    OPTIONS.iter().find(|known| known.name == name)
}

/// What to write in the place of a word that is no option.
pub(super) fn offer(word: &str) -> String {
    if let Some(bare) = word.trim_start_matches('-').split('=').next().filter(|bare| known(bare).is_some()) {
        return format!("in a file it is written without dashes: `{bare}`");
    }
    match closest(word, OPTIONS.iter().map(|known| known.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "dnsmasq 2.90 has no such option; correct the line, or put a `#` in front of it".to_owned(),
    }
}
