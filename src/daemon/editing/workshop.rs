//! Where changes are made: the store, once it is needed, and what is waiting for a confirmation.

use super::super::pipeline::Candidate;
use super::super::source::Source;
use super::early::early;
use super::judge::{Judged, judge};
use super::mark::base;
use super::plan::{Drafted, drafted, present, rewritten};
use super::refused;
use super::shown;
use crate::config::Gate;
use crate::control::{Author, ChangeAnswer, ChangeRequest, Refusal, SetChange};
use crate::edit::{Order, ZoneChange};
use crate::finding::{Finding, Severity};
use crate::snapshot::Snapshot;
use crate::zone::store::{Change, NewChange, NewText, Recovered, Store};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The one who edits the zone files below a directory.
#[derive(Debug)]
pub(in crate::daemon) struct Workshop {
    zones: PathBuf,
    /// Opened with the first errand: a server whose zones nobody edits by it leaves nothing in their directory.
    store: Option<Store>,
}

/// A change that may be made, with what is told about it.
#[derive(Debug)]
pub(in crate::daemon) struct Planned {
    pub(in crate::daemon) judged: Judged,
    pub(in crate::daemon) answer: ChangeAnswer,
    undoes: Option<u64>,
}

/// Called with what clients shall get before the files are written; see [`early`].
pub(in crate::daemon) type Ahead<'a> = &'a mut dyn FnMut(Snapshot);

impl Workshop {
    pub(in crate::daemon) fn new(zones: &Path) -> Self {
        Workshop { zones: zones.to_path_buf(), store: None }
    }

    /// True when some change has ever been made here, so that there is something to look after.
    pub(in crate::daemon) fn has_history(&self) -> bool {
        self.store.is_some() || self.zones.join(".history").is_dir()
    }

    /// The store, opened; with it comes back to order what a crash has left.
    pub(in crate::daemon) fn store(&mut self) -> Result<&mut Store, Refusal> {
        if self.opened().is_none() {
            let (mut store, recovered) = Store::open(&self.zones).map_err(|error| refused::store(&error))?;
            for what in recovered {
                match what {
                    Recovered::CutTail { octets } => {
                        tracing::warn!("a crash left {octets} octets of a change that was never made; they are gone");
                    }
                    Recovered::Finished { id } => tracing::warn!("change {id}, which a crash cut short, is finished"),
                    Recovered::TakenBack { id } => tracing::warn!("change {id}, which a crash cut short, never was"),
                    Recovered::Removed { path } => tracing::info!("removed {}, left by a crash", path.display()),
                }
            }
            match store.notice_known() {
                Ok(changes) => changes.iter().for_each(beside),
                Err(error) => tracing::warn!("edits beside the server cannot be noted: {error}"),
            }
            self.store = Some(store);
        }
        self.store.as_mut().ok_or_else(|| Refusal::new("INTERNAL", "the history is not open", "report this as a bug"))
    }

    /// The store, if some errand has opened it and its folder is still the one that is there: another one may have been put
    /// in its place, or a link may lead elsewhere.
    pub(in crate::daemon) fn opened(&mut self) -> Option<&mut Store> {
        if self.store.as_ref().is_some_and(|store| !store.is_in_place()) {
            tracing::warn!(
                "the history in {} is not the one that was opened; it is opened again",
                self.zones.display()
            );
            self.store = None;
        }
        self.store.as_mut()
    }

    /// The config names this zones directory now; what waits for a confirmation there is looked after.
    pub(in crate::daemon) fn follow(&mut self, zones: &Path) {
        if self.zones != zones {
            // The lock of the one before is given back.
            self.store = None;
            self.zones = zones.to_path_buf();
        }
        self.look_after();
    }

    /// Opens the history if there is one: with it comes back to order what a crash left, and what waits for a
    /// confirmation goes in time.
    pub(in crate::daemon) fn look_after(&mut self) {
        let absent = self.opened().is_none() && self.has_history();
        if let Some(Err(refusal)) = absent.then(|| self.store().map(drop)) {
            tracing::error!("the history of edits cannot be opened, so nothing can be edited: {refusal}");
        }
    }

    /// Notes what people have done to these files beside the server, where there is a history to note it in.
    pub(in crate::daemon) fn notice<'a>(&mut self, files: impl Iterator<Item = &'a Path>) {
        let Some(store) = self.opened() else { return };
        let texts: Vec<_> = files.filter_map(|file| Some((file, present(file).ok()?))).collect();
        match store.notice_all(texts.iter().map(|(file, text)| (*file, text.as_deref()))) {
            Ok(changes) => changes.iter().for_each(beside),
            Err(error) => tracing::warn!("edits beside the server cannot be noted: {error}"),
        }
    }

    /// The orders of a request, those of its author's draft first.
    pub(in crate::daemon) fn orders(&mut self, request: &ChangeRequest) -> Result<Vec<Order>, Refusal> {
        let mut orders = Vec::new();
        if request.draft {
            orders = self.draft(&request.by)?.ok_or_else(no_draft)?;
        }
        orders.extend(request.orders.iter().cloned());
        Ok(orders)
    }

    /// Plans a change on what serves. `ahead` is given what clients may get at once, if the change is to be made and its plan
    /// was decided on before.
    pub(in crate::daemon) fn plan(
        &mut self,
        source: &Source,
        serving: &Candidate,
        request: &ChangeRequest,
        ahead: Ahead<'_>,
    ) -> Result<Planned, Refusal> {
        bounded(request)?;
        let orders = self.orders(request)?;
        let Drafted { changes, mut texts, undoes } =
            drafted(serving, &orders, &mut |id| self.store()?.undo(id).map_err(|error| refused::undo(&error)))?;
        own_records(serving, &orders, &changes)?;
        let base = base(&shown::touched(&changes), &texts);
        if request.base.as_ref().is_some_and(|decided| *decided != base) {
            let what = "what this change was decided on has changed since";
            return Err(Refusal::new("BASE_MOVED", what, "plan it again and look at the new plan"));
        }
        // Where the gate may refuse, nothing serves before it was judged.
        let gated = serving.settings.acme.gate == Gate::Refuse && !serving.published.acme.verdicts.is_empty();
        if !request.dry && !gated && (request.yes || request.base.is_some()) {
            early(serving, &changes).into_iter().for_each(ahead);
        }
        texts.extend(rewritten(serving, &changes)?);
        let mut judged = judge(source, serving, texts)?;
        let over = self.over_waiting(&shown::sets(serving, &shown::touched(&judged.changes)), undoes);
        judged.findings.extend(over);
        let touched = shown::touched(&judged.changes);
        let answer = ChangeAnswer {
            id: None,
            base,
            sets: shown::sets(serving, &touched),
            files: shown::files(&judged.texts),
            findings: judged.findings.clone(),
            impact: None,
            verified: false,
            reverts_at: None,
            served_after: None,
        };
        Ok(Planned { judged, answer, undoes })
    }

    /// A later change of the same records keeps one that waits for its confirmation from being taken back by itself.
    fn over_waiting(&mut self, sets: &[SetChange], undoes: Option<u64>) -> Vec<Finding> {
        let Some(store) = self.opened() else { return Vec::new() };
        let waiting: Vec<u64> = store.waiting().iter().map(|head| head.id).filter(|id| Some(*id) != undoes).collect();
        let mut findings = Vec::new();
        for id in waiting {
            let Ok(change) = store.change(id) else { continue };
            let theirs = serde_json::from_value::<Vec<SetChange>>(change.asked.sets).unwrap_or_default();
            let key = |set: &SetChange| (set.horizon.clone(), set.name.clone(), set.rtype.clone());
            if let Some(set) = sets.iter().find(|set| theirs.iter().any(|other| key(other) == key(set))) {
                let what =
                    format!("change {id} of its {} waits for a confirmation, and could not be taken back", set.rtype);
                let remedy = format!("say `zonectl confirm {id}` or `zonectl undo {id}` first");
                findings.push(Finding::new("CHANGE_WAITS", Severity::Warning, set.name.clone(), what, remedy));
            }
        }
        findings
    }

    /// Writes a planned change; it is on the disk when this returns.
    pub(in crate::daemon) fn write(&mut self, planned: &Planned, request: &ChangeRequest) -> Result<Change, Refusal> {
        let sets = serde_json::to_value(&planned.answer.sets)
            .map_err(|error| Refusal::new("INTERNAL", error.to_string(), "report this as a bug"))?;
        let change = NewChange {
            user: request.by.user.clone(),
            host: Some(request.by.host.clone()),
            reason: request.reason.clone(),
            sets,
            undoes: planned.undoes,
            reverts_at: request.confirm.map(|seconds| now().saturating_add(seconds)),
        };
        let texts: Vec<NewText> = planned.judged.texts.clone();
        let store = self.store()?;
        let change = store.commit(change, texts).map_err(|error| refused::store(&error))?;
        if request.draft {
            // The change is made; a draft that cannot be dropped is only in the way.
            let _ = self.drop_draft(&request.by);
        }
        Ok(change)
    }

    /// The newest change is what clients get: what was kept to take it back with goes.
    pub(in crate::daemon) fn settle(&mut self) {
        if let Some(Err(error)) = self.opened().map(Store::settle) {
            tracing::warn!("left-overs of the last change stay until the next one: {error}");
        }
    }

    /// A conflict when somebody had opened a file of the newest change before it was made, and has written into it since.
    pub(in crate::daemon) fn untouched(&mut self, id: u64) -> Result<(), Refusal> {
        self.store()?.untouched(id).map_err(|error| refused::store(&error))
    }

    /// Takes the newest change back, because it is not what clients get.
    pub(in crate::daemon) fn take_back(&mut self, id: u64) -> Result<(), Refusal> {
        self.store()?.take_back(id).map_err(|error| refused::store(&error))
    }

    /// The orders of a draft; none when there is no draft.
    pub(in crate::daemon) fn draft(&mut self, by: &Author) -> Result<Option<Vec<Order>>, Refusal> {
        let draft = self.store()?.draft(&by.user, &by.host).map_err(|error| refused::store(&error))?;
        let Some(draft) = draft else { return Ok(None) };
        let bad = |error: serde_json::Error| {
            Refusal::new("DRAFT", format!("the draft cannot be read: {error}"), "drop it with `zonectl abort`")
        };
        serde_json::from_value(draft).map(Some).map_err(bad)
    }

    pub(in crate::daemon) fn save_draft(&mut self, by: &Author, orders: &[Order]) -> Result<(), Refusal> {
        let value = serde_json::to_value(orders)
            .map_err(|error| Refusal::new("INTERNAL", error.to_string(), "report this as a bug"))?;
        self.store()?.save_draft(&by.user, &by.host, &value).map_err(|error| refused::store(&error))
    }

    pub(in crate::daemon) fn drop_draft(&mut self, by: &Author) -> Result<(), Refusal> {
        self.store()?.remove_draft(&by.user, &by.host).map(drop).map_err(|error| refused::store(&error))
    }
}

fn beside(change: &Change) {
    let files: Vec<&str> = change.files.iter().map(|file| file.path.as_str()).collect();
    tracing::info!("change {}: {} was changed beside the editing", change.id, files.join(", "));
}

pub(in crate::daemon) fn no_draft() -> Refusal {
    Refusal::new("NO_DRAFT", "no draft is open", "open one with `zonectl begin`")
}

/// Seconds since 1970 UTC.
pub(in crate::daemon) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// New warnings stop a change until somebody has said yes.
pub(in crate::daemon) fn needs_yes(findings: &[Finding]) -> Option<Refusal> {
    let warnings: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Warning).collect();
    if warnings.is_empty() {
        return None;
    }
    let what = match warnings.len() {
        1 => "there is a warning".to_owned(),
        several => format!("there are {several} warnings"),
    };
    let mut refusal = Refusal::new("NEEDS_YES", what, "nothing was changed; say `--yes` to change it all the same");
    refusal.findings = warnings.into_iter().cloned().collect();
    Some(refusal)
}

/// Octets of the words about a change that every look at the history shows again.
const LONGEST_REASON: usize = 4096;
const LONGEST_NAME: usize = 255;

/// Refuses words that are a document.
fn bounded(request: &ChangeRequest) -> Result<(), Refusal> {
    let Author { user, host } = &request.by;
    let words = [
        ("reason", request.reason.as_deref().unwrap_or_default(), LONGEST_REASON),
        ("user's name", user.as_str(), LONGEST_NAME),
        ("machine's name", host.as_str(), LONGEST_NAME),
    ];
    let Some((what, words, most)) = words.into_iter().find(|(_, words, most)| words.len() > *most) else {
        return Ok(());
    };
    let what = format!("the {what} has {} octets, and the history keeps at most {most}", words.len());
    Err(Refusal::new("TOO_LONG", what, "say it in fewer words"))
}

/// Refuses to take away or add to what the generator would write again.
fn own_records(serving: &Candidate, orders: &[Order], changes: &[ZoneChange]) -> Result<(), Refusal> {
    let only_sets =
        orders.iter().all(|order| matches!(order, Order::Set { .. } | Order::Text { .. } | Order::Undo { .. }));
    if serving.settings.inventory.is_none() || only_sets {
        return Ok(());
    }
    for set in shown::touched(changes) {
        let Some(source) = shown::generated(serving, &set) else { continue };
        // A set that is replaced as a whole by `set` beside a `rm` of another name is a person's override.
        let replaced = orders.iter().any(
            |order| matches!(order, Order::Set { rtype, .. } if rtype.eq_ignore_ascii_case(&set.rtype.to_string())),
        );
        if replaced && set.after.is_some() {
            continue;
        }
        let what = format!("{} {} comes from {source}; the generator would write it again", set.owner, set.rtype);
        let remedy =
            "change it there, or put a record of your own in its place with `zonectl set`, which wins until removed";
        return Err(Refusal::new("GENERATED", what, remedy));
    }
    Ok(())
}
