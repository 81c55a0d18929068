//! Our answers beside those of Knot and NSD: random zones, random questions, over UDP and over TCP.
//!
//! Each pair of replies is equal or different in a way that `peers/differences.rs` lists with the RFC section that decides;
//! anything else fails, and so does a listed difference that no longer occurs. `PEERS_SEEDS=7,8` runs other seeds,
//! `PEERS_QUESTIONS=100000` more questions a seed.

mod peers;

use horizon_dns::dns::Rtype;
use peers::{
    CLASSES, Carrier, Case, Ours, Peer, Program, Question, Random, Reply, Rr, Verdict, World, ask_all, is_at_or_below,
    line, parent, read, same, walk,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a run adds up.
#[derive(Default)]
struct Tally {
    pairs: [usize; 2],
    equal_to: BTreeMap<&'static str, usize>,
    listed: BTreeMap<(usize, &'static str), usize>,
    /// Over UDP: TC set by the peer only, by us only, and a peer's reply cut without TC.
    cut: [usize; 3],
    faults: Vec<String>,
}

/// All servers with the same zones.
struct Stage {
    world: World,
    /// All its records, in lower case.
    known: BTreeSet<Rr>,
    ours: Ours,
    peers: [(Program, Peer); 2],
}

/// The promise of the engine: rcode, AA, answer and authority as Knot and NSD say, or as the RFC named says.
#[test]
fn answers_are_those_of_knot_and_nsd() {
    let seeds = numbers("PEERS_SEEDS").unwrap_or_else(|| vec![1, 2, 3, 4]);
    let questions = numbers("PEERS_QUESTIONS").and_then(|all| all.first().copied()).unwrap_or(6_000) as usize;
    let mut tally = Tally::default();
    for seed in seeds {
        // Each fourth seed serves the root zone.
        let mut random = Random::new(seed);
        let world = match seed % 4 {
            0 => World::of_root(&mut random),
            _ => World::of_trees(24, &mut random),
        };
        let peers = [Program::Knot, Program::Nsd].map(|program| (program, Peer::start(program, &world)));
        let known = world.zones.iter().flat_map(|zone| &zone.records).map(Rr::in_lower_case).collect();
        let stage = Stage { ours: Ours::start(&world), known, world, peers };
        stage.run(seed, questions, &mut random, &mut tally);
    }
    println!("{}", tally.report());
    assert!(tally.faults.is_empty(), "{} faults; the first:\n{}", tally.faults.len(), tally.first_faults());
    assert!(tally.pairs.iter().all(|pairs| *pairs >= 20_000) || numbers("PEERS_SEEDS").is_some(), "too few pairs");
    let unseen = (0..CLASSES.len()).filter(|index| !tally.listed.keys().any(|(used, _)| used == index));
    let unseen: Vec<_> = unseen.map(|index| CLASSES[index].name).collect();
    assert!(unseen.is_empty(), "never seen, so not to be listed: {unseen:?}");
}

fn numbers(variable: &str) -> Option<Vec<u64>> {
    let text = std::env::var(variable).ok()?;
    Some(text.split(',').map(|number| number.trim().parse().expect("numbers with commas between")).collect())
}

impl Stage {
    fn run(&self, seed: u64, count: usize, random: &mut Random, tally: &mut Tally) {
        let names = self.world.interesting();
        let mut left = count;
        while left > 0 {
            let questions: Vec<_> = (0..left.min(20_000)).map(|_| Question::random(&names, random)).collect();
            left -= questions.len();
            self.ask(seed, &questions, tally);
        }
    }

    fn ask(&self, seed: u64, questions: &[Question], tally: &mut Tally) {
        let octets: Vec<_> = questions.iter().zip(0..).map(|(question, id)| question.octets(id)).collect();
        let by_udp = ask_all(Carrier::Udp, self.ours.address, &octets);
        let by_tcp = ask_all(Carrier::Tcp, self.ours.address, &octets);
        let peers = self.peers.each_ref().map(|(program, peer)| {
            let udp = ask_all(Carrier::Udp, peer.address, &octets);
            (*program, peer, udp, ask_all(Carrier::Tcp, peer.address, &octets))
        });
        for (at, question) in questions.iter().enumerate() {
            let mut fault = |what: &str, replies: &[(&str, Option<&Reply>)]| {
                tally.faults.push(shown(seed, question, what, replies));
            };
            let ours = match (readable(&by_udp[at]), readable(&by_tcp[at])) {
                (Ok(udp), Ok(tcp)) => (udp, tcp),
                (Err(reason), _) => return fault(&format!("UDP: {reason}"), &[]),
                (_, Err(reason)) => return fault(&format!("TCP: {reason}"), &[]),
            };
            for (carrier, reply) in [(Carrier::Udp, &ours.0), (Carrier::Tcp, &ours.1)] {
                if let Err(what) = sound(reply, question, carrier, at as u16) {
                    fault(&what, &[("ours", Some(reply))]);
                }
            }
            for (name, reply) in [("udp", &ours.0), ("tcp", &ours.1)] {
                if let Err(what) = self.additional(reply) {
                    fault(&what, &[(name, Some(reply))]);
                }
            }
            if let Err(what) = truncation(&ours.0, &ours.1, question) {
                fault(&what, &[("udp", Some(&ours.0)), ("tcp", Some(&ours.1))]);
            }
            let read: Vec<_> = peers
                .iter()
                .map(|(program, peer, udp, tcp)| {
                    (
                        *program,
                        *peer,
                        udp[at].as_ref().and_then(|reply| walk(reply)),
                        tcp[at].as_ref().and_then(|reply| walk(reply)),
                    )
                })
                .collect();
            for carrier in [Carrier::Udp, Carrier::Tcp] {
                self.compare(seed, question, carrier, &ours, &read, tally);
            }
            for (_, _, udp, tcp) in &read {
                let (Some(udp), Some(tcp)) = (udp, tcp) else { continue };
                tally.cut[0] += usize::from(udp.tc && !ours.0.tc);
                tally.cut[1] += usize::from(!udp.tc && ours.0.tc);
                tally.cut[2] += usize::from(!udp.tc && !same(udp, tcp));
            }
        }
    }

    /// Additional records are records of our zones, and a referral carries its glue (RFC 9471 section 3.1).
    fn additional(&self, reply: &Reply) -> Result<(), String> {
        let known = |record: &Rr, owner: &[u8]| self.known.contains(&Rr { owner: owner.to_vec(), ..record.clone() });
        for record in &reply.additional {
            let mut above = Some(&record.owner[..]);
            let mut found = known(record, &record.owner);
            while let (false, Some(name)) = (found, above) {
                found = known(record, &[b"\x01*", name].concat());
                above = parent(name);
            }
            if !found {
                return Err(format!("no zone holds the additional record {}", line(record)));
            }
        }
        let Some(cut) = reply.authority.first().filter(|record| record.rtype == Rtype::NS) else { return Ok(()) };
        let servers: BTreeSet<_> = reply.authority.iter().map(|record| &record.data).collect();
        let glue = |record: &&Rr| {
            matches!(record.rtype, Rtype::A | Rtype::AAAA)
                && servers.contains(&record.owner)
                && is_at_or_below(&record.owner, &cut.owner)
        };
        let zone = self.world.zone_above(&cut.owner);
        let glue = zone.iter().flat_map(|zone| &zone.records).map(Rr::in_lower_case).filter(|record| glue(&record));
        match glue.into_iter().find(|record| !reply.additional.contains(record)) {
            Some(missing) if !reply.tc => Err(format!("the referral lacks {}", line(&missing))),
            _ => Ok(()),
        }
    }

    /// Compares ours, over UDP and over TCP, with both peers on one carrier.
    fn compare(
        &self,
        seed: u64,
        question: &Question,
        carrier: Carrier,
        ours: &(Reply, Reply),
        peers: &[Replies<'_>],
        tally: &mut Tally,
    ) {
        let mut cases: Vec<_> = peers
            .iter()
            .map(|(program, server, udp, tcp)| {
                let ask = move |question: &Question| {
                    let replies = ask_all(Carrier::Tcp, server.address, &[question.octets(0)]);
                    replies.first().and_then(|reply| walk(reply.as_ref()?))
                };
                // What UDP cut off is compared as it comes over TCP; `truncation` has held ours against that.
                let uneven = |udp: &Reply| udp.tc || tcp.as_ref().is_some_and(|tcp| !same(udp, tcp));
                let cut = ours.0.tc || udp.as_ref().is_some_and(uneven);
                let by_tcp = carrier == Carrier::Tcp || cut;
                let (ours, peer) = if by_tcp { (&ours.1, tcp.as_ref()) } else { (&ours.0, udp.as_ref()) };
                let ask = Box::new(ask);
                Case { world: &self.world, question, program: *program, ours, peer, other_agrees: false, ask }
            })
            .collect();
        if cases.iter().all(|case| case.verdict() == Verdict::Same) {
            cases.iter().for_each(|case| tally.count(carrier, case.program, Verdict::Same));
            return;
        }
        let agrees: Vec<_> = cases.iter().map(Case::vouches).collect();
        for (at, case) in cases.iter_mut().enumerate() {
            case.other_agrees = agrees[1 - at];
        }
        for case in &cases {
            let verdict = case.verdict();
            tally.count(carrier, case.program, verdict);
            if verdict == Verdict::Fault {
                let mut replies = vec![("ours", Some(case.ours))];
                replies.extend(cases.iter().map(|case| (case.program.name(), case.peer)));
                let joined = case.joined();
                replies.push(("in parts", joined.as_ref()));
                let what = format!("not as {}, in no listed way", case.program.name());
                tally.faults.push(shown(seed, question, &what, &replies));
            }
        }
    }
}

/// A peer and what it says of one question over UDP and over TCP.
type Replies<'a> = (Program, &'a Peer, Option<Reply>, Option<Reply>);

/// Ours over UDP is ours over TCP, cut off exactly when what must be in it does not fit (RFC 2181 section 9).
///
/// Addresses that only help may be left out; those of a referral count (RFC 9471 section 3.1).
fn truncation(udp: &Reply, tcp: &Reply, question: &Question) -> Result<(), String> {
    let limit = question.udp_limit();
    let opt = tcp.opt_length;
    if tcp.tc {
        return Err("TC over TCP".to_owned());
    }
    if !udp.tc {
        let equal = same(udp, tcp);
        return if equal { Ok(()) } else { Err("UDP and TCP replies differ without TC".to_owned()) };
    }
    let referral = !tcp.authority.is_empty() && tcp.authority.iter().all(|record| record.rtype == Rtype::NS);
    let needed = if referral { tcp.length } else { tcp.needed + opt };
    if needed > limit { Ok(()) } else { Err(format!("TC although {needed} octets are at most {limit}")) }
}

/// What must hold for every reply, whatever the peers say.
fn sound(reply: &Reply, question: &Question, carrier: Carrier, id: u16) -> Result<(), String> {
    let limit = if carrier == Carrier::Udp { question.udp_limit() } else { 65_535 };
    let checks = [
        ("the ID is the query's", reply.id == id),
        ("the question is echoed octet for octet", reply.question == question.question_octets()),
        ("the opcode is echoed", reply.opcode == question.opcode),
        ("RD is echoed", reply.rd == question.recursion_desired || question.opcode != 0),
        ("RA is clear", !reply.ra),
        ("it fits", reply.length <= limit),
        ("no record comes twice", !reply.repeated),
        ("OPT answers OPT, and only that", reply.edns.is_some() == question.edns.is_some() || reply.rcode == 4),
        ("an alias stands before its target", reply.in_order(question)),
    ];
    checks.iter().find(|(_, holds)| !holds).map_or(Ok(()), |(promise, _)| Err(format!("broken: {promise}")))
}

fn readable(reply: &Option<Vec<u8>>) -> Result<Reply, String> {
    read(reply.as_ref().ok_or("no reply")?)
}

/// A question with replies to it, for a person.
fn shown(seed: u64, question: &Question, what: &str, replies: &[(&str, Option<&Reply>)]) -> String {
    let mut text = format!("--- seed {seed}: {question}: {what}\n");
    for (name, reply) in replies {
        let Some(reply) = reply else {
            writeln!(text, "  {name}: silent").expect("a String takes text");
            continue;
        };
        let Reply { rcode, aa, tc, length, .. } = reply;
        writeln!(text, "  {name}: rcode {rcode} aa {aa} tc {tc} {length} octets").expect("a String takes text");
        let sections = [("answer", &reply.answer), ("authority", &reply.authority), ("additional", &reply.additional)];
        for (section, record) in sections.iter().flat_map(|(name, set)| set.iter().map(move |record| (name, record))) {
            writeln!(text, "    {section} {}", line(record)).expect("a String takes text");
        }
    }
    text
}

impl Tally {
    fn count(&mut self, carrier: Carrier, program: Program, verdict: Verdict) {
        self.pairs[usize::from(carrier == Carrier::Tcp)] += 1;
        match verdict {
            Verdict::Same => *self.equal_to.entry(program.name()).or_default() += 1,
            Verdict::Listed(class) => *self.listed.entry((class, program.name())).or_default() += 1,
            Verdict::Fault => {}
        }
    }

    fn report(&self) -> String {
        let mut text = format!("{} pairs over UDP, {} over TCP\n", self.pairs[0], self.pairs[1]);
        for (program, count) in &self.equal_to {
            writeln!(text, "{count:>8} equal to {program}").expect("a String takes text");
        }
        for ((index, program), count) in &self.listed {
            let class = &CLASSES[*index];
            writeln!(text, "{count:>8} unlike {program}: {} ({})", class.name, class.decides)
                .expect("a String takes text");
        }
        let [theirs, ours, silently] = self.cut;
        writeln!(
            text,
            "{theirs:>8} cut off over UDP by the peer only, {ours} by us only (RFC 2181 section 9: by size); {silently} by a \
             peer that does not say so"
        )
        .expect("a String takes text");
        write!(text, "{:>8} faults", self.faults.len()).expect("a String takes text");
        text
    }

    fn first_faults(&self) -> String {
        self.faults.iter().take(400).cloned().collect()
    }
}
