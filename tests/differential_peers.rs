//! Our answers beside those of Knot and NSD on random zones and random questions.

mod peers;

use peers::{Carrier, Ours, Peer, Program, Question, Random, Reply, World, ask_all, read};

#[test]
fn explore() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut random = Random::new(seed);
    let world =
        if std::env::var("ROOT").is_ok() { World::of_root(&mut random) } else { World::of_trees(20, &mut random) };
    let begun = std::time::Instant::now();
    let ours = Ours::start(&world);
    let knot = Peer::start(Program::Knot, &world);
    let nsd = Peer::start(Program::Nsd, &world);
    let names = world.interesting();
    println!("{} zones, {} names", world.zones.len(), names.len());
    let questions: Vec<_> = (0..10000).map(|_| Question::random(&names, &mut random)).collect();
    let octets: Vec<_> = questions.iter().zip(0..).map(|(q, id)| q.octets(id)).collect();
    let mut counts = std::collections::BTreeMap::new();
    for carrier in [Carrier::Udp, Carrier::Tcp] {
        let from_ours = ask_all(carrier, ours.address, &octets);
        println!("asked ours {:?}", begun.elapsed());
        let from_knot = ask_all(carrier, knot.address, &octets);
        println!("asked knot {:?}", begun.elapsed());
        let from_nsd = ask_all(carrier, nsd.address, &octets);
        println!("asked nsd {:?}", begun.elapsed());
        for (at, question) in questions.iter().enumerate() {
            let all: Vec<(&str, Result<Reply, String>)> =
                [("ours", &from_ours), ("knot", &from_knot), ("nsd", &from_nsd)]
                    .iter()
                    .map(|(n, l)| (*n, l[at].as_ref().ok_or("silent".to_owned()).and_then(|o| read(o))))
                    .collect();
            let same = |a: &Result<Reply, String>, b: &Result<Reply, String>| match (a, b) {
                (Ok(k), Ok(n)) => {
                    k.rcode == n.rcode
                        && k.aa == n.aa
                        && k.tc == n.tc
                        && k.answer == n.answer
                        && k.authority == n.authority
                }
                _ => false,
            };
            let k = same(&all[0].1, &all[1].1);
            let n = same(&all[0].1, &all[2].1);
            *counts.entry((k, n)).or_insert(0) += 1;
            if k || n {
                continue;
            }
            println!("--- {carrier:?} {question}");
            for (w, r) in all {
                match r {
                    Err(e) => println!("  {w}: {e}"),
                    Ok(r) => {
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
        }
    }
    println!("(=knot, =nsd) {counts:?} in {:?}", begun.elapsed());
}
