//! Where the CA is sent for http-01 and tls-alpn-01: the addresses that it is told, beside those that are meant.

use super::address_faults::{self, Meant};
use super::asking::{Asker, Heard};
use super::expected::Expected;
use super::ground::Ground;
use super::names::Wanted;
use super::seat::Seat;
use crate::answer::Rule;
use crate::dns::{Name, Rtype, parse_name, present_name};
use crate::flow::Known;
use crate::plugin::acme::reach::{Gravity, Problem, Remedy, Told};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// One name, looked at from the CA's seat.
pub(super) struct Look<'l, 'g> {
    pub(super) ground: &'l Ground<'g>,
    pub(super) known: Option<&'l Known<'g>>,
    pub(super) seat: &'l Seat,
    /// The client that asks for the CA: the CA itself, or somebody of its horizon.
    pub(super) asker: Option<Asker<'g>>,
    pub(super) wanted: &'l Wanted<'g>,
    pub(super) name: &'l Name,
    pub(super) expected: Option<&'l Expected>,
}

/// What the CA is told, and what is wrong with that.
pub(super) fn look(look: &Look<'_, '_>) -> (Told, Vec<Problem>) {
    let mut told = Told { asker: look.seat.addresses.first().copied(), ..Told::default() };
    let (Some(asker), Some(horizon)) = (look.asker, look.seat.horizon.as_deref()) else {
        return (told, vec![address_faults::no_horizon(look.seat)]);
    };
    let (heard, addresses) = asker.addresses(look.name);
    horizon.clone_into(&mut told.horizon);
    told.zone = heard.zone().map(|zone| present_name(zone.as_slice()));
    told.chain = heard.chain().iter().map(|name| present_name(name.as_slice())).collect();
    told.addresses.clone_from(&addresses);
    told.rule = heard.rule().map(word).unwrap_or_default().to_owned();
    let meant = Meant { look, horizon, heard: &heard };
    let mut problems = Vec::new();
    let only: Vec<IpAddr> = addresses.iter().map(|(address, _)| *address).collect();
    problems.extend(looped(&meant));
    if problems.is_empty() {
        problems.extend(leaves(&meant, only.is_empty()));
        let left = heard.rule() == Some(Rule::NotOurs) && !told.chain.is_empty();
        if only.is_empty() && !left {
            problems.extend(nothing(&meant));
        }
    }
    if !only.is_empty() {
        problems.extend(not_expected(&meant, &only));
    }
    if let Some(problem) = other_horizon(&meant, &only, &problems) {
        problems.retain(|known| !matches!(&*known.code, "NO_ADDRESS" | "TARGET_NOT_EXPECTED"));
        problems.insert(0, problem);
    }
    problems.extend(meant.public_address(&only));
    (told, problems)
}

fn word(rule: Rule) -> &'static str {
    match rule {
        Rule::Exact => "exact",
        Rule::Wildcard => "wildcard",
        Rule::Alias | Rule::WildcardAlias => "alias",
        Rule::Dname => "dname",
        Rule::Delegation => "delegation",
        Rule::NoData | Rule::WildcardNoData => "no-data",
        Rule::EmptyNonTerminal => "empty-non-terminal",
        Rule::NxDomain => "no-name",
        Rule::Overlay | Rule::OverlayNoData | Rule::ChallengeNoData => "challenge",
        Rule::NotOurs => "none",
    }
}

/// CNAME_LOOP: a name of the chain comes again.
fn looped(meant: &Meant<'_, '_, '_>) -> Option<Problem> {
    let mut seen: BTreeSet<&Name> = BTreeSet::new();
    let again = meant.heard.steps.iter().map(|step| &step.name).find(|name| !seen.insert(name)).cloned();
    // The engine stops before it searches a name twice.
    let chain = meant.heard.chain();
    let again = again.or_else(|| {
        chain
            .iter()
            .enumerate()
            .find(|(at, name)| *name == meant.look.name || chain[..*at].contains(name))
            .map(|(_, name)| name.clone())
    })?;
    let shown = present_name(again.as_slice());
    let remedy = Remedy::new("break the circle: give one of the names its address")
        .run(format!("zonectl rm {shown} CNAME --all --horizon {}", meant.horizon))
        .run(meant.set_command_for(&again));
    let summary = format!("its aliases lead back to {shown}: no resolver gets an address");
    Some(meant.placed(Problem::new("CNAME_LOOP", Gravity::Error, summary, remedy), &again, Rtype::CNAME))
}

/// CNAME_LEAVES_ZONE: the chain ends at a name that none of our zones holds.
fn leaves(meant: &Meant<'_, '_, '_>, empty: bool) -> Option<Problem> {
    let last = meant.heard.steps.last().filter(|_| meant.heard.steps.len() > 1)?;
    if !matches!(last.rule, Rule::NotOurs | Rule::Delegation) || !empty {
        return None;
    }
    let target = present_name(last.name.as_slice());
    let forwards = meant.look.ground.snapshot.view(meant.horizon).is_some_and(|view| view.forward);
    let (gravity, then) = match forwards {
        true => (Gravity::Warning, "others answer for that name, and nothing here can check them"),
        false => (Gravity::Error, "clients of this horizon get no answer for it"),
    };
    let summary = format!("its alias leads to {target}, which lies outside of our zones: {then}");
    let remedy = meant.mended(Remedy::new("lead it to a name of our own, or to an address"));
    Some(meant.placed(Problem::new("CNAME_LEAVES_ZONE", gravity, summary, remedy), meant.look.name, Rtype::CNAME))
}

/// NO_ADDRESS and what may be behind it: a doubled name, an empty non-terminal that a challenge made, a search list.
fn nothing(meant: &Meant<'_, '_, '_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = meant.look.name;
    let shown = present_name(name.as_slice());
    if meant.heard.rule() == Some(Rule::EmptyNonTerminal)
        && let Some(problem) = wildcard_ent(meant)
    {
        return vec![problem];
    }
    let rule = match meant.heard.rule() {
        Some(Rule::NxDomain) => "the name does not exist",
        Some(Rule::NotOurs) | None => "no zone of this horizon holds the name",
        Some(Rule::Delegation) => "it is delegated to others",
        _ => "the name exists and has no address",
    };
    let summary = format!("the CA gets no address for {shown} in horizon `{}`: {rule}", meant.horizon);
    let remedy = Remedy::new("give it the address of the machine that answers its challenges, or prove it by dns-01")
        .run(meant.set_command());
    let mut problem = Problem::new("NO_ADDRESS", Gravity::Error, summary, remedy);
    if let Some(need) = meant.look.wanted.needs.first() {
        problem = problem.because(format!("wanted by the {}", need.by)).seen_at(need.place.clone());
    }
    problems.push(problem);
    if let Some(zone) = meant.heard.zone() {
        problems.extend(doubled(meant, zone));
    }
    problems.extend(captured(meant));
    problems
}

/// WILDCARD_ENT: a record below the name makes it exist without records, so that the wildcard no longer covers it
/// (RFC 4592 section 2.2.2).
fn wildcard_ent(meant: &Meant<'_, '_, '_>) -> Option<Problem> {
    let asker = meant.look.asker?;
    let parent = meant.look.name.parent()?;
    // Of a name beside it that does not exist the same wildcard is asked.
    let probe = parse_name(&format!("horizon-probe-of-the-wildcard.{parent}")).ok()?;
    let (beside, found) = asker.addresses(&probe);
    if beside.rule() != Some(Rule::Wildcard) || found.is_empty() {
        return None;
    }
    let shown = present_name(meant.look.name.as_slice());
    let owner = format!("_acme-challenge.{shown}");
    let summary = format!("a record below {shown} makes the name exist, so the wildcard no longer gives it an address");
    let remedy = Remedy::new(
        "challenge values belong above the zones, not into a zone file: remove the record, or give the name its own address",
    )
    .run(format!("zonectl rm {owner} TXT --all --horizon {}", meant.horizon))
    .run(meant.set_command());
    let problem = Problem::new("WILDCARD_ENT", Gravity::Error, summary, remedy);
    let owner = parse_name(&owner).ok()?;
    Some(meant.placed(problem, &owner, Rtype::TXT))
}

/// DOUBLED_LABEL: the name was written whole where a relative one was meant, without its final dot.
fn doubled(meant: &Meant<'_, '_, '_>, zone: &Name) -> Option<Problem> {
    let asker = meant.look.asker?;
    let twice = parse_name(&format!("{}.{zone}", meant.look.name)).ok()?;
    let heard = asker.ask(&twice, Rtype::A);
    if heard.rule() != Some(Rule::Exact) {
        return None;
    }
    let shown = present_name(twice.as_slice());
    let summary = format!("{shown} has an address: the name was written whole, and without its final dot");
    let remedy = Remedy::new("move it").run(format!(
        "zonectl mv {shown} {} --horizon {}",
        present_name(meant.look.name.as_slice()),
        meant.horizon
    ));
    Some(meant.placed(Problem::new("DOUBLED_LABEL", Gravity::Warning, summary, remedy), &twice, Rtype::A))
}

/// WILDCARD_SEARCH_CAPTURE: a CA whose resolver has a search list asks for NAME.ZONE next, and a wildcard answers that.
fn captured(meant: &Meant<'_, '_, '_>) -> Option<Problem> {
    if meant.heard.rule() != Some(Rule::NxDomain) {
        return None;
    }
    let asker = meant.look.asker?;
    let zones = meant.look.ground.snapshot.view(meant.horizon)?.zones.iter().take(SEARCHED);
    for zone in zones.map(|seen| seen.zone.origin()) {
        let Ok(expanded) = parse_name(&format!("{}.{zone}", meant.look.name)) else { continue };
        let (heard, found) = asker.addresses(&expanded);
        let (Some(Rule::Wildcard), Some((address, _))) = (heard.rule(), found.first()) else { continue };
        let shown = present_name(expanded.as_slice());
        let summary =
            format!("a CA that searches `{zone}` asks for {shown} next, and a wildcard sends it to {address}");
        let remedy = Remedy::new("give the name itself its address; or start step-ca with `--acme-strict-fqdn`, or take the search list out of the CA's resolv.conf")
            .run(meant.set_command())
            .on(meant.look.seat.guest.clone().unwrap_or_else(|| "the CA's guest".to_owned()));
        return Some(Problem::new("WILDCARD_SEARCH_CAPTURE", Gravity::Warning, summary, remedy));
    }
    None
}

/// Zones that a search list is taken to name.
const SEARCHED: usize = 16;

/// TARGET_NOT_EXPECTED: it is sent to a machine that does not answer for the name.
fn not_expected(meant: &Meant<'_, '_, '_>, told: &[IpAddr]) -> Option<Problem> {
    let nowhere = told.iter().find(|address| is_nowhere(**address));
    let expected = meant.look.expected;
    let astray: Vec<IpAddr> = match expected {
        Some(expected) => told.iter().copied().filter(|address| !expected.addresses.contains(address)).collect(),
        None => nowhere.into_iter().copied().collect(),
    };
    let first = *astray.first()?;
    let gravity = if astray.len() == told.len() { Gravity::Error } else { Gravity::Warning };
    let name = present_name(meant.look.name.as_slice());
    let whose = |address: IpAddr| {
        meant.look.known.map_or_else(|| address.to_string(), |known| format!("{address} ({})", known.whose(address)))
    };
    let summary = match (expected, nowhere) {
        (_, Some(nowhere)) => format!("{name} leads to {nowhere}, which is no machine that the CA could reach"),
        (Some(expected), None) => {
            let meant = expected.addresses.iter().map(|address| whose(*address)).collect::<Vec<_>>().join(", ");
            format!("{name} leads the CA to {}, and its challenges are answered at {meant}", whose(first))
        }
        (None, None) => return None,
    };
    let mut remedy = meant.mended(Remedy::new("lead it to the machine that answers, or prove it by dns-01"));
    if nowhere.is_none() {
        let targets: Vec<String> = told.iter().map(|address| format!("\"{address}\"")).collect();
        let line = format!("[acme.name.\"{}\"] targets = [{}]", meant.look.wanted.text, targets.join(", "));
        remedy.text.push_str(&format!("; if that machine is meant, write `{line}`"));
    }
    let mut problem = Problem::new("TARGET_NOT_EXPECTED", gravity, summary, remedy);
    if let Some(expected) = expected {
        problem = problem.because(format!("expected by {}", expected.by));
    }
    let rtype = if first.is_ipv4() { Rtype::A } else { Rtype::AAAA };
    let problem = meant.placed(problem, meant.look.name, rtype);
    Some(match expected.and_then(|expected| expected.place.clone()) {
        Some(place) => problem.seen_at(place),
        None => problem,
    })
}

/// Loopback is the CA's own machine; the rest is no machine at all (RFC 6890).
fn is_nowhere(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.octets()[0] == 0 || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast()
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local() || v6.is_multicast(),
    }
}

/// WRONG_HORIZON: what is meant stands in another horizon than the one that the CA's address selects.
fn other_horizon(meant: &Meant<'_, '_, '_>, told: &[IpAddr], problems: &[Problem]) -> Option<Problem> {
    let at_fault =
        problems.iter().any(|known| matches!(&*known.code, "NO_ADDRESS" | "TARGET_NOT_EXPECTED") && known.stops());
    if !at_fault {
        return None;
    }
    let snapshot = meant.look.ground.snapshot;
    let ca = *meant.look.seat.addresses.first()?;
    for (index, view) in snapshot.views.iter().enumerate().filter(|(_, view)| view.name != meant.horizon) {
        let Some(client) = snapshot.horizons.client_of(index) else { continue };
        let (_, found) = Asker { snapshot, client }.addresses(meant.look.name);
        let found: Vec<IpAddr> = found.into_iter().map(|(address, _)| address).collect();
        let meets = match meant.look.expected {
            Some(expected) => !found.is_empty() && found.iter().all(|address| expected.addresses.contains(address)),
            None => false,
        };
        // Of two private horizons none is the right one by itself, and a public one is never where a CA of ours belongs.
        let public =
            |name: &str| snapshot.settings.horizons.iter().any(|known| known.name == name && known.is_public());
        if !meets || public(&view.name) || !public(meant.horizon) {
            continue;
        }
        let list = |addresses: &[IpAddr]| match addresses {
            [] => "nowhere".to_owned(),
            several => several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let summary = format!(
            "the CA {ca} is in horizon `{}`, where {} leads to {}; in horizon `{}` it leads to {}",
            meant.horizon,
            present_name(meant.look.name.as_slice()),
            list(told),
            view.name,
            list(&found)
        );
        let length = if ca.is_ipv4() { 32 } else { 128 };
        let remedy =
            Remedy::new(format!("write `\"{ca}/{length}\"` among the `clients` of [[horizon]] `{}`", view.name));
        let place = crate::finding::Place::file(&snapshot.settings.file);
        return Some(Problem::new("WRONG_HORIZON", Gravity::Error, summary, remedy).seen_at(place));
    }
    None
}

impl Heard {
    /// True when the last search found the name without the type, or nothing at all.
    pub(super) fn is_name_error(&self) -> bool {
        self.rcode == Some(crate::dns::Rcode::NXDOMAIN)
    }
}
