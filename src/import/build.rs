//! A configuration that was read becomes `horizon.toml`, zones and verdicts.

use super::blocklist;
use super::blocklist::ListFile;
use super::layout;
use super::layout::Nodes;
use super::model::Model;
use super::model::Pointer;
use super::model::Raw;
use super::naming::address_octets;
use super::naming::name;
use super::naming::reverse_name;
use super::option::Stand;
use super::places::Places;
use super::proof::Subject;
use super::reading::Reading;
use super::reverse;
use super::settings::Section;
use super::settings::quoted;
use super::settings_text;
use super::understand;
use super::verdict::Verdict;
use super::zone_text;
use super::zones;
use super::zones::Kind;
use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::finding::Finding;
use crate::finding::Severity;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

/// Seconds, where dnsmasq says 0: long enough that one page does not ask ten times, short enough for a change.
const TTL: u32 = 60;

/// The networks that a server without other word serves.
const PRIVATE: [&str; 7] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10"];

/// What is wanted of an import beside the files.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The name of the horizon.
    pub horizon: String,
    /// Its clients; private networks when there are none.
    pub clients: Vec<Prefix>,
    /// In the place of `listen-address` and `port`; empty for those.
    pub listen: Vec<SocketAddr>,
}

impl Wishes {
    /// The clients of the horizon.
    pub fn clients(&self) -> Vec<Prefix> {
        if self.clients.is_empty() {
            PRIVATE.iter().filter_map(|text| text.parse().ok()).collect()
        } else {
            self.clients.clone()
        }
    }
}

/// What an import made.
#[derive(Debug)]
pub struct Imported {
    /// `horizon.toml`.
    pub config: String,
    /// In the order of their apexes.
    pub zones: Vec<ImportedZone>,
    /// Lists of blocked names, beside the config.
    pub lists: Vec<ListFile>,
    /// In the order in which the lines were read.
    pub verdicts: Vec<Verdict>,
    /// Errors of the files, and what is worth a look.
    pub findings: Vec<Finding>,
    /// What a comparison with the old server has to ask.
    pub subject: Subject,
}

/// A zone of an import.
#[derive(Debug)]
pub struct ImportedZone {
    /// The apex.
    pub origin: Name,
    /// What it stands for.
    pub kind: Kind,
    /// The text of its file.
    pub text: String,
    /// Records, SOA and NS counted.
    pub records: usize,
}

/// Makes config and zones of a configuration.
pub fn import(reading: &Reading, wishes: &Wishes) -> Imported {
    let mut model = Model::default();
    let mut verdicts = understand::lines(&reading.lines, &mut model);
    let hosts = blocklist::without_blocked(&reading.hosts, &mut model);
    verdicts.extend(understand::hosts(&reading.hosts, &hosts, &mut model));
    verdicts.extend(understand::nameservers(&reading.nameservers, &mut model));
    synthetic(&mut model);
    blocklist::take_out(&mut model);
    mail(&mut model);
    pointers(&mut model);
    circles(&mut model);
    let places = zones::places(&mut model);
    let listen = listen(&mut model, wishes);
    let server = server(&mut model, &places, &listen);
    let laid = layout::zones(&mut model, &places);
    for (origin, what) in &model.held {
        for verdict in verdicts.iter_mut().filter(|verdict| verdict.origin == *origin) {
            verdict.stand = Stand::Refused;
            verdict.what.clone_from(what);
        }
    }
    settings(&mut model, wishes, &listen);
    let ttl = model.local_ttl.as_ref().map_or(TTL, |(ttl, _)| if *ttl == 0 { TTL } else { *ttl });
    let zone = |(origin, nodes): (&Name, &Nodes)| ImportedZone {
        origin: origin.clone(),
        kind: places.apexes.get(origin).copied().unwrap_or(Kind::Own),
        text: zone_text::text(origin, nodes, &wishes.horizon, &server, ttl),
        records: 2 + nodes.values().map(Vec::len).sum::<usize>(),
    };
    let files: Vec<String> = reading.files.iter().map(|file| file.display().to_string()).collect();
    let config = settings_text::text(&model, &places, &verdicts, &files);
    let mut findings = reading.findings.clone();
    findings.extend(model.findings.iter().cloned());
    let subject = Subject::new(&model, &places, &laid, &server);
    let lists = model.blocks.files();
    Imported { config, zones: laid.iter().map(zone).collect(), lists, verdicts, findings, subject }
}

/// Names of `synth-domain` stand behind all others of their address.
fn synthetic(model: &mut Model) {
    for (owner, address, origin) in std::mem::take(&mut model.synthetic) {
        model.host(&owner, address, None, &origin);
    }
}

/// MX records without a target lead to that of `mx-target`.
fn mail(model: &mut Model) {
    for (owner, preference, origin) in std::mem::take(&mut model.mx_open) {
        match model.mx_target.clone() {
            Some(target) => model.push(owner, Rtype::MX, None, understand::mx_data(preference, &target), &origin),
            None => model.held.push((
                origin,
                "dnsmasq would name the machine it runs on as the target: write it, `mx-host=NAME,TARGET`".to_owned(),
            )),
        }
    }
}

/// The reverse names of addresses.
fn pointers(model: &mut Model) {
    for (address, Pointer { target, ttl, origin }) in model.pointers.clone() {
        // 0.0.0.0 and `::` block a name, and a loopback address leads back to localhost (RFC 6761).
        if address.is_unspecified() || address.is_loopback() {
            continue;
        }
        if let Ok(owner) = reverse_name(address) {
            model.push(owner, Rtype::PTR, ttl, target.as_slice().to_vec(), &origin);
        }
    }
}

/// Aliases that lead in a circle, on which dnsmasq does not start.
fn circles(model: &mut Model) {
    let targets: BTreeMap<&Name, &Raw> = model
        .records
        .iter()
        .filter(|record| record.rtype == Rtype::CNAME)
        .map(|record| (&record.owner, record))
        .collect();
    let mut found = Vec::new();
    for (start, record) in &targets {
        let mut at = crate::dns::name_from_wire(&record.data).ok();
        let mut steps = 0;
        while let Some(name) = at.take()
            && steps <= targets.len().min(64)
        {
            if name == **start {
                let what = format!("{start} is an alias that leads back to itself");
                let finding =
                    Finding::new("IMPORT_LINE", Severity::Error, "cname", what, "lead one of the aliases elsewhere");
                found.push(match &record.origin {
                    Some(origin) => finding.seen_at(origin.at(1)),
                    None => finding,
                });
                break;
            }
            steps += 1;
            at = targets.get(&name).and_then(|next| crate::dns::name_from_wire(&next.data).ok());
        }
    }
    model.findings.append(&mut found);
}

/// The addresses to listen on, each with the line that said it.
fn listen(model: &mut Model, wishes: &Wishes) -> Vec<(SocketAddr, String)> {
    if !wishes.listen.is_empty() {
        return wishes.listen.iter().map(|address| (*address, String::new())).collect();
    }
    let port = model.port.as_ref().map_or(53, |(port, _)| *port);
    if model.listen.is_empty() {
        let what = "no `listen-address`: the server will listen on loopback only";
        let remedy = "say `--listen ADDRESS`, or write the addresses into `listen` of [server]";
        model.findings.push(Finding::new("IMPORT_LISTEN", Severity::Warning, "listen", what, remedy));
        return vec![(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port), "no listen-address".to_owned())];
    }
    model.listen.iter().map(|(address, origin)| (SocketAddr::new(*address, port), origin.to_string())).collect()
}

/// The name of this server, in the first local domain, with its addresses.
fn server(model: &mut Model, places: &Places, listen: &[(SocketAddr, String)]) -> Name {
    let apexes = &places.apexes;
    let forward = |apex: &&Name| !apex.is_root() && !reverse_zone(apex);
    let local = apexes.iter().filter(|(_, kind)| **kind == Kind::Local).map(|(apex, _)| apex).find(forward);
    let home = local.or_else(|| apexes.keys().find(forward)).or_else(|| apexes.keys().next()).cloned();
    let Some(home) = home else { return Name::root_bytes() };
    let wanted: Vec<IpAddr> = {
        let outside: Vec<IpAddr> = listen
            .iter()
            .map(|(address, _)| address.ip())
            .filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
            .collect();
        if outside.is_empty() { vec![Ipv4Addr::LOCALHOST.into()] } else { outside }
    };
    for label in (0..100).map(|number| if number == 0 { "ns".to_owned() } else { format!("ns{number}") }) {
        let text = if home.is_root() { label } else { format!("{label}.{home}") };
        let Ok(candidate) = name(&text) else { break };
        // A name that somebody has already, or rules speak of, stays what it is.
        let taken = model.records.iter().any(|record| record.owner.ends_with(&candidate))
            || model.rules.contains_key(&candidate);
        if taken {
            continue;
        }
        for address in &wanted {
            let rtype = if address.is_ipv4() { Rtype::A } else { Rtype::AAAA };
            let data = address_octets(*address);
            model.records.push(Raw { owner: candidate.clone(), rtype, ttl: None, data, origin: None });
        }
        return candidate;
    }
    home
}

fn reverse_zone(apex: &Name) -> bool {
    let text = apex.to_string();
    text.ends_with(".in-addr.arpa") || text.ends_with(".ip6.arpa") || reverse::zone_of(apex).is_some()
}

/// What stands in `horizon.toml` whatever was read.
fn settings(model: &mut Model, wishes: &Wishes, listen: &[(SocketAddr, String)]) {
    for (address, why) in listen {
        model.settings.add(Section::Server, "listen", quoted(&address.to_string()), why);
    }
    model.settings.set(Section::Zones, "directory", quoted("zones"), &"");
    model.settings.set(Section::Horizon, "name", quoted(&wishes.horizon), &"");
    for prefix in wishes.clients() {
        model.settings.add(Section::Horizon, "clients", quoted(&prefix.to_string()), &"");
    }
    let seconds = |key| model.settings.value(Section::Cache, key).and_then(|text| text.parse::<u32>().ok());
    if let (Some(least), Some(most)) = (seconds("min_ttl"), seconds("max_ttl"))
        && least > most
    {
        model.settings.set(Section::Cache, "min_ttl", most.to_string(), &"no more than max_ttl");
    }
    if model.forwards() {
        model.settings.set(Section::Horizon, "forward", "true", &"");
        let several = model.settings.count(Section::Forward, "upstreams") > 1
            || model.rules.values().flatten().any(|rule| rule.upstreams.len() > 1);
        if model.settings.value(Section::Forward, "policy").is_none() && several {
            model.settings.set(Section::Forward, "policy", "\"fastest\"", &"neither strict-order nor all-servers");
        }
        for (key, value, why) in [
            (
                "plain_names",
                "true",
                "no domain-needed; better `false`: names without a dot are machines of this network",
            ),
            (
                "rebind_protection",
                "false",
                "no stop-dns-rebind; better `true`: private addresses do not come from outside",
            ),
        ] {
            if model.settings.value(Section::Guard, key).is_none() {
                model.settings.set(Section::Guard, key, value, &why);
            }
        }
    }
    if wishes.clients.iter().any(|prefix| !prefix.is_private()) {
        let published: Vec<IpAddr> =
            model.records.iter().filter_map(address_of).filter(|ip| Prefix::new(*ip, 128).is_private()).collect();
        let from_rules = model.rules.values().flatten().flat_map(|rule| {
            let v4 = rule.v4.iter().map(|(address, _)| IpAddr::V4(*address));
            v4.chain(rule.v6.iter().map(|(address, _)| IpAddr::V6(*address))).collect::<Vec<_>>()
        });
        let all: Vec<IpAddr> =
            published.into_iter().chain(from_rules.filter(|ip| Prefix::new(*ip, 128).is_private())).collect();
        for address in all {
            let prefix = Prefix::new(address, 128).to_string();
            model.settings.add(Section::Horizon, "private_addresses", quoted(&prefix), &"published as dnsmasq did");
        }
    }
}

fn address_of(record: &Raw) -> Option<IpAddr> {
    match record.rtype {
        Rtype::A => <[u8; 4]>::try_from(record.data.as_slice()).ok().map(IpAddr::from),
        Rtype::AAAA => <[u8; 16]>::try_from(record.data.as_slice()).ok().map(IpAddr::from),
        _ => None,
    }
}
