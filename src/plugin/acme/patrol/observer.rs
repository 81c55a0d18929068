//! Queries of the CA become facts: it asked for a name, or a value lives and it does not ask.

use super::super::LiveChallenge;
use super::super::board::{About, Standings};
use super::super::reach::{CaFact, Event, SeenQuery};
use super::round::Patrol;
use crate::config::Challenge;
use crate::dns::{Name, parse_name};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// How often it is looked which names and clients to watch.
const REFRESH: Duration = Duration::from_secs(3);
/// A value that lives this long without a query of the CA tells something: clients look for themselves first, and lego waits
/// for a minute between two names.
const SILENCE: u64 = 120;
/// A client that gave up long ago leaves its value behind: nothing is concluded then.
const FORGOTTEN: u64 = 600;

/// What was told, so that nothing is told twice.
#[derive(Debug, Default)]
pub(super) struct Observer {
    looked: Option<Instant>,
    watching: (Vec<IpAddr>, BTreeSet<Name>),
    /// By client and watched name: when it asked last, as it was told.
    told: HashMap<(IpAddr, Name), u64>,
    /// Values of which silence was told, by owner and second.
    silent: HashSet<(Name, u64)>,
}

impl Observer {
    pub(super) fn round(&mut self, patrol: &Patrol, now: Instant, at: u64) {
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < REFRESH) {
            return;
        }
        self.looked = Some(now);
        let standings = patrol.board.standings();
        let live = patrol.challenges.live();
        self.watch(patrol, &standings, &live);
        self.asked(patrol, &standings);
        self.silence(patrol, &standings, &live, at);
    }

    /// Watches the CA for every name that needs a certificate, and for every value that lives.
    fn watch(&mut self, patrol: &Patrol, standings: &Standings, live: &[LiveChallenge]) {
        let clients = standings.seat.addresses.clone();
        let wanted = standings.reaches.iter().flat_map(|reach| names(&reach.key.name));
        let names: BTreeSet<Name> = wanted.chain(live.iter().map(|one| one.owner.clone())).collect();
        if (&clients, &names) != (&self.watching.0, &self.watching.1) {
            patrol.watched.watch(&clients, names.iter().cloned());
            self.told.retain(|(client, name), _| clients.contains(client) && names.contains(name));
            self.watching = (clients, names);
        }
    }

    fn asked(&mut self, patrol: &Patrol, standings: &Standings) {
        let keys: BTreeSet<&str> = standings.reaches.iter().map(|reach| reach.key.name.as_str()).collect();
        for client in &self.watching.0 {
            for text in &keys {
                let mut watched = names(text);
                let (base, owner) = (watched.next(), watched.next());
                let by_address = base.map(|name| (name, false));
                for (name, is_text) in by_address.into_iter().chain(owner.map(|name| (name, true))) {
                    let Some(sight) = patrol.watched.sight(*client, &name) else { continue };
                    let Some(last) = (if is_text { sight.text } else { sight.address }) else { continue };
                    let told = self.told.entry((*client, name.clone())).or_default();
                    if *told >= last {
                        continue;
                    }
                    *told = last;
                    let (challenges, rtype) = match is_text {
                        true => (vec![Challenge::Dns01], "TXT"),
                        false => (vec![Challenge::Http01, Challenge::TlsAlpn01], "A"),
                    };
                    let query = SeenQuery {
                        at: last,
                        from: *client,
                        name: name.to_string(),
                        rtype: rtype.to_owned(),
                        transport: String::new(),
                    };
                    let about = About::Name { name: (*text).to_owned(), challenges };
                    patrol.notices.tell(about, Event::Ca(CaFact::Asked(query)));
                }
            }
        }
    }

    /// CA_NOT_ASKING: a value waits for the CA, and the CA does not come.
    fn silence(&mut self, patrol: &Patrol, standings: &Standings, live: &[LiveChallenge], at: u64) {
        let since = |one: &LiveChallenge| one.since.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.silent.retain(|(owner, second)| live.iter().any(|one| one.owner == *owner && since(one) == *second));
        let Some(first) = self.watching.0.first().copied() else { return };
        for one in live {
            let begun = since(one);
            let age = at.saturating_sub(begun);
            if !(SILENCE..FORGOTTEN).contains(&age) || self.silent.contains(&(one.owner.clone(), begun)) {
                continue;
            }
            let came = self.watching.0.iter().any(|client| {
                let seen = patrol.watched.sight(*client, &one.owner).and_then(|sight| sight.text);
                seen.is_some_and(|seen| seen >= begun)
            });
            if came {
                continue;
            }
            self.silent.insert((one.owner.clone(), begun));
            let meant: BTreeSet<&str> = standings
                .reaches
                .iter()
                .map(|reach| reach.key.name.as_str())
                .filter(|text| names(text).any(|name| name == one.owner))
                .collect();
            for name in meant {
                let about = About::Name { name: name.to_owned(), challenges: vec![Challenge::Dns01] };
                patrol.notices.tell(about, Event::Ca(CaFact::NotAsking { ca: first, window: age }));
            }
        }
    }
}

/// The name that a CA asks the address of, and the owner of its challenge values; a wildcard's are those of its base.
fn names(text: &str) -> impl Iterator<Item = Name> + use<> {
    let base = text.strip_prefix("*.").unwrap_or(text);
    let owner = parse_name(&format!("_acme-challenge.{base}")).ok();
    parse_name(base).ok().into_iter().chain(owner)
}

#[cfg(test)]
mod tests {
    use super::super::super::board::{Board, Notices};
    use super::super::super::check::{Assessment, Seat, Verdict};
    use super::super::super::probe::lab_snapshot;
    use super::super::super::reach::{Basis, Key, Standing, Told};
    use super::super::super::{Challenges, Scope};
    use super::*;
    use crate::query::Watched;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::SystemTime;

    /// A query of the CA is told once; a value that it does not ask for is told once, too.
    #[test]
    fn the_ca_is_seen_and_missed() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = Arc::new(lab_snapshot("[acme]\n"));
        let (challenges, _) = Challenges::open(folder.path(), Arc::clone(&snapshot.overlay)).unwrap();
        let (board, _) = Board::open(folder.path());
        let ca: IpAddr = "10.0.0.10".parse().unwrap();
        let key = |challenge| Key {
            ca: "https://ca/directory".into(),
            name: "app.example.org".into(),
            horizon: "internal".into(),
            challenge,
        };
        let verdicts = Challenge::ALL.map(|challenge| Verdict {
            key: key(challenge),
            basis: Basis::default(),
            standing: Standing::new(Vec::new()),
            told: Told::default(),
            needs: Vec::new(),
        });
        let seat = Seat { addresses: vec![ca], ..Seat::default() };
        board.follow(&Assessment { seat, verdicts: verdicts.to_vec() }, Path::new("nowhere"), 1);
        let (notices, mut heard) = Notices::channel();
        let serving = Arc::clone(&snapshot);
        let patrol = Patrol {
            ground: Box::new(move || (Arc::clone(&serving), None)),
            board: Arc::new(board),
            notices,
            challenges: Arc::new(challenges),
            watched: Arc::new(Watched::default()),
        };
        let (mut observer, start) = (Observer::default(), Instant::now());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut round = |observer: &mut Observer, after: u64| {
            observer.round(&patrol, start + Duration::from_secs(after), now + after);
            let mut said = Vec::new();
            while let Ok(notice) = heard.try_recv() {
                let About::Name { name, challenges } = notice.about else { panic!() };
                let what = match notice.event {
                    Event::Ca(CaFact::Asked(query)) => format!("asked {} {}", query.name, query.rtype),
                    Event::Ca(CaFact::NotAsking { ca, window }) => format!("{ca} silent for {window}"),
                    other => format!("{other:?}"),
                };
                said.push(format!("{name} {}: {what}", challenges.len()));
            }
            said
        };
        assert_eq!(round(&mut observer, 0), Vec::<String>::new());
        assert!(patrol.watched.is_on());
        let name = parse_name("app.example.org").unwrap();
        patrol.watched.note(ca, name.as_slice(), 28);
        assert_eq!(round(&mut observer, 1), Vec::<String>::new(), "not looked again yet");
        assert_eq!(round(&mut observer, 4), ["app.example.org 2: asked app.example.org A"]);
        assert_eq!(round(&mut observer, 8), Vec::<String>::new(), "told once");
        let owner = parse_name("_acme-challenge.app.example.org").unwrap();
        patrol.challenges.present(&owner, b"value", &Scope::default()).unwrap();
        assert_eq!(round(&mut observer, 60), Vec::<String>::new(), "it may still come");
        let silent = round(&mut observer, 125);
        assert!(silent.len() == 1 && silent[0].starts_with("app.example.org 1: 10.0.0.10 silent for 12"), "{silent:?}");
        assert_eq!(round(&mut observer, 130), Vec::<String>::new(), "told once");
        patrol.challenges.withdraw(&owner, None).unwrap();
        patrol.challenges.present(&owner, b"another", &Scope::default()).unwrap();
        patrol.watched.note(ca, owner.as_slice(), 16);
        assert_eq!(round(&mut observer, 135), ["app.example.org 1: asked _acme-challenge.app.example.org TXT"]);
        assert_eq!(round(&mut observer, 300), Vec::<String>::new(), "it came");
    }
}
