//! Reloads, one at a time: a candidate that is well goes live whole, any other changes nothing.

use super::challenging::Challenging;
use super::editing::Workshop;
use super::fetching::Fetching;
use super::forwarding::{Forwarding, forget};
use super::inputs::{Inputs, Stamps};
use super::office::Office;
use super::outcome::{Cause, Outcome};
use super::pipeline::{Candidate, Failure, candidate};
use super::probing::Probing;
use super::reaching::Reaching;
use super::receiving::Receiving;
use super::securing::Securing;
use super::showing::Showing;
use super::source::Source;
use super::status::{Board, Status};
use super::supervised::{Herald, Keeper};
use super::unwritten::{unwritten, write};
use super::updating::Updating;
use super::watch::Watch;
use crate::counters::{Counters, Event};
use crate::finding::{Finding, Severity};
use crate::snapshot::Live;
use crate::transport::{BindError, LISTEN_FAILED, Listeners};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Everything that a reload changes; owned by the one thread that reloads.
#[derive(Debug)]
pub(super) struct Reloads {
    pub(super) source: Source,
    pub(super) live: Arc<Live>,
    pub(super) board: Arc<Board>,
    pub(super) counters: Arc<Counters>,
    pub(super) listeners: Listeners,
    pub(super) forwarding: Arc<Forwarding>,
    pub(super) challenging: Challenging,
    pub(super) reaching: Reaching,
    pub(super) probing: Probing,
    pub(super) updating: Updating,
    pub(super) receiving: Receiving,
    pub(super) securing: Securing,
    pub(super) showing: Showing,
    pub(super) office: Office,
    pub(super) watch: Watch,
    pub(super) fetching: Fetching,
    /// Where changes are made.
    pub(super) workshop: Workshop,
    /// Where the files of the last load are, and how they looked before it read them.
    pub(super) inputs: Inputs,
    pub(super) seen: Stamps,
    /// When the last load began.
    pub(super) tried: Instant,
    /// Until when no change is taken back by itself, because the last try failed.
    pub(super) postponed: Option<Instant>,
    pub(super) herald: Herald,
    pub(super) keeper: Keeper,
}

/// How long after a load that failed for a fault that may pass the next one is tried without a change.
const RETRY: Duration = Duration::from_secs(4);

/// How often a load is tried again at once because files changed while it read them.
const TRIES: usize = 5;

impl Reloads {
    /// Loads everything anew and lets it go live if it is well.
    pub(super) fn reload(&mut self, cause: Cause) -> Outcome {
        let start = Instant::now();
        let stamps = self.inputs.stamps();
        let before = self.board.load_full();
        if cause == Cause::Files {
            match self.seen.changes(&stamps).next() {
                Some(changed) => tracing::debug!("{} changed", changed.display()),
                None if self.worth_a_retry(&before.failing) => {}
                None => {
                    self.workshop.look_after();
                    return self.unchanged();
                }
            }
        }
        let old = std::mem::replace(&mut self.seen, stamps);
        self.tried = start;
        let loaded = self.load(&before.serving);
        match loaded.and_then(|candidate| self.publish(candidate, &before)) {
            Ok(outcome) => {
                let serving = Arc::clone(&self.board.load().serving);
                let of_zone = |path: &&Path| {
                    let zones = serving.zones.iter().chain(&before.serving.zones);
                    zones.map(|zone| &*zone.file.path).any(|file| file == *path)
                };
                self.workshop.notice(old.changes(&self.seen).filter(of_zone));
                if outcome.changed {
                    tracing::info!("{cause}: live after {:.1?}; {}", start.elapsed(), self.board.load());
                } else if cause != Cause::Files {
                    tracing::info!("{cause}: nothing has changed");
                }
                outcome
            }
            Err(failure) => self.refuse(cause, failure, &before),
        }
    }

    /// Loads until the files hold still; what they looked like is known from before they were read.
    fn load(&mut self, previous: &Candidate) -> Result<Candidate, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let loaded = candidate(&self.source, Some(previous));
            let inputs = match &loaded {
                Ok(candidate) => &candidate.inputs,
                Err(failure) => &failure.inputs,
            };
            // A config that cannot be read names no files; those of the last one stay of interest.
            let elsewhere = *inputs != self.inputs && *inputs != Inputs::of_config(&self.source.config);
            if elsewhere {
                self.inputs = inputs.clone();
                self.watch.folders(self.inputs.folders());
            }
            let stamps = self.inputs.stamps();
            let moved = elsewhere || (loaded.is_err() && stamps != self.seen);
            if !moved || tries == TRIES {
                return loaded;
            }
            self.seen = stamps;
        }
    }

    pub(super) fn publish(&mut self, mut candidate: Candidate, before: &Status) -> Result<Outcome, Failure> {
        let refuse = |findings| Failure { findings, inputs: Inputs::default() };
        let server = &candidate.settings.server;
        let opened = self
            .listeners
            .open(&server.listen, server.workers)
            .map_err(|errors| refuse(errors.iter().map(BindError::finding).collect()))?;
        let control = self.office.bind(&server.control).map_err(refuse)?;
        self.forwarding.prepare(&candidate.settings, &self.listeners).map_err(refuse)?;
        if let Err(withheld) = write(&candidate.plan) {
            candidate = unwritten(&self.source, Some(&before.serving), candidate, withheld)?;
        }
        for change in std::mem::take(&mut candidate.plan).files {
            self.seen.refresh(&change.path, change.after.as_deref());
        }
        let changed = !candidate.serves_the_same(&before.serving);
        if changed {
            self.live.store(Arc::clone(&candidate.published.snapshot));
            let dropped = forget(&before.serving.published.snapshot, &candidate.published.snapshot);
            if dropped > 0 {
                tracing::info!("{dropped} kept answers of upstreams no longer hold and are forgotten");
            }
        }
        self.office.publish(Arc::clone(&candidate.published));
        self.office.adopt(control);
        if let Err(error) = self.listeners.adopt(opened) {
            tracing::error!("not every listener could be started: {error}");
        }
        self.keeper.follow(&mut self.listeners);
        let now = SystemTime::now();
        let outcome = Outcome {
            changed,
            zones: candidate.changed_zones(&before.serving),
            failing: candidate.withheld.clone(),
            findings: candidate.findings.clone(),
        };
        self.tell(&outcome.findings, &before.serving.findings);
        self.tell(&outcome.failing, &before.failing);
        if before.failing != outcome.failing && outcome.failing.is_empty() {
            tracing::info!("the files are well again");
        }
        if changed {
            self.counters.count(Event::ReloadsOk);
        }
        if !outcome.failing.is_empty() && outcome.failing != before.failing {
            self.counters.count(Event::ReloadsFailed);
        }
        let failing_since = (!outcome.failing.is_empty()).then(|| before.failing_since.unwrap_or(now));
        self.board.store(Arc::new(Status {
            live_since: if changed { now } else { before.live_since },
            tried: now,
            reloads: before.reloads + u64::from(changed),
            listening: self.listeners.addresses(),
            serving: Arc::new(candidate),
            failing: outcome.failing.clone(),
            failing_since,
            ..before.clone()
        }));
        self.workshop.follow(&self.board.load().serving.settings.zones);
        self.challenging.follow(&self.board.load().serving.settings);
        let serving = Arc::clone(&self.board.load().serving);
        self.reaching.follow(&serving.settings, &serving.published.acme);
        self.updating.follow(&self.board.load().serving.settings);
        self.receiving.follow(&serving.settings, &serving.published.acme);
        self.securing.follow(&self.board.load().serving.settings);
        self.showing.follow(&self.board.load().serving.settings);
        self.fetching.follow(&self.board.load().serving.settings);
        Ok(outcome)
    }

    fn refuse(&mut self, cause: Cause, failure: Failure, before: &Status) -> Outcome {
        let (failing, findings): (Vec<_>, Vec<_>) =
            failure.findings.into_iter().partition(|finding| finding.refuses || finding.severity == Severity::Error);
        if cause == Cause::Files && failing == before.failing {
            // A retry that found nothing new: it was told before.
            return Outcome { failing, findings, ..Outcome::default() };
        }
        self.counters.count(Event::ReloadsFailed);
        tracing::error!("{cause}: refused; what was live before serves on");
        self.tell(&failing, &[]);
        let now = SystemTime::now();
        self.board.store(Arc::new(Status {
            tried: now,
            refused: before.refused + 1,
            failing: failing.clone(),
            failing_since: before.failing_since.or(Some(now)),
            ..before.clone()
        }));
        Outcome { failing, findings, ..Outcome::default() }
    }

    /// A load that ended in a fault of this program: what was live serves on.
    pub(super) fn failed(&mut self, cause: Cause) -> Outcome {
        let what = "the load failed inside the program; what was live before serves on";
        let finding = Finding::new("INTERNAL", Severity::Error, "reload", what, "report this with the log as a bug");
        let before = self.board.load_full();
        self.refuse(cause, Failure { findings: vec![finding], inputs: Inputs::default() }, &before)
    }

    /// Some faults pass without any file changing: an address that comes up, a disk that is full, a missing right.
    fn worth_a_retry(&self, failing: &[Finding]) -> bool {
        const PASSING: [&str; 6] = [
            LISTEN_FAILED,
            "CONTROL_SOCKET",
            "ZONE_FILE_NOT_WRITTEN",
            "ZONE_FILE_UNREADABLE",
            "ZONE_FOLDER_UNREADABLE",
            "ZONE_READ",
        ];
        self.tried.elapsed() >= RETRY && failing.iter().any(|finding| PASSING.contains(&&*finding.code))
    }

    fn unchanged(&self) -> Outcome {
        let status = self.board.load();
        Outcome { failing: status.failing.clone(), findings: status.serving.findings.clone(), ..Outcome::default() }
    }

    /// Logs what was not known before.
    fn tell(&self, findings: &[Finding], known: &[Finding]) {
        for finding in findings.iter().filter(|finding| !known.contains(finding)) {
            tell(finding);
        }
    }
}

/// Logs a finding as loud as it is bad; the level says the severity. What only informs is for `zonectl status` and `check`.
pub(super) fn tell(finding: &Finding) {
    let line = finding.to_string().replacen(&format!("{} {}", finding.severity, finding.code), &finding.code, 1);
    match finding.severity {
        Severity::Error => tracing::error!("{line}"),
        Severity::Warning => tracing::warn!("{line}"),
        Severity::Info => tracing::debug!("{line}"),
    }
}

/// How much serves, for the log.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let zones = self.serving.zones.len();
        let records = self.serving.zones.iter().map(|zone| zone.records.len()).sum();
        let horizons = self.serving.settings.horizons.len();
        let (zones, records, horizons) =
            (counted(zones, "zone"), counted(records, "record"), counted(horizons, "horizon"));
        write!(f, "{zones} with {records} in {horizons}")
    }
}
