//! What a change would break: an assessment of what serves beside one of the candidate.

use super::assess::{Assessment, Verdict};
use crate::config::Gate;
use crate::finding::{Finding, Severity};
use crate::plugin::acme::reach::{Problem, State, Told};
use std::collections::BTreeMap;

/// The code of the finding for a change that breaks the way of a challenge.
pub const GATE: &str = "CHALLENGE_WAY_BREAKS";

/// One finding for each name of which some challenge could work before and cannot afterwards.
///
/// Which challenge a client uses nobody knows unless `challenges` of `[acme.name]` says it, so that each one that applies
/// counts. A name that was broken before, or was not asked for, breaks nothing: mending goes in steps. With [`Gate::Refuse`] the
/// findings refuse the load.
pub fn newly_broken(before: &Assessment, after: &Assessment, gate: Gate) -> Vec<Finding> {
    if gate == Gate::Off {
        return Vec::new();
    }
    let known: BTreeMap<_, &Verdict> =
        before.verdicts.iter().map(|verdict| ((&verdict.key.name, verdict.key.challenge), verdict)).collect();
    let mut broken: BTreeMap<&str, Vec<(&Verdict, &Verdict)>> = BTreeMap::new();
    for verdict in after.verdicts.iter().filter(|verdict| verdict.state() == State::Blocked) {
        let was = known.get(&(&verdict.key.name, verdict.key.challenge));
        if let Some(was) = was.filter(|was| was.state() == State::Plausible) {
            broken.entry(&verdict.key.name).or_default().push((was, verdict));
        }
    }
    broken.into_iter().filter_map(|(name, pairs)| finding(name, &pairs, after, gate)).collect()
}

fn finding(name: &str, pairs: &[(&Verdict, &Verdict)], after: &Assessment, gate: Gate) -> Option<Finding> {
    let (was, now) = pairs.first()?;
    let problem = now.standing.problems.iter().find(|problem| problem.stops())?;
    let challenges: Vec<&str> = pairs.iter().map(|(_, now)| now.key.challenge.name()).collect();
    let left: Vec<&str> = after
        .of(name)
        .filter(|verdict| verdict.state() == State::Plausible)
        .map(|verdict| verdict.key.challenge.name())
        .collect();
    let rest = match left.as_slice() {
        [] => "no challenge would be left".to_owned(),
        left => format!("only {} would be left", left.join(" and ")),
    };
    let what = format!("{} would fail after this: {}; {rest}", challenges.join(" and "), problem.summary);
    let severity = if gate == Gate::Refuse { Severity::Error } else { Severity::Warning };
    let mut finding = Finding::new(GATE, severity, name, what, remedy(problem, &left, name));
    finding.places.clone_from(&problem.places);
    finding
        .places
        .extend(now.needs.first().map(|need| need.place.clone()).filter(|place| !problem.places.contains(place)));
    let change = changed(&was.told, &now.told).unwrap_or_else(|| "the change".to_owned());
    Some(finding.because(format!("{change} ({})", problem.code)))
}

/// What to do: the problem's own remedy, and how to say that the change is meant.
fn remedy(problem: &Problem, left: &[&str], name: &str) -> String {
    let own = problem.remedy.to_string();
    match left {
        ["dns-01"] => {
            format!(
                "{own}; if its client proves it by dns-01 only, write `challenges = [\"dns-01\"]` under [acme.name.\"{name}\"]"
            )
        }
        _ => own,
    }
}

/// The change in what the CA is told, in words.
fn changed(was: &Told, now: &Told) -> Option<String> {
    let list = |told: &Told| match told.addresses.as_slice() {
        [] => "no address".to_owned(),
        several => several.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>().join(", "),
    };
    let (before, after) = (list(was), list(now));
    if was.horizon != now.horizon {
        return Some(format!("the CA moves from horizon `{}` to `{}`", was.horizon, now.horizon));
    }
    (before != after).then(|| format!("the CA would be told {after} in the place of {before}"))
}

/// What is broken whatever came before, one warning a name and code. Nothing of it keeps a load from going live: a server that
/// starts has names to serve, and a mending goes in steps.
pub fn standing_findings(assessment: &Assessment, gate: Gate) -> Vec<Finding> {
    if gate == Gate::Off {
        return Vec::new();
    }
    let mut told: BTreeMap<(&str, &str), Finding> = BTreeMap::new();
    for verdict in assessment.verdicts.iter().filter(|verdict| verdict.state() == State::Blocked) {
        for problem in verdict.standing.problems.iter().filter(|problem| problem.stops()) {
            told.entry((&verdict.key.name, &problem.code)).or_insert_with(|| {
                let mut finding = problem.finding(&verdict.key.name);
                finding.severity = Severity::Warning;
                finding
            });
        }
    }
    told.into_values().collect()
}
