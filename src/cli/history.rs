//! `log`, `undo`, `confirm`, `export`: what was changed, and back.

use super::arguments::Making;
use super::arguments::Scope;
use super::check::many;
use super::clock::date;
use super::exit::Exit;
use super::exit::Failure;
use super::make::Wish;
use super::make::make;
use super::plan_text::push_file;
use super::plan_text::set_lines;
use super::plan_text::summary;
use super::screen::Output;
use super::screen::say;
use super::screen::show;
use super::seat::errand;
use super::span::Moment;
use super::style::DIM;
use super::style::HEAD;
use super::style::WARN;
use super::style::painted;
use super::table::Table;
use crate::control::ChangeEntry;
use crate::control::Errand;
use crate::control::LogAnswer;
use crate::control::TextAnswer;
use crate::edit::Order;
use crate::files;
use anstyle::Style;
use std::collections::BTreeSet;
use std::path::Path;

/// Shows the history, newest first.
pub(super) fn log(scope: &Scope, zone: Option<&str>, since: Option<Moment>) -> Result<Exit, Failure> {
    let (time, id) = match since {
        Some(Moment::Time(time)) => (Some(time), None),
        Some(Moment::Change(id)) => (None, Some(id)),
        None => (None, None),
    };
    let errand_of = Errand::Log { zone: zone.map(str::to_owned), horizon: scope.horizon.clone(), since: time };
    let mut answer: LogAnswer = errand(scope, errand_of)?;
    answer.changes.retain(|change| id.is_none_or(|id| change.id >= id));
    show(scope.output, &answer, |answer| text(answer, scope.output == Output::Wide))?;
    if answer.changes.is_empty() {
        let of = zone.map(|zone| format!(" of {zone}")).unwrap_or_default();
        say(&format!("no such change{of} is known; `zonectl status` shows the zones there are"));
    }
    Ok(Exit::Done)
}

/// Takes a change back.
pub(super) fn undo(scope: &Scope, id: u64, making: &Making) -> Result<Exit, Failure> {
    make(scope, making, &Wish { orders: vec![Order::Undo { id }], ..Wish::default() })
}

/// Keeps a change that would be taken back by itself.
pub(super) fn confirm(scope: &Scope, id: Option<u64>) -> Result<Exit, Failure> {
    let entry: ChangeEntry = errand(scope, Errand::Confirm { id })?;
    show(scope.output, &entry, |entry| format!("change {}\n", entry.id))?;
    say(&format!("change {} stays: {}", entry.id, summary(&entry.sets)));
    Ok(Exit::Done)
}

/// Writes the text of a zone, as it is or as it was.
pub(super) fn export(scope: &Scope, zone: &str, moment: Option<Moment>, out: Option<&Path>) -> Result<Exit, Failure> {
    let (after, at) = match moment {
        Some(Moment::Change(id)) => (Some(id), None),
        Some(Moment::Time(time)) => (None, Some(time)),
        None => (None, None),
    };
    let horizon = scope.horizon.clone();
    let answer: TextAnswer = errand(scope, Errand::Text { zone: zone.to_owned(), horizon, after, at })?;
    if !answer.exact {
        say(&format!("{}: octets that are not UTF-8 are replaced; copy the file to have them", answer.file));
    }
    match out {
        Some(out) => {
            files::replace(out, answer.text.as_bytes())
                .map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
            show(scope.output, &answer, |_| String::new())?;
            say(&format!("{} in {} written to {}", answer.zone, answer.horizon, out.display()));
        }
        None => {
            show(scope.output, &answer, |answer| answer.text.clone())?;
        }
    }
    Ok(Exit::Done)
}

fn text(answer: &LogAnswer, wide: bool) -> String {
    if wide {
        return answer.changes.iter().map(entry).collect::<Vec<_>>().join("\n");
    }
    let mut table = Table::new(&["ID", "WHEN", "WHO", "HORIZON", "WHAT", "", "REASON"]).up_to(WIDEST);
    for change in &answer.changes {
        let plain = |text: String| (Style::new(), text);
        let style = if change.undone_by.is_some() { DIM } else { Style::new() };
        table.row([
            plain(change.id.to_string()),
            plain(date(change.at)),
            plain(who(change)),
            plain(horizons(change)),
            (style, shortened(&what(change))),
            (WARN, state(change)),
            plain(shortened(&reason(change))),
        ]);
    }
    if table.is_empty() { String::new() } else { table.text() }
}

/// Columns of what a change is.
const WIDEST: usize = 80;

fn horizons(change: &ChangeEntry) -> String {
    let mut names: BTreeSet<&str> = change.sets.iter().map(|set| set.horizon.as_str()).collect();
    if names.is_empty() {
        names.extend(change.files.iter().filter_map(|file| Some(file.rsplit_once('/')?.0)));
    }
    names.into_iter().collect::<Vec<_>>().join(",")
}

/// What fits into a column; `-o wide` has all of it.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        Some(_) => text.chars().take(WIDEST - 2).chain("..".chars()).collect(),
        None => text.to_owned(),
    }
}

/// A change with all of its records.
fn entry(change: &ChangeEntry) -> String {
    let head = format!("change {}", change.id);
    let mut text = format!("{}  {}  {}\n", painted(HEAD, &head), date(change.at), who(change));
    // Lines stand below the name of their file.
    let files = if change.lines.is_empty() { change.files.join(", ") } else { String::new() };
    for line in [reason(change), state(change), files] {
        if !line.is_empty() {
            text.push_str(&painted(DIM, &line));
            text.push('\n');
        }
    }
    change.sets.iter().for_each(|set| text.push_str(&set_lines(set)));
    if change.lines.is_empty() && change.sets.is_empty() {
        text.push_str(&what(change));
        text.push('\n');
    }
    change.lines.iter().for_each(|file| push_file(&mut text, file));
    text
}

/// A change in a few words. What an edit beside the server meant is known by its lines only.
fn what(change: &ChangeEntry) -> String {
    if change.by.is_some() {
        return summary(&change.sets);
    }
    let count = |mark: char| {
        let lines = change.lines.iter().flat_map(|file| file.diff.lines());
        lines.filter(|line| line.starts_with(mark)).count()
    };
    match (count('-'), count('+')) {
        (0, 0) => "a zone file was edited".to_owned(),
        (gone, come) => format!("a zone file was edited: {} went, {come} came", many(gone, "line")),
    }
}

fn who(change: &ChangeEntry) -> String {
    match &change.by {
        Some(by) => clean(&format!("{}@{}", by.user, by.host)),
        None => "beside the server".to_owned(),
    }
}

fn reason(change: &ChangeEntry) -> String {
    clean(change.reason.as_deref().unwrap_or_default())
}

fn state(change: &ChangeEntry) -> String {
    let mut parts = Vec::new();
    parts.extend(change.undoes.map(|id| format!("undoes {id}")));
    parts.extend(change.undone_by.map(|id| format!("undone by {id}")));
    parts.extend(change.reverts_at.map(|at| format!("waits for `zonectl confirm` until {}", date(at))));
    parts.join(", ")
}

/// What somebody typed must not tell a terminal to do something.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table says who did what and what became of it; wide has every record.
    #[test]
    fn the_log_reads_like_a_table() {
        let set = |name: &str| {
            format!(
                r#"{{"horizon":"internal","zone":"x.","name":"{name}","type":"A","before":["60 10.0.0.5"],"after":["60 10.0.0.6"]}}"#
            )
        };
        let json = format!(
            r#"{{"changes":[
              {{"id":3,"at":1795176292,"by":{{"user":"ana","host":"gw"}},"sets":[{}],"files":["internal/x.zone"],"undoes":2}},
              {{"id":2,"at":1795176000,"by":{{"user":"ana","host":"gw"}},"reason":"new\u001b guest","sets":[{},{}],
                "files":["internal/x.zone"],"undone_by":3}},
              {{"id":1,"at":1795170000,"sets":[],"files":["internal/x.zone"]}}]}}"#,
            set("a.x."),
            set("a.x."),
            set("b.x.")
        );
        let answer: LogAnswer = serde_json::from_str(&json).unwrap();
        let plain = |text: String| anstream::adapter::strip_str(&text).to_string();
        let seen = plain(text(&answer, false));
        let rows: Vec<&str> = seen.lines().collect();
        assert!(rows[0].starts_with("ID  WHEN"), "{seen}");
        assert!(rows[1].contains("ana@gw") && rows[1].contains("internal  a.x. A: 10.0.0.5 -> 10.0.0.6"), "{seen}");
        assert!(rows[1].ends_with("undoes 2") && rows[2].contains("10.0.0.6; 1 more"), "{seen}");
        assert!(rows[2].contains("undone by 3") && rows[2].ends_with("new  guest"), "{seen}");
        assert!(
            rows[3].contains("beside the server") && rows[3].contains("internal  a zone file was edited"),
            "{seen}"
        );
        let seen = plain(text(&answer, true));
        assert_eq!(seen.matches("  - 60 10.0.0.5\n  + 60 10.0.0.6\n").count(), 3, "{seen}");
    }
}
