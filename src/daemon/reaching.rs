//! The board of what is known of each name's challenges, as the server runs it: filled at each load, told by channel, written
//! when the CA's side said something.

use super::reload::tell;
use crate::config::Settings;
use crate::plugin::acme::Board;
use crate::plugin::acme::Notice;
use crate::plugin::acme::Notices;
use crate::plugin::acme::Sighting;
use crate::plugin::acme::check::Assessment;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio::time::interval;

/// The board of a server that runs.
#[derive(Debug)]
pub(super) struct Reaching {
    board: Arc<Board>,
    notices: Notices,
    hearing: JoinHandle<()>,
}

/// How often evidence is looked at that may have ended, and what is new is written.
const ROUND: Duration = Duration::from_secs(2);

impl Reaching {
    /// Reads what is remembered, and hears from now on. What is wrong is told; no fault keeps the server from starting.
    pub(super) fn start(settings: &Settings, assessment: &Assessment, runtime: &Handle) -> Self {
        let (board, findings) = Board::open(&settings.acme.state);
        findings.iter().for_each(tell);
        let board = Arc::new(board);
        board.follow(assessment, &settings.acme.state, now());
        let (notices, receiver) = Notices::channel();
        let hearing = runtime.spawn(hear(Arc::clone(&board), receiver));
        Reaching { board, notices, hearing }
    }

    /// What is known.
    pub(super) fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Where probes and observers tell what they saw.
    pub(super) fn notices(&self) -> Notices {
        self.notices.clone()
    }

    /// Takes over what a load brought.
    pub(super) fn follow(&self, settings: &Settings, assessment: &Assessment) {
        self.board.follow(assessment, &settings.acme.state, now());
    }
}

impl Drop for Reaching {
    fn drop(&mut self) {
        self.hearing.abort();
        if let Err(error) = self.board.save() {
            tracing::warn!("what the CA said is not kept: {error}");
        }
    }
}

/// Hears of what a tripwire sees, until the tripwire is gone.
///
/// # Errors
/// No thread can be started.
pub(super) fn listen(board: &Arc<Board>, sightings: Receiver<Sighting>) -> io::Result<()> {
    let board = Arc::clone(board);
    let listening = move || {
        for sighting in sightings {
            board.sighted(&sighting);
        }
    };
    thread::Builder::new().name("tripwire".to_owned()).spawn(listening).map(drop)
}

/// Seconds since 1970 UTC.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

async fn hear(board: Arc<Board>, mut receiver: mpsc::Receiver<Notice>) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        tokio::select! {
            Some(notice) = receiver.recv() => {
                board.hear(&notice.about, &notice.event, now());
            }
            _ = rounds.tick() => {
                let writing = Arc::clone(&board);
                // The disk may be slow; only a change is written.
                let written = tokio::task::spawn_blocking(move || {
                    writing.tick(now());
                    writing.save()
                });
                let error = written.await.ok().and_then(Result::err);
                if let (Some(error), false) = (&error, failed) {
                    tracing::warn!("what the CA said is not kept: {error}");
                }
                failed = error.is_some();
            }
        }
    }
}
