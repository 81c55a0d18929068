//! Looks into the history of changes.

use super::super::pipeline::Candidate;
use super::mark::mark;
use super::plan::present;
use super::refused;
use super::workshop::Workshop;
use crate::control::{Author, ChangeEntry, FileShown, LogAnswer, Refusal, SetChange, TextAnswer};
use crate::dns::{Name, parse_name, present_name};
use crate::zone::store::{FileChange, Head, Hunk, Store};
use std::path::PathBuf;

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
        if head.files.iter().any(|file| is_of(file, zone.as_deref(), horizon)) {
            changes.push(entry(store, head)?);
        }
    }
    Ok(LogAnswer { changes })
}

/// True for a file of the history that is named as the file of this zone in this horizon is; none means any.
fn is_of(file: &str, zone: Option<&str>, horizon: Option<&str>) -> bool {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let named = |zone: &str| {
        let stem = name.strip_suffix(".zone").unwrap_or(name);
        stem.eq_ignore_ascii_case(zone.trim_end_matches('.')) || (zone == "." && stem == "root")
    };
    zone.is_none_or(named) && horizon.is_none_or(|horizon| folder == horizon)
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
    let present_only = wanted.after.is_none() && wanted.at.is_none();
    let store = if present_only { None } else { Some(workshop.store()?) };
    let (horizon, path) = file_of(serving, store.as_deref(), &origin, wanted.horizon)?;
    let octets = match (store, wanted.after, wanted.at) {
        (Some(store), Some(id), _) if store.head(id).is_none() => {
            let what = format!("there is no change {id}");
            return Err(Refusal::new("NO_CHANGE", what, "see `zonectl log` for the history"));
        }
        (Some(store), Some(id), _) => store.text_after(&path, id).map_err(|error| refused::past(&error))?,
        (Some(store), None, Some(at)) => store.text_at(&path, at).map_err(|error| refused::past(&error))?,
        _ => present(&path)?,
    };
    let Some(octets) = octets else {
        let what = format!("{} was not there then", path.display());
        return Err(Refusal::new("NO_ZONE_THEN", what, "see `zonectl log` for what happened to it"));
    };
    let marked = mark(Some(&octets));
    let (text, exact) = match String::from_utf8(octets) {
        Ok(text) => (text, true),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
    };
    Ok(TextAnswer {
        zone: present_name(origin.as_slice()),
        horizon,
        file: path.display().to_string(),
        text,
        exact,
        mark: marked,
    })
}

/// The horizon and the file of a zone: one that is served, else, where the past is asked for, one that was.
fn file_of(
    serving: &Candidate,
    store: Option<&Store>,
    origin: &Name,
    horizon: Option<&str>,
) -> Result<(String, PathBuf), Refusal> {
    let served = serving.zones.iter().map(|zone| &zone.file);
    let served = served.filter(|file| file.origin == *origin && horizon.is_none_or(|horizon| horizon == file.horizon));
    let mut files: Vec<_> = served.map(|file| (file.horizon.clone(), file.path.clone())).collect();
    if files.is_empty()
        && let Some(store) = store
    {
        let zone = present_name(origin.as_slice());
        let were = store.files().into_iter().filter(|file| is_of(file, Some(&zone), horizon));
        files.extend(were.filter_map(|file| Some((file.rsplit_once('/')?.0.to_owned(), store.zones().join(&*file)))));
    }
    if files.len() > 1 {
        let what = format!("several horizons have a zone file of {origin}");
        let mut refusal = Refusal::new("SEVERAL_HORIZONS", what, "say which one with `--horizon`");
        refusal.choices = files.into_iter().map(|(horizon, _)| horizon).collect();
        return Err(refusal);
    }
    files.pop().ok_or_else(|| {
        let of = horizon.map(|horizon| format!(" in horizon `{horizon}`")).unwrap_or_default();
        let what = format!("there is no zone file of {origin}{of}");
        let remedy =
            "see `zonectl status` for the zones there are; `--at` shows one that is gone, if `zonectl log` has it";
        Refusal::new("NO_ZONE", what, remedy)
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
