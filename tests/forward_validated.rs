//! Validation as clients see it: a question goes through the forwarder to a real upstream, and what comes back is validated
//! with keys that the forwarder asks for itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod signed_lab;

use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::EdnsCode;
use hickory_proto::rr::rdata::opt::EdnsOption;
use horizon_dns::config;
use horizon_dns::counters::Counters;
use horizon_dns::counters::Event;
use horizon_dns::dns::Edns;
use horizon_dns::forward::Forwarder;
use horizon_dns::forward::Miss;
use horizon_dns::forward::Plan;
use horizon_dns::forward::Return;
use horizon_dns::forward::StreamSettings;
use horizon_dns::forward::Streams;
use horizon_dns::forward::Tools;
use horizon_dns::forward::Waiter;
use signed_lab::World;
use signed_lab::read_question;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

/// A forwarder whose only upstream is the world's server.
struct Lab {
    world: World,
    forwarder: Arc<Forwarder>,
    counters: Arc<Counters>,
}

impl Lab {
    fn new() -> Self {
        let (world, counters) = (World::new(), Arc::new(Counters::new(1)));
        let handle = world.runtime.handle().clone();
        let streams = Streams::new(handle, StreamSettings::read(&settings(&world, "off")).unwrap());
        let tools = Tools {
            counters: counters.worker(),
            streams: Arc::new(streams),
            validator: Arc::new(world.validator_with(counters.worker())),
            begin: || (),
            turned: || (),
        };
        Lab { forwarder: Forwarder::start(tools).unwrap(), world, counters }
    }

    /// What a client gets that sets DO: RCODE, `ad`, number of answers, code of the extended error.
    fn ask(&self, plan: &Arc<Plan>, question: &str, checking_disabled: bool) -> String {
        let (name, rtype) = read_question(question);
        let mut query = b"\0\x09\x01\0\0\x01\0\0\0\0\0\0".to_vec();
        query[3] |= if checking_disabled { 0x10 } else { 0 };
        query.extend(name.as_slice());
        query.extend(rtype.to_be_bytes());
        query.extend(b"\0\x01");
        let (sender, receiver) = mpsc::channel();
        let waiter = Waiter {
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
            question_end: query.len(),
            query: query.into_boxed_slice(),
            edns: Some(Edns { udp_size: 4096, version: 0, dnssec_ok: true, cookie: None }),
            cookie: None,
            limit: 65_535,
            ours: None,
            back: Box::new(Back(sender)),
        };
        let miss = Miss {
            plan: Arc::clone(plan),
            horizon: 0,
            name: name.as_slice().to_ascii_lowercase().into_boxed_slice(),
            rtype,
            dnssec_ok: true,
            checking_disabled,
            waiter: Some(waiter),
        };
        self.forwarder.submit(miss).unwrap();
        show(&receiver.recv_timeout(Duration::from_secs(30)).unwrap())
    }
}

struct Back(mpsc::Sender<Vec<u8>>);

impl Return for Back {
    fn send(self: Box<Self>, reply: &[u8]) {
        // A test that has failed waits no more.
        let _ = self.0.send(reply.to_vec());
    }
}

fn settings(world: &World, mode: &str) -> config::Settings {
    let text = format!(
        "[[horizon]]\nname = \"lan\"\nclients = [\"any\"]\nforward = true\n[forward]\nupstreams = [\"{}\"]\ndnssec = \
         \"{mode}\"\n[forward.guard]\nrebind_protection = false\n",
        world.server.address
    );
    config::parse(&text, Path::new("horizon.toml")).unwrap()
}

fn show(reply: &[u8]) -> String {
    let reply = Message::from_vec(reply).unwrap();
    let ad = if reply.metadata.authentic_data { " ad" } else { "" };
    let records = reply.answers.iter().filter(|record| !record.record_type().is_rrsig()).count();
    let option = reply.edns.as_ref().and_then(|edns| edns.option(EdnsCode::Unknown(15)));
    let code = match option {
        Some(EdnsOption::Unknown(_, data)) => format!(" ! {}", u16::from_be_bytes([data[0], data[1]])),
        _ => String::new(),
    };
    format!("{:?}{ad} {records}{code}", reply.metadata.response_code)
}

/// In each mode: what clients get of secure, insecure and bogus answers, now and from the cache.
#[test]
fn clients_get_what_the_mode_lets_through() {
    let lab = Lab::new();
    // Each mode begins with an empty cache.
    let plan = |mode| Arc::new(Plan::new(&settings(&lab.world, mode), None));
    let (off, log, validate) = (plan("off"), plan("log"), plan("validate"));
    let table = [
        ("secure", &validate, "www.secure. A", false, "NoError ad 1"),
        ("secure, no name", &validate, "missing.secure. A", false, "NXDomain ad 0"),
        ("secure, no name beside NSEC3", &validate, "missing.hashed. A", false, "NXDomain ad 0"),
        ("secure, an alias the upstream does not follow", &validate, "hashed.secure. A", false, "NoError ad 2"),
        ("insecure", &validate, "www.plain. A", false, "NoError 1"),
        ("an alias to what is insecure", &validate, "plain.secure. A", false, "NoError 2"),
        ("bogus", &validate, "www.bad. A", false, "ServFail 0 ! 6"),
        ("bogus, and the client looks itself", &validate, "www.bad. A", true, "NoError 1"),
        ("an alias to what is bogus", &validate, "bad.secure. A", false, "ServFail 0 ! 6"),
        ("ended", &validate, "www.old. A", false, "ServFail 0 ! 7"),
        ("not begun", &validate, "www.early. A", false, "ServFail 0 ! 8"),
        ("not signed", &validate, "www.stripped. A", false, "ServFail 0 ! 10"),
        ("bogus is told and let in", &log, "www.bad. A", false, "NoError 1"),
        ("secure is secure", &log, "www.secure. A", false, "NoError ad 1"),
        ("nothing is validated", &off, "www.bad. A", false, "NoError 1"),
    ];
    for (why, plan, question, checking_disabled, expected) in table {
        for time in ["first", "second"] {
            assert_eq!(lab.ask(plan, question, checking_disabled), expected, "{why}: {question}, the {time} time");
        }
    }
    let count = |event| lab.counters.totals().of(event);
    assert!(count(Event::AnswerBogus) >= 5 && count(Event::AnswerSecure) >= 5);
    assert_eq!(count(Event::AnswerIndeterminate), 0);
}
