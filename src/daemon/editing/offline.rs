//! Edits without a server: the same plan, checks and store, on the files.

use super::super::pipeline::{Candidate, Failure, candidate};
use super::super::source::Source;
use super::super::unwritten::write;
use super::history;
use super::workshop::{Planned, Workshop, needs_yes};
use crate::control::{Author, ChangeAnswer, ChangeRequest, DraftAnswer, DraftStep, Errand, Refusal, to_value};
use crate::finding::Finding;
use crate::generate::Plan;
use serde_json::Value;

/// Runs an errand on the files that a config names, while no server runs: nothing is verified on the wire, and a change that
/// waits for a confirmation is taken back by the server when it starts.
///
/// # Errors
/// The refusal of the errand; `LOCKED` while a server or another editor holds the history, `NOT_ALLOWED_BY_CHECKS` for files
/// that do not load.
pub fn offline(source: &Source, errand: Errand) -> Result<Value, Refusal> {
    let writes = matches!(&errand, Errand::Change(request) if !request.dry);
    let settings = source.settings().map_err(|findings| with_findings(&findings))?;
    let mut workshop = Workshop::new(&settings.zones);
    // Before the files are read: what a crash has left is put in order first.
    workshop.store()?;
    let mut serving = candidate(source, None).map_err(|Failure { findings, .. }| with_findings(&findings))?;
    if writes && !serving.plan.is_empty() {
        // As a server does when it starts.
        write(&serving.plan).map_err(|findings| with_findings(&findings))?;
        serving.plan = Plan::default();
    }
    let mut bench = Bench { source, serving, workshop };
    match errand {
        Errand::Change(request) => to_value(&bench.change(&request)?),
        Errand::Draft { by, step } => to_value(&bench.draft(&by, step)?),
        Errand::Confirm { id } => to_value(&history::confirm(bench.workshop.store()?, id)?),
        Errand::Log { zone, horizon, since } => {
            history::notice(bench.workshop.store()?, &bench.serving);
            to_value(&history::log(bench.workshop.store()?, zone.as_deref(), horizon.as_deref(), since)?)
        }
        Errand::Text { zone, horizon, after, at } => {
            let wanted = history::Wanted { zone: &zone, horizon: horizon.as_deref(), after, at };
            to_value(&history::text(&mut bench.workshop, &bench.serving, &wanted)?)
        }
    }
}

struct Bench<'a> {
    source: &'a Source,
    serving: Candidate,
    workshop: Workshop,
}

impl Bench<'_> {
    fn change(&mut self, request: &ChangeRequest) -> Result<ChangeAnswer, Refusal> {
        let planned = self.workshop.plan(self.source, &self.serving, request, &mut |_| {})?;
        let Planned { judged, answer, .. } = &planned;
        let mut answer = answer.clone();
        if request.dry || judged.texts.is_empty() {
            return Ok(answer);
        }
        if let Some(refusal) = needs_yes(&judged.findings).filter(|_| !request.yes) {
            return Err(refusal);
        }
        let change = self.workshop.write(&planned, request)?;
        if let Err(conflict) = self.workshop.untouched(change.id) {
            return self.workshop.take_back(change.id).and(Err(conflict));
        }
        self.workshop.settle();
        answer.id = Some(change.id);
        answer.reverts_at = change.asked.reverts_at;
        Ok(answer)
    }

    fn draft(&mut self, by: &Author, step: DraftStep) -> Result<DraftAnswer, Refusal> {
        super::drafts::draft(&mut self.workshop, &self.serving.published, by, step, |workshop, orders, by| {
            let request = ChangeRequest::dry(orders.to_vec(), by.clone());
            Ok(workshop.plan(self.source, &self.serving, &request, &mut |_| {})?.answer)
        })
    }
}

fn with_findings(findings: &[Finding]) -> Refusal {
    let what = "the files do not load as they are";
    let mut refusal = Refusal::new("NOT_ALLOWED_BY_CHECKS", what, "mend what is named; `zonectl check` tells it, too");
    refusal.findings = findings.to_vec();
    refusal
}
