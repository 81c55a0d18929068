//! `flow`: pictures of the ways that names take, from what the server or the files answer and what the inventory wants.

use super::arguments::Scope;
use super::check::line;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::screen::write;
use super::seat::answer;
use super::style::BAD;
use super::style::DIM;
use super::style::HEAD;
use super::style::WARN;
use super::style::painted;
use crate::config;
use crate::config::Settings;
use crate::control::Request;
use crate::files;
use crate::finding::Severity;
use crate::flow;
use crate::flow::Flow;
use crate::flow::Known;
use crate::flow::Seen;
use crate::flow::State;
use crate::inventory;
use crate::inventory::Inventory;
use anstyle::Style;
use clap::ValueEnum;
use std::path::Path;

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    /// A tree for the terminal.
    Text,
    /// For wikis and forges that draw Mermaid.
    Mermaid,
    /// For browsers, light and dark.
    Svg,
}

/// Draws one name in all horizons, or all names.
pub(super) fn flow(
    scope: &Scope,
    name: Option<&str>,
    format: Option<Picture>,
    out: Option<&Path>,
    actual: bool,
) -> Result<Exit, Failure> {
    let json = scope.output == Output::Json;
    if json && format.is_some() {
        return Err(Failure::new(Exit::Error, "`-o json` is a form of its own: leave out it or `--format`"));
    }
    let names = name.map(str::to_owned).into_iter().collect();
    let mut seen: Seen = answer(scope, &Request::Flow { names, horizon: scope.horizon.clone() })?;
    let read = read_inventory(scope, &seen);
    let known = read.as_ref().map(|(settings, inventory)| Known::new(settings, inventory));
    if let (Some(known), None) = (&known, name) {
        complete(scope, &mut seen, known)?;
    }
    let one = name.and_then(|_| Some(seen.horizons.first()?.names.first()?.name.clone()));
    let drawn = flow::flow(&seen, known.as_ref(), actual, one.as_deref());
    let format = format.unwrap_or_else(|| by_ending(out));
    match out {
        Some(path) => {
            let text = if json { as_json(&drawn)? } else { picture(&drawn, format, false) };
            files::replace(path, text.as_bytes()).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
            say(&format!("{} written", path.display()));
        }
        None if json => show(scope.output, &drawn, |_| String::new())?,
        None => drop(write(&picture(&drawn, format, true))?),
    }
    Ok(conclude(&drawn))
}

/// The last words, and the exit code: a picture of answers is a check of them, too.
fn conclude(drawn: &Flow) -> Exit {
    let errors = drawn.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if !drawn.findings.is_empty() {
        let rest = drawn.findings.len() - errors;
        say(&format!("not as the inventory wants it: {}, {}", many(errors, "error"), many(rest, "warning")));
    } else if !drawn.actual {
        hint("`--actual` draws what is answered now and marks what differs");
    }
    if errors > 0 { Exit::CheckFailed } else { Exit::Done }
}

/// The settings and the inventory of whoever answered; none when there is none or it cannot be read here, which is said.
fn read_inventory(scope: &Scope, seen: &Seen) -> Option<(Settings, Inventory)> {
    let file = match (&scope.socket, config::find(scope.config.as_deref())) {
        (None, Ok(file)) => file,
        _ => seen.config.clone(),
    };
    let settings = match config::load(&file) {
        Ok(settings) => settings,
        Err(errors) => {
            let first = errors.first().map_or_else(String::new, ToString::to_string);
            say(&format!("the inventory is not known here: {first}"));
            return None;
        }
    };
    let root = settings.inventory.clone()?;
    let (inventory, findings) = inventory::read(&root);
    if inventory.guests.is_empty() {
        say(&format!("{}: no guest can be read from the inventory here", root.display()));
        findings.iter().filter(|finding| finding.refuses).for_each(|finding| say(&finding.to_string()));
        return None;
    }
    Some((settings, inventory))
}

/// Asks for the names that are wanted and lead nowhere, too.
fn complete(scope: &Scope, seen: &mut Seen, known: &Known<'_>) -> Result<(), Failure> {
    let missing = seen.lacks(known);
    if missing.is_empty() || seen.left_out > 0 {
        return Ok(());
    }
    let request = Request::Flow { names: missing, horizon: scope.horizon.clone() };
    seen.add(answer(scope, &request)?);
    Ok(())
}

fn by_ending(out: Option<&Path>) -> Picture {
    match out.and_then(Path::extension).and_then(|ending| ending.to_str()) {
        Some("svg") => Picture::Svg,
        Some("mmd" | "mermaid") => Picture::Mermaid,
        _ => Picture::Text,
    }
}

fn picture(drawn: &Flow, format: Picture, painting: bool) -> String {
    match format {
        Picture::Mermaid => flow::mermaid(drawn),
        Picture::Svg => flow::svg(drawn),
        Picture::Text => text(drawn, painting),
    }
}

fn text(drawn: &Flow, painting: bool) -> String {
    let mut text = String::new();
    for one in flow::text(drawn) {
        let style = match (one.head, one.state) {
            (true, _) => HEAD,
            (_, State::Fault) => BAD,
            (_, State::Undecided) => WARN,
            (_, State::Missing | State::Derived) => DIM,
            (_, State::Plain) => Style::new(),
        };
        text.push_str(&if painting && style != Style::new() { painted(style, &one.text) } else { one.text });
        text.push('\n');
    }
    if !drawn.findings.is_empty() {
        text.push('\n');
    }
    for finding in &drawn.findings {
        text.push_str(&if painting { line(finding) } else { format!("{finding}\n") });
    }
    text
}

fn as_json(drawn: &Flow) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(drawn);
    json.map(|json| json + "\n").map_err(|error| Failure::new(Exit::Error, error.to_string()))
}
