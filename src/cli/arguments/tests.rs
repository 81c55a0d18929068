//! What is typed becomes the order that is meant.

use super::Arguments;
use super::Verb;
use super::Write;
use crate::cli::records::order;
use crate::edit::Order;
use crate::edit::Place;
use clap::Parser;

fn typed(line: &[&str]) -> Result<Order, String> {
    let arguments = Arguments::try_parse_from(["zonectl"].iter().chain(line)).map_err(|error| error.to_string())?;
    let Verb::Write(Write::Records(verb)) = &arguments.verb else { return Err("another verb".to_owned()) };
    let (order, _) = order(&arguments.scope, verb).map_err(|failure| failure.lines.join("\n"))?;
    Ok(order)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Options may stand anywhere; data stay the arguments that they were.
#[test]
fn arguments_become_orders() {
    let set = |data: &[&str], ttl, place, condition: &[&str], reverse| Order::Set {
        name: "app".to_owned(),
        rtype: "A".to_owned(),
        data: words(data),
        ttl,
        place,
        condition: words(condition),
        reverse,
    };
    let internal = || Place::Horizon("internal".to_owned());
    let table: [(&[&str], Order); 6] = [
        (&["set", "app", "A", "10.0.0.5"], set(&["10.0.0.5"], None, Place::Unsaid, &[], false)),
        (
            &["set", "app", "A", "10.0.0.5", "10.0.0.6", "--ttl", "1h", "--all-horizons", "--ptr"],
            set(&["10.0.0.5", "10.0.0.6"], Some(3600), Place::All, &[], true),
        ),
        (
            &[
                "--horizon",
                "internal",
                "set",
                "--if",
                "A 10.0.0.4",
                "--ttl=60",
                "app",
                "A",
                "10.0.0.5",
                "--if",
                "TXT none",
            ],
            set(&["10.0.0.5"], Some(60), internal(), &["A 10.0.0.4", "TXT none"], false),
        ),
        (
            &["rm", "old", "--all", "--reverse", "--horizon", "internal"],
            Order::Remove {
                name: "old".to_owned(),
                rtype: None,
                data: Vec::new(),
                all: true,
                place: internal(),
                condition: Vec::new(),
                reverse: true,
            },
        ),
        (
            &["add", "@", "TXT", "v=spf1 -all", "-m", "mail"],
            Order::Add {
                name: "@".to_owned(),
                rtype: "TXT".to_owned(),
                data: words(&["v=spf1 -all"]),
                ttl: None,
                place: Place::Unsaid,
                condition: Vec::new(),
                reverse: false,
            },
        ),
        (
            &["mv", "a", "b", "--keep-cname"],
            Order::Move { from: "a".to_owned(), to: "b".to_owned(), keep_cname: true, place: Place::Unsaid },
        ),
    ];
    for (line, expected) in table {
        assert_eq!(typed(line), Ok(expected), "{line:?}");
    }
}

/// What contradicts itself or says too little is refused before anybody is asked.
#[test]
fn wrong_arguments_are_refused() {
    let table: [(&[&str], &str); 9] = [
        (&["set", "app", "A"], "<DATA>..."),
        (&["commit", "--confirm", "0"], "at least 1 second"),
        (&["set", "app", "A", "10.0.0.5", "--ttl", "soon"], "write seconds, or such as 5m"),
        (
            &["set", "app", "A", "10.0.0.5", "--all-horizons", "--horizon", "x"],
            "either `--horizon` or `--all-horizons`",
        ),
        (&["rm", "app", "A", "10.0.0.5", "--all"], "cannot be used with"),
        (&["diff", "internal"], "<RIGHT>"),
        (&["apply", "plan.json", "-f", "zones"], "cannot be used with"),
        (&["export", "x", "--at", "tomorrow"], "a date such as 2026-11-01"),
        (&["undo", "last"], "invalid value 'last'"),
    ];
    for (line, part) in table {
        let error = typed(line).unwrap_err();
        assert!(error.contains(part), "{line:?}: {error}");
    }
}
