//! `acme challenges`: the challenge values that live now, without what would let others use them.

use crate::dns::present_name;
use crate::plugin::acme::Challenges;
use crate::plugin::acme::LiveChallenge;
use serde::Deserialize;
use serde::Serialize;
use std::time::SystemTime;

/// The answer to `acme challenges`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengesAnswer {
    /// Those that go first at the top.
    pub challenges: Vec<ChallengeShown>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeShown {
    /// Where it stands, with its final dot.
    pub owner: String,
    /// Its first characters; what cannot be printed is a dot.
    pub begins: String,
    /// The horizons that see it; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizons: Option<Vec<String>>,
    /// Seconds since it was written last.
    pub age: u64,
    /// Seconds until it goes.
    pub left: u64,
}

/// Characters that are shown of a value.
const SHOWN: usize = 6;

/// What lives now.
pub(super) fn challenges(challenges: &Challenges) -> ChallengesAnswer {
    let now = SystemTime::now();
    let mut live = challenges.live();
    live.sort_by(|a, b| (a.until, &a.owner, &a.value).cmp(&(b.until, &b.owner, &b.value)));
    ChallengesAnswer { challenges: live.iter().map(|one| shown(one, now)).collect() }
}

fn shown(one: &LiveChallenge, now: SystemTime) -> ChallengeShown {
    let printable = |octet: &u8| if octet.is_ascii_graphic() { char::from(*octet) } else { '.' };
    ChallengeShown {
        owner: present_name(one.owner.as_slice()),
        begins: one.value.iter().take(SHOWN).map(printable).collect(),
        horizons: one.horizons.clone(),
        age: now.duration_since(one.since).map_or(0, |age| age.as_secs()),
        left: one.until.duration_since(now).map_or(0, |left| left.as_secs()),
    }
}
