//! No configuration brings the import down, and every line of it is accounted for: by a verdict or by an error.
#![allow(clippy::unwrap_used)]

use horizon_dns::finding::Severity;
use horizon_dns::import::{Given, OPTIONS, Reading, Wishes, import};
use horizon_dns::snapshot::{ZoneSource, build};
use horizon_dns::{config, zone};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const ROUNDS: u64 = 400;

const SEEDS: [&str; 24] = [
    "address=/app.home.example/10.0.0.5",
    "address=/a.example/b.example/fd00::1",
    "address=/x.app.home.example/#",
    "address=/gone.home.example/",
    "address=/*.w.home.example/10.0.0.9",
    "local=/home.example/",
    "server=/corp.example/10.9.0.1#5353@eth0",
    "server=8.8.8.8",
    "server=/www.corp.example/#",
    "rev-server=10.9.0.0/22,10.9.0.1",
    "host-record=a.home.example,b,10.0.0.1,fd00::2,300",
    "cname=www.home.example,w2.home.example,a.home.example,60",
    "txt-record=home.example,\"v=spf1 a, -all\",second",
    "srv-host=_ldap._tcp.home.example,a.home.example,389,1,2",
    "mx-host=home.example,mail.home.example,10",
    "ptr-record=1.0.0.10.in-addr.arpa,a.home.example",
    "naptr-record=n.home.example,10,20,u,SIP+D2U,!^.*$!sip:x@y!",
    "caa-record=home.example,0,issue,ca.example",
    "dns-rr=rr.home.example,44,01:01:00112233445566778899aabbccddeeff00112233",
    "synth-domain=home.example,10.7.0.0/29,s-",
    "domain=home.example,10.1.0.0/24,local",
    "rebind-domain-ok=/corp.example/x.example/",
    "listen-address=127.0.0.1,10.0.0.1",
    "cache-size=1000",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }
}

/// A configuration of seeds, of bare options with odd values, and of both with letters changed.
fn text(random: &mut Random) -> Vec<u8> {
    let odd = [
        "",
        "/",
        "//",
        "/#/",
        "/*/1.1.1.1",
        "#",
        ",",
        ",,,",
        "\"",
        "a",
        "-1",
        "99999999999",
        "::",
        "1.2.3.4/99",
        ".",
        "a.b.c",
        "/a/b",
        "\u{e4}",
    ];
    let mut text = Vec::new();
    for _ in 0..12 {
        let mut line = if random.below(4) == 0 {
            format!("{}={}", OPTIONS[random.below(OPTIONS.len())].name, odd[random.below(odd.len())]).into_bytes()
        } else {
            SEEDS[random.below(SEEDS.len())].as_bytes().to_vec()
        };
        for _ in 0..random.below(4) {
            let at = random.below(line.len());
            let strange = b"/#,.*\"\\=-@%: \t\0\x7f\xff0aZ";
            match random.below(4) {
                0 => {
                    line.insert(at, strange[random.below(strange.len())]);
                }
                1 if !line.is_empty() => {
                    line.remove(at);
                }
                2 if !line.is_empty() => line[at] = strange[random.below(strange.len())],
                _ => {
                    let copy = line.clone();
                    line.extend_from_slice(&copy[at..]);
                }
            }
        }
        line.retain(|octet| !matches!(octet, b'\n' | b'\r'));
        text.extend(line);
        text.push(b'\n');
    }
    text
}

#[test]
fn mutated_configurations_are_read_or_refused_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.conf");
    let wishes = Wishes { horizon: "internal".to_owned(), clients: Vec::new(), listen: Vec::new() };
    let mut loaded = 0;
    for seed in 0..ROUNDS {
        let text = text(&mut Random(seed));
        std::fs::write(&file, &text).unwrap();
        let reading = Reading::of(&Given { paths: vec![file.clone()], ..Given::default() });
        let imported = import(&reading, &wishes);
        let shown = String::from_utf8_lossy(&text);
        let places = imported.findings.iter().flat_map(|finding| &finding.places);
        let told: BTreeSet<u32> = imported
            .verdicts
            .iter()
            .map(|verdict| verdict.origin.line)
            .chain(places.filter(|place| place.file == file).filter_map(|place| place.line))
            .collect();
        for (line, number) in shown.lines().zip(1u32..) {
            let empty = line.trim().is_empty() || line.trim_start().starts_with('#');
            assert!(
                empty || told.contains(&number),
                "seed {seed}: nothing is said of line {number}: {line:?}\n{shown}"
            );
        }
        loaded += usize::from(loads(&imported.config, &imported.zones, seed));
        assert!(
            imported.findings.iter().all(|finding| finding.severity != Severity::Error || !finding.places.is_empty()),
            "seed {seed}"
        );
    }
    assert!(loaded > ROUNDS as usize / 2, "only {loaded} of {ROUNDS} load");
}

/// What was made of it is config and zones, whatever stood in the lines.
fn loads(text: &str, zones: &[horizon_dns::import::ImportedZone], seed: u64) -> bool {
    let settings = match config::parse(text, "horizon.toml") {
        Ok(settings) => settings,
        Err(errors) => panic!("seed {seed}: {}\n{text}", errors[0]),
    };
    let mut sources = Vec::new();
    for zone in zones {
        let file = Path::new("x.zone");
        match zone::parse_zone(zone.text.as_bytes(), file, &zone.origin) {
            Ok(loaded) => {
                sources.push(ZoneSource {
                    horizon: "internal".to_owned(),
                    file: None,
                    records: Arc::new(loaded.records),
                });
            }
            Err(findings) => panic!("seed {seed}: {}\n{}", findings[0], zone.text),
        }
    }
    build(&settings, &sources, None).is_ok()
}
