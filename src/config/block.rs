//! `[[block]]`

use super::Block;
use super::BlockAnswer;
use super::Horizon;
use super::forward::names;
use super::horizons::offer;
use super::notes::Notes;
use super::section::Section;
use super::section::Text;
use super::section::as_word;
use super::server::path;
use std::path::Path;

pub(super) const KEYS: [&str; 7] = ["name", "files", "urls", "allow", "horizons", "answer", "refresh"];
const ANSWERS: [(&str, BlockAnswer); 2] = [("nxdomain", BlockAnswer::NxDomain), ("zero", BlockAnswer::Zero)];

/// Nobody keeps more lists apart.
const MOST_LISTS: usize = 64;
/// Seconds: those who offer lists ask not to be called more often.
const SHORTEST_REFRESH: usize = 300;
const LONGEST_REFRESH: usize = 30 * 86_400;

/// Reads all lists of blocked names; `folder` is what relative paths count from.
pub(super) fn read(notes: &mut Notes<'_>, sections: &[Section<'_>], horizons: &[Horizon], folder: &Path) -> Vec<Block> {
    if let Some(beyond) = sections.get(MOST_LISTS) {
        notes.wrong(beyond.at, format!("more than {MOST_LISTS} lists of blocked names"), "put several files into one");
        return Vec::new();
    }
    let mut lists: Vec<(Block, usize)> = Vec::new();
    for section in sections {
        let name = section.needed_text(notes, "name", "name = \"ads\"");
        let block = one(notes, *section, name, horizons, folder);
        let Some(name) = name else { continue };
        match lists.iter().find(|(list, _)| list.name == name.text) {
            Some((_, first)) => {
                let line = notes.line(*first);
                notes.wrong(
                    name.at,
                    format!("a second list `{}`, the first is on line {line}", name.text),
                    "rename one",
                );
            }
            None => lists.push((block, name.at)),
        }
    }
    lists.into_iter().map(|(list, _)| list).collect()
}

fn one(
    notes: &mut Notes<'_>,
    section: Section<'_>,
    name: Option<Text<'_>>,
    horizons: &[Horizon],
    folder: &Path,
) -> Block {
    let files = section.texts(notes, "files").unwrap_or_default();
    let urls = section.texts(notes, "urls").unwrap_or_default();
    if files.is_empty()
        && urls.is_empty()
        && section.key_at("files") == section.at
        && section.key_at("urls") == section.at
    {
        notes.missing(section.at, "a list of blocked names without `files` or `urls`", "add `files = [\"ads.txt\"]`");
    }
    for url in &urls {
        let rest = url.text.strip_prefix("https://").or_else(|| url.text.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or("");
        if host.is_empty() || url.text.contains(char::is_whitespace) {
            notes.wrong(url.at, format!("`{}` is not a URL", url.text), "write `https://host/path`");
        }
    }
    let written = section.texts(notes, "horizons").unwrap_or_default();
    for text in &written {
        if !horizons.iter().any(|horizon| horizon.name == text.text) {
            let names = horizons.iter().map(|horizon| horizon.name.as_str());
            notes.wrong(text.at, format!("no horizon `{}`", text.text), offer(text.text, names));
        }
    }
    let answer = section.text(notes, "answer").and_then(|text| as_word(notes, "answer", text, &ANSWERS));
    let refresh = section.number(notes, "refresh", SHORTEST_REFRESH, LONGEST_REFRESH);
    Block {
        name: name.map_or_else(String::new, |name| name.text.to_owned()),
        files: files.iter().map(|text| path(folder, text.text)).collect(),
        urls: urls.iter().map(|text| text.text.to_owned()).collect(),
        allow: names(notes, section, "allow"),
        horizons: written.iter().map(|text| text.text.to_owned()).collect(),
        answer: answer.unwrap_or_default(),
        refresh: refresh.map_or(Block::REFRESH, |number| number as u32),
    }
}
