//! Which names are blocked for whom, and what is answered.

use super::names::Names;
use crate::config::Block;
use crate::config::BlockAnswer;
use crate::dns::Name;
use crate::dns::name_from_wire;
use crate::files::Stamp;
use crate::finding::Finding;
use crate::forward::refusal::Kind;
use crate::forward::refusal::Refusal;
use crate::forward::refusal::reason;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// All lists of blocked names; never changed once made.
#[derive(Debug, Default)]
pub struct Blocked {
    pub(super) lists: Vec<List>,
    pub(super) names: Names,
    /// By horizon: a bit for each list that counts there.
    pub(super) masks: Vec<u64>,
}

/// One `[[block]]`.
#[derive(Debug)]
pub(super) struct List {
    pub(super) settings: Block,
    pub(super) refusal: Refusal,
    /// Names and exceptions that it holds.
    pub(super) count: usize,
    /// What it was read from, and how that looked before it was.
    pub(super) sources: Vec<(PathBuf, Option<Stamp>)>,
    /// What is not right with it.
    pub(super) findings: Vec<Finding>,
    /// How many questions it answered; kept over reloads.
    pub(super) answered: Arc<AtomicU64>,
}

/// Why a name is blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedBy {
    /// The list.
    pub list: String,
    /// The name that stands in the list.
    pub rule: Name,
    /// Whether everything below that name is blocked, too.
    pub subtree: bool,
    /// What is answered.
    pub answer: BlockAnswer,
}

/// A list as `zonectl` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListState {
    /// Its name.
    pub name: String,
    /// Names and exceptions that it holds.
    pub names: usize,
    /// How many questions it answered since the start.
    pub answered: u64,
}

impl Blocked {
    /// Why a name, in wire format and lower-cased, is blocked for a horizon; none when it is not.
    pub fn find(&self, horizon: usize, name: &[u8]) -> Option<BlockedBy> {
        let (list, _) = self.blocking(horizon, name, 0)?;
        let mut by = None;
        self.names.rules(name, |rule, at| {
            if usize::from(rule.list) == list && !rule.allow {
                by = by.or(Some((at, rule.subtree)));
            }
        });
        let (at, subtree) = by?;
        let Block { name: list, answer, .. } = &self.lists.get(list)?.settings;
        Some(BlockedBy { list: list.clone(), rule: name_from_wire(name.get(at..)?).ok()?, subtree, answer: *answer })
    }

    /// Each list.
    pub fn states(&self) -> Vec<ListState> {
        let state = |list: &List| ListState {
            name: list.settings.name.clone(),
            names: list.count,
            answered: list.answered.load(Ordering::Relaxed),
        };
        self.lists.iter().map(state).collect()
    }

    /// What is not right with the lists, for whoever loads.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.lists.iter().flat_map(|list| &list.findings)
    }

    /// What a question gets without anybody being asked; none when the name is not blocked.
    #[inline]
    pub(in crate::forward) fn refuse(&self, horizon: usize, name: &[u8]) -> Option<Refusal> {
        let (list, _) = self.blocking(horizon, name, 0)?;
        self.counted(list)
    }

    /// What an alias to `target` gets; none when that is not blocked, or when the name that was asked for is an exception of
    /// the list.
    pub(in crate::forward) fn refuse_alias(&self, horizon: usize, asked: &[u8], target: &[u8]) -> Option<Refusal> {
        if *self.masks.get(horizon)? == 0 {
            return None;
        }
        let (_, allowed) = self.verdict(asked);
        let (list, _) = self.blocking(horizon, target, allowed)?;
        self.counted(list)
    }

    /// The first list of a horizon that blocks a name.
    fn blocking(&self, horizon: usize, name: &[u8], except: u64) -> Option<(usize, u64)> {
        let mask = self.masks.get(horizon)? & !except;
        if mask == 0 {
            return None;
        }
        let (blocked, allowed) = self.verdict(name);
        let blocking = blocked & !allowed & mask;
        (blocking != 0).then(|| (blocking.trailing_zeros() as usize, allowed))
    }

    /// The lists that name it, and those of which it is an exception: a bit for each.
    fn verdict(&self, name: &[u8]) -> (u64, u64) {
        let (mut blocked, mut allowed) = (0, 0);
        self.names.rules(name, |rule, _| {
            let bit = 1 << (rule.list & 63);
            if rule.allow { allowed |= bit } else { blocked |= bit }
        });
        (blocked, allowed)
    }

    fn counted(&self, list: usize) -> Option<Refusal> {
        let list = self.lists.get(list)?;
        list.answered.fetch_add(1, Ordering::Relaxed);
        Some(list.refusal)
    }
}

/// What is answered to questions for names of a list.
pub(super) fn refusal(list: &Block) -> Refusal {
    let kind = match list.answer {
        BlockAnswer::NxDomain => Kind::NxDomain,
        BlockAnswer::Zero => Kind::Zero,
    };
    Refusal::new(kind, reason::BLOCKED, &format!("blocked by the list `{}`", list.name))
}
