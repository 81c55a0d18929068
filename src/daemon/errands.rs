//! Errands on the thread that reloads: one at a time, between reloads, so that nobody edits what another one just planned on.

use super::editing::{Planned, draft, history, needs_yes, now, questions, verify};
use super::outcome::Cause;
use super::reload::Reloads;
use super::status::Status;
use crate::control::{Author, ChangeAnswer, ChangeRequest, Errand, Impact, Refusal, impact, to_value};
use crate::edit::Order;
use crate::query::Recent;
use crate::zone::store::{StoreError, UndoError};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many saves during one edit are put up with.
const SAVES: usize = 5;

/// After a change could not be taken back by itself.
const AGAIN: Duration = Duration::from_secs(5);

impl Reloads {
    /// Runs an errand to its answer.
    pub(super) fn errand(&mut self, errand: Errand) -> Result<Value, Refusal> {
        match errand {
            Errand::Change(request) => to_value(&self.change(&request)?),
            Errand::Draft { by, step } => {
                self.settle();
                let before = self.board.load_full();
                let published = &before.serving.published;
                to_value(&draft(&mut self.workshop, published, &by, step, |workshop, orders, by| {
                    let request = ChangeRequest::dry(orders.to_vec(), by.clone());
                    let planned = workshop.plan(&self.source, &before.serving, &request, &mut |_| {})?;
                    Ok(told(&planned, &before, &self.listeners.recent()))
                })?)
            }
            Errand::Confirm { id } => {
                let store = self.workshop.store()?;
                to_value(&history::confirm(store, id)?)
            }
            Errand::Log { zone, horizon, since } => {
                self.settle();
                let serving = Arc::clone(&self.board.load().serving);
                let store = self.workshop.store()?;
                history::notice(store, &serving);
                to_value(&history::log(store, zone.as_deref(), horizon.as_deref(), since)?)
            }
            Errand::Text { zone, horizon, after, at } => {
                self.settle();
                let serving = Arc::clone(&self.board.load().serving);
                let wanted = history::Wanted { zone: &zone, horizon: horizon.as_deref(), after, at };
                to_value(&history::text(&mut self.workshop, &serving, &wanted)?)
            }
        }
    }

    /// What is told when an errand ended in a fault of this program.
    pub(super) fn errand_failed(&mut self) -> Refusal {
        // Whatever was served ahead of its files is no longer known to be right.
        self.live.store(Arc::clone(&self.board.load().serving.published.snapshot));
        Refusal::new("INTERNAL", "the edit failed inside the server", "report this with the log as a bug")
    }

    /// Edits are planned on what the files say.
    fn settle(&mut self) {
        if self.is_out_of_date() {
            self.reload(Cause::Files);
        }
    }

    /// Makes a change. A file that somebody saves between the look at the files and the plan is read again, not refused.
    fn change(&mut self, request: &ChangeRequest) -> Result<ChangeAnswer, Refusal> {
        for _ in 0..SAVES {
            match self.change_once(request) {
                Err(refusal) if refusal.code == "FILE_NOT_SERVED" && self.is_out_of_date() => {}
                done => return done,
            }
        }
        let remedy = "wait until whoever saves is done, then edit again";
        Err(Refusal::new(
            "CONFLICT",
            "a zone file was saved again and again during this edit; nothing was changed",
            remedy,
        ))
    }

    fn is_out_of_date(&self) -> bool {
        self.seen.changes(&self.inputs.stamps()).next().is_some()
    }

    fn change_once(&mut self, request: &ChangeRequest) -> Result<ChangeAnswer, Refusal> {
        let start = Instant::now();
        self.settle();
        let before = self.board.load_full();
        let live = Arc::clone(&self.live);
        let mut served_after = None;
        let mut ahead = |snapshot| {
            live.store(Arc::new(snapshot));
            served_after = Some(start.elapsed());
        };
        let planned = self.workshop.plan(&self.source, &before.serving, request, &mut ahead);
        let made = planned.and_then(|planned| self.make(planned, request, &before));
        let mut answer = made.inspect_err(|_| {
            if served_after.is_some() {
                self.live.store(Arc::clone(&self.board.load().serving.published.snapshot));
            }
        })?;
        if answer.id.is_some() {
            let after = served_after.unwrap_or_else(|| start.elapsed());
            answer.served_after = Some(after.as_micros().try_into().unwrap_or(u64::MAX));
        }
        Ok(answer)
    }

    fn make(&mut self, planned: Planned, request: &ChangeRequest, before: &Status) -> Result<ChangeAnswer, Refusal> {
        let recent = self.listeners.recent();
        if request.dry {
            return Ok(told(&planned, before, &recent));
        }
        let mut answer = planned.answer.clone();
        if planned.judged.texts.is_empty() {
            if request.draft {
                self.workshop.drop_draft(&request.by)?;
            }
            return Ok(answer);
        }
        if let Some(refusal) = needs_yes(&planned.judged.findings).filter(|_| !request.yes) {
            return Err(refusal);
        }
        let change = self.workshop.write(&planned, request)?;
        let (id, judged) = (change.id, planned.judged);
        let questions = questions(&judged.changes);
        for text in &judged.texts {
            self.seen.refresh(&text.path, text.after.as_deref());
        }
        let done = self
            .publish(judged.candidate, before)
            .map_err(|failure| failure.findings.first().map_or_else(String::new, ToString::to_string))
            .and_then(|_| {
                let snapshot = Arc::clone(&self.board.load().serving.published.snapshot);
                verify(&self.listeners.addresses(), &snapshot, &questions)
            });
        match done {
            Ok(asked) => {
                if let Err(conflict) = self.workshop.untouched(id) {
                    self.take_back(id, &conflict.what);
                    return Err(conflict);
                }
                tracing::info!("change {id} by {}@{}: live and verified", request.by.user, request.by.host);
                self.workshop.settle();
                answer.id = Some(id);
                answer.reverts_at = change.asked.reverts_at;
                answer.verified = asked > 0;
                answer.impact = Some(impact_of(before, &self.board.load(), &recent));
                Ok(answer)
            }
            Err(why) => Err(self.take_back(id, &why)),
        }
    }

    /// Files and answers as they were before the newest change.
    fn take_back(&mut self, id: u64, why: &str) -> Refusal {
        tracing::error!("change {id} is taken back: {why}");
        let taken = self.workshop.take_back(id);
        self.reload(Cause::Asked);
        let what = match taken {
            Ok(()) => format!("the change was written and taken back again: {why}"),
            Err(refusal) => {
                format!("the change is in the files but not served: {why}; taking it back failed: {refusal}")
            }
        };
        Refusal::new("NOT_VERIFIED", what, "see `zonectl status` and the server's log")
    }

    /// How long until some change is taken back unless it is confirmed; none when no change waits.
    pub(super) fn until_revert(&mut self) -> Option<Duration> {
        let store = self.workshop.opened()?;
        let due = store.waiting().iter().filter_map(|change| change.reverts_at).min()?;
        let pause = self.postponed.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default();
        Some(Duration::from_secs(due.saturating_sub(now())).max(pause))
    }

    /// Takes back the changes whose time is over.
    pub(super) fn revert_unconfirmed(&mut self) {
        self.postponed = None;
        let Some(store) = self.workshop.opened() else { return };
        let due: Vec<u64> = store
            .waiting()
            .iter()
            .filter(|change| change.reverts_at.is_some_and(|at| at <= now()))
            .map(|change| change.id)
            .collect();
        // The newest first: earlier ones may lie under it.
        for id in due.into_iter().rev() {
            let request = ChangeRequest {
                yes: true,
                dry: false,
                reason: Some(format!("change {id} was not confirmed in time")),
                ..ChangeRequest::dry(vec![Order::Undo { id }], Author::server())
            };
            match self.change(&request) {
                Ok(ChangeAnswer { id: Some(by), .. }) => {
                    tracing::warn!("change {id} was not confirmed in time: taken back as change {by}");
                }
                Ok(_) => {
                    tracing::warn!(
                        "change {id} was not confirmed in time; the files are as they were before it already"
                    );
                    self.keep(id);
                }
                Err(refusal) if self.is_final(id) => {
                    tracing::error!("change {id} was not confirmed in time and cannot be taken back: {refusal}");
                    self.keep(id);
                }
                Err(refusal) => {
                    tracing::error!("change {id} was not confirmed in time and is to be taken back again: {refusal}");
                    self.postponed = Some(Instant::now() + AGAIN);
                }
            }
        }
    }

    /// True when taking a change back would fail for ever: not for a full disk or somebody's save at that moment.
    fn is_final(&mut self, id: u64) -> bool {
        let Some(store) = self.workshop.opened() else { return false };
        !matches!(store.undo(id), Ok(_) | Err(UndoError::Store { error: StoreError::File(_), .. }))
    }

    /// A change that cannot be taken back stays: it would be tried for ever.
    fn keep(&mut self, id: u64) {
        let kept = self.workshop.opened().map(|store| store.confirm(id));
        if let Some(Err(error)) = kept {
            tracing::error!("that change {id} stays cannot be noted: {error}");
            self.postponed = Some(Instant::now() + AGAIN);
        }
    }
}

/// A plan's answer with what it changes for those who ask.
fn told(planned: &Planned, before: &Status, recent: &Recent) -> ChangeAnswer {
    let (old, new) = (&before.serving.published.snapshot, &planned.judged.candidate.published.snapshot);
    let impact = impact(old, new, &recent.questions(old), recent.seconds());
    ChangeAnswer { impact: Some(impact), ..planned.answer.clone() }
}

fn impact_of(before: &Status, after: &Status, recent: &Recent) -> Impact {
    let (old, new) = (&before.serving.published.snapshot, &after.serving.published.snapshot);
    impact(old, new, &recent.questions(old), recent.seconds())
}
