//! Asks a snapshot made of zone text, without a socket, and shows the reply as one line of text.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use domain::base::Message;
use horizon_dns::config::{Horizon, Prefix, Settings, parse};
use horizon_dns::dns::{parse_name, parse_rtype, present_data, present_name, present_rtype};
use horizon_dns::query::{Transport, Verdict, respond};
use horizon_dns::snapshot::{Snapshot, ZoneSource, build};
use horizon_dns::zone::{Document, EntryKind, Line, Records};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Zone text as records; panics on text that cannot be read.
pub fn records(origin: &str, text: &str) -> Records {
    let origin = parse_name(origin).unwrap();
    let document = Document::parse(text.as_bytes().to_vec(), Path::new("test.zone"), &origin);
    let mut records = Records::new(origin);
    for entry in document.entries() {
        match &entry.kind {
            EntryKind::Record(record) => {
                let line = Line { file: 0, number: entry.line };
                records.push(record.owner.as_slice(), record.rtype, record.ttl, &record.data, line).unwrap();
            }
            EntryKind::Broken(finding) => panic!("{finding}"),
            _ => {}
        }
    }
    records
}

/// A zone with SOA (negative TTL 60) and NS at the apex beside `text`.
pub fn source(horizon: &str, origin: &str, text: &str) -> ZoneSource {
    let apex = "$TTL 300\n@ 3600 SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns.elsewhere.example.\n";
    ZoneSource {
        horizon: horizon.to_owned(),
        file: None,
        records: Arc::new(records(origin, &format!("{apex}{text}\n"))),
    }
}

/// Settings with these horizons: name, clients, the horizon that it inherits from.
pub fn settings(horizons: &[(&str, &[&str], Option<&str>)]) -> Settings {
    let base = parse("[[horizon]]\nname = \"any\"\nclients = [\"any\"]\n", Path::new("test.toml")).unwrap();
    let horizons = horizons.iter().map(|(name, clients, inherits)| Horizon {
        name: (*name).to_owned(),
        clients: clients.iter().map(|prefix| prefix.parse::<Prefix>().unwrap()).collect(),
        forward: false,
        upstreams: Vec::new(),
        inherits: inherits.map(str::to_owned),
        private_addresses: Vec::new(),
        rate: None,
    });
    Settings { horizons: horizons.collect(), ..base }
}

/// One horizon for everyone, with these zones.
pub fn snapshot(zones: &[(&str, &str)]) -> Snapshot {
    let sources: Vec<_> = zones.iter().map(|(origin, text)| source("all", origin, text)).collect();
    build(&settings(&[("all", &["0.0.0.0/0", "::/0"], None)]), &sources, None).unwrap()
}

/// A query without EDNS, ID 0x1234, RD clear.
pub fn query(name: &str, rtype: &str) -> Vec<u8> {
    let mut octets = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    octets.extend_from_slice(parse_name(name).unwrap().as_slice());
    octets.extend(parse_rtype(rtype.as_bytes()).unwrap().to_int().to_be_bytes());
    octets.extend([0, 1]);
    octets
}

/// The reply to octets from a client; empty when there is none.
pub fn reply(snapshot: &Snapshot, client: &str, transport: Transport, query: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    let client: IpAddr = client.parse().unwrap();
    match respond(snapshot, client, transport, query, &mut buffer) {
        Verdict::Reply(length) => buffer[..length].to_vec(),
        Verdict::Forward(_) | Verdict::Refresh(_) | Verdict::Signed | Verdict::Drop => Vec::new(),
    }
}

/// Asks `NAME TYPE` over a stream as 192.0.2.77: `RCODE flags; answer | authority | additional`, empty parts left out.
pub fn ask(snapshot: &Snapshot, question: &str) -> String {
    ask_as(snapshot, "192.0.2.77", question)
}

/// The same as another client.
pub fn ask_as(snapshot: &Snapshot, client: &str, question: &str) -> String {
    let (name, rtype) = question.split_once(' ').unwrap();
    show(&reply(snapshot, client, Transport::Stream, &query(name, rtype)))
}

/// A reply as one line.
pub fn show(reply: &[u8]) -> String {
    let message = Message::from_octets(reply).unwrap();
    let header = message.header();
    let mut line = header.rcode().to_string();
    for (flag, set) in [("aa", header.aa()), ("tc", header.tc())] {
        if set {
            line.push(' ');
            line.push_str(flag);
        }
    }
    let (_, answer, authority, additional) = message.sections().unwrap();
    for (mark, section) in [(";", answer), ("|", authority), ("+", additional)] {
        for record in section {
            let record = record.unwrap();
            if record.rtype() == domain::base::Rtype::OPT {
                continue;
            }
            let data = record.to_any_record::<domain::rdata::AllRecordData<_, _>>().unwrap();
            let mut wire = Vec::new();
            domain::base::rdata::ComposeRecordData::compose_rdata(data.data(), &mut wire).unwrap();
            let owner = domain::base::name::ToName::to_name::<bytes::Bytes>(&record.owner());
            line.push_str(&format!(
                "{mark} {} {} {} {}",
                present_name(owner.as_slice()),
                record.ttl().as_secs(),
                present_rtype(record.rtype()),
                present_data(record.rtype(), &wire)
            ));
        }
    }
    line
}
