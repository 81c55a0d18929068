//! A patched zone answers as one that was compiled whole, and shares what did not change.

use super::engine::answer;
use super::lookup::Lookup;
use super::name::{SearchName, hash_name, labels_that_collide};
use super::overlay::Overlay;
use super::reply::Reply;
use super::trace::Step;
use super::{Layer, NameAfter, SeenZone, Zone, Zones, compile};
use crate::dns::{HEADER, Name, Rtype, name_from_wire, parse_data, parse_name, present_name};
use crate::zone::{Line, Records, RrSet};
use std::collections::BTreeMap;
use std::sync::Arc;

const ORIGIN: &str = "zone.example";

/// What a zone is to hold: for each name whether it is inherited, and its records.
type Model = BTreeMap<Name, (bool, Vec<RrSet>)>;

fn origin() -> Name {
    parse_name(ORIGIN).unwrap()
}

fn name(relative: &str) -> Name {
    parse_name(&if relative == "@" { ORIGIN.to_owned() } else { format!("{relative}.{ORIGIN}") }).unwrap()
}

fn rrset(ttl: u32, rtype: Rtype, data: &[&str]) -> RrSet {
    let data = data.iter().map(|data| parse_data(rtype, data, &origin()).unwrap().to_vec()).collect();
    RrSet { rtype, ttl, data }
}

fn apex(serial: u32) -> Vec<RrSet> {
    let soa = format!("ns hostmaster {serial} 3600 600 86400 {}", 60 + serial);
    vec![rrset(300, Rtype::NS, &["ns", "ns.elsewhere.example."]), rrset(3600, Rtype::SOA, &[&soa])]
}

fn whole(model: &Model) -> Zone {
    let mut layers = [Records::new(origin()), Records::new(origin())];
    for (owner, (inherited, rrsets)) in model {
        for rrset in rrsets {
            for data in &rrset.data {
                let layer = &mut layers[usize::from(*inherited)];
                layer.push(owner.as_slice(), rrset.rtype, rrset.ttl, data, Line::default()).unwrap();
            }
        }
    }
    let [own, outer] = &layers;
    compile(&origin(), &[Layer { records: own, apex: true }, Layer { records: outer, apex: true }], &[]).unwrap()
}

fn patched(zone: &Zone, model: &Model, changed: &[Name]) -> Option<Zone> {
    let none = (false, Vec::new());
    let after: Vec<_> = changed
        .iter()
        .map(|owner| {
            let (inherited, rrsets) = model.get(owner).unwrap_or(&none);
            NameAfter { owner, inherited: *inherited, rrsets }
        })
        .collect();
    zone.patched(&after).unwrap()
}

/// Asks a zone by the engine; what it says why is compared as well.
fn ask(zones: &Zones, owner: &Name, rtype: Rtype) -> (Vec<u8>, Vec<Step>) {
    let mut question = vec![0; HEADER];
    question.extend_from_slice(owner.as_slice());
    question.extend([rtype.to_int().to_be_bytes(), [0, 1]].concat());
    let mut lookup = Lookup::blank();
    lookup.start(zones, owner.as_slice(), rtype.to_int());
    let mut buffer = vec![0; 4096];
    let mut steps: Vec<Step> = Vec::new();
    let mut reply = Reply::new(&mut buffer, &question, 4096, 0).unwrap();
    answer(zones, Overlay::default().seen_by(""), &lookup, &mut reply, &mut steps);
    let length = reply.finish(0, None);
    buffer.truncate(length);
    (buffer, steps)
}

/// Pseudo-random numbers that are the same in every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Names of one to four labels below the apex.
fn alphabet() -> Vec<Name> {
    let mut names: Vec<String> = vec![String::new()];
    let mut last = 0..1;
    for _ in 0..4 {
        let from = last.end;
        for at in last {
            for label in ["a", "b", "*"] {
                let below = if names[at].is_empty() { label.to_owned() } else { format!("{label}.{}", names[at]) };
                names.push(below);
            }
        }
        last = from..names.len();
    }
    names[1..].iter().map(|relative| name(relative)).collect()
}

fn some_records(numbers: &mut Numbers) -> Vec<RrSet> {
    let addresses: [&[&str]; 3] = [&["192.0.2.1"], &["192.0.2.2", "192.0.2.3"], &["192.0.2.4"; 2]];
    let a = rrset(300, Rtype::A, addresses[numbers.below(3)]);
    let target = *numbers.one(&["a", "b.a", "a.b.b", "x.*.a", "ns.elsewhere.example."]);
    match numbers.below(12) {
        0 => vec![rrset(60, Rtype::CNAME, &[target])],
        1 => vec![rrset(60, Rtype::NS, &[target, "a.a"])],
        2 => vec![rrset(60, Rtype::NS, &[target]), rrset(60, Rtype::DS, &[&format!("1 8 2 {}", "ab".repeat(32))])],
        3 => vec![rrset(60, Rtype::DNAME, &[target])],
        4 => vec![a, rrset(60, Rtype::MX, &[&format!("10 {target}"), "20 B.b"])],
        5 => vec![rrset(60, Rtype::TXT, &["some text", "more"]), a],
        6 => vec![a, rrset(5, Rtype::A, &["192.0.2.1"])],
        _ => vec![a],
    }
}

/// After each of many changes the patched zone and the one compiled whole say the same, octet for octet.
#[test]
fn a_patched_zone_answers_as_one_compiled_whole() {
    let names = alphabet();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let (mut by_patch, mut steps) = (0, 0);
    for _ in 0..24 {
        let mut model: Model = [(name("@"), (false, apex(1)))].into();
        for _ in 0..numbers.below(15) {
            model.insert(numbers.one(&names).clone(), (numbers.below(5) == 0, some_records(&mut numbers)));
        }
        let mut zone = Arc::new(whole(&model));
        for serial in 2..12 {
            let mut changed = vec![name("@")];
            model.insert(name("@"), (false, apex(serial)));
            if numbers.below(20) == 0 {
                let dname = rrset(60, Rtype::DNAME, &["elsewhere.example."]);
                model.insert(name("@"), (false, [apex(serial), vec![dname]].concat()));
            }
            for _ in 0..1 + numbers.below(3) {
                // Changes at names that exist and near them, and all others.
                let owner = match numbers.below(2) {
                    0 => numbers.one(&model.keys().cloned().collect::<Vec<_>>()).clone(),
                    _ => numbers.one(&names).clone(),
                };
                if changed.contains(&owner) {
                    continue;
                }
                if numbers.below(2) == 0 {
                    model.remove(&owner);
                } else {
                    model.insert(owner.clone(), (numbers.below(5) == 0, some_records(&mut numbers)));
                }
                changed.push(owner);
            }
            let fresh = Arc::new(whole(&model));
            let now = patched(&zone, &model, &changed).map(Arc::new);
            steps += 1;
            by_patch += usize::from(now.is_some());
            zone = now.unwrap_or_else(|| fresh.clone());
            same(&zone, &fresh, &names, &model);
        }
    }
    assert!(by_patch * 4 > steps * 3, "{by_patch} of {steps} changes were patched: three of four should be");
}

fn same(patched: &Arc<Zone>, fresh: &Arc<Zone>, names: &[Name], model: &Model) {
    let counts = |zone: &Zone| (zone.names(), zone.records(), zone.serial(), zone.negative_ttl());
    assert_eq!(counts(patched), counts(fresh), "names, records, serial, negative TTL: {model:?}");
    let zones = [patched, fresh].map(|zone| Zones::new(vec![SeenZone { zone: zone.clone(), inherited: false }]));
    for owner in names.iter().chain([&name("@"), &name("x.*.a")]) {
        for rtype in [Rtype::A, Rtype::CNAME, Rtype::NS, Rtype::DS, Rtype::MX, Rtype::ANY] {
            let [left, right] = zones.each_ref().map(|zones| ask(zones, owner, rtype));
            assert_eq!(left, right, "{} {rtype} in {model:?}", present_name(owner.as_slice()));
        }
        assert_eq!(patched.records_at(owner), fresh.records_at(owner), "{}", present_name(owner.as_slice()));
        let records = |zone: &Zone| zone.records_at(owner).filter(|(_, rrsets)| !rrsets.is_empty());
        assert_eq!(records(patched).is_some(), model.contains_key(owner), "{}", present_name(owner.as_slice()));
    }
}

fn large() -> (Model, Zone) {
    let mut model: Model = [(name("@"), (false, apex(1)))].into();
    for number in 0..50_000 {
        let address = format!("192.0.{}.{}", number / 250 % 250, number % 250);
        model.insert(name(&format!("h{number}")), (false, vec![rrset(300, Rtype::A, &[&address])]));
    }
    let zone = whole(&model);
    (model, zone)
}

/// A patch copies the shards of what it changes and no other; the edits of every day are patched.
#[test]
fn a_patch_shares_what_did_not_change() {
    let (mut model, mut zone) = large();
    let a = || vec![rrset(300, Rtype::A, &["192.0.2.1"])];
    let before = zone.octets();
    assert!(zone.shards().len() >= 64, "{} shards", zone.shards().len());
    // What changes, and how many shards at most beside that of the apex.
    let edits: [(&str, Vec<RrSet>, usize); 13] = [
        ("h7", vec![rrset(60, Rtype::A, &["192.0.2.7", "192.0.2.8"])], 1),
        ("h8", Vec::new(), 1),
        ("new", a(), 1),
        ("_acme-challenge.new", vec![rrset(1, Rtype::TXT, &["token"])], 2),
        ("_acme-challenge.new", Vec::new(), 2),
        ("*.dyn", a(), 2),
        ("*.dyn", Vec::new(), 2),
        ("*", a(), 1),
        ("*", Vec::new(), 1),
        ("one.two.three", a(), 3),
        ("h9", vec![rrset(60, Rtype::CNAME, &["new"])], 1),
        ("h9", a(), 1),
        ("sub", vec![rrset(60, Rtype::NS, &["ns.elsewhere.example."])], 1),
    ];
    for (serial, (owner, rrsets, shards)) in (2..).zip(edits) {
        let owner = name(owner);
        match rrsets.is_empty() {
            true => model.remove(&owner),
            false => model.insert(owner.clone(), (false, rrsets)),
        };
        model.insert(name("@"), (false, apex(serial)));
        let after = patched(&zone, &model, &[name("@"), owner.clone()]).expect("patched, not compiled whole");
        let copied = zone.shards().iter().zip(after.shards()).filter(|(old, new)| !Arc::ptr_eq(old, new)).count();
        assert!((1..=shards + 1).contains(&copied), "{copied} shards for {}", present_name(owner.as_slice()));
        zone = after;
    }
    assert!(zone.octets() < before + 1000, "nothing is left behind: {before} octets, then {}", zone.octets());
    same(&Arc::new(zone), &Arc::new(whole(&model)), &[name("h7"), name("new"), name("two.three")], &model);
}

/// Any shard takes many new names before the zone must be compiled whole; glue and its delegation come and go together.
#[test]
fn a_zone_grows_by_patches() {
    let mut model: Model = [(name("@"), (false, apex(1)))].into();
    let mut zone = whole(&model);
    let mut add = |owner: &str, rrsets: Vec<RrSet>| {
        model.insert(name(owner), (false, rrsets));
        name(owner)
    };
    let glue = add("ns.sub", vec![rrset(60, Rtype::A, &["192.0.2.53"])]);
    let cut = add("sub", vec![rrset(60, Rtype::NS, &["ns.sub"])]);
    let others: Vec<Name> =
        (0..3).map(|at| add(&format!("h{at}"), vec![rrset(60, Rtype::A, &["192.0.2.1"])])).collect();
    for changed in [vec![glue.clone(), cut.clone()], others] {
        zone = patched(&zone, &model, &changed).expect("an almost empty zone has room");
    }
    same(
        &Arc::new(patched(&zone, &model, &[]).unwrap()),
        &Arc::new(whole(&model)),
        &[glue.clone(), cut.clone()],
        &model,
    );
    model.remove(&glue);
    model.remove(&cut);
    zone = patched(&zone, &model, &[cut, glue]).expect("the cut goes with what is below it");
    same(&Arc::new(zone), &Arc::new(whole(&model)), &alphabet(), &model);
}

/// What the compiler refuses, a patch refuses too.
#[test]
fn a_patch_refuses_what_the_compiler_refuses() {
    let zone = whole(&[(name("@"), (false, apex(1)))].into());
    let (apex, www) = (name("@"), name("www"));
    let ns = [rrset(60, Rtype::NS, &["ns"])];
    assert!(zone.patched(&[NameAfter { owner: &apex, inherited: false, rrsets: &ns }]).is_err(), "no SOA");
    let text = format!("\"{}\"", "x".repeat(250));
    let mut large = rrset(60, Rtype::TXT, &[&text]);
    large.data = (0..300u16).map(|at| [&large.data[0][..249], &at.to_be_bytes()].concat()).collect();
    let after = [NameAfter { owner: &www, inherited: false, rrsets: &[large] }];
    assert!(zone.patched(&after).is_err(), "an RRset larger than a message");
}

/// Names that share a hash are told apart, and so are the names below them.
#[test]
fn names_that_share_a_hash_are_told_apart() {
    let below = |labels: &[&[u8]]| {
        let labels = labels.iter().map(|label| [&[label.len() as u8], *label].concat());
        name_from_wire(&labels.chain([origin().as_slice().to_vec()]).collect::<Vec<_>>().concat()).unwrap()
    };
    let mut model: Model = [(name("@"), (false, apex(1)))].into();
    let [left, right] = labels_that_collide(whole(&model).origin_hash());
    let names =
        [below(&[&left]), below(&[&right]), below(&[b"a", &left]), below(&[b"b", &right]), below(&[b"*", &left])];
    let mut zone = whole(&model);
    let hash = |name: &Name| hash_name(&SearchName::new(name.as_slice(), 0).unwrap());
    assert!(hash(&names[0]) == hash(&names[1]) && names[0] != names[1], "{names:?}");
    for added in 0..names.len() {
        let address = format!("192.0.2.{added}");
        model.insert(names[added].clone(), (false, vec![rrset(60, Rtype::A, &[&address])]));
        let fresh = whole(&model);
        assert_eq!(fresh.names(), added + 2);
        zone = patched(&zone, &model, &names[added..=added]).expect("the patch has counted all children itself");
        let zones = Zones::new(vec![SeenZone { zone: Arc::new(whole(&model)), inherited: false }]);
        let (reply, _) = ask(&zones, &names[added], Rtype::A);
        assert_eq!(reply.last(), Some(&(added as u8)), "its own address");
        let now = zone.patched(&[]).unwrap().unwrap();
        same(&Arc::new(now), &Arc::new(fresh), &names, &model);
    }
    let fresh = whole(&model);
    model.remove(&names[3]);
    assert!(patched(&fresh, &model, &names[3..4]).is_none(), "the compiler cannot tell whose child goes");
}
