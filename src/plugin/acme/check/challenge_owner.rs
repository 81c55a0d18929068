//! The owner of dns-01 challenges: whether values written there are seen, soon, and by the CA.

use super::asking::Asker;
use super::ground::Ground;
use crate::answer::Rule;
use crate::dns::{Name, Rtype, name_from_wire, parse_name, present_data, present_name};
use crate::plugin::acme::reach::{Gravity, Problem, Remedy};
use crate::snapshot::View;
use crate::zone::RrSet;
use std::collections::HashMap;
use std::net::IpAddr;

/// Seconds; longer, and a client that looks too early does not see the value in time.
const LONGEST_NEGATIVE: u32 = 60;

/// The owner of a name's challenge values, and what stands there.
pub(super) struct Owner {
    pub(super) problems: Vec<Problem>,
    /// Goes into the basis.
    pub(super) seen: String,
}

/// Looks at `_acme-challenge.NAME` as the CA sees it. `clients` are the machines that put values there: their horizon must know
/// the hosts of the zone's NS records, which lego asks one by one.
pub(super) fn look(
    ground: &Ground<'_>,
    asker: Asker<'_>,
    horizon: &str,
    name: &Name,
    clients: &[IpAddr],
    hosts: &mut HashMap<(usize, Name), Vec<String>>,
) -> Owner {
    let mut problems = Vec::new();
    let Ok(owner) = parse_name(&format!("_acme-challenge.{name}")) else {
        let summary = format!("`_acme-challenge.{name}` is longer than a name may be (RFC 1035 section 2.3.4)");
        let problem = Problem::new("INVALID_NAME", Gravity::Error, summary, Remedy::new("use a shorter name"));
        return Owner { problems: vec![problem], seen: String::new() };
    };
    let shown = present_name(owner.as_slice());
    let heard = asker.ask(&owner, Rtype::TXT);
    let Some(zone) = heard.zone().cloned() else {
        let summary =
            format!("no zone of horizon `{horizon}` holds {shown}: no value written here would be seen by the CA");
        let remedy = Remedy::new("bring its zone into that horizon, or let the client write where the zone is served");
        problems.push(Problem::new("CHALLENGE_OWNER_NOT_OURS", Gravity::Error, summary, remedy));
        return Owner { problems, seen: "no zone".to_owned() };
    };
    let chain = heard.chain();
    let view = ground.snapshot.view(horizon);
    let written = view.map(|view| sets_at(view, &owner)).unwrap_or_default();
    let last = heard.steps.last();
    let leaves = last.is_some_and(|step| matches!(step.rule, Rule::NotOurs | Rule::Delegation));
    if leaves {
        let target = last.map(|step| present_name(step.name.as_slice())).unwrap_or_default();
        let summary = format!("{shown} leads to {target}, outside of our zones: values must be written there");
        let remedy = Remedy::new("nothing to do if the client writes there; to write here, remove the alias")
            .run(format!("zonectl rm {shown} CNAME --all --horizon {horizon}"));
        let place = ground.place(horizon, &owner, Rtype::CNAME);
        problems.push(at(Problem::new("CNAME_LEAVES_ZONE", Gravity::Warning, summary, remedy), place));
    } else if heard.is_name_error() {
        let summary =
            format!("{shown} does not exist: a resolver that asks too early keeps that, whatever is written then");
        let remedy = Remedy::new("give the name itself a record, so that its challenge owner is answered as empty");
        problems.push(Problem::new("CHALLENGE_OWNER_NXDOMAIN", Gravity::Warning, summary, remedy));
    }
    if let Some(ttl) = heard.negative_ttl.filter(|ttl| *ttl > LONGEST_NEGATIVE) {
        let summary = format!("that {shown} is empty may be kept for {ttl} s, so a new value is seen late");
        let remedy = Remedy::new(format!("lower the last number of the SOA of {zone} to {LONGEST_NEGATIVE}"))
            .run(format!("zonectl edit {} --horizon {horizon}", present_name(zone.as_slice())));
        let place = ground.place(horizon, &zone, Rtype::SOA);
        problems.push(at(Problem::new("NEGATIVE_TTL_HIGH", Gravity::Warning, summary, remedy), place));
    }
    problems.extend(stale(ground, horizon, &owner, &written));
    problems.extend(doubled(ground, asker, horizon, &owner, &zone));
    problems.extend(name_servers(ground, asker, &zone, clients, hosts));
    if let Some(false) = ground.covered.map(|covered| covered(name)) {
        let plain = present_name(name.as_slice());
        let summary = format!("no key may write challenge values of {plain}");
        let names = plain.trim_end_matches('.');
        let remedy = Remedy::new("make one for the client")
            .run(format!("zonectl acme token create --for traefik --names {names}"));
        problems.push(Problem::new("NO_UPDATE_KEY", Gravity::Warning, summary, remedy));
    }
    let seen = format!("{zone} {:?} {chain:?} {written:?}", last.map(|step| step.rule));
    Owner { problems, seen }
}

fn at(problem: Problem, place: Option<crate::finding::Place>) -> Problem {
    match place {
        Some(place) => problem.seen_at(place),
        None => problem,
    }
}

/// What the zones themselves hold at an owner; values that live above them do not count.
fn sets_at(view: &View, owner: &Name) -> Vec<RrSet> {
    let holding = view.zones.iter().filter(|seen| owner.ends_with(seen.zone.origin()));
    let nearest = holding.max_by_key(|seen| seen.zone.origin().label_count());
    nearest.and_then(|seen| seen.zone.records_at(owner)).map(|(_, sets)| sets).unwrap_or_default()
}

/// STALE_TXT: a value that somebody wrote into the zone and never took away.
fn stale(ground: &Ground<'_>, horizon: &str, owner: &Name, written: &[RrSet]) -> Option<Problem> {
    let set = written.iter().find(|set| set.rtype == Rtype::TXT && !set.data.is_empty())?;
    let shown = present_name(owner.as_slice());
    let summary = format!("{shown} has {} in its zone file, left by hand or by an old client", many(set.data.len()));
    let remedy = Remedy::new("remove it").run(format!("zonectl rm {shown} TXT --all --horizon {horizon}"));
    let problem = Problem::new("STALE_TXT", Gravity::Warning, summary, remedy);
    let problem = problem.detailed(set.data.first().map(|data| present_data(Rtype::TXT, data)).unwrap_or_default());
    Some(at(problem, ground.place(horizon, owner, Rtype::TXT)))
}

fn many(count: usize) -> String {
    if count == 1 { "a TXT value".to_owned() } else { format!("{count} TXT values") }
}

/// DOUBLED_LABEL: `_acme-challenge.x.y.x.y`, typed whole where a relative name was meant.
fn doubled(ground: &Ground<'_>, asker: Asker<'_>, horizon: &str, owner: &Name, zone: &Name) -> Option<Problem> {
    let twice = parse_name(&format!("{owner}.{zone}")).ok()?;
    let heard = asker.ask(&twice, Rtype::TXT);
    // A wildcard explains it.
    if heard.steps.first()?.rule != Rule::Exact {
        return None;
    }
    let shown = present_name(twice.as_slice());
    let summary = format!("{shown} has a TXT record: the name was written whole, and without its final dot");
    let remedy = Remedy::new("remove it").run(format!("zonectl rm {shown} TXT --all --horizon {horizon}"));
    let problem = Problem::new("DOUBLED_LABEL", Gravity::Warning, summary, remedy);
    Some(at(problem, ground.place(horizon, &twice, Rtype::TXT)))
}

/// NS_NOT_RESOLVABLE: a client's horizon has no address for a host of the zone's NS records. lego asks each by its name before
/// it goes on.
fn name_servers(
    ground: &Ground<'_>,
    asker: Asker<'_>,
    zone: &Name,
    clients: &[IpAddr],
    hosts: &mut HashMap<(usize, Name), Vec<String>>,
) -> Vec<Problem> {
    let snapshot = ground.snapshot;
    let clients = clients.iter().copied().chain([asker.client]);
    let mut found: Vec<(usize, IpAddr)> = Vec::new();
    for client in clients {
        let horizon = snapshot.horizons.find(client).map(|found| found.horizon);
        if let Some(horizon) = horizon.filter(|horizon| !found.iter().any(|(known, _)| known == horizon)) {
            found.push((horizon, client));
        }
    }
    let mut problems = Vec::new();
    for (horizon, client) in found {
        let missing = hosts.entry((horizon, zone.clone())).or_insert_with(|| missing_hosts(ground, client, zone));
        let Some(view) = snapshot.views.get(horizon) else { continue };
        for host in missing.iter() {
            let summary = format!("{host}, a name server of {zone}, has no address in horizon `{}`", view.name);
            let remedy = Remedy::new("give it the address of this server there; or tell the client not to check itself (lego: `--dns.disable-cp`)")
                .run(format!("zonectl set {host} A ADDRESS --horizon {}", view.name));
            problems.push(Problem::new("NS_NOT_RESOLVABLE", Gravity::Warning, summary, remedy));
        }
    }
    problems
}

fn missing_hosts(ground: &Ground<'_>, client: IpAddr, zone: &Name) -> Vec<String> {
    let asker = Asker { snapshot: ground.snapshot, client };
    let servers = asker.ask(zone, Rtype::NS);
    let hosts = servers.data(Rtype::NS).filter_map(|data| name_from_wire(data).ok());
    let missing = hosts.filter(|host| {
        let (heard, addresses) = asker.addresses(host);
        // A host outside of our zones is others' business.
        addresses.is_empty() && !matches!(heard.rule(), Some(Rule::NotOurs | Rule::Delegation))
    });
    missing.map(|host| present_name(host.as_slice())).collect()
}
