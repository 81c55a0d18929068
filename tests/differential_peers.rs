//! Our answers beside those of Knot and NSD on random zones and random questions.

mod peers;

use peers::{Carrier, Peer, Program, Question, Random, World, ask_all, read};

#[test]
fn explore() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut random = Random::new(seed);
    let world =
        if std::env::var("ROOT").is_ok() { World::of_root(&mut random) } else { World::of_trees(20, &mut random) };
    let begun = std::time::Instant::now();
    let knot = Peer::start(Program::Knot, &world);
    println!("knot up {:?} {}", begun.elapsed(), knot.log());
    let nsd = Peer::start(Program::Nsd, &world);
    println!("nsd up {:?} {}", begun.elapsed(), nsd.log());
    let names = world.interesting();
    println!("{} zones, {} names", world.zones.len(), names.len());
    let questions: Vec<_> = (0..10000).map(|_| Question::random(&names, &mut random)).collect();
    let octets: Vec<_> = questions.iter().zip(0..).map(|(q, id)| q.octets(id)).collect();
    let mut same = 0;
    let mut shown = 0;
    for carrier in [Carrier::Udp, Carrier::Tcp] {
        let from_knot = ask_all(carrier, knot.address, &octets);
        let from_nsd = ask_all(carrier, nsd.address, &octets);
        println!("asked {:?}", begun.elapsed());
        for ((question, one), two) in questions.iter().zip(from_knot).zip(from_nsd) {
            let (Some(one), Some(two)) = (one, two) else {
                println!("SILENT {question}");
                continue;
            };
            let (k, n) = match (read(&one), read(&two)) {
                (Ok(a), Ok(b)) => (a, b),
                other => {
                    println!("UNREAD {question} {other:?}");
                    continue;
                }
            };
            if k.rcode == n.rcode && k.aa == n.aa && k.tc == n.tc && k.answer == n.answer && k.authority == n.authority
            {
                same += 1;
                continue;
            }
            shown += 1;
            println!("--- {carrier:?} {question}");
            for (w, r) in [("knot", &k), ("nsd", &n)] {
                println!("  {w}: rcode {} aa {} tc {} len {}", r.rcode, r.aa, r.tc, r.length);
                for a in &r.answer {
                    println!("    an {}", peers::line(a));
                }
                for a in &r.authority {
                    println!("    au {}", peers::line(a));
                }
                for a in &r.additional {
                    println!("    ad {}", peers::line(a));
                }
            }
        }
    }
    println!("same {same} different {shown} in {:?}", begun.elapsed());
}
