//! Random changes of random zone texts: the records become those that were asked for, and other lines stay as they are.

mod zone_text;

use horizon_dns::dns::{Name, Rtype, name_from_wire, parse_data, parse_name};
use horizon_dns::edit::{Hints, NameChange, Placed, RecordEdit, changes, compare, rewrite, sets_of};
use horizon_dns::zone::{Document, EntryKind, LoadedZone, Records, RrSet, parse_zone};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use zone_text::random::Random;

const FILE: &str = "example.org.zone";

/// Records by owner and type, each with its TTL; the serial of the SOA left out.
type Model = BTreeMap<(Vec<u8>, u16), BTreeSet<(u32, Vec<u8>)>>;

fn model(records: &Records) -> Model {
    let mut model = Model::new();
    for record in records.iter() {
        let mut data = record.data.to_vec();
        if record.rtype == Rtype::SOA {
            let serial = data.len() - 20;
            data[serial..serial + 4].fill(0);
        }
        let key = (record.owner.to_ascii_lowercase(), record.rtype.to_int());
        model.entry(key).or_default().insert((record.ttl, data));
    }
    model
}

fn set_of(sets: &[RrSet], rtype: Rtype) -> Option<&RrSet> {
    sets.iter().find(|set| set.rtype == rtype)
}

/// The types of a name whose sets differ.
fn changed_types(change: &NameChange) -> Vec<Rtype> {
    let types = change.before.iter().chain(&change.after).map(|set| set.rtype);
    let differs = |rtype: &Rtype| set_of(&change.before, *rtype) != set_of(&change.after, *rtype);
    types.filter(differs).collect()
}

fn apply(model: &mut Model, names: &[NameChange]) {
    for change in names {
        for rtype in changed_types(change) {
            let key = (change.owner.as_slice().to_ascii_lowercase(), rtype.to_int());
            model.remove(&key);
            if let Some(set) = set_of(&change.after, rtype) {
                model.insert(key, set.data.iter().map(|data| (set.ttl, data.clone())).collect());
            }
        }
    }
}

fn name(random: &mut Random) -> String {
    match random.below(12) {
        0 => "@".to_owned(),
        1 => format!("h{}.sub", random.below(20)),
        2 => "*.wild".to_owned(),
        3 => format!("Mixed{}", random.below(9)),
        4 => format!("_sip{}._tcp", random.below(3)),
        _ => format!("h{}", random.below(400)),
    }
}

fn data(random: &mut Random) -> (Rtype, String) {
    match random.below(6) {
        0 => (Rtype::AAAA, format!("fd00::{:x}", random.below(9))),
        1 => (Rtype::TXT, format!("\"text ; {}\" x{}", random.below(9), random.below(3))),
        2 => (Rtype::MX, format!("{} mail{}", random.below(3), random.below(3))),
        3 => (Rtype::NS, format!("NS{}.example.net.", random.below(3))),
        _ => (Rtype::A, format!("10.0.{}.{}", random.below(2), random.below(9))),
    }
}

/// Zone text in many styles: heirs of owners and TTLs, comments, blank lines, joined lines, directives.
fn text(random: &mut Random, lines: usize) -> String {
    let ending = if random.below(5) == 0 { "\r\n" } else { "\n" };
    let sorted = random.below(3) == 0;
    let mut out = String::new();
    if random.below(2) == 0 {
        out.push_str(&format!("; a zone{ending}$TTL 1h{ending}"));
    }
    let ttl = ["", "300 "][random.below(2)];
    out.push_str(&format!(
        "@ {ttl}IN SOA ns Host.master ( 7 ; serial{ending} 1h 15m 1w{ending}\t1h ) ; the end{ending}"
    ));
    out.push_str(&format!("  IN NS ns{ending}"));
    for line in 0..lines {
        let blank = [" ", "\t", "    ", "\t\t"][random.below(4)];
        let class = ["IN ", "", "in\t"][random.below(3)];
        let ttl = if random.below(6) == 0 { format!("{} ", [60, 300, 3600][random.below(3)]) } else { String::new() };
        let comment = match random.below(9) {
            0 => " ; from lxc/103 service".to_owned(),
            1 => format!("   ; note {line}"),
            2 => ";".to_owned(),
            _ => String::new(),
        };
        match random.below(24) {
            0 => out.push_str(&format!("; comment {line}")),
            1 => out.push_str(blank),
            2 => {}
            3 => out
                .push_str(["$ORIGIN example.org.", "$ORIGIN sub.example.org.", "$TTL 300", "$TTL 1h"][random.below(4)]),
            4 => {
                let owner = name(random);
                out.push_str(&format!(
                    "{owner}{blank}{ttl}{class}TXT ( one ; in{ending} \"two ( \"{ending}) {comment}"
                ));
            }
            5..9 => {
                let (rtype, data) = data(random);
                out.push_str(&format!("{blank}{class}{ttl}{rtype} {data}{comment}"));
            }
            _ => {
                let owner = if sorted { format!("s{line}") } else { name(random) };
                let (rtype, data) = data(random);
                out.push_str(&format!("{owner}{blank}{ttl}{class}{rtype}{blank}{data}{comment}"));
            }
        }
        out.push_str(if line + 1 == lines && random.below(3) == 0 { "" } else { ending });
    }
    out
}

fn load(text: &[u8], origin: &Name) -> LoadedZone {
    match parse_zone(text, Path::new(FILE), origin) {
        Ok(zone) => zone,
        Err(findings) => panic!("{}\n{}", findings[0], String::from_utf8_lossy(text)),
    }
}

/// A name of the zone, often one near a checkpoint, or a new one.
fn some_owner(random: &mut Random, records: &Records, origin: &Name) -> Name {
    let at = match random.below(3) {
        0 => random.below(records.len()),
        1 => (random.below(8) * 400 + random.below(120)).min(records.len() - 1),
        _ => {
            let text = [
                format!("new{}", random.below(40)),
                format!("h{}", random.below(400)),
                format!("s{}a", random.below(900)),
            ];
            return parse_name(&format!("{}.{origin}", text[random.below(3)])).unwrap();
        }
    };
    name_from_wire(records.get(at).unwrap().owner).unwrap()
}

fn some_edit(random: &mut Random, records: &Records, origin: &Name) -> RecordEdit {
    let owner = some_owner(random, records, origin);
    let (rtype, text) = data(random);
    let mut all = vec![parse_data(rtype, &text, origin).unwrap()];
    let ttl = [None, None, Some(60), Some(300)][random.below(4)];
    match random.below(6) {
        0 => RecordEdit::Add { owner, rtype, ttl, data: all },
        1 => RecordEdit::Remove { owner, rtype: None, data: None },
        2 => RecordEdit::Remove { owner, rtype: Some(rtype), data: None },
        3 => {
            RecordEdit::Move { from: owner, to: some_owner(random, records, origin), keep_cname: random.below(2) == 0 }
        }
        _ => {
            for last in 0..random.below(3) {
                let other = match rtype {
                    Rtype::A => vec![10, 9, 9, last as u8],
                    Rtype::AAAA => [&[0xfd; 15][..], &[last as u8]].concat(),
                    _ => break,
                };
                all.push(other);
            }
            RecordEdit::Set { owner, rtype, ttl, data: all }
        }
    }
}

/// Lines of records that a change means, and all others with the count of those that only stand near.
fn check_lines(before: &[u8], after: &[u8], names: &[NameChange], origin: &Name, context: &str) {
    let document = Document::parse(before.to_vec(), Path::new(FILE), origin);
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut heirs = 0;
    let mut touched = 0;
    let mut records: HashMap<&[u8], i64> = HashMap::new();
    for entry in document.entries() {
        let text = document.text_of(entry);
        let EntryKind::Record(record) = &entry.kind else {
            kept.push(text);
            continue;
        };
        let change = names.iter().find(|change| change.owner == record.owner);
        if change.is_some_and(|change| changed_types(change).contains(&record.rtype)) {
            touched += 1;
        } else if record.rtype == Rtype::SOA {
        } else if record.owner_written && record.ttl_written {
            kept.push(text);
        } else {
            *records.entry(text).or_default() += 1;
        }
    }
    let new = Document::parse(after.to_vec(), Path::new(FILE), origin);
    let mut entries = new.entries().iter().map(|entry| new.text_of(entry));
    for text in kept {
        // A text that did not end in a line ending may have got one.
        let same = |other: &&[u8]| {
            *other == text || (!text.ends_with(b"\n") && other.trim_ascii_end() == text.trim_ascii_end())
        };
        assert!(entries.any(|other| same(&other)), "{context}: `{}` is gone", String::from_utf8_lossy(text));
    }
    for entry in new.entries() {
        if let Some(count) = records.get_mut(new.text_of(entry)) {
            *count -= 1;
        }
    }
    heirs += records.values().filter(|&&count| count > 0).sum::<i64>();
    let added: usize = names.iter().flat_map(|change| &change.after).map(|set| set.data.len()).sum();
    let most = 2 * (touched + added) as i64 + 1;
    assert!(heirs <= most, "{context}: {heirs} lines that only inherit were written anew, at most {most} need to be");
}

/// Makes a change both ways, checks it, and returns the new text.
fn change(text: &[u8], zone: &LoadedZone, names: &[NameChange], serial: u32, origin: &Name, context: &str) -> Vec<u8> {
    let hints = Hints { records: &zone.records, files: &zone.files, checkpoints: &zone.checkpoints };
    let write = |hints| {
        rewrite(text.to_vec(), Path::new(FILE), origin, names, Some(serial), hints)
            .unwrap_or_else(|error| panic!("{context}: {error}"))
    };
    let (parts, whole) = (write(Some(hints)), write(None));
    assert_eq!(String::from_utf8_lossy(&parts), String::from_utf8_lossy(&whole), "{context}");
    let new = load(&parts, origin);
    let mut expected = model(&zone.records);
    apply(&mut expected, names);
    for change in names {
        let key = (change.owner.as_slice().to_ascii_lowercase(), Rtype::SOA.to_int());
        assert!(!expected.contains_key(&key) || !changed_types(change).contains(&Rtype::SOA), "{context}");
    }
    assert_eq!(model(&new.records), expected, "{context}");
    assert_eq!(Document::parse(parts.clone(), Path::new(FILE), origin).serial(), Some(serial), "{context}");
    check_lines(text, &parts, names, origin, context);
    parts
}

fn run(seed: u64, lines: usize, rounds: u32) {
    let origin = parse_name("example.org").unwrap();
    let mut random = Random::new(seed);
    let mut text = text(&mut random, lines).into_bytes();
    let mut zone = load(&text, &origin);
    for round in 0..rounds {
        let edits = (0..1 + random.below(3)).map(|_| Placed {
            horizon: "internal".into(),
            origin: origin.clone(),
            edit: some_edit(&mut random, &zone.records, &origin),
            expects: Vec::new(),
        });
        let edits: Vec<Placed> = edits.collect();
        let context =
            format!("seed {seed} round {round} {:?}", edits.iter().map(|placed| &placed.edit).collect::<Vec<_>>());
        let current = |_: &str, _: &Name, owner: &Name| sets_of(&zone.records, std::slice::from_ref(owner)).remove(0);
        let Ok(changes) = changes(&edits, &current, &|_, _| 3600) else { continue };
        let Some(names) = changes.into_iter().next().map(|change| change.names) else { continue };
        let new_text = change(&text, &zone, &names, 8 + 2 * round, &origin, &context);
        let new_zone = load(&new_text, &origin);
        if random.below(3) == 0 {
            let back = compare(&new_zone.records, &zone.records);
            let undone = change(&new_text, &new_zone, &back, 9 + 2 * round, &origin, &format!("{context} undone"));
            let again = load(&undone, &origin);
            assert!(compare(&again.records, &zone.records).is_empty(), "{context}");
        }
        (text, zone) = (new_text, new_zone);
    }
}

/// Small zones, many seeds.
#[test]
fn small_texts_become_what_was_asked_for() {
    for seed in 0..150 {
        run(seed, 5 + seed as usize % 60, 6);
    }
}

/// Zones of several checkpoints: what is read in parts comes out as what is read whole.
#[test]
fn large_texts_change_in_parts_as_in_whole() {
    for seed in 0..4 {
        run(1_000 + seed, 1_200 + 500 * seed as usize, 4);
    }
}
