//! Lists become a set of names. A list of which nothing changed is not read again, and one that cannot be read stays what
//! it was.

use super::blocked::Blocked;
use super::blocked::List;
use super::blocked::refusal;
use super::kept::Kept;
use super::line::Line;
use super::line::read_line;
use super::names::Collected;
use super::names::MOST_LISTS;
use super::names::Rule;
use crate::config::Block;
use crate::config::Settings;
use crate::files;
use crate::files::Stamp;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Octets of one file.
pub(super) const LARGEST_FILE: u64 = 256 << 20;
/// Octets of one line.
pub(super) const LONGEST_LINE: usize = 4096;
/// Names in all; they take 80 MB.
const MOST_NAMES: usize = 10_000_000;
/// Lines that are not understood and named one by one.
const MOST_SHOWN: usize = 3;

/// Reads all lists of blocked names. It gives `previous` back when nothing of them changed.
///
/// A missing or broken list does not keep the server from serving: see [`Blocked::findings`].
pub fn load_blocked(settings: &Settings, previous: Option<&Arc<Blocked>>) -> Arc<Blocked> {
    let masks = masks(settings);
    let lists: Vec<(&Block, Vec<Source>)> =
        settings.blocks.iter().take(MOST_LISTS).enumerate().map(|(at, list)| (list, sources(settings, at))).collect();
    if let Some(previous) = previous
        && previous.masks == masks
        && previous.lists.len() == lists.len()
        && previous.lists.iter().zip(&lists).all(|(old, (new, sources))| old.is_current(new, sources))
    {
        return Arc::clone(previous);
    }
    let mut names = Collected::default();
    let mut loaded = Vec::new();
    for (at, (list, sources)) in lists.into_iter().enumerate() {
        let before = names.len();
        let old = previous.and_then(|previous| {
            let place = previous.lists.iter().position(|old| old.settings.name == list.name)?;
            Some((previous, place, &previous.lists[place]))
        });
        let findings = match old {
            Some((previous, place, old)) if old.is_current(list, &sources) => {
                names.keep(&previous.names, place, at);
                old.findings.clone()
            }
            _ => {
                let (mut findings, complete) = read(list, &sources, at, &mut names);
                if let Some((previous, place, _)) = old.filter(|_| !complete) {
                    // What was blocked before stays so, beside what could be read: nothing is let through by a mishap.
                    names.keep(&previous.names, place, at);
                    findings.iter_mut().filter(|finding| finding.code == UNREADABLE).for_each(|finding| {
                        finding.what.push_str("; what the list held before is still blocked");
                    });
                }
                findings
            }
        };
        let answered = old.map_or_else(Arc::default, |(_, _, old)| Arc::clone(&old.answered));
        loaded.push(List {
            settings: list.clone(),
            refusal: refusal(list),
            count: names.len() - before,
            sources: sources.into_iter().map(|source| (source.path, source.stamp)).collect(),
            findings,
            answered,
        });
    }
    Arc::new(Blocked { lists: loaded, names: names.finish(), masks })
}

/// A file that a list is read from.
struct Source {
    path: PathBuf,
    stamp: Option<Stamp>,
    role: Role,
}

enum Role {
    File,
    Copy,
    State(Kept),
}

fn sources(settings: &Settings, at: usize) -> Vec<Source> {
    let source = |path: PathBuf, role| Source { stamp: Stamp::of(&path), path, role };
    let own = settings.blocks[at].files.iter().map(|path| source(path.clone(), Role::File));
    let kept = Kept::of(settings)
        .filter(|(list, _)| *list == at)
        .flat_map(|(_, kept)| [source(kept.copy.clone(), Role::Copy), source(kept.state.clone(), Role::State(kept))]);
    own.chain(kept).collect()
}

impl List {
    fn is_current(&self, settings: &Block, sources: &[Source]) -> bool {
        self.settings == *settings
            && self.sources.len() == sources.len()
            && self.sources.iter().zip(sources).all(|(old, new)| old.0 == new.path && old.1 == new.stamp)
    }
}

/// Reads one list. True when all that it names could be read.
fn read(list: &Block, sources: &[Source], at: usize, names: &mut Collected) -> (Vec<Finding>, bool) {
    for name in &list.allow {
        let rule = Rule { list: at as u8, subtree: true, allow: true };
        names.add(&name.as_slice().to_ascii_lowercase(), rule);
    }
    let (mut findings, mut complete) = (Vec::new(), true);
    for source in sources {
        match &source.role {
            Role::File => complete &= read_file(&source.path, &list.name, at, names, &mut findings),
            // Not there yet: what its state says is enough.
            Role::Copy if source.stamp.is_none() => {}
            Role::Copy => complete &= read_file(&source.path, &list.name, at, names, &mut findings),
            Role::State(kept) => findings.extend(fetch_failed(list, kept)),
        }
    }
    (findings, complete)
}

pub(super) const UNREADABLE: &str = "BLOCKLIST_UNREADABLE";

fn read_file(path: &Path, list: &str, at: usize, names: &mut Collected, findings: &mut Vec<Finding>) -> bool {
    let (mut unknown, mut beyond) = (0usize, 0usize);
    let mut shown: Vec<Place> = Vec::new();
    let mut first = None;
    let read = files::read_lines(path, LARGEST_FILE, LONGEST_LINE, |number, line| {
        let kind = line.map(|line| {
            read_line(line, |name, saying| {
                if names.len() < MOST_NAMES {
                    names.add(name, Rule { list: at as u8, subtree: saying.subtree, allow: saying.allow });
                } else {
                    beyond += 1;
                }
            })
        });
        if kind.is_none_or(|kind| kind == Line::Unknown) {
            unknown += 1;
            first.get_or_insert_with(|| line.map_or("a line of more than 4096 octets".to_owned(), shorten));
            if shown.len() < MOST_SHOWN {
                shown.push(Place::at(path, number, 1));
            }
        }
    });
    if let Err(error) = &read {
        let remedy = "put a readable file there, or take it out of `files` of the list";
        let finding = Finding::new(UNREADABLE, Severity::Error, list, error.to_string(), remedy).tolerated();
        findings.push(finding.seen_at(Place::file(path)));
    }
    if let Some(first) = first {
        let what = format!("{unknown} lines are not understood and block nothing; the first is `{first}`");
        let remedy =
            "nothing to do if the names you want are blocked; names are written in ASCII, one or a hosts line each";
        let finding = Finding::new("BLOCKLIST_LINES", Severity::Info, list, what, remedy);
        findings.push(shown.into_iter().fold(finding, Finding::seen_at));
    }
    if beyond > 0 {
        let what = format!("{beyond} names are left out: all lists together hold {MOST_NAMES} at most");
        let finding = Finding::new("BLOCKLIST_TOO_LARGE", Severity::Warning, list, what, "use fewer or smaller lists");
        findings.push(finding.seen_at(Place::file(path)));
    }
    read.is_ok()
}

/// As a person reads it: a line may hold anything.
fn shorten(line: &[u8]) -> String {
    String::from_utf8_lossy(line.trim_ascii()).chars().filter(|c| !c.is_control()).take(60).collect()
}

fn fetch_failed(list: &Block, kept: &Kept) -> Option<Finding> {
    let fetched = kept.fetched();
    let failed = fetched.failed?;
    let now = if fetched.good == 0 { "nothing is blocked by it yet" } else { "its last copy is still used" };
    let what = format!("{} cannot be fetched: {failed}; {now}", kept.url);
    let remedy = "see that the URL is right and can be reached from here; it is tried again by itself";
    Some(Finding::new("BLOCKLIST_FETCH_FAILED", Severity::Warning, list.name.as_str(), what, remedy))
}

/// By horizon: a bit for each list that counts there. Lists that name no horizon count for all that may use the forwarder.
fn masks(settings: &Settings) -> Vec<u64> {
    let counts = |list: &Block, horizon: &crate::config::Horizon| {
        horizon.forward && (list.horizons.is_empty() || list.horizons.contains(&horizon.name))
    };
    let mask = |horizon| {
        let lists = settings.blocks.iter().take(MOST_LISTS).enumerate();
        lists.filter(|(_, list)| counts(list, horizon)).fold(0, |mask, (at, _)| mask | 1 << at)
    };
    settings.horizons.iter().map(mask).collect()
}
