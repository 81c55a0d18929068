//! Notices that files may have changed: events of the system, and a slow look at the clock for file systems without them.
//!
//! Knows folders only. Whether something really changed is for `reload` to find out.

use super::writers::Writers;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// When a burst of events is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// So long without an event: an editor that writes, renames and removes is done by then.
    pub(super) quiet: Duration,
    /// But not later than so long after the first one.
    pub(super) bound: Duration,
    /// A file that somebody has begun to write and not closed is waited for, but not longer than so.
    pub(super) writing: Duration,
    /// How often to look without any event.
    pub(super) poll: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            quiet: Duration::from_millis(100),
            bound: Duration::from_secs(1),
            writing: Duration::from_secs(30),
            poll: Duration::from_secs(5),
        }
    }
}

/// Tells the watching thread what to watch; dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Watch {
    sender: Sender<Message>,
}

#[derive(Debug)]
enum Message {
    /// None when the system lost count of them.
    Event(Option<Event>),
    Folders(Vec<(PathBuf, bool)>),
    End,
}

impl Watch {
    /// Starts the thread. It calls `changed` after each burst of events and at each poll.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn start(patience: Patience, changed: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let events = sender.clone();
        thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
                let event = event.ok();
                if event.as_ref().is_none_or(|event| matters(event.kind)) {
                    let _ = events.send(Message::Event(event));
                }
            });
            if let Err(error) = &watcher {
                tracing::warn!("files cannot be watched: {error}; changes are noticed every {:?}", patience.poll);
            }
            let writers = Writers::new(patience.writing);
            Watching { watcher: watcher.ok(), wanted: Vec::new(), watched: Vec::new(), warned: false, writers }
                .run(&receiver, patience, &changed);
        })?;
        Ok(Watch { sender })
    }

    /// Watches these folders from now on, each with whether folders below it count. Folders that are not there are
    /// waited for.
    pub(super) fn folders(&self, folders: Vec<(PathBuf, bool)>) {
        let _ = self.sender.send(Message::Folders(folders));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::End);
    }
}

/// Reading a file is an event, too; only writing matters.
fn matters(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

struct Watching {
    watcher: Option<RecommendedWatcher>,
    wanted: Vec<(PathBuf, bool)>,
    watched: Vec<Folder>,
    warned: bool,
    writers: Writers,
}

/// A folder with its identity: one of the same name may take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    path: PathBuf,
    deep: bool,
    identity: (u64, u64),
}

impl Watching {
    fn run(mut self, receiver: &Receiver<Message>, patience: Patience, changed: &impl Fn()) {
        loop {
            match receiver.recv_timeout(patience.poll) {
                Ok(Message::Folders(folders)) => {
                    self.wanted = folders;
                    // What happened before the folders were watched was not seen.
                    if self.arm() {
                        changed();
                    }
                }
                Ok(Message::Event(event)) => {
                    self.writers.note(event.as_ref());
                    if !self.settle(receiver, patience) {
                        return;
                    }
                    self.arm();
                    changed();
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.arm();
                    changed();
                }
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Watches each wanted folder, or while it is not there the nearest one above it. True when something is new.
    fn arm(&mut self) -> bool {
        let mut wanted: Vec<Folder> = Vec::new();
        for (path, deep) in &self.wanted {
            if let Some(folder) = nearest(path, *deep).filter(|folder| !wanted.contains(folder)) {
                wanted.push(folder);
            }
        }
        if wanted == self.watched {
            return false;
        }
        let Some(watcher) = &mut self.watcher else { return false };
        // A folder that is wanted once with and once without those below it is one watch to the system.
        for folder in &self.watched {
            let _ = watcher.unwatch(&folder.path);
        }
        wanted.sort_by_key(|folder| folder.deep);
        for folder in &wanted {
            let mode = if folder.deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = watcher.watch(&folder.path, mode)
                && !std::mem::replace(&mut self.warned, true)
            {
                tracing::warn!(
                    "{} cannot be watched: {error}; changes there are noticed at the next slow look",
                    folder.path.display()
                );
            }
        }
        self.watched = wanted;
        true
    }

    /// Waits until a burst of events is over and every file that was begun is written to its end: half a zone file may
    /// well be a zone. False when the thread is to end.
    fn settle(&mut self, receiver: &Receiver<Message>, patience: Patience) -> bool {
        let mut bound = Instant::now() + patience.bound;
        loop {
            let now = Instant::now();
            let writing = self.writers.until(now);
            let wait = match writing {
                Some(until) => until - now,
                None => patience.quiet.min(bound.saturating_duration_since(now)),
            };
            match receiver.recv_timeout(wait) {
                Ok(Message::Event(event)) => {
                    self.writers.note(event.as_ref());
                    if writing.is_some() {
                        bound = Instant::now() + patience.bound;
                    } else if wait.is_zero() {
                        return true;
                    }
                }
                Ok(Message::Folders(folders)) => self.wanted = folders,
                Err(RecvTimeoutError::Timeout) if writing.is_some() => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Message::End) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

fn nearest(path: &Path, deep: bool) -> Option<Folder> {
    path.ancestors().enumerate().find_map(|(up, path)| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
        Some(Folder { path: path.to_path_buf(), deep: deep && up == 0, identity: (metadata.dev(), metadata.ino()) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const PATIENCE: Patience = Patience {
        quiet: Duration::from_millis(200),
        bound: Duration::from_secs(2),
        writing: Duration::from_secs(20),
        poll: Duration::from_secs(3600),
    };

    /// One burst of writes, renames and removals is one call; a folder that vanishes and comes back is watched again;
    /// reading is nothing.
    #[test]
    fn a_burst_is_one_change() {
        let folder = tempfile::tempdir().unwrap();
        let zones = folder.path().join("zones");
        let (calls, called) = channel();
        let watch = Watch::start(PATIENCE, move || calls.send(()).unwrap()).unwrap();
        let once = |what: &str| {
            called.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("no call: {what}"));
        };
        watch.folders(vec![(zones.clone(), true)]);
        once("the first look");
        fs::create_dir_all(zones.join("internal")).unwrap();
        once("a folder that was waited for");
        for round in 0..3 {
            let file = zones.join("internal/a.zone");
            let start = Instant::now();
            for n in 0..20 {
                fs::write(zones.join("internal/.a.zone.tmp"), format!("{round} {n}")).unwrap();
                fs::rename(zones.join("internal/.a.zone.tmp"), &file).unwrap();
            }
            fs::write(zones.join("internal/b.zone"), "b").unwrap();
            let quick = start.elapsed() < PATIENCE.quiet / 2;
            once("a burst of writes");
            fs::read(&file).unwrap();
            // On a machine so busy that the burst itself pauses, more calls are right.
            let more = called.recv_timeout(PATIENCE.quiet * 3).is_ok();
            assert!(!quick || !more, "one call only, and none for reading");
            while called.recv_timeout(PATIENCE.quiet * 3).is_ok() {}
            fs::remove_dir_all(&zones).unwrap();
            once("the folder vanished");
            fs::create_dir_all(zones.join("internal")).unwrap();
            once("the folder is back");
        }
    }
    /// A file that is still being written is not read, however slowly it grows: half a zone file may well be a zone.
    #[test]
    fn a_file_is_read_when_it_is_written_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let zones = folder.path().join("zones");
        fs::create_dir(&zones).unwrap();
        let path = zones.join("a.zone");
        fs::write(&path, "old").unwrap();
        let seen = path.clone();
        let (calls, called) = channel();
        let watch = Watch::start(PATIENCE, move || calls.send(fs::read_to_string(&seen).unwrap()).unwrap()).unwrap();
        watch.folders(vec![(zones, true)]);
        assert_eq!(called.recv_timeout(Duration::from_secs(20)).as_deref(), Ok("old"), "the first look");
        // Emptied first, as a shell does, and longer at it than any burst lasts.
        let mut file = fs::File::create(&path).unwrap();
        for part in ["one\n", "two\n", "three\n"] {
            assert_eq!(called.recv_timeout(PATIENCE.bound / 2), Err(RecvTimeoutError::Timeout), "before {part}");
            file.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!(called.recv_timeout(PATIENCE.bound), Err(RecvTimeoutError::Timeout), "still open");
        drop(file);
        assert_eq!(called.recv_timeout(Duration::from_secs(20)).as_deref(), Ok("one\ntwo\nthree\n"));
    }
}
