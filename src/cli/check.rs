//! `check`: would these files go live?

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::config_file;
use super::style::of_severity;
use super::style::painted;
use crate::config;
use crate::config::Gate;
use crate::control;
use crate::control::AcmeAnswer;
use crate::control::Request;
use crate::daemon;
use crate::daemon::Candidate;
use crate::daemon::Source;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::plugin::acme::check::newly_broken;
use crate::plugin::acme::check::standing_findings;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// What `check -o json` says.
#[derive(Debug, Serialize)]
struct CheckAnswer {
    /// True when the files may go live.
    ok: bool,
    /// The config file.
    config: PathBuf,
    /// Zones of all horizons.
    zones: usize,
    /// Zone files that `generate` would change.
    pending: Vec<PathBuf>,
    /// Everything that was found, worst first.
    findings: Vec<Finding>,
}

/// Runs the load that the server runs and says all that was found.
pub(super) fn check(scope: &Scope) -> Result<Exit, Failure> {
    check_file(config_file(scope)?, scope.output)
}

/// Checks one config file and all that it names.
pub(super) fn check_file(config: PathBuf, output: super::screen::Output) -> Result<Exit, Failure> {
    let (ok, zones, pending, mut findings) = match daemon::candidate(&Source::of(&config), None) {
        Ok(candidate) => {
            let mut findings: Vec<Finding> = candidate.withheld.iter().chain(&candidate.findings).cloned().collect();
            let passes = gate(&config, &candidate, &mut findings);
            let pending = candidate.plan.files.iter().map(|change| change.path.clone()).collect();
            (passes && candidate.withheld.is_empty(), candidate.zones.len(), pending, findings)
        }
        Err(failure) => (false, 0, Vec::new(), failure.findings),
    };
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.refuses, finding.severity)));
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let findings = findings.clone();
    let answer = CheckAnswer { ok, config, zones, pending, findings };
    show(output, &answer, |answer| answer.findings.iter().map(line).collect())?;
    let verdict = if ok { "may go live" } else { "must not go live" };
    say(&format!(
        "{}: {verdict}; {}, {}, {}",
        answer.config.display(),
        many(zones, "zone"),
        many(errors, "error"),
        many(warnings, "warning")
    ));
    if !answer.pending.is_empty() {
        hint(&format!(
            "{} to be generated: `zonectl generate --plan` shows how",
            many(answer.pending.len(), "zone file")
        ));
    }
    // A CONFLICT does not keep the rest from going live, but a script must not take it for all well.
    Ok(if ok && errors == 0 { Exit::Done } else { Exit::CheckFailed })
}

/// The gate of `[acme]`, where it refuses: beside the server that runs, what the change would break keeps the files from going
/// live; without one, what is broken is an error, though a server that starts would serve it.
fn gate(config: &Path, candidate: &Candidate, findings: &mut Vec<Finding>) -> bool {
    let acme = &candidate.published.acme;
    if candidate.settings.acme.gate != Gate::Refuse {
        return true;
    }
    let socket = config::control_socket(config);
    let serving = control::ask::<AcmeAnswer>(&socket, &Request::AcmeStatus { name: None }, PATIENCE);
    match serving {
        Ok(serving) => {
            let broken = newly_broken(&serving.assessment(), acme, Gate::Refuse);
            let passes = broken.is_empty();
            findings.extend(broken);
            passes
        }
        Err(_) => {
            let standing = standing_findings(acme, Gate::Refuse);
            let same = |finding: &Finding| {
                standing.iter().any(|one| one.code == finding.code && one.subject == finding.subject)
            };
            findings.iter_mut().filter(|finding| same(finding)).for_each(|finding| finding.severity = Severity::Error);
            true
        }
    }
}

/// How long a server may take to say what it serves.
const PATIENCE: Duration = Duration::from_secs(5);

/// A finding as one line, its severity painted.
pub(super) fn line(finding: &Finding) -> String {
    // A finding may quote a file of somebody else: no line break, no escape code for the terminal.
    let line: String = finding.to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let word = format!("{} {}", finding.severity, finding.code);
    let painted = line.replacen(&word, &painted(of_severity(finding.severity), &word), 1);
    painted + "\n"
}

/// `1 zone`, `2 zones`.
pub(super) fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
