//! Promise: what `zonectl` shows is what clients get, with the horizon, the rule and the line that decided.

mod cli_lab;

use cli_lab::{CONFIG, corp, published};
use horizon_dns::control;
use horizon_dns::control::{ExplainAnswer, GetAnswer, Published, RecordShown};

fn record(record: &RecordShown) -> String {
    let from = record.from.as_ref().map(|from| {
        let file = from.file.as_ref().map_or("", |file| file.file_name().unwrap().to_str().unwrap());
        let note = from.source.clone().or_else(|| from.comment.clone()).unwrap_or_default();
        format!(" <- {} {file}:{} {note}", from.horizon, from.line.unwrap_or(0)).trim_end().to_owned()
    });
    format!("{} {} {} {}{}", record.name, record.ttl, record.rtype, record.data, from.unwrap_or_default())
}

fn get(published: &Published, name: &str, rtype: Option<&str>) -> Vec<String> {
    let answer: GetAnswer = match control::get(published, name, rtype, None) {
        Ok(answer) => answer,
        Err(refusal) => return vec![format!("{}: {refusal}", refusal.code)],
    };
    let mut lines = Vec::new();
    for horizon in &answer.horizons {
        lines.push(format!("{} {}", horizon.horizon, horizon.outcome));
        lines.extend(horizon.records.iter().map(|shown| format!("  {}", record(shown))));
    }
    lines
}

/// All horizons side by side; each record with its file, line and origin.
#[test]
fn get_shows_what_each_horizon_answers() {
    let folder = tempfile::tempdir().unwrap();
    let state = corp(folder.path());
    let table: [(&str, &str, Option<&str>, &[&str]); 11] = [
        (
            "one name, two addresses, two origins",
            "app",
            Some("A"),
            &[
                "internal NOERROR",
                "  app.corp.example. 300 A 10.0.0.12 <- internal corp.example.zone:5 lxc/102 traefik_service",
                "external NOERROR",
                "  app.corp.example. 300 A 10.0.0.153 <- external corp.example.zone:5 lxc/101 gateway",
            ],
        ),
        ("another type: no data", "app", Some("AAAA"), &["internal NODATA", "external NODATA"]),
        (
            "an alias is followed when a type is asked for",
            "www",
            Some("A"),
            &[
                "internal NOERROR",
                "  www.corp.example. 300 CNAME app.corp.example. <- internal corp.example.zone:6",
                "  app.corp.example. 300 A 10.0.0.12 <- internal corp.example.zone:5 lxc/102 traefik_service",
                "external NXDOMAIN",
            ],
        ),
        (
            "without a type the name's own records only",
            "www",
            None,
            &[
                "internal NOERROR",
                "  www.corp.example. 300 CNAME app.corp.example. <- internal corp.example.zone:6",
                "external NXDOMAIN",
            ],
        ),
        (
            "an inherited name says whose it is",
            "only-outside",
            None,
            &[
                "internal NOERROR",
                "  only-outside.corp.example. 300 A 10.0.0.153 <- external corp.example.zone:6",
                "external NOERROR",
                "  only-outside.corp.example. 300 A 10.0.0.153 <- external corp.example.zone:6",
            ],
        ),
        (
            "a wildcard's line is shown for the name it covers",
            "x.dyn",
            None,
            &[
                "internal NOERROR",
                "  x.dyn.corp.example. 300 TXT \"any\" <- internal corp.example.zone:7 by hand",
                "external NXDOMAIN",
            ],
        ),
        ("an empty non-terminal exists", "ent", None, &["internal NODATA", "external NXDOMAIN"]),
        (
            "a delegated name is referred",
            "host.sub",
            Some("A"),
            &[
                "internal REFERRAL",
                "  sub.corp.example. 300 NS ns.sub.corp.example. <- external corp.example.zone:7",
                "external REFERRAL",
                "  sub.corp.example. 300 NS ns.sub.corp.example. <- external corp.example.zone:7",
            ],
        ),
        ("a name of nobody", "www.elsewhere.", None, &["internal REFUSED", "external REFUSED"]),
        (
            "no name",
            "a..b",
            None,
            &[
                "BAD_NAME: `a..b` is not a name: a name has an empty label; write a name such as `app` or `app.internal.example.`",
            ],
        ),
        (
            "no type",
            "app",
            Some("ADDRESS"),
            &["BAD_TYPE: `ADDRESS` is not a record type; write one such as A, AAAA, TXT, or TYPE65280 by its number"],
        ),
    ];
    for (why, name, rtype, expected) in table {
        assert_eq!(get(&state, name, rtype), expected, "{why}");
    }
    let all = get(&state, "@", None);
    assert!(all.contains(&"internal NOERROR".to_owned()) && all.iter().any(|line| line.contains(" SOA ")), "{all:?}");
}

/// A relative name means the one name that exists; where several do, none is guessed.
#[test]
fn relative_names_mean_what_exists() {
    let folder = tempfile::tempdir().unwrap();
    let zone = |extra: &str| format!("$TTL 60\n@ SOA ns.x. a.x. 1 1 1 1 1\n@ NS ns.x.\n{extra}");
    let (one, two, reverse) = (
        zone("app A 10.0.0.1\nboth A 10.0.0.2\n"),
        zone("www A 10.0.0.3\nboth A 10.0.0.4\n*.w A 10.0.0.5\n"),
        zone("5 PTR app.one.example.\n"),
    );
    let state = published(
        folder.path(),
        "[[horizon]]\nname = 'lan'\nclients = ['10.0.0.0/8']\n",
        &[("lan", "one.example", &one), ("lan", "two.example", &two), ("lan", "0.0.10.in-addr.arpa", &reverse)],
    );
    let table = [
        ("it exists in one zone", "app", "app.one.example."),
        ("it exists in the other", "WWW", "WWW.two.example."),
        ("it exists in both", "both", "AMBIGUOUS_NAME"),
        ("it exists in none of several", "none", "AMBIGUOUS_NAME"),
        ("a name inside a zone is whole without its dot", "app.one.example", "app.one.example."),
        ("also when it does not exist", "none.one.example", "none.one.example."),
        ("a final dot is taken at its word", "app.", "app."),
        ("an address means its reverse name", "10.0.0.5", "5.0.0.10.in-addr.arpa."),
        ("in IPv6, too", "::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."),
        ("the apex of one of several zones", "@", "AMBIGUOUS_NAME"),
        ("a wildcard counts when nothing else does", "x.w", "x.w.two.example."),
    ];
    for (why, text, expected) in table {
        let seen = control::get(&state, text, None, None).map_or_else(|refusal| refusal.code, |answer| answer.name);
        assert_eq!(seen, expected, "{why}");
    }
    let refusal = control::get(&state, "both", None, None).unwrap_err();
    assert_eq!(refusal.choices, ["both.one.example.", "both.two.example."]);
    let refusal = control::get(&state, "app", None, Some("wan")).unwrap_err();
    assert_eq!(refusal.to_string(), "there is no horizon `wan`; did you mean `lan`?");
}

/// Every kind of answer names its rule in words, and the horizon says why the client is in it.
#[test]
fn explain_names_horizon_zone_rule_and_record() {
    let folder = tempfile::tempdir().unwrap();
    let state = corp(folder.path());
    let explain = |name: &str, rtype: &str, from: &str| -> ExplainAnswer {
        control::explain(&state, name, rtype, from.parse().unwrap()).unwrap()
    };
    type Case = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], &'static str);
    let table: [Case; 11] = [
        ("exact", "app", "A", "10.0.0.7", &["exact: the name has A records"], "NOERROR"),
        ("no data", "app", "MX", "10.0.0.7", &["no-data: the name exists without MX records"], "NOERROR"),
        (
            "no name",
            "nope",
            "A",
            "10.0.0.7",
            &["no-name: the name does not exist; the nearest name above it is corp.example."],
            "NXDOMAIN",
        ),
        (
            "alias",
            "www",
            "A",
            "10.0.0.7",
            &["alias: the name is an alias: its CNAME is followed", "exact: the name has A records"],
            "NOERROR",
        ),
        (
            "wildcard",
            "x.dyn",
            "TXT",
            "10.0.0.7",
            &["wildcard: the name does not exist and *.dyn.corp.example. has TXT records"],
            "NOERROR",
        ),
        (
            "inherited",
            "only-outside",
            "A",
            "10.0.0.7",
            &["exact: the name has A records; taken from horizon external, which internal inherits from"],
            "NOERROR",
        ),
        (
            "delegation",
            "host.sub",
            "A",
            "192.0.2.1",
            &["delegation: the name lies at or below sub.corp.example., which is delegated: a referral"],
            "NOERROR",
        ),
        (
            "empty non-terminal",
            "ent",
            "A",
            "127.0.0.1",
            &["empty-non-terminal: only names below this one have records"],
            "NOERROR",
        ),
        (
            "a name of another horizon is found by its short form",
            "ent",
            "A",
            "192.0.2.1",
            &["no-name: the name does not exist; the nearest name above it is corp.example."],
            "NXDOMAIN",
        ),
        ("none", "x.elsewhere.", "A", "10.0.0.7", &["none: no zone of this horizon holds the name"], "REFUSED"),
        (
            "special",
            "localhost.",
            "A",
            "10.0.0.7",
            &["exact: special-use name, always answered locally: the name has A records"],
            "NOERROR",
        ),
    ];
    for (why, name, rtype, from, steps, rcode) in table {
        let answer = explain(name, rtype, from);
        let seen: Vec<_> = answer.steps.iter().map(|step| format!("{}: {}", step.rule, step.why)).collect();
        assert_eq!(seen, steps, "{why}");
        assert_eq!(answer.rcode, rcode, "{why}");
    }

    let answer = explain("app", "A", "10.0.0.7");
    assert_eq!(answer.client.horizon.as_deref(), Some("internal"));
    assert_eq!(answer.client.prefix.as_deref(), Some("10.0.0.0/24"));
    assert_eq!(
        (answer.client.also[0].prefix.as_str(), answer.client.also[0].horizon.as_str()),
        ("0.0.0.0/0", "external")
    );
    assert_eq!(
        answer.answer.iter().map(record).collect::<Vec<_>>(),
        ["app.corp.example. 300 A 10.0.0.12 <- internal corp.example.zone:5 lxc/102 traefik_service"]
    );
    let refused = explain("x.elsewhere.", "A", "192.0.2.1").extended_error.unwrap();
    assert_eq!((refused.code, refused.text.as_str()), (20, "no zone of this client's horizon holds the name"));
}

/// A client that no horizon covers is told so.
#[test]
fn clients_without_a_horizon_are_explained_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = CONFIG.replace("\"any\"", "\"192.0.2.0/24\"");
    let state = published(folder.path(), &config, &[("external", "corp.example", cli_lab::OUTSIDE)]);
    let answer = control::explain(&state, "app", "A", "203.0.113.1".parse().unwrap()).unwrap();
    assert_eq!((answer.client.horizon, answer.rcode.as_str()), (None, "REFUSED"));
    assert_eq!(answer.extended_error.unwrap().text, "no horizon covers this client");
}

/// A short name that only another horizon knows is explained as that name: why this client does not get it.
#[test]
fn names_of_other_horizons_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "$TTL 60\n@ SOA ns a 1 1 1 1 1\n@ NS ns\nns A 10.0.0.1\nvault A 10.0.0.2\n";
    let state = published(
        folder.path(),
        &CONFIG.replace("inherits = \"external\"", ""),
        &[("internal", "secret.example", secret), ("external", "corp.example", cli_lab::OUTSIDE)],
    );
    let answer = control::explain(&state, "vault", "A", "192.0.2.1".parse().unwrap()).unwrap();
    assert_eq!((answer.name.as_str(), answer.rcode.as_str()), ("vault.secret.example.", "REFUSED"));
}

/// Only what clients would notice is a difference.
#[test]
fn diff_shows_what_clients_see_differently() {
    let folder = tempfile::tempdir().unwrap();
    let state = corp(folder.path());
    let answer = control::diff(&state, "internal", "external").unwrap();
    let rows: Vec<_> =
        answer.rows.iter().map(|row| format!("{} {} {:?} {:?}", row.name, row.rtype, row.left, row.right)).collect();
    assert_eq!(
        rows,
        [
            "app.corp.example. A [\"10.0.0.12\"] [\"10.0.0.153\"]",
            "*.dyn.corp.example. TXT [\"\\\"any\\\"\"] []",
            "deep.ent.corp.example. A [\"10.0.0.1\"] []",
            "www.corp.example. CNAME [\"app.corp.example.\"] []",
        ],
        "serials, inherited and equal records are no difference"
    );
    assert_eq!(answer.same, 6);
    assert_eq!(control::diff(&state, "internal", "extern").unwrap_err().code, "UNKNOWN_HORIZON");
}
