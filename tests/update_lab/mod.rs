//! The desk for signed messages inside the test process: zones and keys in, messages made and signed by `domain`, replies
//! checked by it. Shared by the update tests.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::ask::{settings, source};
use domain::base::iana::{Class, Opcode};
use domain::base::message_builder::AdditionalBuilder;
use domain::base::rdata::UnknownRecordData;
use domain::base::{Message, MessageBuilder, Record, Ttl};
use domain::rdata::tsig::Time48;
use domain::tsig::{Algorithm, ClientTransaction, Key, KeyName};
use horizon_dns::answer::Overlay;
use horizon_dns::counters::{Counters, Event};
use horizon_dns::dns::{Name, Rtype, parse_data, parse_name, parse_rtype};
use horizon_dns::edit::Order;
use horizon_dns::forward::Return;
use horizon_dns::plugin::acme::{Challenges, Token, TokenKind, Tokens, TsigAlgorithm};
use horizon_dns::query::{Signed, Transport};
use horizon_dns::snapshot::{Live, build};
use horizon_dns::update::{Desk, EditPlan, EditRefused, Editor, Tools};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

pub(crate) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
pub(crate) const ZONE: &str = "zone.example";

/// A desk over two horizons: `internal` and `external`, each with `zone.example` of its own.
pub(crate) struct Lab {
    pub(crate) desk: Arc<Desk>,
    pub(crate) live: Arc<Live>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) challenges: Arc<Challenges>,
    pub(crate) tokens: Arc<Tokens>,
    /// While a test holds it, edits wait.
    pub(crate) held: Arc<Mutex<()>>,
    /// How many edits were begun.
    pub(crate) begun: Arc<AtomicUsize>,
    /// What was asked of the editor.
    pub(crate) edits: Arc<Mutex<Vec<Order>>>,
    _folder: TempDir,
}

/// Keeps orders in mind; says what the test wants it to.
struct Notebook {
    held: Arc<Mutex<()>>,
    begun: Arc<AtomicUsize>,
    edits: Arc<Mutex<Vec<Order>>>,
}

impl Editor for Notebook {
    fn plan(&self, orders: &[Order], key: &str) -> Result<EditPlan, EditRefused> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        drop(self.held.lock().unwrap());
        let asked = format!("{orders:?}");
        if asked.contains("gated") {
            return Err(EditRefused::NotAllowed(format!("a gate holds {key} back")));
        }
        let warnings = if asked.contains("warned") { vec!["a warning".to_owned()] } else { Vec::new() };
        Ok(EditPlan { base: "base".to_owned(), warnings })
    }

    fn make(&self, orders: &[Order], _: &str, base: String) -> Result<(), EditRefused> {
        assert_eq!(base, "base", "made on what was planned");
        if format!("{orders:?}").contains("broken") {
            return Err(EditRefused::Failed("no room on the disk".to_owned()));
        }
        self.edits.lock().unwrap().extend_from_slice(orders);
        Ok(())
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = "www 300 A 192.0.2.1\nwww 300 A 192.0.2.2\nmail 300 MX 10 www\nalias 300 CNAME www\n\
                    child 300 NS ns.child\nns.child 300 A 192.0.2.9\n*.apps 300 A 192.0.2.3\nsub 300 TXT person\n";
        let zones = [
            source("internal", ZONE, text),
            source("external", ZONE, "www 300 A 198.51.100.1\nwww 300 A 198.51.100.2\n"),
            source("external", "outside.example", "www 300 A 198.51.100.1\n"),
        ];
        let horizons = settings(&[("internal", &["10.0.0.0/8"], None), ("external", &["0.0.0.0/0", "::/0"], None)]);
        let snapshot = build(&horizons, &zones, None).unwrap();
        let overlay: Arc<Overlay> = Arc::clone(&snapshot.overlay);
        let live = Arc::new(Live::from_pointee(snapshot));
        let challenges = Arc::new(Challenges::open(folder.path(), overlay).unwrap().0);
        let tokens = Arc::new(Tokens::open(folder.path()).unwrap());
        let counters = Arc::new(Counters::new(1));
        let edits = Arc::new(Mutex::new(Vec::new()));
        let held = Arc::new(Mutex::new(()));
        let begun = Arc::new(AtomicUsize::new(0));
        let notebook = Notebook { held: Arc::clone(&held), begun: Arc::clone(&begun), edits: Arc::clone(&edits) };
        let editor = Box::new(notebook);
        let desk = Desk::start(Tools {
            live: Arc::clone(&live),
            tokens: Arc::clone(&tokens),
            challenges: Arc::clone(&challenges),
            editor,
            counters: counters.worker(),
        })
        .unwrap();
        let lab = Lab { desk, live, held, begun, counters, challenges, tokens, edits, _folder: folder };
        lab.key("acme", TsigAlgorithm::HmacSha256, |_| {});
        lab.key("ops", TsigAlgorithm::HmacSha512, |token| {
            token.names = [ZONE, "*.zone.example"].map(|name| parse_name(name).unwrap()).to_vec();
            let types = ["TXT", "A", "AAAA", "MX", "CNAME", "NS", "SOA", "TYPE65280"];
            token.types = types.map(|rtype| parse_rtype(rtype.as_bytes()).unwrap()).to_vec();
            token.horizons = Some(vec!["internal".to_owned()]);
        });
        lab
    }

    /// Makes a key for the challenges of `web.zone.example` and all below `apps.zone.example`, unless `change` says else.
    pub(crate) fn key(&self, name: &str, algorithm: TsigAlgorithm, change: impl FnOnce(&mut Token)) {
        let names = ["web.zone.example", "*.apps.zone.example", "zone.example", "www.outside.example"];
        let names = names.map(|name| parse_name(name).unwrap()).to_vec();
        let kind = TokenKind::Tsig { algorithm, secret: SECRET.to_vec() };
        let mut token = Token::new(name, kind, names);
        change(&mut token);
        self.tokens.add(token).unwrap();
    }

    /// Hands octets to the desk and waits for the reply; none when there is none within a second.
    pub(crate) fn send(&self, client: &str, transport: Transport, octets: &[u8]) -> Option<Vec<u8>> {
        let (sender, receiver) = channel();
        let client: IpAddr = client.parse().unwrap();
        let back = Box::new(Mailbox(sender));
        assert!(self.desk.submit(Signed { client, transport, octets: octets.into(), forwarder: None, back }));
        // A way back that is dropped ends the wait at once.
        receiver.recv_timeout(Duration::from_secs(20)).ok()
    }

    /// Sends a message and tells the reply's RCODE, and its TSIG error; a reply without one is checked by `domain`.
    pub(crate) fn outcome(&self, client: &str, asked: &mut Asked) -> String {
        match self.send(client, Transport::Stream, &asked.octets) {
            Some(reply) => asked.told(reply),
            None => "nothing".to_owned(),
        }
    }

    /// An update by a key, from a client of `external`.
    pub(crate) fn update(&self, key: &str, lines: &[&str]) -> String {
        let algorithm = if key == "ops" { Algorithm::Sha512 } else { Algorithm::Sha256 };
        self.outcome("192.0.2.77", &mut Asked::new(&update(ZONE, lines), key, algorithm, SECRET, now()))
    }

    /// The live values as `OWNER VALUE`, in order.
    pub(crate) fn values(&self) -> Vec<String> {
        let live = self.challenges.live();
        let mut values: Vec<String> =
            live.iter().map(|live| format!("{} {}", live.owner, String::from_utf8_lossy(&live.value))).collect();
        values.sort();
        values
    }

    pub(crate) fn count(&self, event: Event) -> u64 {
        self.counters.totals().of(event)
    }
}

/// The way back of a reply to the test.
struct Mailbox(Sender<Vec<u8>>);

impl Return for Mailbox {
    fn send(self: Box<Self>, reply: &[u8]) {
        let _ = self.0.send(reply.to_vec());
    }
}

/// A signed message, and what is needed to check its reply.
pub(crate) struct Asked {
    pub(crate) octets: Vec<u8>,
    transaction: ClientTransaction<Key>,
}

impl Asked {
    /// Signs a message at this time, in seconds since 1970.
    pub(crate) fn new(message: &Builder, name: &str, algorithm: Algorithm, secret: &[u8], time: u64) -> Self {
        let mut message = message.clone();
        let key = Key::new(algorithm, secret, KeyName::from_str(name).unwrap(), None, None).unwrap();
        let transaction = ClientTransaction::request(key, &mut message, Time48::from_u64(time)).unwrap();
        Asked { octets: message.finish(), transaction }
    }

    /// RCODE and TSIG error of a reply.
    pub(crate) fn told(&mut self, reply: Vec<u8>) -> String {
        assert_eq!(reply[..2], self.octets[..2], "the ID is echoed");
        assert_eq!(reply[2] & 0xF8, 0x80 | self.octets[2] & 0x78, "a response of the same opcode");
        let rcode = Message::from_slice(&reply).unwrap().header().rcode().to_string();
        match tsig_error(&reply) {
            None => format!("{rcode} unsigned"),
            Some(0) => {
                let mut message = Message::from_octets(reply).unwrap();
                self.transaction.answer(&mut message, Time48::from_u64(now())).unwrap();
                rcode
            }
            Some(16) => format!("{rcode} BADSIG"),
            Some(17) => format!("{rcode} BADKEY"),
            Some(18) => format!("{rcode} BADTIME"),
            Some(22) => format!("{rcode} BADTRUNC"),
            Some(other) => format!("{rcode} {other}"),
        }
    }
}

/// The error field of the TSIG record of a reply.
pub(crate) fn tsig_error(reply: &[u8]) -> Option<u16> {
    horizon_dns::update::read_signature(reply).map(|signature| signature.error)
}

/// A message in the making, by `domain`.
pub(crate) type Builder = AdditionalBuilder<Vec<u8>>;

/// A query with EDNS of 1232 octets.
pub(crate) fn query(name: &str, rtype: Rtype, edns: bool) -> Builder {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(0x1234);
    let mut question = builder.question();
    question.push((parse_name(name).unwrap(), rtype)).unwrap();
    let mut additional = question.additional();
    if edns {
        additional
            .opt(|opt| {
                opt.set_udp_payload_size(1232);
                Ok(())
            })
            .unwrap();
    }
    additional
}

/// An UPDATE of a zone. Each line is a record, as `nsupdate` has it, names whole:
/// `add NAME TTL TYPE DATA`, `del NAME [TYPE [DATA]]`, `nxdomain NAME`, `yxdomain NAME`, `nxrrset NAME TYPE`,
/// `yxrrset NAME TYPE [DATA]`; or as it is, in the prerequisite or update section: `pre|up NAME TYPE CLASS TTL HEX`.
pub(crate) fn update(zone: &str, lines: &[&str]) -> Builder {
    zone_section(zone, Rtype::SOA, Class::IN, lines)
}

/// The same with any zone section.
pub(crate) fn zone_section(zone: &str, rtype: Rtype, class: Class, lines: &[&str]) -> Builder {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(0x4321);
    builder.header_mut().set_opcode(Opcode::UPDATE);
    let mut question = builder.question();
    question.push((parse_name(zone).unwrap(), rtype, class)).unwrap();
    let records: Vec<(bool, Entry)> = lines.iter().map(|line| entry(line)).collect();
    let mut answer = question.answer();
    for (_, entry) in records.iter().filter(|(prerequisite, _)| *prerequisite) {
        answer.push(entry.clone()).unwrap();
    }
    let mut authority = answer.authority();
    for (_, entry) in records.into_iter().filter(|(prerequisite, _)| !prerequisite) {
        authority.push(entry).unwrap();
    }
    authority.additional()
}

type Entry = Record<Name, UnknownRecordData<Vec<u8>>>;

/// One line; true for a prerequisite.
fn entry(line: &str) -> (bool, Entry) {
    let words: Vec<&str> = line.split(' ').collect();
    let name = parse_name(words[1]).unwrap();
    let rtype = |at: usize| parse_rtype(words[at].as_bytes()).unwrap();
    let data = |rtype, from: usize| parse_data(rtype, &words[from..].join(" "), &Name::root_bytes()).unwrap();
    let make = |rtype: Rtype, class: u16, ttl: u32, data: Vec<u8>| {
        let data = UnknownRecordData::from_octets(rtype, data).unwrap();
        Record::new(name.clone(), Class::from_int(class), Ttl::from_secs(ttl), data)
    };
    match (words[0], words.len()) {
        ("add", _) => (false, make(rtype(3), 1, words[2].parse().unwrap(), data(rtype(3), 4))),
        ("del", 2) => (false, make(Rtype::ANY, 255, 0, Vec::new())),
        ("del", 3) => (false, make(rtype(2), 255, 0, Vec::new())),
        ("del", _) => (false, make(rtype(2), 254, 0, data(rtype(2), 3))),
        ("nxdomain", _) => (true, make(Rtype::ANY, 254, 0, Vec::new())),
        ("yxdomain", _) => (true, make(Rtype::ANY, 255, 0, Vec::new())),
        ("nxrrset", _) => (true, make(rtype(2), 254, 0, Vec::new())),
        ("yxrrset", 3) => (true, make(rtype(2), 255, 0, Vec::new())),
        ("yxrrset", _) => (true, make(rtype(2), 1, 0, data(rtype(2), 3))),
        ("pre" | "up", _) => {
            let hex = words.get(5).copied().unwrap_or_default();
            let octets = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
            let (class, ttl) = (words[3].parse().unwrap(), words[4].parse().unwrap());
            (words[0] == "pre", make(rtype(2), class, ttl, octets.collect()))
        }
        other => panic!("{other:?}"),
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
