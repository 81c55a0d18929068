//! Lines of the journal that somebody wrote by hand, whole and with the right checksum: told or taken, never a panic.

use super::Store;
use super::fingerprint::checksum;
use super::lab::{Lab, commit, undo, zone};
use super::property_tests::Random;
use serde_json::{Value, json};
use std::fs;

/// What stands in the place of a value.
fn wrong(random: &mut Random, value: &Value) -> Value {
    match (random.below(12), value) {
        (0, _) => Value::Null,
        (1, _) => json!(u64::MAX),
        (2, _) => json!(-1),
        (3, _) => json!(""),
        (4, _) => json!("../../in/a.zone"),
        (5, _) => json!("ffffffffffffffffffffffffffffffff"),
        (6, _) => json!([value, value]),
        (7, _) => json!({ "offset": 1u64 << 40 }),
        (8, Value::Array(items)) => json!(items.iter().rev().skip(1).collect::<Vec<_>>()),
        (_, Value::Number(number)) => json!(number.as_u64().unwrap_or(0).wrapping_add(random.below(5) as u64 * 7)),
        (_, Value::String(text)) => json!(format!("{text}é\n")),
        _ => json!(random.below(3)),
    }
}

/// Changes one value somewhere below.
fn spoil(random: &mut Random, value: &mut Value) {
    let inner: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    let count = inner.len();
    if count > 0 && random.below(8) > 0 {
        let at = random.below(count);
        return inner.into_iter().nth(at).into_iter().for_each(|inner| spoil(random, inner));
    }
    *value = wrong(random, value);
}

fn line(object: &str) -> String {
    let rest = &object[1..];
    format!("{{\"sum\":\"{:016x}\",{rest}", checksum(rest.as_bytes()))
}

/// Every look at a history.
fn look(store: &mut Store, lab: &Lab) {
    let ids: Vec<u64> = store.changes().map(|head| head.id).chain([0, 1, 99, u64::MAX]).collect();
    for id in ids {
        let _ = (store.head(id), store.change(id), store.undo(id));
        for file in ["in/a.zone", "out/a.zone"] {
            let _ = (store.text_after(&lab.path(file), id), store.text_at(&lab.path(file), id));
        }
        let _ = store.confirm(id);
    }
    let _ = store.waiting();
}

#[test]
fn no_journal_line_makes_a_panic() {
    let lab = Lab::new();
    lab.write("in/a.zone", &zone(1, &["www A 192.0.2.1"]));
    let mut store = lab.open();
    let texts = [zone(2, &["www A 192.0.2.2", "new A 192.0.2.3"]), zone(1, &["x A 192.0.2.9"]), zone(3, &[])];
    commit(&mut store, &[("in/a.zone", Some(&texts[0])), ("out/a.zone", Some(&texts[1]))]).unwrap();
    undo(&mut store, 1);
    commit(&mut store, &[("in/a.zone", Some(&texts[2]))]).unwrap();
    store.settle().unwrap();
    drop(store);
    let journal = lab.path(".history/journal");
    let good = fs::read_to_string(&journal).unwrap();
    let kept: Vec<(String, Option<String>)> =
        lab.listing().into_iter().map(|file| (file.clone(), lab.read(&file))).collect();
    let lines: Vec<&str> = good.lines().collect();
    assert!(lines.len() >= 3);
    let mut random = Random::new(5);
    let (mut opened, mut told) = (0, 0);
    for _ in 0..600 {
        let at = random.below(lines.len());
        let mut value: Value = serde_json::from_str(lines[at]).unwrap();
        value.as_object_mut().unwrap().remove("sum");
        for _ in 0..1 + random.below(2) {
            spoil(&mut random, &mut value);
        }
        let object = if value.is_object() { value.to_string() } else { "{\"x\":1}".to_owned() };
        let bad = line(&object);
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(number, good)| format!("{}\n", if number == at { bad.as_str() } else { *good }))
            .collect();
        fs::write(&journal, text).unwrap();
        match Store::open(lab.folder.path()) {
            Ok((mut store, _)) => {
                opened += 1;
                look(&mut store, &lab);
            }
            Err(error) => {
                told += 1;
                assert!(!error.to_string().is_empty());
            }
        }
        for (file, text) in &kept {
            text.iter().for_each(|text| lab.write(file, text));
        }
    }
    assert!(opened > 50 && told > 50, "{opened} opened, {told} told");
    fs::write(&journal, good).unwrap();
    look(&mut lab.open(), &lab);
}
