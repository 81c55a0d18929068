//! Hosts files: an address, then its names.

use super::line::Origin;
use super::line::Wrong;
use super::naming::name;
use crate::dns::Name;
use std::net::IpAddr;

/// One line of a hosts file.
#[derive(Debug, Clone)]
pub(super) struct HostsLine {
    pub(super) address: IpAddr,
    /// At least one, in the order written; true for a name without a dot.
    pub(super) names: Vec<(Name, bool)>,
    pub(super) origin: Origin,
}

/// Reads one line; none when nothing stands on it.
pub(super) fn read(text: &str, origin: &Origin) -> Result<Option<HostsLine>, Wrong> {
    let content = text.split('#').next().unwrap_or("");
    let column_of = |word: &str| {
        // Words are slices of the text: how far into it tells the column.
        let offset = (word.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        1 + text.get(..offset).map_or(0, |before| before.chars().count()) as u32
    };
    let mut words = content.split_whitespace();
    let Some(first) = words.next() else { return Ok(None) };
    let bare = first.split('%').next().unwrap_or(first);
    let Ok(address) = bare.parse::<IpAddr>() else {
        let shown: String = first.chars().take(60).collect();
        let what = format!("`{}` is not an address", shown.escape_debug());
        return Err(Wrong::new(column_of(first), what, "a line of a hosts file is an address and its names"));
    };
    let mut names = Vec::new();
    for word in words {
        let plain = !word.trim_end_matches('.').contains('.');
        let name = name(word).map_err(|what| Wrong::new(column_of(word), what, "correct the name, or leave it out"))?;
        names.push((name, plain));
    }
    if names.is_empty() {
        return Err(Wrong::new(column_of(first), format!("`{first}` has no name"), "write its names behind it"));
    }
    Ok(Some(HostsLine { address, names, origin: origin.clone() }))
}
