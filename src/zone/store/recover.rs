//! After a crash: the newest change is finished or was never made, and nothing is left beside any file.

use super::commit::{run, turn_back};
use super::error::StoreError;
use super::opened::{Recovered, Store};
use super::pending::State;
use super::switch::{Move, flush};
use crate::files;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep folders below the zones directory are looked through.
const DEPTH: u32 = 6;

impl Store {
    /// Finishes the newest change, or takes it back where somebody saved a file at that moment.
    ///
    /// Only the newest can be unfinished: the line of the next is not written before.
    pub(super) fn recover(&mut self, recovered: &mut Vec<Recovered>) -> Result<(), StoreError> {
        let Some(head) = self.history.heads().last().filter(|head| !head.outside) else { return Ok(()) };
        let (id, span, taken_back) = (head.id, head.span, head.taken_back);
        let change = self.change(id)?;
        let mut moves = self.moves(&change);
        if taken_back {
            moves = moves.iter().map(Move::reversed).collect();
        }
        self.unsettled = moves.iter().map(|way| way.place.clone()).collect();
        let mut states = Vec::with_capacity(moves.len());
        for way in &moves {
            way.place.adopt_spare()?;
            states.push(way.state()?);
        }
        if states.iter().all(|state| *state == State::Switched) {
            return self.settle();
        }
        if taken_back {
            self.finish_back(&moves, &states)?;
            recovered.push(Recovered::Finished { id });
            return self.settle();
        }
        let disturbed = states.iter().any(|state| matches!(state, State::Saved | State::CameOut));
        let pending: Vec<_> = moves
            .iter()
            .zip(&states)
            .filter(|(_, state)| **state == State::Pending)
            .map(|(way, _)| way.clone())
            .collect();
        let finished = !disturbed && run(&pending).and_then(|()| flush(pending.iter().map(|way| &way.place))).is_ok();
        if finished {
            recovered.push(Recovered::Finished { id });
        } else {
            turn_back(&moves)?;
            self.journal.cut(span.offset)?;
            self.history.forget_newest();
            recovered.push(Recovered::TakenBack { id });
        }
        self.settle()
    }

    /// What was being taken back goes back; where somebody saved since, their text stays.
    fn finish_back(&self, moves: &[Move<'_>], states: &[State]) -> Result<(), StoreError> {
        for (way, state) in moves.iter().zip(states) {
            match state {
                State::Switched | State::Saved => {}
                State::CameOut => way.give_back()?,
                State::Pending => match way.go() {
                    Ok(()) | Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                },
            }
        }
        flush(moves.iter().map(|way| &way.place))
    }

    /// Removes the files that a crash left beside others.
    pub(super) fn sweep(&self, recovered: &mut Vec<Recovered>) -> Result<(), StoreError> {
        let mut left = Vec::new();
        look_through(&self.zones, DEPTH, &mut left);
        left.sort();
        left.dedup();
        for path in left {
            if files::unlink(&path)? {
                recovered.push(Recovered::Removed { path });
            }
        }
        Ok(())
    }
}

impl super::switch::Place {
    /// Without an exchange, the old text has another name for a moment after the switch.
    fn adopt_spare(&self) -> Result<(), StoreError> {
        if !self.staged.exists() && self.spare.exists() {
            files::rename_over(&self.spare, &self.staged)?;
        }
        Ok(())
    }
}

/// Folders that cannot be read are left alone: whoever reads zones will say so.
fn look_through(folder: &Path, depth: u32, left: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        if kind.is_symlink() {
            // What is replaced, and what lies beside it, is where the link leads.
            let real = fs::canonicalize(&path).unwrap_or_default();
            if real.is_file() {
                // In the folder itself it is found anyway.
                if depth > 0
                    && let Some(beside) = real.parent().filter(|beside| *beside != folder)
                {
                    look_through(beside, 0, left);
                }
                continue;
            }
        }
        if path.is_dir() {
            if depth > 0 {
                look_through(&path, depth - 1, left);
            }
        } else if entry.file_name().to_str().is_some_and(is_left) {
            left.push(path);
        }
    }
}

/// A name that only a process makes that writes, when that process is no more.
fn is_left(name: &str) -> bool {
    let Some(name) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp")) else { return false };
    let (_, last) = name.rsplit_once('.').unwrap_or_default();
    if last == "goes" || last == "spare" {
        return name.contains(".change-");
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    if let Some(id) = last.strip_prefix("change-") {
        return digits(id);
    }
    // `<process>-<count>`, as the room `files` calls them.
    let running = |process: &str| !Path::new("/proc/self").exists() || Path::new("/proc").join(process).exists();
    last.split_once('-').is_some_and(|(process, count)| digits(process) && digits(count) && !running(process))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody else's files are swept away.
    #[test]
    fn only_left_overs_are_swept() {
        let mine = format!(".a.zone.{}-0.tmp", std::process::id());
        let table = [
            (".a.zone.change-7.tmp", true),
            (".a.zone.change-7.goes.tmp", true),
            (".a.zone.change-7.spare.tmp", true),
            (".a.zone.4194304999-0.tmp", true),
            (mine.as_str(), false),
            (".a.zone.swp", false),
            ("a.zone.change-7.tmp", false),
            (".a.zone.change-x.tmp", false),
            (".notes.tmp", false),
            ("a.zone", false),
        ];
        for (name, expected) in table {
            assert_eq!(is_left(name), expected, "{name}");
        }
    }
}
