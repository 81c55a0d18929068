//! The two axes of what is known: how it is, and how strongly that is known.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How strong a state is; the order is from nothing to proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Nothing was looked at.
    #[default]
    None,
    /// Concluded from zones, config and inventory.
    Static,
    /// A request of ours went the CA's way.
    Probed,
    /// The CA was seen: its queries, its requests, its errors.
    CaObserved,
    /// The CA issued.
    Issued,
}

impl Evidence {
    /// One word for people.
    pub fn word(self) -> &'static str {
        match self {
            Evidence::None => "none",
            Evidence::Static => "static",
            Evidence::Probed => "probed",
            Evidence::CaObserved => "ca-observed",
            Evidence::Issued => "issued",
        }
    }
}

/// How it is with one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// This challenge cannot be used for this name, or is not meant to.
    NotApplicable(Reason),
    /// Nothing was checked yet, or what was known has expired.
    #[default]
    Unknown,
    /// Our own zones, config or inventory make it impossible.
    Blocked,
    /// Nothing speaks against it, and nobody tried.
    Plausible,
    /// A probe met the server that is meant.
    Reachable,
    /// It works, but: one address is dead, a redirect, slow.
    Degraded,
    /// A probe failed on every address.
    Unreachable,
    /// We say that it works, and the CA failed or went elsewhere. Only the CA's side or a person clears this.
    Contradicted,
    /// A real challenge of this kind went valid.
    Verified,
}

/// Why a challenge does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Wildcards are proven by dns-01 only (RFC 8555 section 7.1.3, CA/Browser Forum 3.2.2.4; smallstep offers no other).
    Wildcard,
    /// `challenges` of the name leaves it out.
    NotUsed,
    /// The CA does not offer it.
    NotOffered,
    /// The name is an address, which dns-01 cannot prove (RFC 8738 section 7).
    Address,
}

impl State {
    /// One word for people and scripts; reasons left out.
    pub fn word(self) -> &'static str {
        match self {
            State::NotApplicable(_) => "not-applicable",
            State::Unknown => "unknown",
            State::Blocked => "blocked",
            State::Plausible => "plausible",
            State::Reachable => "reachable",
            State::Degraded => "degraded",
            State::Unreachable => "unreachable",
            State::Contradicted => "contradicted",
            State::Verified => "verified",
        }
    }

    /// True when a certificate may come this way as far as is known.
    pub fn is_open(self) -> bool {
        matches!(self, State::Plausible | State::Reachable | State::Degraded | State::Verified)
    }

    /// True when no certificate comes this way as far as is known.
    pub fn is_shut(self) -> bool {
        matches!(self, State::Blocked | State::Unreachable | State::Contradicted)
    }

    /// The place among all states when the best of several is looked for; more is better.
    pub fn rank(self) -> u8 {
        match self {
            State::NotApplicable(_) => 0,
            State::Blocked => 1,
            State::Contradicted => 2,
            State::Unreachable => 3,
            State::Unknown => 4,
            State::Plausible => 5,
            State::Degraded => 6,
            State::Reachable => 7,
            State::Verified => 8,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Reason {
    /// Half a sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Reason::Wildcard => "wildcards are proven by dns-01 only",
            Reason::NotUsed => "`challenges` of the name leaves it out",
            Reason::NotOffered => "the CA does not offer it",
            Reason::Address => "an address cannot be proven by dns-01",
        }
    }
}
