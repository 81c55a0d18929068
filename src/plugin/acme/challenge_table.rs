//! The challenge values by owner, with their limits: what a write makes of them. Knows no files and no clock.

use super::challenge_error::ChallengeError;
use crate::answer::OverlaySet;
use crate::answer::OverlayValue;
use crate::dns::Name;
use crate::dns::name_from_wire;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Values of one owner: four clients that each order a name with its wildcard twice at the same time. With values of dns-01
/// (43 octets) they just fit into a UDP reply of 1232 octets. acme-dns keeps two.
pub const MOST_OF_OWNER: usize = 16;

/// Values in all; a few megabytes of memory.
pub const MOST_VALUES: usize = 10_000;

/// How long a value lives when nobody removes it: longer than any client waits for its CA. acme-dns has no call to remove
/// one, and orders that fail leave some.
pub const LIFE: Duration = Duration::from_secs(3600);

/// Which horizons see a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// By name; none for all.
    pub horizons: Option<Vec<String>>,
}

/// One step of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChallengeChange {
    /// Adds a value. One that is there lives on from now, and is seen by the horizons of both.
    Add {
        /// Where it stands.
        owner: Name,
        /// At most 255 octets.
        value: Vec<u8>,
        /// Who sees it.
        scope: Scope,
    },
    /// Removes a value; one that is not there is no error.
    Remove {
        /// Where it stands.
        owner: Name,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes all values of an owner.
    RemoveAll {
        /// The owner.
        owner: Name,
    },
}

impl ChallengeChange {
    /// True when it adds nothing.
    pub(super) fn removes(&self) -> bool {
        !matches!(self, ChallengeChange::Add { .. })
    }

    fn owner(&self) -> &Name {
        match self {
            ChallengeChange::Add { owner, .. }
            | ChallengeChange::Remove { owner, .. }
            | ChallengeChange::RemoveAll { owner } => owner,
        }
    }
}

/// A value that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveChallenge {
    /// Where it stands.
    pub owner: Name,
    /// The value.
    pub value: Vec<u8>,
    /// When it was written last.
    pub since: SystemTime,
    /// When it goes.
    pub until: SystemTime,
    /// Which horizons see it, by name; none for all.
    pub horizons: Option<Vec<String>>,
}

/// A value as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) value: Vec<u8>,
    pub(super) horizons: Option<Vec<String>>,
    /// Seconds since 1970 when it was written last.
    pub(super) since: u64,
    /// The same when it goes.
    pub(super) until: u64,
}

impl Kept {
    /// As it is at this time; none when it has ended.
    pub(super) fn lives(&self, now: u64) -> Option<Kept> {
        (self.until > now).then(|| Kept { until: self.until.min(latest(now)), ..self.clone() })
    }
}

/// When a value goes that is written now.
fn latest(now: u64) -> u64 {
    now.saturating_add(LIFE.as_secs())
}

/// Wire format in lower case.
pub(super) type Owner = Arc<[u8]>;

/// Owners with all values that they have after a write; none when they have no more.
pub(super) type Touched = BTreeMap<Owner, Vec<Kept>>;

/// All values.
#[derive(Debug, Default)]
pub(super) struct Table {
    owners: BTreeMap<Owner, Vec<Kept>>,
    count: usize,
}

impl Table {
    /// How many values there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Every owner with its values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Owner, &Vec<Kept>)> {
        self.owners.iter()
    }

    /// The values of an owner.
    pub(super) fn values(&self, owner: &Owner) -> &[Kept] {
        self.owners.get(owner).map_or(&[], Vec::as_slice)
    }

    /// As many owners of these, which it does not hold, as there is room for.
    pub(super) fn as_many_as_fit(&self, fresh: Touched, most: usize) -> Touched {
        let mut room = most.saturating_sub(self.count);
        let fits = |values: &Vec<Kept>| match room.checked_sub(values.len()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        let mut fits = fits;
        fresh.into_iter().filter(|(_, values)| fits(values)).collect()
    }

    /// What a write makes of the owners that it names, and how many values it removes. Nothing is changed yet.
    ///
    /// # Errors
    /// [`ChallengeError`] for a value that is too long or one too many, counted after the last step.
    pub(super) fn plan(
        &self,
        changes: &[ChallengeChange],
        now: SystemTime,
    ) -> Result<(Touched, usize), ChallengeError> {
        let now = seconds(now);
        let mut touched = Touched::new();
        let mut removed = 0;
        for change in changes {
            let owner = lower(change.owner());
            let here = self.owners.get(&owner);
            let values = touched.entry(owner).or_insert_with(|| here.cloned().unwrap_or_default());
            let before = values.len();
            match change {
                ChallengeChange::Add { owner, value, .. } if value.len() > usize::from(u8::MAX) => {
                    return Err(ChallengeError::TooLong { owner: owner.clone(), octets: value.len() });
                }
                ChallengeChange::Add { owner, value, scope } => {
                    add(values, value, scope, now);
                    // A step may be one too many for a moment, but memory stays bounded by the write.
                    if values.len() > MOST_OF_OWNER {
                        return Err(ChallengeError::OwnerFull { owner: owner.clone(), most: MOST_OF_OWNER });
                    }
                }
                ChallengeChange::Remove { value, .. } => values.retain(|kept| kept.value != *value),
                ChallengeChange::RemoveAll { .. } => values.clear(),
            }
            removed += before.saturating_sub(values.len());
        }
        if self.count_with(&touched) > MOST_VALUES {
            return Err(ChallengeError::Full { most: MOST_VALUES });
        }
        Ok((touched, removed))
    }

    /// The owners of values that have ended, with what is left of them. A clock that was set back lets no value live longer
    /// than it may.
    pub(super) fn ended(&self, now: SystemTime) -> Touched {
        let now = seconds(now);
        let right = |kept: &Kept| kept.until > now && kept.until <= latest(now);
        let touched = self.owners.iter().filter(|(_, values)| !values.iter().all(right));
        touched
            .map(|(owner, values)| (Arc::clone(owner), values.iter().filter_map(|kept| kept.lives(now)).collect()))
            .collect()
    }

    /// Takes over what a write made of some owners.
    pub(super) fn take(&mut self, touched: &Touched) {
        self.count = self.count_with(touched);
        for (owner, values) in touched {
            if values.is_empty() {
                self.owners.remove(owner);
            } else {
                self.owners.insert(Arc::clone(owner), values.clone());
            }
        }
    }

    fn count_with(&self, touched: &Touched) -> usize {
        let before: usize = touched.keys().filter_map(|owner| self.owners.get(owner)).map(Vec::len).sum();
        self.count - before + touched.values().map(Vec::len).sum::<usize>()
    }
}

fn add(values: &mut Vec<Kept>, value: &[u8], scope: &Scope, now: u64) {
    let until = latest(now);
    let Some(kept) = values.iter_mut().find(|kept| kept.value == value) else {
        values.push(Kept { value: value.to_vec(), horizons: scope.horizons.clone(), since: now, until });
        return;
    };
    (kept.since, kept.until) = (now, until);
    kept.horizons = match (kept.horizons.take(), &scope.horizons) {
        (Some(mut horizons), Some(more)) => {
            horizons.extend(more.iter().filter(|one| !horizons.contains(one)).cloned().collect::<Vec<_>>());
            Some(horizons)
        }
        _ => None,
    };
}

/// What the engine reads of an owner's values.
pub(super) fn overlay_set(values: &[Kept], expected: bool) -> OverlaySet {
    let laid = |kept: &Kept| {
        // A length octet: no value is longer than 255 octets.
        let length = u8::try_from(kept.value.len()).unwrap_or(u8::MAX);
        let octets = kept.value.iter().take(usize::from(length)).copied();
        OverlayValue {
            data: std::iter::once(length).chain(octets).collect(),
            horizons: kept.horizons.clone(),
            until: time(kept.until),
        }
    };
    OverlaySet { values: values.iter().map(laid).collect(), expected }
}

/// What others are told of an owner's values.
pub(super) fn live<'v>(owner: &Owner, values: &'v [Kept]) -> impl Iterator<Item = LiveChallenge> + use<'v> {
    let owner = name_from_wire(owner).ok();
    values.iter().filter_map(move |kept| {
        Some(LiveChallenge {
            owner: owner.clone()?,
            value: kept.value.clone(),
            since: time(kept.since),
            until: time(kept.until),
            horizons: kept.horizons.clone(),
        })
    })
}

pub(super) fn lower(owner: &Name) -> Owner {
    owner.as_slice().to_ascii_lowercase().into()
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}
