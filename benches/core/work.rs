//! The kinds of work: answers of every kind, and what is done at load.

use crate::forwarded;
use horizon_dns::answer::{Layer, compile};
use horizon_dns::config::{Settings, parse};
use horizon_dns::dns::{Query, parse_name};
use horizon_dns::horizon::HorizonMap;
use horizon_dns::query::{Pending, Recent, Transport, Verdict};
use horizon_dns::snapshot::{Snapshot, ZoneSource, build};
use horizon_dns::zone::{Records, parse_zone};
use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

/// One kind of work.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// What is counted: a query, a record.
    pub(crate) unit: &'static str,
    /// How many units one time does.
    pub(crate) units: usize,
    /// How many times make a run long enough.
    pub(crate) times: usize,
    pub(crate) prepare: fn() -> Repeat,
}

/// Does the work so many times.
pub(crate) type Repeat = Box<dyn FnMut(usize)>;

/// Names in the zone that is asked, compiled and parsed.
const NAMES: usize = 1000;

/// All kinds, in the order they are shown.
pub(crate) fn all() -> Vec<Work> {
    let query = |name, prepare| Work { name, unit: "query", units: 1, times: 20_000, prepare };
    let load = |name, prepare| Work { name, unit: "record", units: NAMES, times: 20, prepare };
    vec![
        query("hit", || answering("h#.bench.example", 1, false)),
        query("nodata", || answering("h#.bench.example", 28, false)),
        query("missing", || answering("x#.bench.example", 1, false)),
        query("wildcard", || answering("r#.w.bench.example", 1, false)),
        query("delegation", || answering("h#.sub.bench.example", 1, false)),
        query("chain_of_3", || answering("c.bench.example", 1, false)),
        query("mail_additional", || answering("m.bench.example", 15, false)),
        query("hit_edns", || answering("h#.bench.example", 1, true)),
        query("note_known", || noting("h#.bench.example", 50)),
        query("note_flood", || noting("x#.bench.example", NAMES)),
        query("refused", || answering("h#.other.example", 1, true)),
        query("forwarded_hit", forwarded::giving),
        query("forwarded_miss", forwarded::missing),
        query("forwarded_keep", forwarded::keeping),
        query("horizon_match", matching),
        query("message_parse", reading),
        load("compile", compiling),
        load("zone_parse", parsing),
    ]
}

fn answering(pattern: &'static str, rtype: u16, edns: bool) -> Repeat {
    let snapshot = snapshot();
    let queries: Vec<Vec<u8>> = (0..NAMES).map(|at| query(&pattern.replace('#', &number(at)), rtype, edns)).collect();
    let mut reply = vec![0u8; 1232];
    let noter = Recent::new().noter();
    let mut pending = [Pending::new()];
    Box::new(move |times| {
        for at in 0..times {
            let query = &queries[at % NAMES];
            pending[0].read(&snapshot, CLIENT, query);
            let verdict = pending[0].answer(&snapshot, Transport::Udp, query, &mut reply);
            noter.note(&snapshot, &pending);
            assert!(matches!(black_box(verdict), Verdict::Reply(_)), "{pattern} gets a reply");
        }
    })
}

/// Noting alone, batch by batch: of so few names that each was noted before, or of so many that there is no room.
fn noting(pattern: &'static str, names: usize) -> Repeat {
    let snapshot = snapshot();
    let recent = Recent::new();
    let noter = recent.noter();
    let batch: Vec<Pending> = (0..names)
        .map(|at| {
            let mut pending = Pending::new();
            pending.read(&snapshot, CLIENT, &query(&pattern.replace('#', &number(at)), 1, false));
            pending
        })
        .collect();
    for _ in 0..if names > BATCH { 1000 } else { 1 } {
        noter.note(&snapshot, &batch);
    }
    Box::new(move |times| {
        for at in 0..times / BATCH {
            let from = at * BATCH % (names - BATCH);
            noter.note(black_box(&snapshot), black_box(&batch[from..from + BATCH]));
        }
    })
}

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));

/// As many messages as come in one system call under load.
const BATCH: usize = 32;

fn matching() -> Repeat {
    let prefixes: Vec<_> = (0..1000).map(|at| format!("\"10.{}.{}.0/24\"", at / 250, at % 250)).collect();
    let mut text = String::new();
    for (at, prefixes) in prefixes.chunks(200).enumerate() {
        let _ = write!(text, "[[horizon]]\nname = \"h{at}\"\nclients = [{}]\n", prefixes.join(", "));
    }
    let settings = settings(&text);
    let map = HorizonMap::new(&settings.horizons).unwrap_or_else(|findings| panic!("{findings:?}"));
    Box::new(move |times| {
        for at in 0..times {
            let client = Ipv4Addr::from(0x0A00_0000 | ((at * 7919) as u32 & 0x0003_FFFF));
            black_box(map.find(IpAddr::V4(client)));
        }
    })
}

fn reading() -> Repeat {
    let queries: Vec<Vec<u8>> =
        (0..NAMES).map(|at| query(&format!("h{}.bench.example", number(at)), 1, at % 2 == 0)).collect();
    Box::new(move |times| {
        for at in 0..times {
            assert!(black_box(Query::read(&queries[at % NAMES])).is_ok(), "a query is read");
        }
    })
}

fn compiling() -> Repeat {
    let records = records(&plain_zone());
    Box::new(move |times| {
        for _ in 0..times {
            let zone = compile(records.origin(), &[Layer { records: &records, apex: true }], &[]);
            assert!(black_box(zone).is_ok(), "the zone compiles");
        }
    })
}

fn parsing() -> Repeat {
    let text = plain_zone();
    let origin = parse_name("bench.example").unwrap_or_else(|error| panic!("{error}"));
    Box::new(move |times| {
        for _ in 0..times {
            let zone = parse_zone(text.as_bytes(), Path::new("bench.example.zone"), &origin);
            assert!(black_box(zone).is_ok(), "the zone parses");
        }
    })
}

const HEAD: &str = "$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n";

fn plain_zone() -> String {
    let mut text = HEAD.to_owned();
    for at in 0..NAMES {
        let _ = writeln!(text, "h{} A 192.0.2.{}", number(at), at % 250);
    }
    text
}

fn snapshot() -> Snapshot {
    let special = "*.w A 192.0.2.1\nsub NS ns1.sub\nsub NS ns2.sub\nns1.sub A 192.0.2.2\nns2.sub A 192.0.2.3\n\
                   c CNAME c1\nc1 CNAME c2\nc2 CNAME c3\nc3 A 192.0.2.4\nm MX 10 c3\nm MX 20 ns1\n";
    let records = records(&(plain_zone() + special));
    let source = ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(records) };
    let settings = settings("[[horizon]]\nname = \"all\"\nclients = [\"any\"]\n");
    build(&settings, &[source], None).unwrap_or_else(|findings| panic!("{findings:?}"))
}

fn settings(text: &str) -> Settings {
    parse(text, Path::new("bench.toml")).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn records(text: &str) -> Records {
    let origin = parse_name("bench.example").unwrap_or_else(|error| panic!("{error}"));
    let zone = parse_zone(text.as_bytes(), Path::new("bench.example.zone"), &origin);
    zone.unwrap_or_else(|findings| panic!("{findings:?}")).records
}

/// As many digits for every name, and neighbours unlike each other.
pub(crate) fn number(at: usize) -> String {
    format!("{:07}", at * 7919 % 1_000_003)
}

pub(crate) fn query(name: &str, rtype: u16, edns: bool) -> Vec<u8> {
    let mut octets = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns)];
    for label in name.split('.') {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label.as_bytes());
    }
    octets.push(0);
    octets.extend(rtype.to_be_bytes());
    octets.extend([0, 1]);
    if edns {
        octets.extend([0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0, 0, 0]);
    }
    octets
}
