//! The CA now and then: rule 5 of safe probing, at most every five minutes.

use super::super::board::About;
use super::super::ca::{CaReport, Wanted, check_ca, place};
use super::super::dial::Roots;
use super::super::reach::{CaFact, Event, Problem};
use super::round::Patrol;
use crate::snapshot::Snapshot;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Between two looks.
const REST: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(super) struct Health {
    looked: Option<Instant>,
    /// What was said last, by code, so that each change is logged once.
    codes: Vec<String>,
    running: Option<JoinHandle<Option<CaReport>>>,
}

impl Health {
    pub(super) fn round(&mut self, patrol: &Patrol, snapshot: &Arc<Snapshot>, now: Instant) {
        if self.running.as_ref().is_some_and(|running| running.is_finished())
            && let Some(running) = self.running.take()
            && let Some(Ok(Some(report))) = now_or_never(running)
        {
            self.tell(patrol, &report);
        }
        if self.running.is_some() || self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < REST) {
            return;
        }
        self.looked = Some(now);
        self.running = Some(tokio::spawn(look(Arc::clone(snapshot))));
    }

    fn tell(&mut self, patrol: &Patrol, report: &CaReport) {
        let codes: Vec<String> = report.problems.iter().map(|problem| problem.code.to_string()).collect();
        if codes != self.codes {
            for problem in report.problems.iter().filter(|problem| !self.codes.iter().any(|code| *code == problem.code))
            {
                log(problem);
            }
            self.codes = codes;
        }
        let fact = CaFact::Described { facts: report.facts(), problems: report.problems.clone() };
        patrol.notices.tell(About::All, Event::Ca(fact));
    }
}

fn log(problem: &Problem) {
    match problem.stops() {
        true => tracing::error!("{}: {}; {}", problem.code, problem.summary, problem.remedy),
        false => tracing::info!("{}: {}; {}", problem.code, problem.summary, problem.remedy),
    }
}

async fn look(snapshot: Arc<Snapshot>) -> Option<CaReport> {
    let acme = &snapshot.settings.acme;
    let place = place(&snapshot).ok()?;
    let roots = acme.roots.as_ref().and_then(|file| Roots::read(file).ok());
    let wanted = Wanted {
        fingerprint: acme.fingerprint.clone(),
        challenges: acme.by_name.values().filter_map(|own| own.challenges.clone()).flatten().collect(),
        roots_file: acme.roots.as_ref().map(|file| file.display().to_string()),
    };
    Some(check_ca(&place, roots.as_ref(), &wanted).await)
}

/// The outcome of a task that has ended.
fn now_or_never<T>(task: JoinHandle<T>) -> Option<Result<T, tokio::task::JoinError>> {
    futures_util::FutureExt::now_or_never(task)
}
