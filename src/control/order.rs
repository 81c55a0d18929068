//! `acme order`: an order of our own at the CA, and what was seen of the CA meanwhile.

use super::Desk;
use crate::config::Challenge;
use crate::dns::parse_name;
use crate::plugin::acme::About;
use crate::plugin::acme::check::Seat;
use crate::plugin::acme::order::Order;
use crate::plugin::acme::order::OrderGround;
use crate::plugin::acme::order::OrderReport;
use crate::plugin::acme::order::Step;
use crate::plugin::acme::order::order as run;
use crate::plugin::acme::reach::CaFact;
use crate::plugin::acme::reach::Event;
use crate::plugin::acme::reach::Gravity;
use crate::plugin::acme::reach::Problem;
use crate::plugin::acme::reach::Remedy;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Runs the order and tells the board what it proved.
pub(super) async fn order(wanted: Order, desk: &Desk) -> OrderReport {
    let seat = desk.reaches.standings().seat;
    let snapshot = Arc::clone(&desk.published.load().snapshot);
    let begun = now();
    let before = counts(&seat, desk, &wanted);
    let ground = OrderGround::new(snapshot, Arc::clone(&desk.challenges), &seat);
    let mut report = run(&ground, &wanted).await;
    if let Some(leaf) = &report.certificate {
        let event = Event::Issued { lifetime: leaf.lifetime().as_secs() };
        let about = About::Name { name: report.name.clone(), challenges: vec![Challenge::Dns01] };
        desk.reaches.hear(&about, &event, now());
    }
    if let (Some(challenge), Some(_)) = (wanted.challenge, &report.said) {
        let after = counts(&seat, desk, &wanted);
        correlate(&seat, desk, challenge, &before, &after, begun, &mut report);
    }
    report
}

/// Whether the CA asked us while its challenge ran: without a question it goes by something else than our answer.
fn correlate(
    seat: &Seat,
    desk: &Desk,
    challenge: Challenge,
    before: &[u64],
    after: &[u64],
    begun: u64,
    report: &mut OrderReport,
) {
    let base = report.name.strip_prefix("*.").unwrap_or(&report.name);
    let asked = asked_for(base, challenge);
    let window = now().saturating_sub(begun);
    let (Some(ca), false) = (seat.addresses.first().copied(), before.is_empty()) else {
        report.steps.push(Step {
            step: "observation".to_owned(),
            seen: "the queries of the CA are not watched: its address is not known, or the name needs no certificate"
                .to_owned(),
        });
        return;
    };
    // A list that became longer meanwhile was watched too late to tell.
    if before != after {
        let seen = format!("{ca} asked this server for {asked} meanwhile");
        report.steps.push(Step { step: "observation".to_owned(), seen });
        return;
    }
    let seen = format!("{ca} asked this server nothing about {asked} in {window} s");
    report.steps.push(Step { step: "observation".to_owned(), seen: seen.clone() });
    let remedy = Remedy::new(
        "in the CA's guest look for a hosts line, another resolver, a cache or a proxy in between; the CA needs no restart",
    )
    .run(format!("getent ahosts {base}"))
    .run(format!("grep -n {base} /etc/hosts"))
    .run("cat /etc/resolv.conf");
    report.problems.push(Problem::new("CA_NOT_ASKING", Gravity::Error, seen, remedy));
    let about = About::Name { name: report.name.clone(), challenges: vec![challenge] };
    desk.reaches.hear(&about, &Event::Ca(CaFact::NotAsking { ca, window }), now());
}

/// How often each address of the CA has asked for what the challenge needs; empty when that is not watched.
fn counts(seat: &Seat, desk: &Desk, wanted: &Order) -> Vec<u64> {
    let name = wanted.name.trim_end_matches('.').to_ascii_lowercase();
    let base = name.strip_prefix("*.").unwrap_or(&name);
    let Some(asked) = wanted.challenge.and_then(|challenge| parse_name(&asked_for(base, challenge)).ok()) else {
        return Vec::new();
    };
    let count = |client: &IpAddr| desk.watched.sight(*client, &asked).map(|sight| sight.count);
    seat.addresses.iter().filter_map(count).collect()
}

/// The name that a CA asks for.
fn asked_for(base: &str, challenge: Challenge) -> String {
    match challenge {
        Challenge::Dns01 => format!("_acme-challenge.{base}"),
        Challenge::Http01 | Challenge::TlsAlpn01 => base.to_owned(),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
