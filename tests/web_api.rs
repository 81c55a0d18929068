//! Promise: what `[web]` serves is what its description says: every path answers, every answer fits its schema, nothing is
//! undocumented, nothing can be changed, and no page from elsewhere can read it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;
mod web_lab;

use horizon_dns::control::web::PATHS;
use reload_lab::ask;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use web_lab::schema::faults;
use web_lab::{get, request, server};

/// The queries that each documented path is asked with: none, each parameter's example, and all of them.
fn queries(described: &Value) -> Vec<String> {
    let parameters = described["get"]["parameters"].as_array().cloned().unwrap_or_default();
    let example = |one: &Value| {
        let given = one.get("example").and_then(Value::as_str).map(str::to_owned);
        let value = given.unwrap_or_else(|| match one["name"].as_str().unwrap() {
            "horizon" => "internal".to_owned(),
            "type" => "A".to_owned(),
            _ if one["schema"]["type"] == "integer" => "1".to_owned(),
            _ => one["schema"]["enum"][2].as_str().unwrap_or("www").to_owned(),
        });
        format!("{}={value}", one["name"].as_str().unwrap())
    };
    let required: Vec<String> = parameters.iter().filter(|one| one["required"] == true).map(example).collect();
    let all: Vec<String> = parameters.iter().map(example).collect();
    let mut queries: BTreeSet<String> = BTreeSet::from([required.join("&"), all.join("&")]);
    let optional = parameters.iter().filter(|one| one["required"] != true);
    queries.extend(optional.map(|one| [&required[..], &[example(one)]].concat().join("&")));
    queries.into_iter().collect()
}

/// Every path answers and fits; every path is described, and none is described that is not there.
#[test]
fn every_answer_is_as_described() {
    let (lab, address) = server("");
    // Something of everything: queries that were asked, a change in the history, a finding.
    for name in ["www", "missing", "ns"] {
        ask(lab.address(), &format!("{name}.example.org A"));
    }
    lab.write("zones/internal/example.org.zone", &format!("{}alias CNAME nowhere\n", reload_lab::zone(2, "192.0.2.7")));
    lab.wait_for("www.example.org A", &["192.0.2.7"]);
    let (status, _, text) = get(address, "/api/v1/openapi.json");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    let described: BTreeSet<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, BTreeSet::from(PATHS), "described, and answered");
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for (path, entry) in document["paths"].as_object().unwrap() {
        for query in queries(entry) {
            // What explains needs a client or a horizon, which the description says in words.
            let query = if path.ends_with("/explain") && !query.contains("from=") && !query.contains("horizon=") {
                format!("{query}&horizon=outer")
            } else {
                query
            };
            let full = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
            let (status, head, body) = get(address, &full);
            asked += 1;
            let (kind, content) =
                entry["get"]["responses"]["200"]["content"].as_object().unwrap().iter().next().unwrap();
            if status != 200 || !head.contains(&format!("content-type: {kind}")) {
                wrong.push(format!("{full}: {status} {head} {body}"));
                continue;
            }
            if let Some(schema) = content.get("schema") {
                let value: Value = serde_json::from_str(&body).unwrap();
                wrong.extend(faults(&document, schema, &value, "").into_iter().map(|fault| format!("{full} {fault}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > PATHS.len() + 10, "{asked} queries");
}

/// The validator sees what it must see.
#[test]
fn a_schema_that_does_not_fit_is_noticed() {
    let document = json!({ "a": { "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"], "additionalProperties": false } });
    let schema = json!({ "$ref": "#/a" });
    let table = [
        (json!({ "n": 1 }), 0),
        (json!({}), 1),
        (json!({ "n": "1" }), 1),
        (json!({ "n": 1, "m": 2 }), 1),
        (json!([]), 1),
    ];
    for (value, count) in table {
        assert_eq!(faults(&document, &schema, &value, "").len(), count, "{value}");
    }
    assert_eq!(faults(&document, &json!({ "oneOf": [] }), &json!(1), "").len(), 1, "an unknown key");
}

/// Queries that make no sense are refused in the described form; nothing but GET and HEAD is taken.
#[test]
fn what_makes_no_sense_is_refused_with_a_remedy() {
    let (_lab, address) = server("");
    let document: Value = serde_json::from_str(&get(address, "/api/v1/openapi.json").2).unwrap();
    let schema = json!({ "$ref": "#/components/schemas/Refusal" });
    let host = format!("Host: {address}\r\nConnection: close\r\n");
    let plain = |line: &str| format!("{line} HTTP/1.1\r\n{host}\r\n");
    let table = [
        (plain("GET /api/v1/records"), 400, "BAD_REQUEST"),
        (plain("GET /api/v1/records?name=a..b"), 400, "BAD_NAME"),
        (plain("GET /api/v1/records?name=www&type=NONSENSE"), 400, "BAD_TYPE"),
        (plain("GET /api/v1/explain?name=www&horizon=inter"), 400, "UNKNOWN_HORIZON"),
        (plain("GET /api/v1/explain?name=www&from=nobody"), 400, "BAD_REQUEST"),
        (plain("GET /api/v1/names?limit=-1"), 400, "BAD_REQUEST"),
        (plain("GET /api/v1/nothing"), 404, "NOT_FOUND"),
        (plain("GET /API/V1/STATUS"), 404, "NOT_FOUND"),
        (plain("POST /api/v1/status"), 405, "METHOD_NOT_ALLOWED"),
        (plain("DELETE /api/v1/names"), 405, "METHOD_NOT_ALLOWED"),
        (plain("PUT /"), 405, "METHOD_NOT_ALLOWED"),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".to_owned(), 421, "OTHER_HOST"),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 421, "OTHER_HOST"),
    ];
    for (text, expected, code) in table {
        let (status, head, body) = request(address, &text);
        assert_eq!(status, expected, "{text} {head} {body}");
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["code"], code, "{text}");
        assert_eq!(faults(&document, &schema, &value, ""), [""; 0], "{text}");
        assert!(head.contains("content-security-policy: default-src 'none'"), "{text}");
    }
    let (status, head, body) = request(address, &plain("HEAD /api/v1/status"));
    assert_eq!((status, body.as_str()), (200, ""), "{head}");
    let own = "GET /health HTTP/1.1\r\nHost: ns.example.org:80\r\nConnection: close\r\n\r\n";
    assert_eq!(request(address, own).0, 200, "a name of our zones means us");
}
