//! Whole texts in which somebody edited lines that the generator owns: it puts them back, and that is told.

use crate::dns::Name;
use crate::edit::rewrite;
use crate::finding::{Finding, Place, Severity};
use crate::generate::{DiffLine, FileChange, differing_lines};
use crate::zone::Document;
use crate::zone::store::NewText;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Lines that are shown of one file.
const SHOWN: usize = 3;

/// One warning for each text of which the generator takes lines back: those that are new come out, those that went come
/// again. What it adds or takes away in consequence of a person's records is none of these.
pub(super) fn put_back(texts: &[NewText], generated: &[FileChange]) -> Vec<Finding> {
    generated.iter().filter_map(|change| finding(given(texts, change)?, change)).collect()
}

/// Leaves out the texts that become, but for the serial, what stands there; true when there were some.
pub(super) fn drop_idle(texts: &mut Vec<NewText>, generated: &[FileChange]) -> bool {
    let is_idle = |change: &&FileChange| {
        let before = given(texts, change).and_then(|text| text.before.as_deref());
        let (Some(before), Some(last)) = (before, change.after.as_deref()) else { return false };
        with_serial_of(last, before, &change.path, &change.origin) == before
    };
    let idle: HashSet<PathBuf> = generated.iter().filter(is_idle).map(|change| change.path.clone()).collect();
    texts.retain(|text| !idle.contains(&text.path));
    !idle.is_empty()
}

/// The text that was asked for in the place of a file that the generator changes.
fn given<'a>(texts: &'a [NewText], change: &FileChange) -> Option<&'a NewText> {
    texts.iter().find(|text| text.path == change.path)
}

fn finding(text: &NewText, change: &FileChange) -> Option<Finding> {
    let (before, asked, last) = (text.before.as_deref()?, text.after.as_deref()?, change.after.as_deref()?);
    let asked = with_serial_of(asked, last, &change.path, &change.origin);
    let old: HashSet<&[u8]> = before.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let is_put_back = |line: &DiffLine| line.added == old.contains(line.text.trim_ascii_end().as_bytes());
    let lines: Vec<DiffLine> = differing_lines(&asked, last).into_iter().filter(is_put_back).collect();
    let first = lines.first()?;
    // A line that was changed goes and comes; how it was is known.
    let gone: Vec<&DiffLine> = lines.iter().filter(|line| !line.added).collect();
    let does = if gone.is_empty() { "writes again" } else { "puts back" };
    let told = if gone.is_empty() { lines.iter().collect() } else { gone };
    let mut shown: Vec<String> = told.iter().take(SHOWN).map(|line| format!("`{}`", squeezed(&line.text))).collect();
    if told.len() > SHOWN {
        shown.push(format!("{} more", told.len() - SHOWN));
    }
    let what = format!("lines of the generator cannot be edited here; it {does}: {}", shown.join(", "));
    let remedy = "change them in the inventory, or take the mark `; from ...` off a line to make it yours; yours wins";
    let finding = Finding::new("GENERATED", Severity::Warning, change.origin.to_string(), what, remedy);
    Some(finding.seen_at(Place::at(&text.path, first.number, 1)))
}

/// A line of aligned columns, to be read within a sentence.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text with the serial of another one, where both have one.
fn with_serial_of(text: &[u8], other: &[u8], path: &Path, origin: &Name) -> Vec<u8> {
    let serial = |text: &[u8]| Document::parse(text.to_vec(), path, origin).serial();
    let changed = match (serial(text), serial(other)) {
        (Some(mine), Some(theirs)) if mine != theirs => {
            rewrite(text.to_vec(), path, origin, &[], Some(theirs), None).ok()
        }
        _ => None,
    };
    changed.unwrap_or_else(|| text.to_vec())
}
