//! The server's own certificates: ordered from the CA of `[acme]` over our own dns-01, and again when two thirds of their life
//! are over; what fails is told and tried again, later each time.

use super::securing::Secured;
use crate::files;
use crate::finding::{Finding, Severity};
use crate::plugin::acme::order::{Order, OrderGround, order};
use crate::plugin::acme::{Board as Reaches, Challenges};
use crate::snapshot::Live;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};

/// What an order stands on.
#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) live: Arc<Live>,
    pub(super) challenges: Arc<Challenges>,
    pub(super) reaches: Arc<Reaches>,
}

/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_secs(1);
/// After an order that failed; twice as long each time, up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Below the state folder.
const FOLDER: &str = "tls";

/// The file that holds chain and key of one name.
pub(super) fn own_file(state: &Path, name: &str) -> PathBuf {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
    state.join(FOLDER).join(format!("{}.pem", name.chars().map(plain).collect::<String>()))
}

/// Orders what is due, one after the other, for as long as the server runs.
pub(super) async fn renew(secured: Arc<Secured>, renewal: Renewal) {
    let mut failed: BTreeMap<String, (Duration, Instant)> = BTreeMap::new();
    loop {
        sleep(LOOK).await;
        if !secured.renews() {
            failed.clear();
            continue;
        }
        let waits = |name: &String| failed.get(name).is_some_and(|(_, until)| *until > Instant::now());
        let Some((name, file)) = secured.due(SystemTime::now()).into_iter().find(|(name, _)| !waits(name)) else {
            continue;
        };
        let fault = renewal.one(&name, &file).await.err();
        match &fault {
            None => {
                tracing::info!("a certificate for {name} was got from the CA");
                failed.remove(&name);
            }
            Some(_) => {
                let pause = failed.get(&name).map_or(SHORTEST_PAUSE, |(pause, _)| (*pause * 2).min(LONGEST_PAUSE));
                failed.insert(name.clone(), (pause, Instant::now() + pause));
            }
        }
        let secured = Arc::clone(&secured);
        // Files are read.
        if tokio::task::spawn_blocking(move || secured.renewed(&name, fault)).await.is_err() {
            return;
        }
    }
}

impl Renewal {
    /// Orders for one name, and keeps what is got: the file is the owner's alone, and changes whole.
    async fn one(&self, name: &str, file: &Path) -> Result<(), Finding> {
        let seat = self.reaches.standings().seat;
        let ground = OrderGround::new(self.live.load_full(), Arc::clone(&self.challenges), &seat);
        let wanted = Order { name: name.to_owned(), challenge: None, canary: true, keep: true };
        let report = order(&ground, &wanted).await;
        if let Some(problem) = report.problems.first() {
            return Err(not_got(name, &problem.summary, &problem.remedy.text));
        }
        let Some((chain, key)) = report.pem else {
            return Err(not_got(name, "the CA gave no certificate", "see the CA's log"));
        };
        let file = file.to_owned();
        let keep = move || {
            file.parent().map_or(Ok(()), files::create_private_folder)?;
            files::replace_private(&file, format!("{}\n{key}", chain.trim_end()).as_bytes())
        };
        let kept = tokio::task::spawn_blocking(keep).await;
        let remedy = "let the server write into `state` of [acme]";
        match kept {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(not_got(name, &format!("it cannot be kept: {error}"), remedy)),
            Err(_) => Err(not_got(name, "it cannot be kept", remedy)),
        }
    }
}

fn not_got(name: &str, why: &str, remedy: &str) -> Finding {
    let what = format!("no certificate for encrypted DNS: {why}");
    let remedy = format!("{remedy}; it is tried again, `zonectl acme order {name} --canary` shows each step");
    Finding::new("CERTIFICATE_NOT_GOT", Severity::Error, name, what, remedy).tolerated()
}
