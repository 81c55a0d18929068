//! Promise: the status page shows five names and five thousand, by the keyboard alone, light and dark, without a word of the
//! browser's console and without a request to anybody else.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod reload_lab;
mod web_lab;

use reload_lab::{Lab, ask};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Instant;
use web_lab::browser::Browser;
use web_lab::{config, web};

/// A network of so many hosts, with what the page has to be careful with: markup in names, and in comments of the zone file.
fn network(hosts: usize) -> (Lab, SocketAddr) {
    let mut zone = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\n".to_owned();
    for at in 0..hosts.saturating_sub(3) {
        let (high, low) = (at / 250, at % 250 + 1);
        writeln!(zone, "host{at:04} A 10.0.{high}.{low} ; from lxc/{} traefik_service", 100 + at % 50).unwrap();
    }
    zone.push_str("<img\\032src=x> A 10.0.0.9 ; from <script>alert(1)</script>\nwww CNAME ns\n");
    // Outside, everything leads to the gateway.
    let outer: String = zone
        .lines()
        .map(|line| match line.split_once(" A ") {
            Some((name, _)) => format!("{name} A 192.0.2.153 ; from lxc/101 gateway\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let acme = "[acme]\nnames = [\"www.corp.example\", \"gone.corp.example\"]\n";
    let files = [("internal/corp.example.zone", zone.as_str()), ("outer/corp.example.zone", &outer)];
    let lab = Lab::start(&config(acme), &files);
    let address = web(&lab);
    (lab, address)
}

const ROWS: &str = "document.querySelectorAll('#matrix tbody tr').length";

/// Values that came out as something else than text.
fn shows_texts(browser: &mut Browser) {
    let text = browser.eval("document.body.innerText");
    let text = text.as_str().unwrap();
    assert!(!["[object", "undefined", "NaN", "null"].iter().any(|word| text.contains(word)), "{text}");
}

fn well(browser: &Browser, address: SocketAddr) {
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
    let own = format!("http://{address}/");
    let foreign: Vec<_> = browser.requests.iter().filter(|url| !url.starts_with(&own)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(browser.requests.len() > 5, "{:?}", browser.requests);
}

/// Five names: everything is shown, and what is written in zone files is never markup.
#[test]
fn five_names_are_shown_and_nothing_in_them_is_markup() {
    let Some(mut browser) = Browser::start() else { return };
    let (lab, address) = network(5);
    for name in ["www", "ns", "host0000", "missing"] {
        ask(lab.address(), &format!("{name}.corp.example A"));
    }
    browser.open(&format!("http://{address}/"));
    browser.wait("document.querySelector('#state').textContent === 'serves what the files say'");
    browser.wait("document.querySelector('#count-names').textContent === '5'");
    browser.wait("document.querySelector('#zones').innerText.includes('corp.example.')");
    browser.wait("document.querySelector('#frequent-names').innerText.includes('corp.example.')");
    browser.shoot("overview");
    shows_texts(&mut browser);
    browser.eval("document.querySelector('#tab-names').click()");
    browser.wait(&format!("{ROWS} === 5"));
    assert_eq!(browser.eval("document.querySelectorAll('#matrix img, #matrix script').length"), 0);
    let text = browser.eval("document.querySelector('#matrix').innerText");
    let text = text.as_str().unwrap();
    for part in ["<img\\032src=x>.corp.example.", "plausible", "10.0.0.9", "192.0.2.153", "→ ns.corp.example."] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let title = browser.eval("[...document.querySelectorAll('#matrix .traced')].map((one) => one.title).join('|')");
    assert!(title.as_str().unwrap().contains("from <script>alert(1)</script>"), "{title}");
    browser.eval("document.querySelector('#tab-findings').click()");
    browser.wait("document.querySelector('#list-findings').innerText.includes('gone.corp.example')");
    browser.shoot("findings");
    shows_texts(&mut browser);
    browser.eval("document.querySelector('#tab-flow').click()");
    browser.wait("document.querySelector('#picture').naturalWidth > 100");
    browser.scheme("dark");
    browser.shoot("flow-dark");
    let dark = browser.eval("getComputedStyle(document.body).backgroundColor");
    browser.scheme("light");
    let light = browser.eval("getComputedStyle(document.body).backgroundColor");
    assert_ne!(dark, light);
    browser.eval("document.querySelector('#tab-history').click()");
    browser.wait("document.querySelector('#list-history').innerText.length > 0");
    well(&browser, address);
}

/// Five thousand names by the keyboard alone: tabs, search, rows, pages, one name in detail and back.
#[test]
fn five_thousand_names_by_the_keyboard_alone() {
    let Some(mut browser) = Browser::start() else { return };
    let (_lab, address) = network(5000);
    let begun = Instant::now();
    browser.open(&format!("http://{address}/"));
    browser.wait("document.querySelector('#count-names').textContent === '5,000'");
    let reached = (0..3).any(|_| {
        browser.press("Tab");
        browser.eval("document.activeElement.id") == "tab-overview"
    });
    assert!(reached, "{}", browser.eval("document.activeElement.outerHTML"));
    browser.press("ArrowRight");
    browser.wait(&format!("document.activeElement.id === 'tab-names' && {ROWS} === 100"));
    println!("5,000 names are there after {:?}", begun.elapsed());
    browser.shoot("names");
    assert_eq!(browser.eval("document.querySelector('#range').textContent"), "1–100 of 5,000");
    // Search, filter, previous (disabled), next, the first row.
    for _ in 0..4 {
        browser.press("Tab");
    }
    browser.wait("document.activeElement.matches('#matrix tbody tr:first-child')");
    browser.press("ArrowDown");
    browser.press("End");
    browser.wait("document.activeElement.matches('#matrix tbody tr:last-child')");
    browser.press("PageDown");
    browser.wait("document.querySelector('#range').textContent === '101–200 of 5,000'");
    browser.wait("document.activeElement.matches('#matrix tbody tr:first-child')");
    browser.press("/");
    browser.wait("document.activeElement.id === 'search'");
    browser.type_text("host4321");
    browser.wait(&format!("{ROWS} === 1"));
    for _ in 0..2 {
        browser.press("Tab");
    }
    browser.wait("document.activeElement.matches('#matrix tbody tr')");
    browser.press("Enter");
    browser.wait("document.querySelector('#detail').open");
    browser.wait("document.querySelector('#detail-body').innerText.includes('the name has A records')");
    browser.wait("document.querySelector('#detail-body').innerText.includes('lxc/121 traefik_service')");
    browser.wait("document.querySelector('#detail-body img').naturalWidth > 100");
    browser.shoot("detail");
    shows_texts(&mut browser);
    browser.press("Escape");
    browser.wait("!document.querySelector('#detail').open");
    browser.scheme("dark");
    browser.shoot("names-dark");
    well(&browser, address);
}
