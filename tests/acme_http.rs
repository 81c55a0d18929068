//! Promise: ACME clients that speak HTTP are understood as they really speak, nobody else gets anything, and whatever a
//! stranger sends is bounded and answered.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod http_lab;
mod update_program;

use http_lab::{Door, VALUE, door, log_of, other_value, raw, shown};
use rcgen::{CertificateParams, KeyPair, SanType};
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use update_program::{Running, free_port, kdig, wait_until};

const OWNER: &str = "_acme-challenge.app.corp.example";

/// httpreq in both modes, as lego, acme.sh and a person with curl send it: visible at once, gone at once, again is no error.
#[test]
fn httpreq_is_understood_as_clients_send_it() {
    let door = door("");
    let made = door.token("httpreq", "app,*.apps", "");
    let basic = format!("{}:{}", made["user"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let post =
        |path: &str, body: &str, further: &[&str]| door.curl(path, &[&["-u", &basic, "-d", body], further].concat());
    let body = format!(r#"{{"fqdn":"{OWNER}.","value":"{VALUE}"}}"#);
    let quoted = format!("\"{VALUE}\"");
    for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense", ""] {
        for _ in 0..2 {
            let said = post("/present", &body, &["-H", &format!("Content-Type: {kind}")]);
            assert_eq!(
                (said.status, said.body.as_str()),
                (200, body.as_str()),
                "one line, compact, as it came: {kind}"
            );
            assert_eq!(kdig(door.server.address, &format!("+short TXT {OWNER}")), quoted);
        }
        for _ in 0..2 {
            let said = post("/cleanup", &body, &[]);
            assert_eq!((said.status, said.body.as_str()), (200, body.as_str()), "an unknown value is none");
            assert_eq!(kdig(door.server.address, &format!("+short TXT {OWNER}")), "");
        }
    }
    // RAW mode: name and digest are ours to make (RFC 8555 section 8.4). The digest was made with sha256sum.
    let raw_body = r#"{"domain":"*.apps.corp.example","token":"t","keyAuth":"abc"}"#;
    let digest = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    let said = post("/present", raw_body, &[]);
    let expected = format!(r#"{{"fqdn":"_acme-challenge.apps.corp.example.","value":"{digest}"}}"#);
    assert_eq!((said.status, said.body), (200, expected));
    assert_eq!(kdig(door.server.address, "+short TXT _acme-challenge.apps.corp.example"), format!("\"{digest}\""));
    assert_eq!(post("/cleanup", raw_body, &[]).status, 200);
    let listed = door.folder.zonectl("acme token list");
    assert!(listed.stdout.contains("httpreq") && listed.stdout.contains("ago"), "used just now: {}", listed.stdout);
    assert!(!listed.stdout.contains(made["secret"].as_str().unwrap()));
}

/// What is refused, with which status, and in which words.
#[test]
fn wrong_requests_hear_why() {
    let door = door("");
    let made = door.token("httpreq", "app", "--allow-from 127.0.0.0/8");
    let far = door.token("httpreq", "app", "--name far --allow-from 192.0.2.0/24");
    let secret = made["secret"].as_str().unwrap();
    let good = format!("httpreq:{secret}");
    let far = format!("far:{}", far["secret"].as_str().unwrap());
    let body = format!(r#"{{"fqdn":"{OWNER}.","value":"{VALUE}"}}"#);
    let other = body.replace("app.corp", "mail.corp");
    let long = format!(r#"{{"fqdn":"{OWNER}.","value":"{}"}}"#, "x".repeat(9000));
    let name = format!(r#"{{"fqdn":"{}corp.example.","value":"v"}}"#, "a.".repeat(2000));
    let table: [(&str, &str, &str, u16, &str); 14] = [
        ("wrong password", "httpreq:wrong", &body, 401, r#""error":"unauthorized""#),
        ("unknown user", "nobody:wrong", &body, 401, r#""error":"unauthorized""#),
        ("user of another door", "acme:x", &body, 401, r#""error":"unauthorized""#),
        ("out of scope", &good, &other, 403, "may not write _acme-challenge.mail.corp.example."),
        ("not the challenge", &good, &body.replace("_acme-challenge.", ""), 403, "forbidden"),
        ("from elsewhere", &far, &body, 403, "may not be used from 127.0.0.1"),
        ("no JSON", &good, "fqdn=x&value=y", 400, "malformed_json_payload"),
        ("half of it", &good, r#"{"fqdn":"x."}"#, 400, "bad_request"),
        ("no value", &good, &body.replace(VALUE, ""), 400, "bad_txt"),
        ("a value with blanks", &good, &body.replace(VALUE, "a b"), 400, "bad_txt"),
        ("a value of 300 octets", &good, &body.replace(VALUE, &"x".repeat(300)), 400, "bad_txt"),
        ("a name of 4 KiB", &good, &name, 400, "bad_request"),
        ("a body over 8 KiB", &good, &long, 413, "too_large"),
        ("nothing", &good, "", 400, "malformed_json_payload"),
    ];
    for (why, user, body, status, text) in table {
        let said = door.curl("/present", &["-u", user, "--data-binary", body]);
        assert_eq!(said.status, status, "{why}: {}", said.body);
        assert!(said.body.contains(text) && !said.body.contains(secret), "{why}: {}", said.body);
        assert!(said.body.starts_with('{') && !said.body.contains('\n'), "{why}: one line of JSON: {}", said.body);
    }
    assert_eq!(door.curl("/present", &["-d", &body]).status, 401, "no credential at all");
    assert!(door.curl("/present", &["-d", &body, "-i"]).body.to_lowercase().contains("www-authenticate: basic"));
    assert_eq!(door.curl("/present", &[]).status, 405);
    assert_eq!(door.curl("/nothing", &[]).status, 404);
    assert_eq!(door.curl("/../../etc/passwd", &["--path-as-is"]).status, 404);
    assert_eq!(door.curl("/health", &[]).status, 200);
    assert_eq!(kdig(door.server.address, &format!("+short TXT {OWNER}")), "", "nothing was written");
    // Ten wrong ones in a row are more than a person makes; right ones count on all the same.
    let statuses: Vec<u16> =
        (0..12).map(|_| door.curl("/present", &["-u", "httpreq:no", "-d", &body]).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(door.curl("/present", &["-u", &good, "-d", &body]).status, 200, "nobody is locked out");
    assert!(door.count("acme_http_failed_credentials") >= 16);
    assert!(log_of(&door).contains("wrong credentials for httpreq from 127.0.0.1"));
}

/// An account with its CNAME in one go, its last two values, and the very words of acme-dns.
#[test]
fn acme_dns_is_understood_as_clients_send_it() {
    let door = door("");
    let made = door.token("acme-dns", "app", "--yes");
    let (user, key) = (made["user"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let subdomain = made["subdomain"].as_str().unwrap();
    assert_eq!(key.len(), 40);
    let zone = door.folder.read("zones/internal/corp.example.zone");
    assert!(zone.contains("_acme-challenge.app") && zone.contains(subdomain), "the CNAME is an edit: {zone}");
    assert!(door.folder.zonectl("log").stdout.contains("acme-dns account"), "with its history");
    let headers = [format!("X-Api-User: {user}"), format!("X-Api-Key: {key}")];
    let update = |subdomain: &str, txt: &str, headers: &[String; 2], kind: &str| {
        let body = format!(r#"{{"subdomain":"{subdomain}","txt":"{txt}"}}"#);
        let kind = format!("Content-Type: {kind}");
        door.curl("/update", &["-H", &headers[0], "-H", &headers[1], "-H", &kind, "-d", &body])
    };
    let form = "application/x-www-form-urlencoded";
    let txt = || {
        let said = kdig(door.server.address, &format!("+short TXT {OWNER}"));
        said.lines().filter(|line| line.len() == 45).map(|line| line.trim_matches('"').to_owned()).collect::<Vec<_>>()
    };
    let values: Vec<String> = (0..4).map(other_value).collect();
    for (at, value) in values.iter().enumerate() {
        let said = update(subdomain, value, &headers, form);
        assert_eq!((said.status, said.body), (200, format!(r#"{{"txt":"{value}"}}"#)));
        let mut expected: Vec<_> = values[at.saturating_sub(1)..=at].to_vec();
        expected.sort();
        let mut found = txt();
        found.sort();
        assert_eq!(found, expected, "the last two live, through the CNAME");
    }
    let wrong = [headers[0].clone(), format!("X-Api-Key: {}", "x".repeat(40))];
    let unknown = ["X-Api-User: nobody".to_owned(), headers[1].clone()];
    let table = [
        ("wrong key", subdomain, VALUE, &wrong, 401, r#"{"error":"forbidden"}"#),
        ("unknown user", subdomain, VALUE, &unknown, 401, r#"{"error":"forbidden"}"#),
        ("another's subdomain", "other", VALUE, &headers, 401, r#"{"error":"forbidden"}"#),
        ("a short value", subdomain, "short", &headers, 400, r#"{"error":"bad_txt"}"#),
        ("another alphabet", subdomain, &VALUE.replace('L', "+"), &headers, 400, r#"{"error":"bad_txt"}"#),
    ];
    for (why, subdomain, txt, headers, status, body) in table {
        let said = update(subdomain, txt, headers, "application/json");
        assert_eq!((said.status, said.body.as_str()), (status, body), "{why}");
    }
    assert_eq!(door.curl("/register", &["-X", "POST"]).status, 404, "off unless it is switched on");
    assert_eq!(door.curl("/health", &[]).body, "");
    let revoked = door.folder.zonectl(&format!("acme token revoke {}", made["token"]["name"].as_str().unwrap()));
    assert_eq!(revoked.exit, 0, "{revoked:?}");
    assert_eq!(update(subdomain, VALUE, &headers, form).status, 401, "at once");
}

/// With `register = true` anybody makes an account, which writes where it stands and nowhere else.
#[test]
fn accounts_are_registered_where_that_is_switched_on() {
    let door = door("register = true\n");
    let said = door.curl("/register", &["-X", "POST", "-d", ""]);
    assert_eq!(said.status, 201, "{}", said.body);
    let account: serde_json::Value = serde_json::from_str(&said.body).unwrap();
    let keys: Vec<_> = account.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["username", "password", "fulldomain", "subdomain", "allowfrom"]);
    let text = |key: &str| account[key].as_str().unwrap().to_owned();
    assert_eq!(text("password").len(), 40);
    let (user, key) = (format!("X-Api-User: {}", text("username")), format!("X-Api-Key: {}", text("password")));
    let body = format!(r#"{{"subdomain":"{}","txt":"{VALUE}"}}"#, text("subdomain"));
    assert_eq!(door.curl("/update", &["-H", &user, "-H", &key, "-d", &body]).status, 200);
    assert_eq!(kdig(door.server.address, &format!("+short TXT {}", text("fulldomain"))), format!("\"{VALUE}\""));
    for (body, status) in [
        (r#"{"allowfrom":["192.0.2.0/24"]}"#, 201),
        (r#"{"allowfrom":["ten"]}"#, 400),
        (r#"{"allowfrom":["192.0.2.1/24"]}"#, 400),
        ("{", 400),
    ] {
        assert_eq!(door.curl("/register", &["-d", body]).status, status, "{body}");
    }
}

/// Tokens from the command line: planned, made, listed, revoked; with the server and without; and their file when it is bad.
#[test]
fn tokens_are_made_listed_and_revoked() {
    let door = door("");
    let planned = door.folder.zonectl("acme token create --for acme-dns --names app --dry-run");
    assert_eq!(planned.exit, 2, "{planned:?}");
    assert!(planned.stderr.contains("CNAME"), "{planned:?}");
    let planned = door.folder.zonectl("acme token create --for traefik --names app --dry-run");
    assert_eq!((planned.exit, planned.stdout.as_str()), (2, ""), "{planned:?}");
    assert_eq!(door.folder.zonectl("acme token list").stdout, "", "nothing was made");

    let made = door.folder.zonectl("acme token create --for traefik --names app,*.apps --horizon internal");
    assert_eq!(made.exit, 0, "{made:?}");
    for needed in [
        &format!("RFC2136_NAMESERVER={}", door.server.address),
        "certificatesDuration: 24",
        "RFC2136_TSIG_KEY=traefik.",
    ] {
        assert!(made.stdout.contains(needed), "{needed}: {}", made.stdout);
    }
    let secret = made.stdout.split("RFC2136_TSIG_SECRET=").nth(1).unwrap().lines().next().unwrap().to_owned();
    let update = |name: &str| {
        let key = format!("hmac-sha256:{name}:{secret}");
        let line = format!("update add {OWNER}. 60 TXT v");
        update_program::client("nsupdate", &[], &key, door.server.address, &[&line])
    };
    let said = update("traefik");
    assert!(said.done, "the key opens its door at once: {}", said.text);
    let listed = shown(&door.folder.zonectl("acme token list -o json"));
    assert_eq!(listed["tokens"][0]["names"], serde_json::json!(["app.corp.example.", "*.apps.corp.example."]));
    assert_eq!(listed["tokens"][0]["horizons"], serde_json::json!(["internal"]));
    let second = door.folder.zonectl("acme token create --for traefik --names app");
    assert!(second.stdout.contains("RFC2136_TSIG_KEY=traefik-2."), "{second:?}");
    for (arguments, exit) in [
        ("create --for traefik --names app --name traefik", 4),
        ("create --for traefik --names app.elsewhere.test.", 1),
        ("create --for traefik --names app --name No", 1),
        ("create --for certbot --names app --door httpreq", 1),
        ("create --for lego --names app --algorithm hmac-md5", 1),
        ("create --for lego --names app --horizon nowhere", 1),
        ("create --for lego --names app --allow-from ten", 1),
        ("revoke nobody", 1),
    ] {
        let said = door.folder.zonectl(&format!("acme token {arguments}"));
        assert_eq!(said.exit, exit, "{arguments}: {said:?}");
    }
    assert_eq!(door.folder.zonectl("acme token revoke traefik").exit, 0);
    assert!(!update("traefik").done, "it opens nothing any more");
    assert!(!door.folder.zonectl("acme token list").stdout.contains(&secret));

    // A bad file is told and changed by nobody; what was read before counts on, and names are served.
    let file = door.folder.path().join("zones/.acme/tokens.json");
    let good = fs::read(&file).unwrap();
    fs::write(&file, "{ garbage").unwrap();
    assert_eq!(door.folder.zonectl("reload --wait").exit, 0);
    assert!(door.folder.zonectl("status -o json").stdout.contains("TOKENS_UNREADABLE"));
    assert_eq!(door.folder.zonectl("acme token create --for lego --names app").exit, 1);
    assert_eq!(fs::read(&file).unwrap(), b"{ garbage");
    assert_eq!(kdig(door.server.address, "+short A app.corp.example"), "10.0.0.12");
    fs::write(&file, good).unwrap();
    assert_eq!(door.folder.zonectl("reload --wait").exit, 0);
    assert!(!door.folder.zonectl("status -o json").stdout.contains("TOKENS_"));
    let Door { folder, server, .. } = door;
    assert_eq!(server.terminate(), 0);
    let offline = folder.zonectl("acme token create --for lego --names app --name offline");
    assert_eq!(offline.exit, 0, "{offline:?}");
    assert!(folder.zonectl("acme token list").stdout.contains("offline"));
}

/// Two lengths, a length beside chunks, a head beyond 8 KiB: refused or read as RFC 9112 says, and never as two requests.
#[test]
fn smuggled_requests_are_no_requests() {
    let door = door("");
    let inner = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    let head = "POST /present HTTP/1.1\r\nHost: x\r\n";
    let table = [
        ("two lengths", format!("{head}Content-Length: 0\r\nContent-Length: {}\r\n\r\n{inner}", inner.len()), "400"),
        (
            "a length and chunks",
            format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
            "401",
        ),
        ("chunks that are none", format!("{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"), "400"),
        ("a length that is none", format!("{head}Content-Length: +5\r\n\r\n{inner}"), "400"),
        ("a blank before the colon", format!("{head}Content-Length : 5\r\n\r\n{inner}"), "400"),
        ("a head of 16 KiB", format!("{head}X: {}\r\n\r\n{inner}", "x".repeat(16 << 10)), "431"),
        ("200 lines", format!("{head}{}\r\n{inner}", "X: y\r\n".repeat(200)), "431"),
        ("no HTTP", "\x16\x03\x01\x02\0\x01\0".to_owned(), "400"),
        (
            "10,000 octets in chunks",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n2710\r\n{}", "x".repeat(10_000)),
            "413",
        ),
    ];
    for (why, request, status) in table {
        let said = raw(door.http, request.as_bytes());
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{why}: {said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{why}: one answer and the end: {said}");
    }
    let two = format!("{inner}{inner}").replace("Host: x\r\n\r\nG", "Host: x\r\n\r\nG");
    let two = raw(door.http, format!("{two}GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
    assert_eq!(two.matches("HTTP/1.1 200").count(), 3, "honest ones follow each other: {two}");
}

/// Two hundred connections that say nothing, and some that say one octet after the other: others are heard, and all end.
#[test]
fn slow_clients_end_and_keep_nobody_out() {
    let door = door("");
    let start = Instant::now();
    let mut silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(door.http).unwrap()).collect();
    let mut dripping = silent.split_off(190);
    drop(silent.split_off(100));
    // Sixteen of them have a place; the others were closed at once.
    let closed = |stream: &mut TcpStream, limit: Duration| {
        stream.set_read_timeout(Some(limit)).unwrap();
        let waits = [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut];
        stream.read(&mut [0; 512]).map_or_else(|error| !waits.contains(&error.kind()), |_| true)
    };
    wait_until("most are closed at once", || {
        silent.retain_mut(|stream| !closed(stream, Duration::from_millis(1)));
        silent.len() <= 16
    });
    assert!(start.elapsed() < Duration::from_secs(8), "at once");
    // From another address: loopback has many.
    assert_eq!(door.curl("/health", &["--interface", "127.0.0.77"]).status, 200);
    dripping.iter_mut().for_each(|stream| drop(stream.write_all(b"GET /health HTTP/1.1\r\nX: ")));
    let mut one = TcpStream::connect_timeout(&door.http, Duration::from_secs(1)).unwrap();
    while start.elapsed() < Duration::from_secs(40) && !silent.is_empty() {
        let _ = one.write_all(b"x");
        silent.retain_mut(|stream| !closed(stream, Duration::from_millis(50)));
    }
    assert!(silent.is_empty(), "{} are still open after 40 s", silent.len());
    wait_until("places come back", || door.curl("/health", &[]).status == 200);
    let mut bodiless = TcpStream::connect(door.http).unwrap();
    bodiless.write_all(b"POST /present HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").unwrap();
    let mut dripped = TcpStream::connect(door.http).unwrap();
    let begun = Instant::now();
    while dripped.write_all(b"G").is_ok() && !closed(&mut dripped, Duration::from_millis(300)) {
        assert!(begun.elapsed() < Duration::from_secs(20), "a head that never ends is given up");
    }
    bodiless.set_read_timeout(Some(Duration::from_secs(12))).unwrap();
    let mut said = String::new();
    let _ = bodiless.read_to_string(&mut said);
    assert!(said.starts_with("HTTP/1.1 408"), "a body that never comes: {said}");
}

/// The CA's request at the wrong host is a fact that is told; what anybody else sends is not.
#[test]
fn a_misdirected_challenge_is_told() {
    let door = door("ca_addresses = [\"10.0.0.10\"]\nrelay = true\nprobe_allow = [\"192.0.2.0/24\"]\n");
    let ask = |from: &str, host: &str, path: &str| {
        let (from, host) = (format!("X-Forwarded-For: {from}"), format!("Host: {host}"));
        let said = door.curl(path, &["--path-as-is", "-H", &from, "-H", &host]);
        assert_eq!(said.status, 404, "{host} {path}: {}", said.body);
        (door.count("acme_challenges_here"), door.count("acme_challenges_misdirected"))
    };
    let path = "/.well-known/acme-challenge/abc-_123";
    for (from, host, path, why) in [
        ("10.0.0.9", "app.corp.example", path, "not the CA"),
        ("10.0.0.10, 10.0.0.9", "app.corp.example", path, "whoever says to be the CA"),
        ("10.0.0.10", "www.example.org", path, "no name of ours"),
        ("10.0.0.10", "nothing.corp.example", path, "a name that is not there"),
        ("10.0.0.10", "10.0.0.12", path, "no name"),
        ("10.0.0.10", "app.corp.example", "/.well-known/acme-challenge/", "no token"),
        ("10.0.0.10", "app.corp.example", "/.well-known/acme-challenge/a.b", "no token"),
        ("10.0.0.10", "app.corp.example", "/.well-known/acme-challenge/../acme-challenge/abc", "no token"),
        ("10.0.0.10", "here.corp.example", path, "a name that leads here"),
    ] {
        assert_eq!(ask(from, host, path).1, 0, "{why}");
    }
    let (_, misdirected) = ask("10.0.0.10", "APP.corp.example:80", path);
    assert_eq!(misdirected, 1);
    let log = log_of(&door);
    for needed in
        ["HOSTS_BYPASS app.corp.example", "10.0.0.10", "this server tells it 10.0.0.12", "/etc/hosts", "dns-01"]
    {
        assert!(log.contains(needed), "{needed}: {log}");
    }
    assert!(log.contains("10.0.0.12 is in none of the prefixes of `probe_allow`"), "relayed to nobody: {log}");
    assert_eq!(door.count("acme_challenges_relayed"), 0);
    assert!(!log.contains("abc-_123"), "no token is kept");
}

/// HTTPS with the pair of [acme], another pair after a reload, and none at all while it cannot be read: never plain HTTP.
#[test]
fn https_follows_its_certificate() {
    let pair = || {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let first = pair();
    let door =
        http_lab::door_with("certificate = \"a.crt\"\nkey = \"a.key\"\n", &[("a.crt", &first.0), ("a.key", &first.1)]);
    assert!(door.url.starts_with("https://"), "{}", door.url);
    door.folder.write("first.pem", &first.0);
    assert_eq!(door.curl("/health", &["--cacert", "first.pem"]).status, 200);
    assert!(!raw(door.http, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").contains("HTTP/1.1 200"), "not in plain");
    let second = pair();
    door.folder.write("a.crt", &second.0);
    door.folder.write("a.key", &second.1);
    door.folder.write("second.pem", &second.0);
    assert_eq!(door.folder.zonectl("reload --wait").exit, 0);
    assert_eq!(door.curl("/health", &["--cacert", "second.pem"]).status, 200, "renewed");
    door.folder.write("a.key", "garbage");
    assert_eq!(door.folder.zonectl("reload --wait").exit, 0, "names are served");
    assert!(door.folder.zonectl("status -o json").stdout.contains("CERTIFICATE_UNUSABLE"));
    assert_eq!(door.curl("/health", &["--cacert", "second.pem"]).status, 200, "the one before serves on");
}

/// A folder that cannot be written says so at /health, and no value is said to be kept.
#[test]
fn health_says_when_values_cannot_be_kept() {
    let door = door("state = \"state/deep\"\n");
    assert_eq!(door.curl("/health", &[]).status, 200);
    let made = door.token("httpreq", "app", "");
    fs::remove_dir_all(door.folder.path().join("state")).unwrap();
    door.folder.write("state", "a file in the way");
    let basic = format!("httpreq:{}", made["secret"].as_str().unwrap());
    let body = format!(r#"{{"fqdn":"{OWNER}.","value":"{VALUE}"}}"#);
    let said = door.curl("/present", &["-u", &basic, "-d", &body]);
    assert_eq!(said.status, 503, "{}", said.body);
    let health = door.curl("/health", &[]);
    assert_eq!(health.status, 503);
    assert!(health.body.contains("not_kept"), "{}", health.body);
    assert_eq!(kdig(door.server.address, &format!("+short TXT {OWNER}")), "");
}

/// A request that has begun is answered before the server ends.
#[test]
fn a_stop_answers_what_has_begun() {
    let door = door("");
    let made = door.token("httpreq", "app", "");
    let basic = http_lab::basic("httpreq", made["secret"].as_str().unwrap());
    let body = format!(r#"{{"fqdn":"{OWNER}.","value":"{VALUE}"}}"#);
    let mut stream = TcpStream::connect(door.http).unwrap();
    let head = format!(
        "POST /present HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server has begun with it once it asks for the body.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    let Door { server, http, .. } = door;
    let ending = std::thread::spawn(move || server.terminate());
    wait_until("no more is taken", || TcpStream::connect(http).is_err());
    stream.write_all(body.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.contains("200 OK") && said.contains(VALUE), "{said}");
    assert_eq!(ending.join().unwrap(), 0);
}

/// lego with its provider httpreq, both modes: a name, and apex with wildcard in one order.
#[test]
fn lego_gets_certificates_by_httpreq() {
    let door = door("");
    let made = door.token("lego", "corp.example.,*.corp.example.", "--door httpreq");
    let port = free_port();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    door.folder.write("root.pem", &params.self_signed(&key).unwrap().pem());
    door.folder.write("ca.key", &key.serialize_pem());
    let config = format!(
        r#"{{"pebble": {{"listenAddress": "127.0.0.1:{port}", "managementListenAddress": "127.0.0.1:{}",
        "certificate": "root.pem", "privateKey": "ca.key", "httpPort": {}, "tlsPort": {}, "ocspResponderURL": ""}}}}"#,
        free_port(),
        free_port(),
        free_port()
    );
    door.folder.write("pebble.json", &config);
    let mut command = door.folder.command("pebble");
    command.args(["-config", "pebble.json", "-dnsserver", &door.server.address.to_string()]);
    command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0");
    let _pebble = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_until("pebble listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let lego = |path: &str, mode: &str, domains: &[&str]| {
        let mut command: Command = door.folder.command("lego");
        command.env("LEGO_CA_CERTIFICATES", door.folder.path().join("root.pem"));
        command.env("HTTPREQ_ENDPOINT", &door.url).env("HTTPREQ_MODE", mode);
        command.env("HTTPREQ_USERNAME", made["user"].as_str().unwrap());
        command.env("HTTPREQ_PASSWORD", made["secret"].as_str().unwrap());
        command.env("HTTPREQ_POLLING_INTERVAL", "1").env("HTTPREQ_PROPAGATION_TIMEOUT", "10");
        let directory = format!("https://127.0.0.1:{port}/dir");
        command.args(["--path", path, "--server", &directory, "-a", "-m", "a@corp.example", "--dns", "httpreq"]);
        command.args(["--dns.resolvers", &door.server.address.to_string(), "--dns.disable-cp"]);
        domains.iter().for_each(|domain| {
            command.args(["-d", domain]);
        });
        cli_program::run(command.arg("run"))
    };
    for mode in ["", "RAW"] {
        let one = lego(&format!("one{mode}"), mode, &["app.corp.example"]);
        assert_eq!(one.exit, 0, "{mode} {one:?}");
        let wild = lego(&format!("wild{mode}"), mode, &["corp.example", "*.corp.example"]);
        assert_eq!(wild.exit, 0, "{mode} {wild:?}");
    }
    assert!(door.folder.read("oneRAW/certificates/app.corp.example.crt").contains("BEGIN CERTIFICATE"));
    assert_eq!(kdig(door.server.address, "+short TXT _acme-challenge.corp.example"), "", "it cleaned up");
}
