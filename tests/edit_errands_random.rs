//! Promise: whatever is asked for as an errand is done or refused with a code: no request makes the program panic.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "peers/random.rs"]
mod random;

use horizon_dns::control::Errand;
use horizon_dns::daemon::{Source, offline};
use random::Random;
use serde_json::{Value, json};
use std::fs;

const CONFIG: &str = r#"
[zones]
directory = "zones"
[[horizon]]
name = "in"
clients = ["10.0.0.0/8"]
[[horizon]]
name = "out"
clients = ["any"]
inherits = "in"
"#;

const ZONE: &str = "$TTL 300\n@ SOA ns h 7 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\n  TXT \"a\"\n";

/// Words that stand where others are expected.
const WORDS: [&str; 26] = [
    "",
    "@",
    ".",
    "*",
    "..",
    "a..b",
    "*.www",
    "\\",
    "\\300",
    "\\032",
    "www",
    "www.corp.example.",
    "corp.example",
    "ns",
    "é",
    "\n; x\n$INCLUDE /etc/hosts",
    "\"",
    "( 1",
    "A",
    "TYPE65535",
    "SOA",
    "in",
    "all",
    "4294967296",
    "999.0.2.1",
    "\u{0}",
];

fn seeds() -> Vec<Value> {
    let change = |orders: Value| json!({ "errand": "change", "orders": orders, "dry": true, "by": { "user": "a", "host": "b" }, "yes": true });
    vec![
        change(
            json!([{ "op": "set", "name": "www", "type": "A", "data": ["192.0.2.7"], "ttl": 60, "if": ["A 192.0.2.2"],
            "place": { "horizon": "in" }, "reverse": true }]),
        ),
        change(json!([{ "op": "add", "name": "x.www", "type": "TXT", "data": ["a b", "c"], "place": "all" }])),
        change(json!([{ "op": "remove", "name": "www", "type": "A", "data": [], "all": true, "place": "all" }])),
        change(json!([{ "op": "move", "from": "www", "to": "web", "keep_cname": true, "place": { "horizon": "in" } }])),
        change(json!([{ "op": "text", "zone": "corp.example", "horizon": "in", "text": ZONE.replace('7', "8") }])),
        change(json!([{ "op": "undo", "id": 1 }])),
        json!({ "errand": "text", "zone": "corp.example", "horizon": "in", "after": 1 }),
        json!({ "errand": "text", "zone": "corp.example", "at": 1 }),
        json!({ "errand": "log", "zone": "corp.example", "since": 1 }),
        json!({ "errand": "confirm", "id": 1 }),
        json!({ "errand": "draft", "by": { "user": "a", "host": "b" }, "step": { "step": "begin" } }),
        json!({ "errand": "draft", "by": { "user": "a", "host": "b" }, "step": { "step": "add",
            "orders": [{ "op": "set", "name": "www", "type": "A", "data": ["192.0.2.7"] }] } }),
        json!({ "errand": "draft", "by": { "user": "a", "host": "b" }, "step": { "step": "abort" } }),
    ]
}

/// Changes one value that is no name of a kind.
fn spoil(random: &mut Random, value: &mut Value) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            if random.chance(20) {
                let twice = items[random.below(items.len())].clone();
                items.push(twice);
            }
            let at = random.below(items.len());
            spoil(random, &mut items[at]);
        }
        Value::Object(members) => {
            let names: Vec<String> = members
                .keys()
                .filter(|name| !["errand", "op", "step", "dry"].contains(&name.as_str()))
                .cloned()
                .collect();
            if !names.is_empty() {
                let name = random.pick(&names).clone();
                spoil(random, &mut members[name.as_str()]);
            }
        }
        Value::Number(_) => *value = json!(*random.pick(&[0, 1, 2, u64::from(u32::MAX), u64::MAX])),
        Value::Bool(told) => *told = !*told,
        Value::Array(items) => items.push(json!(*random.pick(&WORDS))),
        Value::String(text) => {
            let word = *random.pick(&WORDS);
            match random.below(4) {
                0 => *value = json!(word),
                1 => text.push_str(word),
                2 => text.insert_str(0, word),
                _ => {
                    let at = (0..=text.len()).rev().find(|at| *at <= text.len() / 2 && text.is_char_boundary(*at));
                    text.insert_str(at.unwrap_or(0), word);
                }
            }
        }
        Value::Null => {}
    }
}

#[test]
fn no_errand_makes_a_panic() {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    for horizon in ["in", "out"] {
        fs::create_dir_all(folder.path().join("zones").join(horizon)).unwrap();
        fs::write(folder.path().join(format!("zones/{horizon}/corp.example.zone")), ZONE).unwrap();
    }
    fs::write(folder.path().join("horizon.toml"), CONFIG).unwrap();
    let source = Source::of(folder.path().join("horizon.toml"));
    let seeds = seeds();
    let mut made = seeds[0].clone();
    made["dry"] = json!(false);
    made["orders"][0]["reverse"] = json!(false);
    offline(&source, serde_json::from_value(made).unwrap()).unwrap();
    let mut random = Random::new(9);
    let (mut done, mut refused) = (0, 0);
    for round in 0..1500 {
        let mut errand = seeds[round % seeds.len()].clone();
        for _ in 0..random.below(4) {
            spoil(&mut random, &mut errand);
        }
        let Ok(errand) = serde_json::from_value::<Errand>(errand) else { continue };
        match offline(&source, errand) {
            Ok(_) => done += 1,
            Err(refusal) => {
                refused += 1;
                assert!(!refusal.code.is_empty() && refusal.code != "INTERNAL", "{refusal:?}");
            }
        }
    }
    assert!(done > 100 && refused > 100, "{done} done, {refused} refused");
}
