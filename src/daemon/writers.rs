//! Which files somebody has begun to write and not closed yet, as far as the system's events tell.
//!
//! Knows events and file names only. `watch` waits for what is named here.

use super::zonefiles::is_left_over;
use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{Event, EventKind};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Files that are being written.
#[derive(Debug)]
pub(super) struct Writers {
    /// When each was begun. One that is waited for too long stays here until it is closed, so that a file that is held
    /// open for ever delays one reload only.
    begun: HashMap<PathBuf, Instant>,
    patience: Duration,
}

/// Files that are remembered at once; more than that at a time is no person's work.
const MOST: usize = 1024;

impl Writers {
    /// Nobody writes yet; each file is waited for at most `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Writers { begun: HashMap::new(), patience }
    }

    /// Takes note of an event; none says that events were lost, so that no end of writing can be relied upon.
    pub(super) fn note(&mut self, event: Option<&Event>) {
        let Some(event) = event.filter(|event| !event.need_rescan()) else { return self.begun.clear() };
        match event.kind {
            EventKind::Modify(ModifyKind::Data(_)) => self.begin(event),
            // What is linked or made in one piece is not opened for it and will not be closed.
            EventKind::Create(CreateKind::File) if event.paths.iter().all(|path| is_empty_file(path)) => {
                self.begin(event);
            }
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Remove(_)
            | EventKind::Modify(ModifyKind::Name(_)) => {
                for path in &event.paths {
                    self.begun.remove(path);
                    // A folder that goes takes its files along.
                    self.begun.retain(|begun, _| !begun.starts_with(path));
                }
            }
            _ => {}
        }
    }

    /// When waiting for the files that are being written ends at the latest; none when there is no need to wait.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        self.begun.values().map(|begun| *begun + self.patience).filter(|until| *until > now).max()
    }

    fn begin(&mut self, event: &Event) {
        for path in &event.paths {
            if is_of_interest(path) && self.begun.len() < MOST {
                self.begun.entry(path.clone()).or_insert_with(Instant::now);
            }
        }
    }
}

/// By its name: zones, what they include, inventory and config. A log beside them may be open for as long as its writer
/// runs, this server perhaps, and so may an editor's swap file.
fn is_of_interest(path: &Path) -> bool {
    const EXTENSIONS: [&str; 4] = ["zone", "inc", "json", "toml"];
    let name = path.file_name().and_then(OsStr::to_str);
    let extension = path.extension().and_then(OsStr::to_str);
    name.is_some_and(|name| !is_left_over(name)) && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

fn is_empty_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{DataChange, ModifyKind, RemoveKind, RenameMode};

    const PATIENCE: Duration = Duration::from_secs(30);
    const WRITE: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CLOSE: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));

    /// What was begun is waited for until it is closed, goes or gets another name; and nothing for ever.
    #[test]
    fn writing_is_waited_for_until_its_end() {
        let ends = [
            ("closed", CLOSE),
            ("removed", EventKind::Remove(RemoveKind::File)),
            ("renamed", EventKind::Modify(ModifyKind::Name(RenameMode::From))),
        ];
        for (why, end) in ends {
            let mut writers = Writers::new(PATIENCE);
            writers.note(Some(&event(WRITE, "/z/a.zone")));
            assert!(writers.until(Instant::now()).is_some(), "{why}");
            writers.note(Some(&event(CLOSE, "/z/b.zone")));
            assert!(writers.until(Instant::now()).is_some(), "{why}: another file");
            writers.note(Some(&event(end, "/z/a.zone")));
            assert_eq!(writers.until(Instant::now()), None, "{why}");
        }
        let mut writers = Writers::new(PATIENCE);
        writers.note(Some(&event(WRITE, "/z/a.zone")));
        let late = Instant::now() + PATIENCE;
        assert_eq!(writers.until(late), None, "held open too long");
        writers.note(Some(&event(WRITE, "/z/a.zone")));
        assert_eq!(writers.until(late), None, "further writing does not begin the wait anew");
        writers.note(None);
        assert_eq!(writers.until(Instant::now()), None, "events were lost");
    }

    /// An editor's own files and logs stay open as long as their program runs; nobody reads them.
    #[test]
    fn logs_and_left_overs_are_not_waited_for() {
        let mut writers = Writers::new(PATIENCE);
        for path in ["/z/.a.zone.swp", "/z/a.zone~", "/z/horizon.log", "/z/log"] {
            writers.note(Some(&event(WRITE, path)));
            assert_eq!(writers.until(Instant::now()), None, "{path}");
        }
    }

    fn event(kind: EventKind, path: &str) -> Event {
        Event::new(kind).add_path(PathBuf::from(path))
    }
}
