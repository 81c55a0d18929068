//! A drafted change goes through the whole load: what comes out may be written, or says why not.

use super::super::pipeline::{Candidate, Failure, amended};
use super::super::source::Source;
use super::lint::lint;
use super::novelty::new_findings;
use super::put_back::{drop_idle, put_back};
use super::shown::touched;
use crate::control::Refusal;
use crate::edit::{ZoneChange, compare};
use crate::finding::{Finding, Severity};
use crate::generate::Plan;
use crate::zone::store::NewText;
use std::sync::Arc;

/// A change that may be made.
#[derive(Debug)]
pub(in crate::daemon) struct Judged {
    /// What would serve.
    pub(in crate::daemon) candidate: Candidate,
    /// Every file that is written, those among them that the generator changes in consequence.
    pub(in crate::daemon) texts: Vec<NewText>,
    /// What really differs, whatever was ordered.
    pub(in crate::daemon) changes: Vec<ZoneChange>,
    /// What the checks say that they did not say before.
    pub(in crate::daemon) findings: Vec<Finding>,
}

/// Loads everything with the new texts.
///
/// # Errors
/// `NOT_ALLOWED_BY_CHECKS` with the findings.
pub(super) fn judge(source: &Source, serving: &Candidate, mut texts: Vec<NewText>) -> Result<Judged, Refusal> {
    let load = |texts: &[NewText]| {
        let new: Vec<_> = texts.iter().map(|text| (text.path.clone(), text.after.clone())).collect();
        amended(source, Some(serving), &new).map_err(|failure| refused(&failure, serving))
    };
    let mut candidate = load(&texts)?;
    let lines = put_back(&texts, &candidate.plan.files);
    // What the generator turns into what stands there already is no change of it.
    if drop_idle(&mut texts, &candidate.plan.files) {
        candidate = load(&texts)?;
    }
    for change in std::mem::take(&mut candidate.plan).files {
        match texts.iter_mut().find(|text| text.path == change.path) {
            Some(text) => text.after = change.after,
            None => texts.push(NewText { path: change.path, before: change.before, after: change.after }),
        }
    }
    candidate.plan = Plan::default();
    texts.retain(|text| text.before != text.after);
    let changes = differences(serving, &candidate);
    let touched = touched(&changes);
    let mut findings = new_findings(&serving.findings, &candidate.findings);
    findings.extend(new_findings(&serving.withheld, &candidate.withheld));
    findings.extend(lint(&serving.published, &candidate.published.snapshot, &touched));
    findings.extend(lines);
    drop(touched);
    let errors: Vec<Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
    if !errors.is_empty() {
        return Err(with_findings(&errors));
    }
    Ok(Judged { candidate, texts, changes, findings })
}

fn differences(serving: &Candidate, candidate: &Candidate) -> Vec<ZoneChange> {
    let empty = |origin: &crate::dns::Name| Arc::new(crate::zone::Records::new(origin.clone()));
    let mut changes = Vec::new();
    let gone = serving.zones.iter().filter(|zone| candidate.zone(&zone.file).is_none());
    for file in candidate.zones.iter().chain(gone).map(|zone| &zone.file) {
        let records =
            |of: &Candidate| of.zone(file).map_or_else(|| empty(&file.origin), |zone| Arc::clone(&zone.records));
        let (before, after) = (records(serving), records(candidate));
        if Arc::ptr_eq(&before, &after) {
            continue;
        }
        let names = compare(&before, &after);
        changes.push(ZoneChange { horizon: file.horizon.clone(), origin: file.origin.clone(), names });
    }
    changes
}

fn refused(failure: &Failure, serving: &Candidate) -> Refusal {
    let refusing: Vec<Finding> = failure
        .findings
        .iter()
        .filter(|finding| finding.refuses || finding.severity == Severity::Error)
        .filter(|finding| !serving.findings.contains(finding))
        .cloned()
        .collect();
    with_findings(if refusing.is_empty() { &failure.findings } else { &refusing })
}

fn with_findings(findings: &[Finding]) -> Refusal {
    let what = match findings {
        [one] => format!("the checks refuse it: {}", one.code),
        several => format!("the checks refuse it, for {} reasons", several.len()),
    };
    let mut refusal =
        Refusal::new("NOT_ALLOWED_BY_CHECKS", what, "nothing was changed; mend what is named and try again");
    refusal.findings = findings.to_vec();
    refusal
}
