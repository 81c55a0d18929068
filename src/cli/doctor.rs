//! `doctor`: everything that a person would look at when certificates do not come, as one table.

use super::arguments::Scope;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::config_file;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::HEAD;
use super::style::WARN;
use super::style::painted;
use super::table::Table;
use crate::daemon;
use crate::daemon::Source;
use crate::finding::Place;
use crate::inventory;
use crate::plugin::acme::reach::Gravity;
use crate::plugin::acme::reach::Problem;
use crate::plugin::doctor::Area;
use crate::plugin::doctor::Examination;
use crate::plugin::doctor::GuestFiles;
use crate::plugin::doctor::Patient;
use crate::plugin::doctor::Row;
use crate::plugin::doctor::Verdict;
use crate::plugin::doctor::examine;
use anstyle::Style;
use std::path::PathBuf;
use tokio::runtime::Builder;

/// What the arguments say of files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a> {
    pub(super) hosts: &'a [PathBuf],
    pub(super) resolv: &'a [PathBuf],
    pub(super) roots: &'a [PathBuf],
    pub(super) here: bool,
}

/// Examines the network as the files describe it.
pub(super) fn doctor(scope: &Scope, files: Files<'_>) -> Result<Exit, Failure> {
    let candidate = daemon::candidate(&Source::of(config_file(scope)?), None).map_err(|failure| {
        let mut lines: Vec<_> = failure.findings.iter().map(ToString::to_string).collect();
        lines.push("the files cannot be loaded: see above".to_owned());
        Failure { exit: Exit::CheckFailed, lines, code: None }
    })?;
    let read = candidate.settings.inventory.as_ref().map(|root| inventory::read(root).0);
    let mut roots = files.roots.to_vec();
    roots.extend(files.here.then(|| PathBuf::from("/")));
    let guest_files = GuestFiles { hosts: files.hosts.to_vec(), resolv: files.resolv.to_vec(), roots };
    let snapshot = &candidate.published.snapshot;
    let patient = Patient { snapshot, inventory: read.as_ref(), files: &guest_files };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Error, format!("connections cannot be made: {error}")))?;
    let found = runtime.block_on(examine(patient));
    show(scope.output, &found, text)?;
    Ok(conclude(&found, &guest_files))
}

fn conclude(found: &Examination, files: &GuestFiles) -> Exit {
    let count = |verdict| found.rows.iter().filter(|row| row.verdict == verdict).count();
    say(&format!(
        "{}: {}, {}, {} untested",
        many(found.rows.len(), "check"),
        many(count(Verdict::Fault), "fault"),
        many(count(Verdict::Warning), "warning"),
        count(Verdict::Untested)
    ));
    if files.hosts.is_empty() && files.resolv.is_empty() && files.roots.is_empty() {
        hint("`--root DIR` looks into the hosts file and resolv.conf of a guest, `--here` into those of this machine");
    }
    if found.worst() == Verdict::Fault { Exit::CheckFailed } else { Exit::Done }
}

fn text(found: &Examination) -> String {
    let mut text = String::new();
    for area in [Area::Ca, Area::Certificate, Area::Connectivity, Area::Files] {
        let rows: Vec<&Row> = found.rows.iter().filter(|row| row.area == area).collect();
        if rows.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", painted(HEAD, area.words())));
        let mut table = Table::new(&["STATE", "CHECK", "SEEN", "RULES"]);
        for row in &rows {
            let plain = |text: &str| (Style::new(), printable(text));
            let state = (style(row.verdict), row.verdict.word().to_owned());
            table.row([
                state,
                plain(&row.check),
                plain(&row.seen),
                (DIM, printable(row.promise.as_deref().unwrap_or_default())),
            ]);
        }
        text.push_str(&table.text());
        for problem in rows.iter().flat_map(|row| &row.problems) {
            text.push_str(&lines(problem));
        }
    }
    text
}

/// A problem with its place, and what to do on lines of their own.
fn lines(problem: &Problem) -> String {
    let style = match problem.severity {
        Gravity::Error | Gravity::Fatal => BAD,
        Gravity::Warning => WARN,
        Gravity::Info | Gravity::Debug => DIM,
    };
    let place = problem.places.first().map_or_else(String::new, |place: &Place| format!("{place}: "));
    let detail = if problem.detail.is_empty() { String::new() } else { format!(" ({})", problem.detail) };
    let what = printable(&format!("{place}{}{detail}", problem.summary));
    let mut text = format!("  {} {what}\n    {}\n", painted(style, &problem.code), printable(&problem.remedy.text));
    for command in &problem.remedy.commands {
        let machine = problem.remedy.on.as_ref().map_or_else(String::new, |on| format!("on {on}: "));
        text.push_str(&format!("      {machine}{}\n", printable(command)));
    }
    text
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Well => GOOD,
        Verdict::Untested => DIM,
        Verdict::Warning => WARN,
        Verdict::Fault => BAD,
    }
}

/// What others wrote goes to a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|each| if each.is_control() { '?' } else { each }).collect()
}
