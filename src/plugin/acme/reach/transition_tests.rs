//! Every arrow of the state machine, and what must never happen.

use super::*;
use crate::config::Challenge;

const NOW: u64 = 1_000_000;

fn key() -> Key {
    Key {
        ca: "https://ca.internal.example:9000/acme/acme/directory".to_owned(),
        name: "traefik.internal.example".to_owned(),
        horizon: "internal".to_owned(),
        challenge: Challenge::Http01,
    }
}

fn ground(told_hash: u64, problems: Vec<Problem>) -> Event {
    let basis = Basis { told_hash, zone_serial: 7, ..Basis::default() };
    Event::Static { basis, standing: Standing::new(problems), told: Told::default() }
}

fn stops() -> Problem {
    Problem::new("TARGET_NOT_EXPECTED", Gravity::Error, "it leads to the gateway", Remedy::new("set it"))
}

fn probe(verdict: ProbeVerdict) -> Event {
    Event::Probe(ProbeReport { verdict, problems: Vec::new(), addresses: Vec::new(), expiring: false })
}

fn asked(at: u64) -> Event {
    Event::Ca(CaFact::Asked(SeenQuery {
        at,
        from: "10.0.0.10".parse().unwrap(),
        name: key().name,
        rtype: "A".to_owned(),
        transport: "udp".to_owned(),
    }))
}

fn misdirected() -> Event {
    let hit = TripwireHit {
        at: NOW,
        from: "10.0.0.10".parse().unwrap(),
        host: key().name,
        came_to: "10.0.0.153".parse().ok(),
        token_hash: String::new(),
    };
    Event::Ca(CaFact::Misdirected { hit, told: vec!["10.0.0.12".parse().unwrap()] })
}

fn ca_failed() -> Event {
    let urn = "urn:ietf:params:acme:error:connection".to_owned();
    Event::Ca(CaFact::Failed { urn, detail: "The server could not connect to validation target".to_owned() })
}

fn not_asking() -> Event {
    Event::Ca(CaFact::NotAsking { ca: "10.0.0.10".parse().unwrap(), window: 30 })
}

fn here(system: &str) -> Event {
    let told = vec!["10.0.0.12".parse().unwrap()];
    Event::Ca(CaFact::Here { system: vec![system.parse().unwrap()], told, problems: Vec::new() })
}

fn ack() -> Event {
    Event::Ack { by: "root".to_owned() }
}

/// A key in each state, reached by events only.
fn in_state(state: State) -> Reach {
    use ProbeVerdict::{Degraded, Reachable, Unreachable};
    let events = match state {
        State::Unknown => vec![],
        State::Blocked => vec![ground(1, vec![stops()])],
        State::Plausible => vec![ground(1, vec![])],
        State::Reachable => vec![ground(1, vec![]), probe(Reachable)],
        State::Degraded => vec![ground(1, vec![]), probe(Degraded)],
        State::Unreachable => vec![ground(1, vec![]), probe(Unreachable)],
        State::Contradicted => vec![ground(1, vec![]), misdirected()],
        State::Verified => vec![ground(1, vec![]), Event::Issued { lifetime: 86_400 }],
        State::NotApplicable(reason) => {
            let standing = Standing::not_applicable(reason);
            vec![Event::Static { basis: Basis::default(), standing, told: Told::default() }]
        }
    };
    let reach = events.iter().fold(Reach::new(key()), |reach, event| reach.after(event, NOW));
    assert_eq!(reach.state, state);
    reach
}

/// The arrows, each with its reason.
#[test]
fn each_event_leads_where_it_should() {
    use ProbeVerdict::{Degraded, Reachable, Unreachable};
    let table: Vec<(&str, State, Event, State, Evidence)> = vec![
        ("static ok", State::Unknown, ground(1, vec![]), State::Plausible, Evidence::Static),
        ("static fails", State::Unknown, ground(1, vec![stops()]), State::Blocked, Evidence::Static),
        ("a probe meets the server", State::Plausible, probe(Reachable), State::Reachable, Evidence::Probed),
        ("a probe meets it half", State::Reachable, probe(Degraded), State::Degraded, Evidence::Probed),
        ("a probe fails", State::Degraded, probe(Unreachable), State::Unreachable, Evidence::Probed),
        ("it works again", State::Unreachable, probe(Reachable), State::Reachable, Evidence::Probed),
        (
            "a probe of a wrong address proves nothing",
            State::Blocked,
            probe(Reachable),
            State::Blocked,
            Evidence::Static,
        ),
        ("an issue is stronger than a probe", State::Verified, probe(Unreachable), State::Verified, Evidence::Issued),
        ("the CA failed", State::Reachable, ca_failed(), State::Contradicted, Evidence::CaObserved),
        ("the CA failed", State::Plausible, ca_failed(), State::Contradicted, Evidence::CaObserved),
        ("the CA failed", State::Verified, ca_failed(), State::Contradicted, Evidence::CaObserved),
        ("we say the same", State::Blocked, ca_failed(), State::Blocked, Evidence::Static),
        ("we say the same", State::Unreachable, ca_failed(), State::Unreachable, Evidence::Probed),
        ("the CA asked nothing", State::Degraded, not_asking(), State::Contradicted, Evidence::CaObserved),
        ("the CA came elsewhere", State::Reachable, misdirected(), State::Contradicted, Evidence::CaObserved),
        ("the CA came elsewhere: proof", State::Unreachable, misdirected(), State::Contradicted, Evidence::CaObserved),
        (
            "not renewed",
            State::Verified,
            Event::Ca(CaFact::Unrenewed { left: 60 }),
            State::Contradicted,
            Evidence::CaObserved,
        ),
        ("issued", State::Contradicted, Event::Issued { lifetime: 86_400 }, State::Verified, Evidence::Issued),
        ("issued", State::Blocked, Event::Issued { lifetime: 86_400 }, State::Verified, Evidence::Issued),
        ("the basis changed", State::Reachable, ground(2, vec![]), State::Plausible, Evidence::Static),
        ("the basis changed", State::Verified, ground(2, vec![stops()]), State::Blocked, Evidence::Static),
        ("the same basis", State::Reachable, ground(1, vec![]), State::Reachable, Evidence::Probed),
        ("mended", State::Blocked, ground(2, vec![]), State::Plausible, Evidence::Static),
        (
            "zones cannot mend the CA's guest",
            State::Contradicted,
            ground(2, vec![]),
            State::Contradicted,
            Evidence::CaObserved,
        ),
        ("our probe is green", State::Contradicted, probe(Reachable), State::Contradicted, Evidence::CaObserved),
        ("the CA asks again", State::Contradicted, asked(NOW + 5), State::Plausible, Evidence::Static),
        ("the CA asked before it", State::Contradicted, asked(NOW - 5), State::Contradicted, Evidence::CaObserved),
        ("its guest agrees", State::Contradicted, here("10.0.0.12"), State::Plausible, Evidence::Static),
        ("its guest does not", State::Plausible, here("10.0.0.153"), State::Contradicted, Evidence::CaObserved),
        ("a person's word", State::Contradicted, ack(), State::Plausible, Evidence::Static),
        ("nothing to settle", State::Unreachable, ack(), State::Unreachable, Evidence::Probed),
        (
            "it does not apply",
            State::NotApplicable(Reason::Wildcard),
            misdirected(),
            State::NotApplicable(Reason::Wildcard),
            Evidence::Static,
        ),
    ];
    for (why, from, event, to, evidence) in table {
        let after = in_state(from).after(&event, NOW + 10);
        assert_eq!((after.state, after.evidence), (to, evidence), "{why}: {from} {event:?}");
    }
}

/// The table of how long each kind of evidence counts.
#[test]
fn evidence_counts_as_long_as_the_table_says() {
    let tick = |reach: Reach, seconds: u64| reach.after(&Event::Tick, NOW + seconds).state;
    let table = [
        ("static has no end", in_state(State::Plausible), 1 << 40, State::Plausible),
        ("a probe counts 6 h, less a fifth", in_state(State::Reachable), 6 * 3600 * 8 / 10 - 1, State::Reachable),
        ("and a fifth more at most", in_state(State::Reachable), 6 * 3600 * 12 / 10, State::Plausible),
        ("the same half met", in_state(State::Degraded), 6 * 3600 * 12 / 10, State::Plausible),
        ("a failed one stays", in_state(State::Unreachable), 1 << 40, State::Unreachable),
        ("half the life of a certificate of 24 h", in_state(State::Verified), 43_199, State::Verified),
        ("and no longer", in_state(State::Verified), 43_200, State::Plausible),
        ("a contradiction stays", in_state(State::Contradicted), 1 << 40, State::Contradicted),
    ];
    for (why, reach, seconds, expected) in table {
        assert_eq!(tick(reach, seconds), expected, "{why}");
    }
    let long = in_state(State::Plausible).after(&Event::Issued { lifetime: 90 * 86_400 }, NOW);
    assert_eq!(long.expires_at, Some(NOW + 86_400), "24 h at most");
    assert!(in_state(State::Contradicted).is_stale(NOW + 86_400));
    let expiring =
        ProbeReport { verdict: ProbeVerdict::Reachable, problems: vec![], addresses: vec![], expiring: true };
    let soon = in_state(State::Plausible).after(&Event::Probe(expiring), NOW).expires_at.unwrap();
    assert!((NOW + 720..=NOW + 1080).contains(&soon), "15 min, a fifth to either side: {soon}");
}

/// Back-off, suspension, and what begins it anew.
#[test]
fn failed_probes_back_off_and_a_change_begins_anew() {
    let mut reach = in_state(State::Plausible);
    assert!(reach.probe_due(NOW));
    for fails in 1..=9u32 {
        reach = reach.after(&probe(ProbeVerdict::Unreachable), NOW);
        let (wait, next) = (back_off(fails), reach.next_at.unwrap() - NOW);
        assert!((wait * 8 / 10..=wait * 12 / 10).contains(&next), "{fails}: {next}");
        assert_eq!((reach.fails, reach.suspended()), (fails, fails >= 8));
        assert!(!reach.probe_due(NOW + 1));
    }
    let anew = [Event::ProbeNow, ground(2, vec![]), probe(ProbeVerdict::Reachable)];
    for event in anew {
        let after = reach.clone().after(&event, NOW + 5);
        assert_eq!((after.fails, after.suspended()), (0, false), "{event:?}");
    }
    assert!(reach.clone().after(&ground(2, vec![]), NOW + 5).probe_due(NOW + 5));
    assert!(
        !reach.after(&ground(1, vec![]), NOW + 5).probe_due(NOW + 5),
        "a reload that changes nothing hurries nobody"
    );
}

/// For 180 s after a change of what it is told, the CA may go where a kept connection leads.
#[test]
fn a_kept_connection_is_no_contradiction() {
    let changed = in_state(State::Plausible).after(&ground(2, vec![]), NOW);
    for event in [misdirected(), ca_failed(), not_asking()] {
        let soon = changed.clone().after(&event, NOW + 179);
        assert_eq!(soon.state, State::Plausible, "{event:?}");
        assert_eq!(soon.contradictions[0].severity, Gravity::Warning);
        assert_eq!(changed.clone().after(&event, NOW + 180).state, State::Contradicted, "{event:?}");
    }
    let first = in_state(State::Plausible).after(&misdirected(), NOW + 1);
    assert_eq!(first.state, State::Contradicted, "a first load is no change");
}

/// Whatever comes, in whatever order: probes, time and zones never end a contradiction.
#[test]
fn nothing_of_ours_ends_a_contradiction() {
    let ours = |dice: u64| match dice % 9 {
        0 => probe(ProbeVerdict::Reachable),
        1 => probe(ProbeVerdict::Degraded),
        2 => probe(ProbeVerdict::Unreachable),
        3 => ground(dice >> 8, vec![]),
        4 => ground(dice >> 8, vec![stops()]),
        5 => Event::Tick,
        6 => Event::ProbeNow,
        7 => Event::Ca(CaFact::Described { facts: CaFacts::default(), problems: vec![] }),
        _ => ca_failed(),
    };
    let mut dice = 1u64;
    for round in 0..2_000u64 {
        let mut reach = in_state([State::Plausible, State::Reachable, State::Verified][round as usize % 3]);
        let (mut now, mut contradicted) = (NOW, false);
        for _ in 0..40 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round | 1);
            now += (dice >> 50) % 40_000;
            let event = if dice >> 60 == 0 { misdirected() } else { ours(dice >> 20) };
            reach = reach.after(&event, now);
            assert!(!contradicted || reach.state == State::Contradicted, "round {round}: {event:?}");
            contradicted = reach.state == State::Contradicted;
        }
    }
}

/// What is remembered stays small whatever strangers send, and goes over the socket unchanged.
#[test]
fn what_is_remembered_is_bounded_and_survives_the_socket() {
    let mut reach = in_state(State::Plausible);
    let mut address = AddressFacts::new("10.0.0.12:80".parse().unwrap(), "x".repeat(1_000));
    address.server = Some("\u{1b}[31m".repeat(1_000));
    address.names = vec!["n".to_owned(); 500];
    let report = Event::Probe(ProbeReport {
        verdict: ProbeVerdict::Degraded,
        problems: vec![stops(); 100],
        addresses: vec![address; 100],
        expiring: false,
    });
    for round in 0..100 {
        reach = reach.after(&asked(NOW + round), NOW).after(&misdirected(), NOW).after(&report, NOW);
    }
    let json = serde_json::to_string(&reach).unwrap();
    assert!(json.len() < 64 << 10, "{} octets", json.len());
    assert!(!json.contains("\\u001b"), "a terminal's escape got through");
    assert_eq!(serde_json::from_str::<Reach>(&json).unwrap(), reach);
}
