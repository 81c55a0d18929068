//! Promise: metrics count what happens, are named as collectors expect it, and the dashboard asks for nothing that is not there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;
mod web_lab;

use reload_lab::{ask, wait_until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use web_lab::{get, server};

/// Each series with its labels as written, and its value.
fn series(address: SocketAddr) -> BTreeMap<String, f64> {
    let (status, head, text) = get(address, "/metrics");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(text.ends_with("# EOF\n"), "the end is marked");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let read = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
    });
    let all: Vec<(String, f64)> = read.collect();
    let count = all.len();
    let series: BTreeMap<_, _> = all.into_iter().collect();
    assert_eq!(series.len(), count, "no series twice");
    series
}

/// Queries show up by transport, horizon and RCODE, by zone and in the histogram; a reload and its refusal do, too.
#[test]
fn what_happens_is_counted() {
    let (lab, address) = server("");
    let before = series(address);
    assert_eq!(before["horizon_queries_total{transport=\"udp\"}"], 0.0);
    for _ in 0..5 {
        ask(lab.address(), "www.example.org A");
    }
    ask(lab.address(), "missing.example.org A");
    ask(lab.address(), "www.elsewhere.example A");
    let replies = |rcode: &str, horizon: &str| {
        format!("horizon_replies_total{{transport=\"udp\",horizon=\"{horizon}\",rcode=\"{rcode}\"}}")
    };
    let now = series(address);
    assert_eq!(now["horizon_queries_total{transport=\"udp\"}"], 7.0);
    assert_eq!(now[&replies("NOERROR", "internal")], 5.0);
    assert_eq!(now[&replies("NXDOMAIN", "internal")], 1.0);
    assert_eq!(now[&replies("REFUSED", "internal")], 1.0);
    let zone = "horizon_zone_queries_estimated_total{horizon=\"internal\",zone=\"example.org.\"}";
    // Fed ten times a second; the first batches come before the pace is known, and one of 64 is looked at until then.
    wait_until("queries of the zone are counted", || {
        ask(lab.address(), "www.example.org A");
        series(address).get(zone).is_some_and(|count| *count >= 3.0)
    });
    let now = series(address);
    let looked = now["horizon_reply_latency_seconds_count"];
    assert!(looked >= 3.0 && now["horizon_reply_latency_seconds_sum"] > 0.0);
    assert_eq!(now["horizon_reply_latency_seconds_bucket{le=\"+Inf\"}"], looked);
    assert_eq!(now["horizon_zone_serial{horizon=\"internal\",zone=\"example.org.\"}"], 1.0);
    let success = now["horizon_last_reload_success_timestamp_seconds"];

    lab.write("zones/internal/example.org.zone", "@ nonsense\n");
    lab.wait_for_failure();
    let now = series(address);
    assert_eq!(now["horizon_last_reload_live"], 0.0);
    assert!(now["horizon_reloads_total{result=\"refused\"}"] >= 1.0);
    assert_eq!(now["horizon_last_reload_success_timestamp_seconds"], success, "what was live serves on");
    assert!(get(address, "/health").2.contains("degraded"));
    lab.write("zones/internal/example.org.zone", &reload_lab::zone(3, "192.0.2.3"));
    lab.wait_for("www.example.org A", &["192.0.2.3"]);
    wait_until("the metrics say so", || series(address)["horizon_last_reload_live"] == 1.0);
    let now = series(address);
    assert!(now["horizon_last_reload_success_timestamp_seconds"] >= success);
    assert!(now["horizon_reloads_total{result=\"live\"}"] >= 1.0);
}

/// Readiness is that of the worst horizon: a canary that does not resolve, or a name that was taken away.
#[test]
fn a_horizon_without_its_canary_is_not_ready() {
    let (lab, address) = server("[web.canary]\nouter = \"www.example.org\"\n");
    let (status, _, body) = get(address, "/ready");
    assert_eq!(status, 200, "{body}");
    let text = reload_lab::zone(2, "192.0.2.1").replace("www A", "other A");
    lab.write("zones/outer/example.org.zone", &text);
    wait_until("the horizon is not ready", || get(address, "/ready").0 == 503);
    let told: Value = serde_json::from_str(&get(address, "/ready").2).unwrap();
    assert_eq!((&told["horizons"][0]["ready"], &told["horizons"][1]["ready"]), (&true.into(), &false.into()));
    assert_eq!(told["horizons"][1]["why"], "www.example.org. AAAA: NXDOMAIN");
    assert_eq!(get(address, "/health").0, 200, "the server is there all the same");
}

/// The conventions of prometheus.io: a prefix, snake case, base units, `_total` for counters and for nothing else.
#[test]
fn names_follow_the_conventions() {
    let (_lab, address) = server("");
    let text = get(address, "/metrics").2;
    let kinds: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    assert!(kinds.len() > 40, "{}", kinds.len());
    for (name, kind) in &kinds {
        assert!(name.starts_with("horizon_"), "{name}");
        assert!(name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_'), "{name}");
        assert!(!name.ends_with("_total"), "{name}: the ending is written by the format");
        assert!(["counter", "gauge", "histogram"].contains(kind), "{name} {kind}");
        assert!(
            !["milli", "micro", "kilo", "minutes", "hours", "days"].iter().any(|unit| name.contains(unit)),
            "{name}"
        );
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

/// Each metric that a panel of the dashboard names is exposed, under the ending that its kind has.
#[test]
fn the_dashboard_asks_for_what_is_there() {
    let dashboard: Value = serde_json::from_str(include_str!("../packaging/grafana/horizon.json")).unwrap();
    let (lab, address) = server("");
    ask(lab.address(), "www.example.org A");
    let text = get(address, "/metrics").2;
    let families: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut expressions = Vec::new();
    for panel in panels {
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            expressions.push(target["expr"].as_str().unwrap());
        }
    }
    assert!(expressions.len() >= 12, "{}", expressions.len());
    for expression in expressions {
        let words: Vec<&str> = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
        let named: Vec<&&str> = words.iter().filter(|word| word.starts_with("horizon_")).collect();
        assert!(!named.is_empty(), "{expression}");
        for name in named {
            let exposed = families.iter().any(|(family, kind)| match *kind {
                "counter" => format!("{family}_total") == **name,
                "histogram" => ["_bucket", "_sum", "_count"].iter().any(|end| format!("{family}{end}") == **name),
                _ => *family == *name,
            });
            assert!(exposed, "{expression}: {name} is not exposed");
        }
        assert_eq!(expression.matches('(').count(), expression.matches(')').count(), "{expression}");
    }
}
