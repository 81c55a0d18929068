//! All keys with what is known of each: static checks fill it at each load, probes, doors and the CA's own doing tell it what
//! they see. What the CA's side said is kept over a restart.

use super::check::{Assessment, Need, Seat};
use super::observe::Sighting;
use super::reach::{CaFact, Event, Key, Problem, Reach, State, TripwireHit};
use crate::config::Challenge;
use crate::files::{self, FileError};
use crate::finding::{Finding, Place, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;
use tokio::sync::mpsc;

/// Whom an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// One key.
    Key(Key),
    /// A name, in lower case without its final dot, in the CA's horizon.
    Name {
        /// The name.
        name: String,
        /// These challenges of it; all when empty.
        challenges: Vec<Challenge>,
    },
    /// Every key: news of the CA itself.
    All,
}

/// An event on its way to the board.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whom it is about.
    pub about: About,
    /// What became known.
    pub event: Event,
}

/// The end of the channel that tells the board, for those who must not wait. Clones tell the same board.
#[derive(Debug, Clone)]
pub struct Notices(mpsc::Sender<Notice>);

impl Notices {
    /// How many may wait.
    const WAITING: usize = 1024;

    /// Both ends of a new channel.
    pub fn channel() -> (Self, mpsc::Receiver<Notice>) {
        let (sender, receiver) = mpsc::channel(Self::WAITING);
        (Notices(sender), receiver)
    }

    /// Passes on what became known, or drops it when too much waits already; false when dropped.
    pub fn tell(&self, about: About, event: Event) -> bool {
        self.0.try_send(Notice { about, event }).is_ok()
    }
}

/// The states of all keys. Shared by all who tell and ask.
#[derive(Debug)]
pub struct Board {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    reaches: BTreeMap<Key, Reach>,
    needs: BTreeMap<String, Vec<Need>>,
    seat: Seat,
    /// Read from the disk and not claimed by an assessment yet.
    remembered: BTreeMap<Key, Reach>,
    file: PathBuf,
    /// True when the file is behind.
    dirty: bool,
}

/// All that the board says at one moment.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    /// The CA.
    pub seat: Seat,
    /// Sorted by name and challenge.
    pub reaches: Vec<Reach>,
    /// Who wants the certificate, by name.
    pub needs: BTreeMap<String, Vec<Need>>,
}

/// What is written to the disk.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    reaches: Vec<Reach>,
}

/// The file below the state folder.
const FILE: &str = "reach.json";
const VERSION: u32 = 1;
/// Octets of the file.
const LARGEST_FILE: u64 = 32 << 20;
/// Keys that are kept on the disk.
const MOST_KEPT: usize = 10_000;

impl Board {
    /// A board with what was kept below `state`. A file that cannot be used is told, and nothing is remembered then.
    pub fn open(state: &Path) -> (Self, Vec<Finding>) {
        let file = state.join(FILE);
        let (remembered, findings) = match read(&file) {
            Ok(remembered) => (remembered, Vec::new()),
            Err(finding) => (BTreeMap::new(), vec![finding]),
        };
        let inner = Inner {
            reaches: BTreeMap::new(),
            needs: BTreeMap::new(),
            seat: Seat::default(),
            remembered,
            file,
            dirty: false,
        };
        (Board { inner: Mutex::new(inner) }, findings)
    }

    /// Takes over what the static checks say: keys that are no longer wanted go, new ones come. `now` and all times are seconds
    /// since 1970.
    pub fn follow(&self, assessment: &Assessment, state: &Path, now: u64) {
        let mut inner = self.lock();
        let file = state.join(FILE);
        inner.dirty |= file != inner.file;
        inner.file = file;
        let mut old = std::mem::take(&mut inner.reaches);
        for verdict in &assessment.verdicts {
            let known = old.remove(&verdict.key).or_else(|| inner.remembered.remove(&verdict.key));
            let before = known.unwrap_or_else(|| Reach::new(verdict.key.clone()));
            let after = before.after(&verdict.event(), now);
            inner.reaches.insert(verdict.key.clone(), after);
        }
        inner.dirty |= old.values().any(is_kept);
        inner.needs = assessment.verdicts.iter().map(|one| (one.key.name.clone(), one.needs.clone())).collect();
        inner.seat = assessment.seat.clone();
    }

    /// Tells what became known; says how many keys it is about. Names that nobody wants a certificate for are passed over, so
    /// that strangers cannot fill the board.
    pub fn hear(&self, about: &About, event: &Event, now: u64) -> usize {
        let mut inner = self.lock();
        let meant = |key: &Key| match about {
            About::Key(wanted) => key == wanted,
            About::Name { name, challenges } => {
                key.name == *name && (challenges.is_empty() || challenges.contains(&key.challenge))
            }
            About::All => true,
        };
        let (mut count, mut dirty) = (0, false);
        let guest = inner.seat.guest.clone();
        for reach in inner.reaches.iter_mut().filter(|(key, _)| meant(key)).map(|(_, reach)| reach) {
            let before = reach.clone();
            *reach = before.clone().after(event, now);
            reach.contradictions.iter_mut().for_each(|problem| on_host(problem, guest.as_deref()));
            tell(&before, reach);
            dirty |= is_kept(&before) || is_kept(reach);
            count += 1;
        }
        inner.dirty |= dirty;
        count
    }

    /// Tells what a tripwire saw. Whoever goes astray by http-01 does so by tls-alpn-01, too: the CA looks the name up once.
    pub fn sighted(&self, sighting: &Sighting) -> usize {
        let Sighting::Misdirected { name, ca, at, reached, told } = sighting;
        let now = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let text = name.to_string().to_ascii_lowercase();
        let hit =
            TripwireHit { at: now, from: *ca, host: text.clone(), came_to: Some(*reached), token_hash: String::new() };
        let event = Event::Ca(CaFact::Misdirected { hit, told: told.clone() });
        let challenges = vec![Challenge::Http01, Challenge::TlsAlpn01];
        self.hear(&About::Name { name: text, challenges }, &event, now)
    }

    /// Lets evidence go that counts no longer.
    pub fn tick(&self, now: u64) {
        self.hear(&About::All, &Event::Tick, now);
    }

    /// Everything that is known.
    pub fn standings(&self) -> Standings {
        let inner = self.lock();
        Standings {
            seat: inner.seat.clone(),
            reaches: inner.reaches.values().cloned().collect(),
            needs: inner.needs.clone(),
        }
    }

    /// What is known of one key.
    pub fn reach(&self, key: &Key) -> Option<Reach> {
        self.lock().reaches.get(key).cloned()
    }

    /// The keys whose probe is due, those that wait longest first.
    pub fn due(&self, now: u64) -> Vec<Key> {
        let inner = self.lock();
        let mut due: Vec<(Option<u64>, &Key)> = inner
            .reaches
            .values()
            .filter(|reach| reach.probe_due(now))
            .map(|reach| (reach.next_at, &reach.key))
            .collect();
        due.sort();
        due.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// Writes what the CA's side said, if something of it is new; durable when it returns.
    ///
    /// # Errors
    /// The folder cannot be made, or the file not written; it is tried again with the next call.
    pub fn save(&self) -> Result<(), FileError> {
        let (file, octets) = {
            let mut inner = self.lock();
            if !inner.dirty {
                return Ok(());
            }
            inner.dirty = false;
            let kept = inner.reaches.values().chain(inner.remembered.values()).filter(|reach| is_kept(reach));
            let kept = Kept { version: VERSION, reaches: kept.take(MOST_KEPT).cloned().collect() };
            (inner.file.clone(), serde_json::to_vec(&kept).unwrap_or_default())
        };
        let written = match file.parent() {
            Some(folder) => files::create_private_folder(folder).and_then(|()| files::replace_private(&file, &octets)),
            None => Ok(()),
        };
        if written.is_err() {
            self.lock().dirty = true;
        }
        written
    }

    /// The board as it is; a thread that failed while it held it leaves it whole, for events replace one reach at a time.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commands for a container of the hypervisor as the hypervisor runs them: nobody need log in there.
fn on_host(problem: &mut Problem, guest: Option<&str>) {
    let Some(guest) = guest.filter(|_| problem.remedy.on.is_none()) else { return };
    if let Some(id) = guest.strip_prefix("lxc/") {
        for command in problem.remedy.commands.iter_mut().filter(|command| !command.starts_with("zonectl")) {
            *command = format!("pct exec {id} -- {command}");
        }
    }
    problem.remedy.on = Some(format!("the CA's guest is {guest}"));
}

/// What the CA's side or a person said cannot be found out again at the next start.
fn is_kept(reach: &Reach) -> bool {
    matches!(reach.state, State::Contradicted | State::Verified)
        || reach.facts.issued.is_some()
        || reach.facts.acked.is_some()
}

fn read(file: &Path) -> Result<BTreeMap<Key, Reach>, Finding> {
    let octets = match files::read(file, LARGEST_FILE) {
        Ok(octets) => octets,
        Err(error) if error.is_missing() => return Ok(BTreeMap::new()),
        Err(error) => return Err(unusable(file, &error.to_string())),
    };
    let kept: Kept = serde_json::from_slice(&octets).map_err(|error| unusable(file, &error.to_string()))?;
    if kept.version != VERSION {
        return Err(unusable(file, &format!("its version is {}, this program reads {VERSION}", kept.version)));
    }
    Ok(kept.reaches.into_iter().take(MOST_KEPT).map(|reach| (reach.key.clone(), reach)).collect())
}

fn unusable(file: &Path, why: &str) -> Finding {
    let what = format!("what the CA said before cannot be read: {why}");
    let remedy = "nothing to do; the file is written anew with the next fact of the CA";
    Finding::new("REACH_FILE", Severity::Warning, FILE, what, remedy).seen_at(Place::file(file))
}

/// Logs a change of state as loud as it is bad.
fn tell(before: &Reach, after: &Reach) {
    if before.state == after.state {
        return;
    }
    let problem = after.problems().find(|problem| problem.stops());
    match (after.state.is_shut(), problem) {
        (true, Some(problem)) => {
            tracing::error!("{} {}: {}; {}", problem.code, after.key, problem.summary, problem.remedy);
        }
        (true, None) => tracing::error!("{}: {} -> {}", after.key, before.state, after.state),
        _ if before.state.is_shut() => tracing::info!("{}: {} -> {}", after.key, before.state, after.state),
        _ => tracing::debug!("{}: {} -> {}", after.key, before.state, after.state),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::super::reach::{Basis, Remedy, Standing, Told};
    use super::super::reach::{Gravity, ProbeReport, ProbeVerdict};
    use super::*;

    fn key(name: &str, challenge: Challenge) -> Key {
        Key { ca: "https://ca/directory".into(), name: name.into(), horizon: "internal".into(), challenge }
    }

    fn assessment(names: &[&str], told_hash: u64) -> Assessment {
        let verdict = |name: &&str, challenge| Verdict {
            key: key(name, challenge),
            basis: Basis { told_hash, ..Basis::default() },
            standing: Standing::new(Vec::new()),
            told: Told::default(),
            needs: Vec::new(),
        };
        let verdicts = names.iter().flat_map(|name| Challenge::ALL.map(|challenge| verdict(name, challenge))).collect();
        Assessment { seat: Seat { guest: Some("lxc/103".to_owned()), ..Seat::default() }, verdicts }
    }

    fn sighting(name: &str, at: u64) -> Sighting {
        Sighting::Misdirected {
            name: crate::dns::parse_name(name).unwrap(),
            ca: "10.0.0.10".parse().unwrap(),
            at: UNIX_EPOCH + std::time::Duration::from_secs(at),
            reached: "10.0.0.153".parse().unwrap(),
            told: vec!["10.0.0.12".parse().unwrap()],
        }
    }

    fn states(board: &Board) -> Vec<&'static str> {
        board.standings().reaches.iter().map(|reach| reach.state.word()).collect()
    }

    /// A tripwire's word is about http-01 and tls-alpn-01 of its name, and survives a restart; a probe's does not.
    #[test]
    fn what_the_ca_did_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let (board, findings) = Board::open(&state);
        assert_eq!(findings, []);
        board.follow(&assessment(&["a.example", "b.example"], 1), &state, 100);
        board.save().unwrap();
        assert!(!state.exists(), "nothing was said yet");
        assert_eq!(board.sighted(&sighting("A.example", 110)), 2);
        assert_eq!(board.sighted(&sighting("stranger.example", 110)), 0);
        let commands = &board.reach(&key("a.example", Challenge::Http01)).unwrap().contradictions[0].remedy.commands;
        assert_eq!(commands[1], "pct exec 103 -- grep -n a.example /etc/hosts");
        let report =
            ProbeReport { verdict: ProbeVerdict::Reachable, problems: vec![], addresses: vec![], expiring: false };
        assert_eq!(board.hear(&About::Key(key("b.example", Challenge::Http01)), &Event::Probe(report), 120), 1);
        let dns = About::Name { name: "b.example".into(), challenges: vec![Challenge::Dns01] };
        assert_eq!(board.hear(&dns, &Event::Issued { lifetime: 86_400 }, 130), 1);
        let expected = ["contradicted", "contradicted", "plausible", "reachable", "plausible", "verified"];
        assert_eq!(states(&board), expected);
        board.save().unwrap();

        let (again, findings) = Board::open(&state);
        assert_eq!(findings, []);
        again.follow(&assessment(&["a.example", "b.example"], 1), &state, 200);
        let expected = ["contradicted", "contradicted", "plausible", "plausible", "plausible", "verified"];
        assert_eq!(states(&again), expected);
        again.follow(&assessment(&["a.example", "b.example"], 2), &state, 300);
        let expected = ["contradicted", "contradicted", "plausible", "plausible", "plausible", "plausible"];
        assert_eq!(states(&again), expected, "zones that changed end what was issued on them, and no contradiction");
        again.follow(&assessment(&["b.example"], 2), &state, 400);
        again.save().unwrap();
        let (last, _) = Board::open(&state);
        last.follow(&assessment(&["a.example"], 2), &state, 500);
        assert_eq!(states(&last), ["plausible"; 3], "a name that nobody wanted any more is forgotten");
    }

    /// Garbage on the disk is a finding, and the next fact writes the file anew.
    #[test]
    fn garbage_on_the_disk_is_told_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for garbage in ["", "{", "[]", r#"{"version":9,"reaches":[]}"#] {
            std::fs::write(folder.path().join(FILE), garbage).unwrap();
            let (board, findings) = Board::open(folder.path());
            assert_eq!((findings.len(), &*findings[0].code), (1, "REACH_FILE"), "{garbage}");
            board.follow(&assessment(&["a.example"], 1), folder.path(), 100);
            board.sighted(&sighting("a.example", 110));
            board.save().unwrap();
            assert_eq!(Board::open(folder.path()).1, [], "{garbage}");
        }
    }

    /// Keys that were never probed come first, and none that cannot be.
    #[test]
    fn due_keys_come_in_the_order_of_their_wait() {
        let (board, _) = Board::open(Path::new("nowhere"));
        let mut wanted = assessment(&["a.example"], 1);
        wanted.verdicts[1].standing =
            Standing::new(vec![Problem::new("NO_ADDRESS", Gravity::Error, "none", Remedy::new("give one"))]);
        board.follow(&wanted, Path::new("nowhere"), 100);
        let failed =
            ProbeReport { verdict: ProbeVerdict::Unreachable, problems: vec![], addresses: vec![], expiring: false };
        board.hear(&About::Key(key("a.example", Challenge::Http01)), &Event::Probe(failed), 100);
        assert_eq!(board.due(101), [key("a.example", Challenge::Dns01)]);
        assert_eq!(board.due(200), [key("a.example", Challenge::Dns01), key("a.example", Challenge::Http01)]);
    }
}
