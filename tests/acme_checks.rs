//! Promise: what the zones, the config and the inventory alone say of a name's challenges is said before the CA finds out.

mod cli_lab;

use cli_lab::published;
use horizon_dns::config::{Challenge, Gate};
use horizon_dns::control::Published;
use horizon_dns::daemon::{self, Source};
use horizon_dns::finding::Severity;
use horizon_dns::plugin::acme::check::{Assessment, GATE, Ground, assess, newly_broken};
use horizon_dns::plugin::acme::reach::{Problem, State};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Two horizons; the CA sits in `internal`, and `app` is answered at 10.0.0.12.
const CONFIG: &str = r#"
[[horizon]]
name = "internal"
clients = ["10.0.0.0/24", "127.0.0.0/8"]

[[horizon]]
name = "external"
clients = ["any"]
private_addresses = ["10.0.0.153"]

[acme]
ca_addresses = ["10.0.0.10"]
names = ["app.corp.example"]

[acme.name."app.corp.example"]
targets = ["10.0.0.12"]
"#;

const HEAD: &str = "\
$TTL 300
@ SOA ns admin 7 3600 600 86400 30
@ NS ns
ns A 10.0.0.153
_acme-challenge.app TXT \"\"
";

/// The head without the record that makes the challenge owner exist.
fn head() -> String {
    HEAD.replace("_acme-challenge.app TXT \"\"\n", "")
}

fn assessed(config: &str, zones: &[(&str, &str, &str)]) -> Assessment {
    let folder = tempfile::tempdir().unwrap();
    let published = published(folder.path(), config, zones);
    assess(&Ground::new(&published.snapshot, None))
}

/// `blocked NO_ADDRESS CAA_FORBIDS`
fn said(assessment: &Assessment, name: &str, challenge: Challenge) -> String {
    let verdict = assessment.of(name).find(|verdict| verdict.key.challenge == challenge).expect(name);
    let codes = verdict.standing.problems.iter().map(|problem| &*problem.code);
    std::iter::once(verdict.state().word()).chain(codes).collect::<Vec<_>>().join(" ")
}

/// Each code has a zone that shows it, and the record that mends it is in the remedy.
#[test]
fn each_fault_of_a_zone_has_its_code_and_its_command() {
    // `_acme-challenge` of a name that exists is answered NODATA by the engine; the codes about it are looked at below.
    let table: &[(&str, &str, &str, &str)] = &[
        ("as it should be", "app A 10.0.0.12", "plausible", ""),
        (
            "the gateway",
            "app A 10.0.0.153",
            "blocked TARGET_NOT_EXPECTED",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "one of two is right",
            "app A 10.0.0.12\napp A 10.0.0.153",
            "plausible TARGET_NOT_EXPECTED",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "the CA itself",
            "app A 127.0.0.1",
            "blocked TARGET_NOT_EXPECTED",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        ("an alias", "app CNAME www\nwww A 10.0.0.12", "plausible", ""),
        (
            "an alias of the wrong machine",
            "app CNAME www\nwww A 10.0.0.153",
            "blocked TARGET_NOT_EXPECTED",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        ("a wildcard", "* A 10.0.0.12", "plausible", ""),
        (
            "no such name",
            "other A 10.0.0.12",
            "blocked NO_ADDRESS",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "no address",
            "app MX 10 ns",
            "blocked NO_ADDRESS",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "a circle",
            "app CNAME b\nb CNAME app",
            "blocked CNAME_LOOP",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "a circle behind an alias",
            "app CNAME a\na CNAME b\nb CNAME a",
            "blocked CNAME_LOOP",
            "zonectl set a.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "out of the house",
            "app CNAME www.elsewhere.example.",
            "blocked CNAME_LEAVES_ZONE",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "delegated",
            "app NS ns.elsewhere.example.",
            "blocked NO_ADDRESS",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "an empty non-terminal",
            "* A 10.0.0.12\n_acme-challenge.app TXT old",
            "blocked WILDCARD_ENT",
            "zonectl rm _acme-challenge.app.corp.example. TXT --all --horizon internal",
        ),
        (
            "written whole",
            "app.corp.example A 10.0.0.12",
            "blocked NO_ADDRESS DOUBLED_LABEL",
            "zonectl mv app.corp.example.corp.example. app.corp.example. --horizon internal",
        ),
        ("a wildcard below", "*.example.corp A 10.0.0.99", "blocked NO_ADDRESS", ""),
        (
            "a search list and a wildcard",
            "*.corp.example A 10.0.0.153",
            "blocked NO_ADDRESS WILDCARD_SEARCH_CAPTURE",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ),
        (
            "CAA for another",
            "app A 10.0.0.12\n@ CAA 0 issue \"letsencrypt.org\"",
            "plausible CAA_FORBIDS",
            "zonectl add corp.example. CAA '0 issue \"ca.corp.example\"' --horizon internal",
        ),
    ];
    for (why, lines, expected, command) in table {
        let zone = head() + lines + "\n";
        let config = CONFIG.replace("[acme]", "[acme]\ndirectory = \"https://ca.corp.example:9000/directory\"");
        let ca = "ca A 10.0.0.10\n";
        let assessment = assessed(&config, &[("internal", "corp.example", &(zone + ca))]);
        for challenge in [Challenge::Http01, Challenge::TlsAlpn01] {
            assert_eq!(said(&assessment, "app.corp.example", challenge), *expected, "{why}");
        }
        let verdict = assessment.of("app.corp.example").next().unwrap();
        let commands: Vec<&String> =
            verdict.standing.problems.iter().flat_map(|problem| &problem.remedy.commands).collect();
        assert!(command.is_empty() || commands.iter().any(|one| one == command), "{why}: {commands:#?}");
    }
}

/// Every code of the challenge owner; none of them but one stands in the way.
#[test]
fn each_fault_of_the_challenge_owner_has_its_code() {
    let app = "app A 10.0.0.12\n";
    let table: &[(&str, String, &str)] = &[
        ("a stale value", head() + app + "_acme-challenge.app TXT old", "STALE_TXT"),
        ("typed whole", head() + app + "_acme-challenge.app.corp.example TXT old", "DOUBLED_LABEL"),
        ("an alias outside", head() + app + "_acme-challenge.app CNAME x.elsewhere.example.", "CNAME_LEAVES_ZONE"),
        ("a host of NS without address", head().replace("ns A 10.0.0.153\n", "ns TXT x\n") + app, "NS_NOT_RESOLVABLE"),
    ];
    for (why, zone, code) in table {
        let assessment = assessed(CONFIG, &[("internal", "corp.example", zone)]);
        let said = said(&assessment, "app.corp.example", Challenge::Dns01);
        assert!(said.starts_with("plausible") && said.contains(code), "{why}: {said}");
    }
    let elsewhere = assessed(CONFIG, &[("external", "corp.example", &(head() + app))]);
    assert_eq!(said(&elsewhere, "app.corp.example", Challenge::Dns01), "blocked CHALLENGE_OWNER_NOT_OURS");
}

/// The horizon is that of the CA's address, whoever asks.
#[test]
fn a_ca_in_the_wrong_horizon_is_named() {
    let (inside, outside) = (head() + "app A 10.0.0.12\n", head() + "app A 10.0.0.153\n");
    let zones = [("internal", "corp.example", inside.as_str()), ("external", "corp.example", outside.as_str())];
    let moved = CONFIG.replace("ca_addresses = [\"10.0.0.10\"]", "ca_addresses = [\"10.9.0.10\"]");
    let assessment = assessed(&moved, &zones);
    let verdict = assessment.of("app.corp.example").next().unwrap();
    assert_eq!(verdict.key.horizon, "external");
    assert_eq!(said(&assessment, "app.corp.example", Challenge::Http01), "blocked WRONG_HORIZON");
    let remedy = verdict.standing.problems[0].remedy.to_string();
    assert_eq!(remedy, "write `\"10.9.0.10/32\"` among the `clients` of [[horizon]] `internal`");

    let closed = moved.replace("clients = [\"any\"]", "clients = [\"192.0.2.0/24\"]");
    let refused = assessed(&closed, &zones);
    assert_eq!(said(&refused, "app.corp.example", Challenge::Http01), "blocked WRONG_HORIZON");
    assert_eq!(said(&refused, "app.corp.example", Challenge::Dns01), "blocked WRONG_HORIZON");
}

/// Wildcards, the challenges that a client uses, and texts that are no host names.
#[test]
fn only_challenges_that_apply_are_judged() {
    let config = CONFIG
        .replace(
            "names = [\"app.corp.example\"]",
            "names = [\"app.corp.example\", \"*.apps.corp.example\", \"a_b.corp.example\"]",
        )
        .replace("targets", "challenges = [\"dns-01\"]\ntargets");
    let zone = head() + "app A 10.0.0.153\n";
    let assessment = assessed(&config, &[("internal", "corp.example", &zone)]);
    let table = [
        ("app.corp.example", Challenge::Http01, "not-applicable"),
        ("app.corp.example", Challenge::Dns01, "plausible"),
        ("*.apps.corp.example", Challenge::Http01, "not-applicable"),
        ("*.apps.corp.example", Challenge::TlsAlpn01, "not-applicable"),
        ("a_b.corp.example", Challenge::Http01, "blocked INVALID_NAME"),
        ("a_b.corp.example", Challenge::Dns01, "blocked INVALID_NAME"),
    ];
    for (name, challenge, expected) in table {
        assert!(
            said(&assessment, name, challenge).starts_with(expected),
            "{name}: {}",
            said(&assessment, name, challenge)
        );
    }
    assert!(said(&assessment, "*.apps.corp.example", Challenge::Dns01).starts_with("plausible"));
}

/// The gate minds what a change breaks, not what was broken before.
#[test]
fn the_gate_minds_only_what_a_change_breaks() {
    let zone = |lines: &str| assessed(CONFIG, &[("internal", "corp.example", &(head() + lines + "\n"))]);
    let (well, gateway, gone) = (zone("app A 10.0.0.12"), zone("app A 10.0.0.153"), zone("app MX 0 ns"));
    let broken = newly_broken(&well, &gateway, Gate::Refuse);
    assert_eq!(broken.len(), 1, "{broken:#?}");
    assert_eq!((&*broken[0].code, broken[0].severity, broken[0].refuses), (GATE, Severity::Error, true));
    let text = broken[0].to_string();
    for part in [
        "app.corp.example: http-01 and tls-alpn-01 would fail",
        "only dns-01 would be left",
        "the CA would be told 10.0.0.153 in the place of 10.0.0.12",
        "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        "challenges = [\"dns-01\"]",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert_eq!(newly_broken(&well, &gone, Gate::Refuse).len(), 1);
    let table = [
        ("it works as before", &well, &well),
        ("it was broken, and is broken otherwise: a step", &gateway, &gone),
        ("mended", &gateway, &well),
        ("a new name that never worked", &Assessment::default(), &gateway),
        ("a name that is no longer wanted", &well, &Assessment::default()),
    ];
    for (why, before, after) in table {
        assert_eq!(newly_broken(before, after, Gate::Refuse), [], "{why}");
    }
    assert_eq!(newly_broken(&well, &gateway, Gate::Off), []);
    let warned = newly_broken(&well, &gateway, Gate::Warn);
    assert_eq!((warned[0].severity, warned[0].refuses), (Severity::Warning, false));
}

/// The worked example, its inventory and zones changed by `edit` (path below the example, text).
fn example(edit: impl Fn(&str, String) -> String) -> Published {
    fn copy(from: &Path, root: &Path, to: &Path, edit: &dyn Fn(&str, String) -> String) {
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(root).unwrap();
            if path.is_dir() {
                fs::create_dir_all(to.join(below)).unwrap();
                copy(&path, root, to, edit);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                fs::write(to.join(below), edit(&below.display().to_string(), text)).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones");
    copy(&root, &root, folder.path(), &edit);
    let source = Source::of(folder.path().join("horizon.toml"));
    let candidate = daemon::candidate(&source, None).unwrap_or_else(|failure| panic!("{:#?}", failure.findings));
    std::sync::Arc::into_inner(candidate.published).unwrap()
}

fn problems<'a>(published: &'a Published, name: &'a str, challenge: Challenge) -> Vec<&'a Problem> {
    let mut verdicts = published.acme.of(name).filter(|verdict| verdict.key.challenge == challenge);
    verdicts.next().expect(name).standing.problems.iter().collect()
}

/// Every name of the worked example that needs a certificate, from the seat of lxc/103.
#[test]
fn the_example_says_what_its_firewalls_forget() {
    let published = example(|_, text| text);
    let acme = &published.acme;
    assert_eq!((acme.seat.addresses[0].to_string().as_str(), acme.seat.port), ("10.0.0.10", 9000));
    assert_eq!(acme.seat.horizon.as_deref(), Some("internal"));
    let table = [
        ("traefik.internal.thinkheads.ai", "plausible"),
        ("nginx.internal.thinkheads.ai", "plausible"),
        ("portainer.internal.thinkheads.ai", "blocked FIREWALL_BLOCKS"),
        ("drphoenix-agent.internal.thinkheads.ai", "blocked FIREWALL_BLOCKS"),
        ("qdrant.internal.thinkheads.ai", "plausible"),
        ("app.phoenix.thinkheads.ai", "plausible"),
        ("www.phoenix.thinkheads.ai", "plausible"),
    ];
    for (name, expected) in table {
        assert_eq!(said(acme, name, Challenge::Http01), expected, "{name}");
        assert!(
            said(acme, name, Challenge::Dns01).starts_with("plausible"),
            "{name}: {}",
            said(acme, name, Challenge::Dns01)
        );
    }
    assert!(acme.of("nginx-gateway-client").next().is_none(), "a client's certificate is no business of ACME");
    assert!(acme.of("*.internal.thinkheads.ai").any(|verdict| verdict.state() == State::Plausible));
    let blocked = problems(&published, "portainer.internal.thinkheads.ai", Challenge::Http01)[0];
    assert_eq!(blocked.summary, "no rule of vm/1001 lets 10.0.0.10 reach 10.0.0.101 on port 80, for http-01");
    let rule = r#"{"type": "in", "action": "ACCEPT", "source": "10.0.0.10", "proto": "tcp", "port": "80"}"#;
    assert_eq!(blocked.remedy.commands, [rule]);
    assert!(blocked.places[0].to_string().ends_with("#/vms/1/firewall/rules"), "{}", blocked.places[0]);
}

/// The failure that all this began with: the name of Traefik leads to the gateway.
#[test]
fn the_seed_failure_is_named_with_both_machines() {
    let published = example(|path, text| match path {
        "internal/internal.thinkheads.ai.zone" => text.replace(
            "traefik            A   10.0.0.12   ; from lxc/102 traefik_service",
            "traefik            A   10.0.0.153",
        ),
        _ => text,
    });
    let name = "traefik.internal.thinkheads.ai";
    let problem = problems(&published, name, Challenge::Http01)[0];
    assert_eq!(
        problem.summary,
        "traefik.internal.thinkheads.ai. leads the CA to 10.0.0.153 (lxc/101 Nginx-Phoenix, the gateway), and its \
         challenges are answered at 10.0.0.12 (lxc/102 Traefik-Internal, Traefik)"
    );
    assert_eq!(problem.evidence, ["expected by lxc/102 traefik_service, route `direct` in horizon `internal`"]);
    let place = problem.places[0].to_string();
    assert!(place.ends_with("internal/internal.thinkheads.ai.zone:21:1"), "{place}");
    assert_eq!(said(&published.acme, name, Challenge::TlsAlpn01), "blocked TARGET_NOT_EXPECTED");
    assert!(said(&published.acme, name, Challenge::Dns01).starts_with("plausible"));
}

/// Rules that shut the way to the CA block every challenge: nothing can be ordered.
#[test]
fn a_firewall_before_the_ca_blocks_every_challenge() {
    let published = example(|path, text| match path {
        "phoenix/etc/phoenix_lxc_configs.json" => text.replace("\"port\": \"9000\"", "\"port\": \"9001\""),
        _ => text,
    });
    for challenge in Challenge::ALL {
        let said = said(&published.acme, "traefik.internal.thinkheads.ai", challenge);
        assert!(said.starts_with("blocked FIREWALL_BLOCKS"), "{said}");
    }
    let problem = problems(&published, "traefik.internal.thinkheads.ai", Challenge::Dns01)[0];
    assert!(problem.summary.contains("lxc/103 lets 10.0.0.12 reach 10.0.0.10 on port 9000"), "{}", problem.summary);
}

/// The real states: names with what is said of http-01. Absent on machines that do not have them.
#[test]
fn the_real_states_show_the_faults_that_happened() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/inventory");
    if !root.is_dir() {
        println!("skipped: the dated states of the inventory are not here");
        return;
    }
    let config = |state: &str| {
        format!(
            "[[horizon]]\nname = \"internal\"\nclients = [\"10.0.0.0/24\", \"172.16.100.0/24\", \"127.0.0.0/8\"]\n\
             [[horizon]]\nname = \"external\"\nclients = [\"any\"]\nprivate_addresses = [\"10.0.0.153\"]\n\
             [server]\nlisten = [\"10.0.0.153:53\"]\n[zones]\ndirectory = \"zones\"\n[inventory]\nphoenix = {:?}\n\
             [acme]\ndirectory = \"https://ca.internal.thinkheads.ai:9000/acme/acme/directory\"\n",
            root.join(state)
        )
    };
    let table: [(&str, &str, &str); 6] = [
        ("2025-11-04", "nginx.internal.thinkheads.ai", "plausible"),
        ("2025-11-04", "traefik.internal.thinkheads.ai", "blocked NO_ADDRESS"),
        ("2025-11-14", "traefik.internal.thinkheads.ai", "blocked NO_ADDRESS"),
        ("2025-11-14", "portainer.internal.thinkheads.ai", ""),
        ("2025-11-25", "docker-daemon.internal.thinkheads.ai", "blocked NO_ADDRESS"),
        ("2025-11-25", "traefik.internal.thinkheads.ai", ""),
    ];
    for (state, name, expected) in table {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("zones")).unwrap();
        fs::write(folder.path().join("horizon.toml"), config(state)).unwrap();
        let source = Source::of(folder.path().join("horizon.toml"));
        let candidate = match daemon::candidate(&source, None) {
            Ok(candidate) => candidate,
            Err(failure) => panic!("{state}: {:#?}", failure.findings),
        };
        let said = said(&candidate.published.acme, name, Challenge::Http01);
        println!("{state} {name}: {said}");
        assert!(said.starts_with(expected), "{state} {name}: {said}");
    }
}

/// What names that need a certificate add to a load grows with their number, and no faster.
#[test]
fn a_thousand_names_cost_four_times_what_a_quarter_does() {
    const NAMES: usize = 1_000;
    let records: String = (0..NAMES).map(|at| format!("n{at} A 10.0.0.12\n")).collect();
    let lab = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("\"n{at}.corp.example\"")).collect();
        let folder = tempfile::tempdir().unwrap();
        let config = CONFIG.replace("names = [\"app.corp.example\"]", &format!("names = [{}]", names.join(", ")));
        fs::create_dir_all(folder.path().join("zones/internal")).unwrap();
        fs::write(folder.path().join("zones/internal/corp.example.zone"), head() + &records).unwrap();
        fs::write(folder.path().join("horizon.toml"), format!("[zones]\ndirectory = \"zones\"\n{config}")).unwrap();
        (folder, count)
    };
    let load = |(folder, count): &(tempfile::TempDir, usize)| {
        let source = Source::of(folder.path().join("horizon.toml"));
        let start = Instant::now();
        let candidate = daemon::candidate(&source, None).unwrap_or_else(|failure| panic!("{:#?}", failure.findings));
        let took = start.elapsed();
        assert_eq!(candidate.published.acme.verdicts.len(), 3 * count);
        took
    };
    // By turns, and the shortest of each: other tests run beside this one.
    let labs = [lab(0), lab(NAMES / 4), lab(NAMES)];
    let turns: Vec<_> = (0..7).map(|_| [load(&labs[0]), load(&labs[1]), load(&labs[2])]).collect();
    let [none, quarter, all] = [0, 1, 2].map(|at| turns.iter().map(|turn| turn[at]).min().unwrap());
    println!("a load of {none:.1?}; with {} names {quarter:.1?}, with {NAMES} {all:.1?}", NAMES / 4);
    assert!(all < 8 * quarter, "{quarter:?} for a quarter, {all:?} for all");
}
