//! Looks into the history of changes.

use super::super::pipeline::Candidate;
use super::mark::mark;
use super::plan::present;
use super::refused;
use super::workshop::Workshop;
use crate::control::{Author, ChangeEntry, FileShown, LogAnswer, Refusal, SetChange, TextAnswer};
use crate::dns::{Name, parse_name, present_name};
use crate::zone::store::{FileChange, Head, Hunk, Store};
use std::sync::Arc;

/// Which text is wanted.
#[derive(Debug)]
pub(in crate::daemon) struct Wanted<'a> {
    pub(in crate::daemon) zone: &'a str,
    pub(in crate::daemon) horizon: Option<&'a str>,
    pub(in crate::daemon) after: Option<u64>,
    pub(in crate::daemon) at: Option<u64>,
}

/// Notes what was edited beside the server in files that have a history. What cannot be noted does not keep the rest from
/// being told.
pub(in crate::daemon) fn notice(store: &mut Store, serving: &Candidate) {
    for path in serving.zones.iter().map(|zone| &zone.file.path) {
        if store.knows(path)
            && let Ok(now) = present(path)
            && let Err(error) = store.notice(path, now.as_deref())
        {
            tracing::warn!("an edit beside the server is not in the history: {error}");
        }
    }
}

/// The changes that touch a zone, a horizon, or happened since a time; newest first.
pub(in crate::daemon) fn log(
    store: &Store,
    zone: Option<&str>,
    horizon: Option<&str>,
    since: Option<u64>,
) -> Result<LogAnswer, Refusal> {
    let zone = zone.map(origin).transpose()?.map(|zone| present_name(zone.as_slice()));
    let since = since.unwrap_or(0);
    let mut changes = Vec::new();
    for head in store.changes().filter(|head| head.at >= since && !head.taken_back) {
        let file_of = |file: &Arc<str>| {
            let (folder, name) = file.rsplit_once('/').unwrap_or(("", &**file));
            let named = |zone: &String| {
                let stem = name.strip_suffix(".zone").unwrap_or(name);
                stem.eq_ignore_ascii_case(zone.trim_end_matches('.')) || (zone == "." && stem == "root")
            };
            zone.as_ref().is_none_or(named) && horizon.is_none_or(|horizon| folder == horizon)
        };
        if head.files.iter().any(file_of) {
            changes.push(entry(store, head)?);
        }
    }
    Ok(LogAnswer { changes })
}

/// Keeps a change that waits for it.
pub(in crate::daemon) fn confirm(store: &mut Store, id: Option<u64>) -> Result<ChangeEntry, Refusal> {
    let waiting: Vec<u64> = store.waiting().iter().map(|change| change.id).collect();
    let id = match (id, waiting.as_slice()) {
        (Some(id), ids) if ids.contains(&id) => id,
        (None, [one]) => *one,
        (None, []) | (Some(_), _) => {
            let what = match id {
                Some(id) => format!("change {id} does not wait for a confirmation"),
                None => "no change waits for a confirmation".to_owned(),
            };
            return Err(Refusal::new("NOTHING_TO_CONFIRM", what, "see `zonectl log`"));
        }
        (None, several) => {
            let mut refusal = Refusal::new(
                "SEVERAL_WAIT",
                "several changes wait for a confirmation",
                "say which: `zonectl confirm ID`",
            );
            refusal.choices = several.iter().map(ToString::to_string).collect();
            return Err(refusal);
        }
    };
    store.confirm(id).map_err(|error| refused::store(&error))?;
    let missing = || Refusal::new("NOTHING_TO_CONFIRM", format!("there is no change {id}"), "see `zonectl log`");
    entry(store, store.head(id).ok_or_else(missing)?)
}

/// A zone file's text now, after a change or at a time.
pub(in crate::daemon) fn text(
    workshop: &mut Workshop,
    serving: &Candidate,
    wanted: &Wanted<'_>,
) -> Result<TextAnswer, Refusal> {
    let origin = origin(wanted.zone)?;
    let zones: Vec<_> = serving
        .zones
        .iter()
        .filter(|zone| zone.file.origin == origin && wanted.horizon.is_none_or(|horizon| horizon == zone.file.horizon))
        .collect();
    let zone = match zones.as_slice() {
        [one] => one,
        [] => {
            let of = wanted.horizon.map(|horizon| format!(" in horizon `{horizon}`")).unwrap_or_default();
            let what = format!("there is no zone file of {origin}{of}");
            return Err(Refusal::new("NO_ZONE", what, "see `zonectl status` for the zones there are"));
        }
        several => {
            let what = format!("several horizons have a zone file of {origin}");
            let mut refusal = Refusal::new("SEVERAL_HORIZONS", what, "say which one with `--horizon`");
            refusal.choices = several.iter().map(|zone| zone.file.horizon.clone()).collect();
            return Err(refusal);
        }
    };
    let path = &zone.file.path;
    if let Some(id) = wanted.after
        && workshop.store()?.head(id).is_none()
    {
        return Err(Refusal::new("NO_CHANGE", format!("there is no change {id}"), "see `zonectl log` for the history"));
    }
    let octets = match (wanted.after, wanted.at) {
        (None, None) => present(path)?,
        (Some(id), _) => workshop.store()?.text_after(path, id).map_err(|error| refused::past(&error))?,
        (None, Some(at)) => workshop.store()?.text_at(path, at).map_err(|error| refused::past(&error))?,
    };
    let Some(octets) = octets else {
        let what = format!("{} was not there then", path.display());
        return Err(Refusal::new("NO_ZONE", what, "see `zonectl log` for what happened to it"));
    };
    let marked = mark(Some(&octets));
    let (text, exact) = match String::from_utf8(octets) {
        Ok(text) => (text, true),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
    };
    Ok(TextAnswer {
        zone: present_name(origin.as_slice()),
        horizon: zone.file.horizon.clone(),
        file: path.display().to_string(),
        text,
        exact,
        mark: marked,
    })
}

fn origin(text: &str) -> Result<Name, Refusal> {
    parse_name(text).map_err(|error| {
        let remedy = "write a zone such as `internal.example`";
        Refusal::new("BAD_NAME", format!("`{text}` is not a zone: {error}"), remedy)
    })
}

fn entry(store: &Store, head: &Head) -> Result<ChangeEntry, Refusal> {
    let change = store.change(head.id).map_err(|error| refused::store(&error))?;
    let host = change.asked.host.clone().unwrap_or_default();
    Ok(ChangeEntry {
        id: head.id,
        at: head.at,
        by: (!head.outside).then(|| Author { user: change.asked.user.clone(), host }),
        reason: change.asked.reason.clone(),
        // What an older server wrote in another form is left out; the lines are in the journal all the same.
        sets: serde_json::from_value::<Vec<SetChange>>(change.asked.sets).unwrap_or_default(),
        files: head.files.iter().map(ToString::to_string).collect(),
        lines: if head.outside { change.files.iter().filter_map(lines).collect() } else { Vec::new() },
        undoes: head.undoes,
        undone_by: head.undone_by,
        reverts_at: head.reverts_at.filter(|_| !head.confirmed && head.undone_by.is_none()),
    })
}

/// The lines of a file that differ; none when they are not known.
fn lines(file: &FileChange) -> Option<FileShown> {
    let mut diff = String::new();
    for Hunk { line, old, new, .. } in file.hunks.as_ref()? {
        diff.push_str(&format!("@@ line {line} @@\n"));
        for (mark, lines) in [('-', old), ('+', new)] {
            for text in String::from_utf8_lossy(lines).lines() {
                diff.push(mark);
                diff.push_str(text);
                diff.push('\n');
            }
        }
    }
    Some(FileShown { file: file.path.clone(), diff })
}
