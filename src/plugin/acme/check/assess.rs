//! All checks of all names, together.

use super::addresses::{self, Look};
use super::asking::Asker;
use super::expected::expected;
use super::ground::Ground;
use super::names::{Need, Wanted, wanted};
use super::seat::{Seat, seat};
use super::way::{self, Way};
use super::{ca_name, caa, challenge_owner};
use crate::config::{Challenge, Settings};
use crate::dns::Name;
use crate::flow::Known;
use crate::pace::breathe;
use crate::plugin::acme::reach::{Basis, Event, Gravity, Key, Problem, Remedy, Standing, State, Told};
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};

/// What the static checks say of every name that needs a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// The CA.
    pub seat: Seat,
    /// One for each name and challenge, names sorted.
    pub verdicts: Vec<Verdict>,
}

/// What they say of one challenge of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is of.
    pub key: Key,
    /// What it was reached on.
    pub basis: Basis,
    /// Whether the challenge applies, and what is wrong.
    pub standing: Standing,
    /// What the CA is told.
    pub told: Told,
    /// Who wants the certificate.
    pub needs: Vec<Need>,
}

impl Verdict {
    /// The verdict as an event for its key.
    pub fn event(&self) -> Event {
        Event::Static { basis: self.basis.clone(), standing: self.standing.clone(), told: self.told.clone() }
    }

    /// [`Standing::state`]
    pub fn state(&self) -> State {
        self.standing.state()
    }
}

impl Assessment {
    /// The verdicts of one name, given in lower case without a final dot.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Verdict> {
        self.verdicts.iter().filter(move |verdict| verdict.key.name == name)
    }
}

/// Ports by challenge (RFC 8555 section 8.3, RFC 8737 section 3).
fn port(challenge: Challenge) -> Option<u16> {
    match challenge {
        Challenge::Http01 => Some(80),
        Challenge::TlsAlpn01 => Some(443),
        Challenge::Dns01 => None,
    }
}

/// Assesses every name that needs a certificate. Costs some ten questions to the snapshot a name.
pub fn assess(ground: &Ground<'_>) -> Assessment {
    let settings = &ground.snapshot.settings;
    let names = wanted(settings, ground.inventory, ground.also);
    if names.is_empty() {
        return Assessment::default();
    }
    let known = ground.inventory.map(|inventory| Known::new(settings, inventory));
    let seat = seat(ground, known.as_ref());
    let mut desk = Desk::new(ground, known.as_ref(), &seat);
    let verdicts = names.iter().flat_map(|wanted| desk.name(wanted)).collect();
    Assessment { seat, verdicts }
}

/// What all names share.
struct Desk<'d, 'g> {
    ground: &'d Ground<'g>,
    known: Option<&'d Known<'g>>,
    seat: &'d Seat,
    asker: Option<Asker<'g>>,
    of_ca: Vec<(usize, Problem)>,
    caa: caa::Seen,
    hosts: HashMap<(usize, Name), Vec<String>>,
    serials: HashMap<String, u32>,
    views: u64,
    ca: u64,
}

impl<'d, 'g> Desk<'d, 'g> {
    fn new(ground: &'d Ground<'g>, known: Option<&'d Known<'g>>, seat: &'d Seat) -> Self {
        let snapshot = ground.snapshot;
        let index = |name: &str| snapshot.views.iter().position(|view| view.name == name);
        let stand_in = || snapshot.horizons.client_of(seat.horizon.as_deref().and_then(index)?);
        // An address that no horizon covers is answered by none: nobody stands in for it.
        let client = match seat.addresses.first() {
            Some(first) => seat.horizon.as_ref().map(|_| *first),
            None => stand_in(),
        };
        let settings = &snapshot.settings;
        let rules: Vec<(&str, Vec<String>)> = settings
            .horizons
            .iter()
            .map(|horizon| (horizon.name.as_str(), horizon.clients.iter().map(ToString::to_string).collect()))
            .collect();
        let acme = &settings.acme;
        let ca = (&acme.directory, &acme.roots, &acme.fingerprint, &seat.addresses);
        Desk {
            ground,
            known,
            seat,
            asker: client.map(|client| Asker { snapshot, client }),
            of_ca: ca_name::look(ground, known, seat),
            caa: caa::Seen::new(),
            hosts: HashMap::new(),
            serials: HashMap::new(),
            views: Basis::hash(&rules),
            ca: Basis::hash(&ca),
        }
    }

    fn name(&mut self, wanted: &Wanted<'g>) -> Vec<Verdict> {
        breathe();
        let settings = &self.ground.snapshot.settings;
        let base = match &wanted.base {
            Ok(base) => base.clone(),
            Err(reason) => return self.invalid(wanted, reason),
        };
        let horizon = self.seat.horizon.clone().unwrap_or_default();
        let expected = expected(wanted, &horizon, settings, self.known);
        let look = Look {
            ground: self.ground,
            known: self.known,
            seat: self.seat,
            asker: self.asker,
            wanted,
            name: &base,
            expected: expected.as_ref(),
        };
        let (told, astray) = addresses::look(&look);
        let clients: Vec<IpAddr> = expected.iter().flat_map(|expected| expected.addresses.iter().copied()).collect();
        let to_ca = self.shut_to_clients(wanted, &clients);
        let (at_owner, caa) = match self.asker {
            Some(asker) => {
                let owner = challenge_owner::look(self.ground, asker, &horizon, &base, &clients, &mut self.hosts);
                (Some(owner), caa::look(asker, &base, wanted.wildcard, (&self.seat.host, &horizon), &mut self.caa))
            }
            None => (None, None),
        };
        let serial = self.serial(&horizon, told.zone.as_deref());
        let challenges = Challenge::ALL.into_iter();
        let verdict = |challenge| {
            let standing = match wanted.not_applicable(settings, challenge) {
                Some(reason) => Standing::not_applicable(reason),
                None => {
                    let mut problems = to_ca.clone();
                    problems.extend(caa.clone());
                    match port(challenge) {
                        Some(port) => {
                            problems.extend(astray.clone());
                            problems.extend(self.shut_to_ca(&told, port, challenge));
                        }
                        None => match &at_owner {
                            Some(owner) => problems.extend(owner.problems.clone()),
                            None => problems.extend(astray.clone()),
                        },
                    }
                    Standing::new(problems)
                }
            };
            let basis = Basis {
                zone_serial: serial,
                told_hash: match (port(challenge), &at_owner) {
                    (None, Some(owner)) => Basis::hash(&owner.seen),
                    _ => Basis::hash(&(format!("{told:?}"), port(challenge))),
                },
                view_rules_hash: self.views,
                ca_config_hash: self.ca,
                policy_hash: policy(settings, wanted, &standing),
                expected_targets: targets(&clients, port(challenge)),
            };
            let key = self.key(wanted, &horizon, challenge);
            Verdict { key, basis, standing, told: told.clone(), needs: wanted.needs.clone() }
        };
        challenges.map(verdict).collect()
    }

    fn key(&self, wanted: &Wanted<'_>, horizon: &str, challenge: Challenge) -> Key {
        Key { ca: self.seat.directory.clone(), name: wanted.text.clone(), horizon: horizon.to_owned(), challenge }
    }

    /// A text that no CA certifies: every challenge is blocked.
    fn invalid(&self, wanted: &Wanted<'_>, reason: &str) -> Vec<Verdict> {
        let summary = format!("`{}` is no host name, and no CA certifies it: {reason}", wanted.text);
        let mut problem = Problem::new("INVALID_NAME", Gravity::Error, summary, Remedy::new("correct the name"));
        problem.places = wanted.needs.iter().map(|need| need.place.clone()).collect();
        let standing = Standing::new(vec![problem]);
        let horizon = self.seat.horizon.clone().unwrap_or_default();
        let verdict = |challenge| Verdict {
            key: self.key(wanted, &horizon, challenge),
            basis: Basis { policy_hash: Basis::hash(&wanted.text), ..Basis::default() },
            standing: standing.clone(),
            told: Told { asker: self.seat.addresses.first().copied(), horizon: horizon.clone(), ..Told::default() },
            needs: wanted.needs.clone(),
        };
        Challenge::ALL.into_iter().map(verdict).collect()
    }

    /// What keeps the name's client from the CA: the CA's name, and firewalls. No challenge helps then.
    fn shut_to_clients(&self, wanted: &Wanted<'_>, clients: &[IpAddr]) -> Vec<Problem> {
        let snapshot = self.ground.snapshot;
        let own = wanted.owner.map(|owner| owner.addresses.iter().map(|own| own.address).collect::<Vec<_>>());
        let clients = own.filter(|own| !own.is_empty()).unwrap_or_else(|| clients.to_vec());
        let horizons: BTreeSet<usize> =
            clients.iter().filter_map(|client| snapshot.horizons.find(*client)).map(|found| found.horizon).collect();
        let named = self.of_ca.iter().filter(|(horizon, _)| horizons.is_empty() || horizons.contains(horizon));
        let mut problems: Vec<Problem> = named.map(|(_, problem)| problem.clone()).collect();
        let (Some(inventory), false) = (self.ground.inventory, self.seat.host.is_empty()) else { return problems };
        // Of several addresses one that gets through is enough.
        let pairs = clients.iter().flat_map(|client| self.seat.addresses.iter().map(move |ca| (*client, *ca)));
        let pairs = pairs.filter(|(client, ca)| client != ca && client.is_ipv4() == ca.is_ipv4());
        let looked: Vec<Option<Problem>> = pairs
            .map(|(from, to)| {
                way::look(inventory, Way { from, to, port: self.seat.port, purpose: "orders of the client" })
            })
            .collect();
        if looked.iter().all(|one| one.as_ref().is_some_and(Problem::stops)) {
            problems.extend(looked.into_iter().flatten().next());
        }
        problems
    }

    /// What keeps the CA from the addresses that it is told.
    fn shut_to_ca(&self, told: &Told, port: u16, challenge: Challenge) -> Vec<Problem> {
        let (Some(inventory), Some(from)) = (self.ground.inventory, self.seat.addresses.first().copied()) else {
            return Vec::new();
        };
        let same = told.addresses.iter().map(|(to, _)| *to).filter(|to| *to != from && to.is_ipv4() == from.is_ipv4());
        let looked = same.filter_map(|to| way::look(inventory, Way { from, to, port, purpose: challenge.name() }));
        looked.collect()
    }

    fn serial(&mut self, horizon: &str, zone: Option<&str>) -> u32 {
        let Some(zone) = zone else { return 0 };
        if let Some(serial) = self.serials.get(zone) {
            return *serial;
        }
        let view = self.ground.snapshot.view(horizon);
        let name = crate::dns::parse_name(zone).ok();
        let seen = view.zip(name).and_then(|(view, name)| view.zones.zone(&name));
        let serial = seen.map_or(0, |seen| seen.zone.serial());
        self.serials.insert(zone.to_owned(), serial);
        serial
    }
}

/// Of what is written about the name, and of all that is wrong with it but what the zones say anyhow.
fn policy(settings: &Settings, wanted: &Wanted<'_>, standing: &Standing) -> u64 {
    let own = format!("{:?}", wanted.of_config(settings));
    let codes: Vec<&str> = standing.problems.iter().filter(|one| one.stops()).map(|one| &*one.code).collect();
    Basis::hash(&(own, settings.acme.probe == crate::config::Probing::On, codes, standing.not_applicable))
}

fn targets(addresses: &[IpAddr], port: Option<u16>) -> BTreeSet<SocketAddr> {
    let Some(port) = port else { return BTreeSet::new() };
    addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}
