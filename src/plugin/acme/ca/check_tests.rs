//! A CA in each state that a CA can be in, on loopback: every fault is named, and every look has an end.

use super::super::authority_lab::{Authority, Site, answer};
use super::super::dial::Roots;
use super::super::leaf::seconds;
use super::{CaPlace, CaReport, Wanted, check_ca};
use crate::config::Challenge;
use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

fn place(address: SocketAddr) -> CaPlace {
    CaPlace {
        url: format!("https://ca.example:{}/acme/acme/directory", address.port()),
        host: "ca.example".to_owned(),
        port: address.port(),
        path: "/acme/acme/directory".to_owned(),
        addresses: vec![address],
        source: "the test".to_owned(),
    }
}

fn directory(host: &str, meta: &str) -> String {
    let urls: Vec<String> = ["newNonce", "newAccount", "newOrder"]
        .iter()
        .map(|key| format!("\"{key}\":\"https://{host}/acme/acme/{key}\""))
        .collect();
    answer(200, "application/json", &format!("{{{},\"meta\":{meta}}}", urls.join(",")))
}

const PROVISIONERS: &str = r#"{"provisioners":[{"type":"ACME","name":"acme"}],"nextCursor":""}"#;

fn codes(report: &CaReport) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.code.as_ref()).collect()
}

/// What a page says depends on the port, which is known only when the site stands; this asks at a fixed name in links.
async fn look(authority: &Authority, pages: &[(&str, String)], roots: Option<&Roots>, wanted: &Wanted) -> CaReport {
    let pages: Vec<(&str, &str)> = pages.iter().map(|(path, answer)| (*path, answer.as_str())).collect();
    let site = Site::start(authority.issue(&["ca.example"], (-10, 90)), &pages).await;
    let mut place = place(site.address);
    // Links are judged against the URL; the connection goes to the address.
    place.port = 9000;
    place.url = "https://ca.example:9000/acme/acme/directory".to_owned();
    let report = check_ca(&place, roots, wanted).await;
    assert!(report.address.is_none_or(|address| address == site.address));
    report
}

/// A healthy step-ca is healthy, and all that it tells is kept.
#[tokio::test]
async fn a_healthy_ca_has_no_fault() {
    let authority = Authority::new();
    let pages = [
        ("/health", answer(200, "application/json", "{\"status\":\"ok\"}\n")),
        ("/roots.pem", answer(200, "application/x-pem-file", &authority.pem())),
        ("/acme/acme/directory", directory("ca.example:9000", r#"{"caaIdentities":["ca.example"]}"#)),
        ("/provisioners", answer(200, "application/json", PROVISIONERS)),
    ];
    let wanted = Wanted { challenges: Challenge::ALL.to_vec(), ..Wanted::default() };
    let report = look(&authority, &pages, Some(&authority.roots()), &wanted).await;
    assert_eq!(codes(&report), ["LEAF_SHORTER_THAN_RENEWAL"], "{:?}", report.problems);
    assert!(!report.is_down());
    assert_eq!((report.healthy, report.trusted, report.directory), (Some(true), Some(true), true));
    assert_eq!(report.roots, authority.roots().fingerprints());
    assert_eq!(report.caa, ["ca.example"]);
    assert_eq!(report.provisioners.as_deref(), Some(&["acme".to_owned()][..]));
    assert_eq!((report.offered.len(), report.leaf_lifetime), (3, Some(86400)));
    assert_eq!(report.certificate.as_ref().map(|leaf| leaf.names.clone()), Some(vec!["ca.example".to_owned()]));
    assert_eq!(report.facts().root, Some(authority.roots().fingerprints()[0].clone()));
}

/// Each fault by its code.
#[tokio::test]
async fn every_fault_is_named() {
    let (authority, other) = (Authority::new(), Authority::new());
    let good = |pages: &[(&'static str, String)]| {
        let mut all = pages.to_vec();
        all.extend([
            ("/health", answer(200, "application/json", "{\"status\":\"ok\"}")),
            ("/roots.pem", answer(200, "application/x-pem-file", &authority.pem())),
            ("/acme/acme/directory", directory("ca.example:9000", "{}")),
            ("/provisioners", answer(200, "application/json", PROVISIONERS)),
        ]);
        all
    };
    let dir = "/acme/acme/directory";
    let json = |body: &str| answer(200, "application/json", body);
    let at = SystemTime::now() - std::time::Duration::from_secs(400);
    let date = jiff::Timestamp::from_second(seconds(at)).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let old = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 15\r\n\r\n{{\"status\":\"ok\"}}");
    let narrow = r#"{"provisioners":[{"type":"ACME","name":"acme","challenges":["http-01"]}]}"#;
    let elsewhere = r#"{"provisioners":[{"type":"ACME","name":"local"},{"type":"JWK","name":"acme"}]}"#;
    let gone = r#"{"type":"notFound","message":"provisioner acme not found"}"#;
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: https://ca.example:9000/acme/acme/directory\r\nContent-Length: 0\r\n\r\n";
    type Pages = Vec<(&'static str, String)>;
    let table: Vec<(&str, Pages, &str)> = vec![
        ("not well", vec![("/health", json("{\"status\":\"no database\"}"))], "CA_DOWN"),
        ("health answers 500", vec![("/health", answer(500, "text/plain", ""))], "CA_DOWN"),
        ("a web page", vec![(dir, answer(200, "text/html", "<!DOCTYPE html><html>Portal</html>"))], "DIRECTORY_BAD"),
        ("no JSON", vec![(dir, json("hello"))], "DIRECTORY_BAD"),
        ("JSON of something else", vec![(dir, json("{\"a\":1}"))], "DIRECTORY_BAD"),
        ("404", vec![(dir, answer(404, "text/plain", "no"))], "DIRECTORY_BAD"),
        ("a redirect to itself", vec![(dir, redirect.to_owned())], "DIRECTORY_BAD"),
        ("no end", vec![(dir, "HTTP/1.1 200 OK\r\n\r\n{...".to_owned())], "DIRECTORY_BAD"),
        ("links to the proxy", vec![(dir, directory("10.0.0.153", "{}"))], "CA_LINK_HOST"),
        (
            "links without TLS",
            vec![(dir, directory("ca.example:9000", "{}").replace("https://", "http:// "))],
            "CA_LINK_HOST",
        ),
        (
            "external accounts",
            vec![(dir, directory("ca.example:9000", r#"{"externalAccountRequired":true}"#))],
            "EAB_REQUIRED",
        ),
        ("the provisioner has another name", vec![("/provisioners", json(elsewhere))], "PROVISIONER_MISSING"),
        (
            "its directory says so",
            vec![(dir, answer(404, "application/json", gone)), ("/provisioners", json(elsewhere))],
            "PROVISIONER_MISSING",
        ),
        ("one challenge only", vec![("/provisioners", json(narrow))], "CHALLENGE_DISABLED"),
        ("its clock is late", vec![("/health", old)], "CLOCK_SKEW"),
        ("another root", vec![("/roots.pem", answer(200, "application/x-pem-file", &other.pem()))], "CA_ROOT_DIFFERS"),
    ];
    let wanted = Wanted { challenges: vec![Challenge::Dns01], ..Wanted::default() };
    for (why, pages, code) in table {
        let begun = Instant::now();
        let report = look(&authority, &good(&pages), Some(&authority.roots()), &wanted).await;
        let found: Vec<&str> = codes(&report).into_iter().filter(|code| *code != "LEAF_SHORTER_THAN_RENEWAL").collect();
        assert_eq!(found, [code], "{why}: {:?}", report.problems);
        assert!(begun.elapsed().as_secs() < 10, "{why}");
    }
}

/// Trust: by roots, by fingerprint, by nothing; and what is wrong with a certificate is said.
#[tokio::test]
async fn trust_is_checked() {
    let (authority, other) = (Authority::new(), Authority::new());
    let fingerprint = authority.roots().fingerprints()[0].clone();
    let root = answer(200, "application/json", &serde_json::json!({ "ca": authority.pem() }).to_string());
    let pages = [("/root/", root), ("/acme/acme/directory", directory("ca.example:9000", "{}"))];
    let pin = |fingerprint: &str| Wanted { fingerprint: Some(fingerprint.to_owned()), ..Wanted::default() };
    let none = Wanted::default();
    let report = look(&authority, &pages, Some(&other.roots()), &none).await;
    assert_eq!((codes(&report), report.trusted), (vec!["CA_UNTRUSTED"], Some(false)));
    let report = look(&authority, &pages, None, &none).await;
    assert_eq!((codes(&report), report.trusted), (vec!["CA_UNPINNED"], None));
    let report = look(&authority, &pages, None, &pin(&fingerprint)).await;
    assert_eq!((codes(&report), report.trusted), (vec![], Some(true)), "pinned by its fingerprint");
    let report = look(&authority, &pages, None, &pin(&"0".repeat(64))).await;
    assert_eq!(report.trusted, None, "what it hands out is not what was asked for");
    for (names, days, says) in [
        (&["other.example"][..], (-10, 90), "is for other.example, not for `ca.example`"),
        (&["ca.example"], (-90, -10), "has expired"),
        (&["ca.example"], (10, 90), "is not valid yet"),
    ] {
        let site = Site::start(authority.issue(names, days), &[("/acme", pages[1].1.as_str())]).await;
        let report = check_ca(&place(site.address), Some(&authority.roots()), &none).await;
        let found = report.problems.iter().find(|problem| problem.code == "CA_UNTRUSTED");
        assert!(found.is_some_and(|problem| problem.summary.contains(says)), "{says}: {:?}", report.problems);
    }
}

/// A CA that is not there, or is no TLS, is down; the address that answers is taken when another does not.
#[tokio::test]
async fn a_ca_that_does_not_answer_is_down() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = check_ca(&place(free), None, &Wanted::default()).await;
    assert_eq!((codes(&report), report.facts().healthy), (vec!["CA_DOWN"], Some(false)));
    assert!(report.problems[0].summary.contains("refuses the connection"), "{:?}", report.problems);
    let authority = Authority::new();
    let pages = [("/acme", directory("ca.example:9000", "{}"))];
    let pages: Vec<(&str, &str)> = pages.iter().map(|(path, answer)| (*path, answer.as_str())).collect();
    let site = Site::start(authority.issue(&["ca.example"], (-10, 90)), &pages).await;
    let mut both = place(site.address);
    both.addresses = vec![free, site.address];
    let report = check_ca(&both, Some(&authority.roots()), &Wanted::default()).await;
    assert_eq!(report.address, Some(site.address));
}
