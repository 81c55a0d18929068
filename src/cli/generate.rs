//! `generate`: zones out of the inventory, as a plan or written.

use super::arguments::Scope;
use super::check::line;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::config_file;
use super::style::BAD;
use super::style::GOOD;
use super::style::HEAD;
use super::style::painted;
use crate::config::Settings;
use crate::daemon::Source;
use crate::dns::present_name;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::generate::ApplyError;
use crate::generate::FileChange;
use crate::generate::Plan;
use crate::generate::apply;
use crate::generate::plan;
use crate::generate::read_current;
use crate::inventory;
use serde::Serialize;
use std::path::PathBuf;

/// What `generate -o json` says.
#[derive(Debug, Serialize)]
struct GenerateAnswer {
    /// True when the files were written.
    written: bool,
    /// The files that change.
    files: Vec<FileShown>,
    /// Everything that was found.
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct FileShown {
    horizon: String,
    /// The apex, with its final dot.
    origin: String,
    path: PathBuf,
    /// `new`, `changed` or `gone`.
    state: &'static str,
    /// Generated records that come.
    added: usize,
    /// Generated records that go.
    removed: usize,
    /// Generated records that get other data.
    changed: usize,
    /// The lines that differ.
    diff: Vec<LineShown>,
}

#[derive(Debug, Serialize)]
struct LineShown {
    /// True for a line of the new text, false for one of the old.
    added: bool,
    /// Its number in its own text, counted from 1.
    line: u32,
    text: String,
}

/// Shows what generation changes and, unless only the plan was asked for, writes it.
pub(super) fn generate(scope: &Scope, only_plan: bool, force: bool) -> Result<Exit, Failure> {
    let settings = Source::of(config_file(scope)?).settings().map_err(|findings| Failure {
        exit: Exit::CheckFailed,
        lines: findings.iter().map(ToString::to_string).collect(),
        code: None,
    })?;
    let plan = make_plan(&settings, force)?;
    let stop = if plan.refused() {
        Some(Exit::CheckFailed)
    } else if plan.brake() {
        Some(Exit::Brake)
    } else {
        None
    };
    let failed = match stop {
        None if !only_plan && !plan.is_empty() => apply(&plan).err(),
        _ => None,
    };
    let written = stop.is_none() && !only_plan && failed.is_none() && !plan.is_empty();
    let answer = shown(&plan, written);
    show(scope.output, &answer, |answer| answer.files.iter().map(file_text).collect())?;
    tell_findings(&plan.findings, scope.output);
    if let Some(error) = failed {
        let exit = if matches!(error, ApplyError::Changed(_)) { Exit::Conflict } else { Exit::Error };
        // The answer is out already: this is only said.
        say(&format!("{}: {error}", painted(BAD, "zonectl")));
        return Ok(exit);
    }
    Ok(conclude(&answer, stop, only_plan))
}

fn make_plan(settings: &Settings, force: bool) -> Result<Plan, Failure> {
    let Some(root) = &settings.inventory else {
        let line = format!(
            "{}: there is no inventory to generate from; add `[inventory]` with `phoenix = \"FOLDER\"`",
            settings.file.display()
        );
        return Err(Failure::new(Exit::Error, line));
    };
    let (inventory, mut findings) = inventory::read(root);
    let (current, unreadable) = read_current(settings);
    findings.extend(unreadable);
    let mut plan = plan(settings, &inventory, &current);
    findings.append(&mut plan.findings);
    plan.findings = findings;
    Ok(if force { plan.forced() } else { plan })
}

/// The last words on stderr, and the exit code.
fn conclude(answer: &GenerateAnswer, stop: Option<Exit>, only_plan: bool) -> Exit {
    let files = many(answer.files.len(), "zone file");
    match stop {
        Some(Exit::Brake) => {
            say("the brake holds: nothing was written");
            hint("when this is meant, say `zonectl generate --force`");
            return Exit::Brake;
        }
        Some(exit) => {
            say("nothing was written: correct what is named above");
            return exit;
        }
        None if answer.files.is_empty() => say("every zone file is as it should be"),
        None if only_plan => {
            say(&format!("{files} to be written"));
            hint("`zonectl generate` writes them");
            return Exit::Pending;
        }
        None => say(&format!("{files} written; a running server takes them up by itself")),
    }
    Exit::Done
}

/// Errors and warnings in full; of the rest only how many there are.
fn tell_findings(findings: &[Finding], output: Output) {
    if output == Output::Json {
        return;
    }
    let all = output == Output::Wide;
    let (told, rest): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| all || finding.severity > Severity::Info);
    for finding in told {
        say(line(finding).trim_end());
    }
    if !rest.is_empty() {
        hint(&format!("{} not shown; `zonectl check` shows all", many(rest.len(), "note")));
    }
}

fn shown(plan: &Plan, written: bool) -> GenerateAnswer {
    GenerateAnswer { written, files: plan.files.iter().map(file_shown).collect(), findings: plan.findings.clone() }
}

fn file_shown(change: &FileChange) -> FileShown {
    let lines = change.diff.iter();
    FileShown {
        horizon: change.horizon.clone(),
        origin: present_name(change.origin.as_slice()),
        path: change.path.clone(),
        state: match (&change.before, &change.after) {
            (None, _) => "new",
            (_, None) => "gone",
            _ => "changed",
        },
        added: change.added,
        removed: change.removed,
        changed: change.changed,
        diff: lines.map(|line| LineShown { added: line.added, line: line.number, text: line.text.clone() }).collect(),
    }
}

fn file_text(file: &FileShown) -> String {
    let FileShown { path, state, added, removed, changed, .. } = file;
    let head = format!("{} ({state}: {added} added, {removed} removed, {changed} changed)", path.display());
    let mut text = painted(HEAD, &head) + "\n";
    for line in &file.diff {
        let (style, mark) = if line.added { (GOOD, '+') } else { (BAD, '-') };
        // Zone text may hold anything; a terminal must not be told to do something by it.
        let plain: String = line.text.chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }).collect();
        text.push_str(&painted(style, &format!("{mark}{plain}")));
        text.push('\n');
    }
    text
}
