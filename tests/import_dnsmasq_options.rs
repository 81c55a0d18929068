//! Every option of dnsmasq gets a verdict, and what dnsmasq refuses is refused with file, line and column.
#![allow(clippy::unwrap_used)]

mod import_lab;

use horizon_dns::finding::Severity;
use horizon_dns::import::{Given, Imported, OPTIONS, Reading, Stand, Wishes, import, known};
use import_lab::{installed, refused_by_dnsmasq};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use tempfile::TempDir;

fn imported(text: &str) -> (TempDir, Reading, Imported) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.conf");
    std::fs::write(&file, text).unwrap();
    let reading = Reading::of(&Given { paths: vec![file], ..Given::default() });
    let wishes = Wishes { horizon: "internal".to_owned(), clients: Vec::new(), listen: Vec::new() };
    let imported = import(&reading, &wishes);
    (folder, reading, imported)
}

/// The lines of the verdicts and errors of a text: `understood`, `refused: why`, `3: what`.
fn said(text: &str) -> Vec<String> {
    let (_folder, _, imported) = imported(text);
    let verdicts = imported.verdicts.iter().map(|verdict| format!("{}: {}", verdict.stand, verdict.what));
    let errors = imported.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors = errors.map(|finding| {
        let place = &finding.places[0];
        format!("{}:{}: {}; {}", place.line.unwrap_or(0), place.column.unwrap_or(0), finding.what, finding.remedy)
    });
    verdicts.chain(errors).collect()
}

/// What dnsmasq itself offers is what the table has: no option without a verdict, and a value where it takes one.
#[test]
fn every_option_of_dnsmasq_is_known() {
    let help = Command::new(installed()).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let offered: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.split("--").nth(1))
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next())
        .collect();
    assert!(offered.len() > 150, "{offered:?}");
    let missing: Vec<_> = offered.iter().filter(|name| known(name).is_none()).collect();
    assert!(missing.is_empty(), "no verdict on {missing:?}");

    let names: BTreeSet<_> = OPTIONS.iter().map(|option| option.name).collect();
    assert_eq!(names.len(), OPTIONS.len(), "an option stands twice");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.conf");
    // `conf-script` would run something.
    for option in OPTIONS.iter().filter(|option| option.name != "conf-script") {
        let ask = |line: &str| {
            std::fs::write(&file, line).unwrap();
            refused_by_dnsmasq(&file).unwrap_or_default()
        };
        let (bare, valued) = (ask(option.name), ask(&format!("{}=x", option.name)));
        assert!(!bare.contains("bad option"), "{}: {bare}", option.name);
        let argument = match (bare.contains("missing parameter"), valued.contains("extraneous parameter")) {
            (true, false) => "Must",
            (false, true) => "No",
            _ => "Maybe",
        };
        assert_eq!(format!("{:?}", option.argument), argument, "{}", option.name);
        assert!(option.text.len() > 10 && !option.text.ends_with('.'), "{}: {}", option.name, option.text);
    }
}

/// One line of each option gets the verdict of the table, and dnsmasq takes the line as well.
#[test]
fn every_option_gets_its_verdict() {
    let values: BTreeMap<&str, &str> = VALUES.into_iter().collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.conf");
    for name in ["hosts", "resolv", "servers", "more.conf"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    std::fs::create_dir(folder.path().join("dir")).unwrap();
    for option in OPTIONS {
        let line = match values.get(option.name) {
            Some(value) => format!("{}={}", option.name, value.replace("FOLDER", &folder.path().display().to_string())),
            None if format!("{:?}", option.argument) == "Must" => format!("{}=x", option.name),
            None => option.name.to_owned(),
        };
        let head = if option.name == "port" { "" } else { "port=5353" };
        let text = format!("no-hosts\nno-resolv\n{head}\nlisten-address=127.0.0.1\n{line}\n");
        std::fs::write(&file, &text).unwrap();
        let wishes = Wishes { horizon: "internal".to_owned(), clients: Vec::new(), listen: Vec::new() };
        let reading = Reading::of(&Given { paths: vec![file.clone()], ..Given::default() });
        let imported = import(&reading, &wishes);
        let errors: Vec<_> = imported.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
        let verdict = imported.verdicts.iter().rfind(|verdict| verdict.option == option.name).unwrap();
        // A name is told by its own value in the case of `trust-anchor`, and `mx-host` by the target.
        assert_eq!(verdict.stand, option.stand, "{line}: {}", verdict.what);
        if option.stand == Stand::Understood {
            let refused = refused_by_dnsmasq(&file);
            assert_eq!(refused, None, "{line}");
        }
        if option.stand == Stand::Refused {
            let shown = format!("d.conf:5 `{line}`: ");
            assert!(imported.config.contains(&shown), "{line} is not in the config:\n{}", imported.config);
        }
    }
}

const VALUES: [(&str, &str); 57] = [
    ("address", "/a.example/10.0.0.1"),
    ("addn-hosts", "FOLDER/hosts"),
    ("auth-ttl", "60"),
    ("auth-zone", "auth.example"),
    ("bogus-nxdomain", "198.51.100.0/24"),
    ("caa-record", "a.example,0,issue,ca.example"),
    ("cache-size", "1000000"),
    ("cname", "a.example,b.example"),
    ("conf-dir", "FOLDER/dir"),
    ("conf-file", "FOLDER/more.conf"),
    ("dns-forward-max", "300"),
    ("dns-rr", "a.example,65280,0102"),
    ("domain", "home.example"),
    ("domain-suffix", "home.example"),
    ("dynamic-host", "a.example,0.0.0.8,eth0"),
    ("edns-packet-max", "1232"),
    ("fast-dns-retry", "500"),
    ("host-record", "a.example,10.0.0.1"),
    ("hostsdir", "FOLDER/dir"),
    ("interface-name", "a.example,eth0"),
    ("listen-address", "127.0.0.1"),
    ("local", "/home.example/"),
    ("local-ttl", "60"),
    ("log-async", "20"),
    ("log-facility", "daemon"),
    ("max-cache-ttl", "600"),
    ("max-port", "50000"),
    ("max-tcp-connections", "20"),
    ("max-ttl", "600"),
    ("min-cache-ttl", "60"),
    ("min-port", "2000"),
    ("mx-host", "a.example,mail.example,10"),
    ("mx-target", "mail.example"),
    ("naptr-record", "a.example,1,2,u,E2U+sip,!^.*$!sip:a@b!"),
    ("neg-ttl", "60"),
    ("port", "5300"),
    ("port-limit", "2"),
    ("ptr-record", "a.example,b.example"),
    ("query-port", "0"),
    ("rebind-domain-ok", "/corp.example/"),
    ("resolv-file", "FOLDER/resolv"),
    ("rev-server", "10.0.0.0/24,127.0.0.1"),
    ("server", "127.0.0.1#5353"),
    ("servers-file", "FOLDER/servers"),
    ("srv-host", "_ldap._tcp.example,a.example,389"),
    ("synth-domain", "s.example,10.0.0.0/28,h-"),
    ("trust-anchor", ".,20326,8,2,E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
    ("txt-record", "a.example,text"),
    ("use-stale-cache", "600"),
    ("alias", "10.0.0.1,10.0.0.2"),
    ("ignore-address", "198.51.100.1"),
    ("filter-rr", "TXT"),
    ("cache-rr", "TXT"),
    ("auth-server", "ns.example"),
    ("auth-soa", "1"),
    ("dnssec-timestamp", "FOLDER/stamp"),
    ("local-service", "net"),
];

/// A value decides: what cannot be kept is refused with what to do, and what is wrong names its column.
#[test]
fn a_value_gets_the_verdict_it_deserves() {
    let table = [
        (
            "server=/*google.com/127.0.0.1",
            "refused: `/*name/` also covers names that only end so inside a label; write one line for each domain that is meant",
        ),
        (
            "server=//127.0.0.1",
            "refused: servers for names without a dot: they are machines of this network; give them records, or a domain",
        ),
        (
            "server=127.0.0.1@eth0",
            "understood: `upstreams` of [forward]; `@eth0` is left out: the system's routes choose interface and source",
        ),
        (
            "server=dns.example",
            "1:8: `dns.example` is not an address; write the address of the server: a server's name would have to be looked up by itself",
        ),
        (
            "server=fe80::1%eth0",
            "1:8: `fe80::1%eth0` is an address of one link, which no upstream may have here; write another address of the server",
        ),
        ("server=10.0.0.1#99999", "1:8: `99999` is not a port; write 1 to 65535"),
        ("address=/a.example/10.0.0", "1:20: `10.0.0` is not an address; write an address, `#` for none, or nothing"),
        ("address=10.0.0.1", "1:9: no domain between slashes; write `address=/domain/ADDRESS`"),
        (
            "address=/a..b/10.0.0.1",
            "1:10: `a..b` has an empty label; write labels of letters, digits, `-` and `_` with dots between; `xn--` for others",
        ),
        ("host-record=10.0.0.1", "1:13: no name; write `host-record=NAME,ADDRESS`"),
        ("cname=a.example", "1:7: an alias and its target are needed; write `cname=ALIAS,TARGET`"),
        (
            "mx-host=a.example",
            "refused: dnsmasq would name the machine it runs on as the target: write it, `mx-host=NAME,TARGET`",
        ),
        ("cache-size=150", "otherwise: `size` of [forward.cache] counts octets; its 64 MiB hold some 131072 answers"),
        ("port=0", "refused: this dnsmasq answers no questions at all"),
        ("port=http", "1:6: `http` is not a port, 0 to 65535; correct the number"),
        (
            "dhcp-range=10.0.0.50,10.0.0.99",
            "refused: DHCP is not done here: keep dnsmasq for it with `port=0`, or use Kea; leases do not become names",
        ),
        ("domain=#", "refused: the domain of resolv.conf is not read: write it out"),
        (
            "synth-domain=s.example,fd00::/64,h-",
            "refused: names for a range of IPv6 addresses would be too many records: write those that are used",
        ),
        ("srv-host=_a._tcp.example,b.example,70000", "1:36: `70000` is not a number, 0 to 65535; correct the number"),
        ("dns-rr=a.example,1,0a00", "1:20: these octets are no A data; correct them"),
        (
            "dns-rr=a.example,6,00",
            "1:18: SOA is no type of a record that may be written here; leave it out: SOA records are made by the server",
        ),
        ("conf-file=/nowhere/x.conf", "understood: read in its place"),
        ("rev-server=10.0.0.0/40,10.0.0.1", "1:12: `/40` is not a prefix length; write an address such as 10.0.0.0/24"),
        ("prot=53", "1:1: `prot` is no option of dnsmasq; did you mean `port`?"),
    ];
    for (line, expected) in table {
        let seen = said(&format!("{line}\nno-hosts\nno-resolv\n"));
        assert!(seen.iter().any(|said| said == expected), "{line}: {seen:#?}");
    }
}

/// Where dnsmasq's order of fields is not that of zone files, and what its defaults are.
#[test]
fn fields_are_put_in_their_place() {
    let table = [
        ("srv-host=_ldap._tcp.home.example,a.home.example,389,7,9", "_ldap._tcp SRV 7 9 389 a.home.example."),
        ("srv-host=_ldap._tcp.home.example,a.home.example", "_ldap._tcp SRV 0 0 1 a.home.example."),
        ("srv-host=_ldap._tcp.home.example", "_ldap._tcp SRV 0 0 1 ."),
        ("mx-host=home.example,mail.home.example", "@ MX 1 mail.home.example."),
        ("host-record=a.home.example,10.0.0.1,300", "a 300 A 10.0.0.1"),
        ("cname=a.home.example,b.home.example,300", "a 300 CNAME b"),
        ("txt-record=home.example,\"v=spf1 a, -all\",x", "@ TXT \"v=spf1 a, -all\" \"x\""),
        ("naptr-record=home.example,1,2,s,SIP+D2T,,r.example", "@ NAPTR 1 2 \"s\" \"SIP+D2T\" \"\" r.example."),
        ("caa-record=home.example,0,issue,letsencrypt.org", "@ CAA 0 issue \"letsencrypt.org\""),
        (
            "dns-rr=home.example,44,01:01:00112233445566778899aabbccddeeff00112233",
            "@ SSHFP 1 1 00112233445566778899aabbccddeeff00112233",
        ),
        ("synth-domain=home.example,10.0.0.4/30,h-", "h-10-0-0-7 A 10.0.0.7"),
        ("synth-domain=home.example,10.0.0.4,10.0.0.6,h*", "h2 A 10.0.0.6"),
        ("address=/s.home.example/10.0.0.1", "*.s A 10.0.0.1"),
        ("address=/s.home.example/#", "*.s AAAA ::"),
        ("address=/*.s.home.example/10.0.0.1", "*.s A 10.0.0.1"),
    ];
    for (line, expected) in table {
        let (_folder, _, imported) = imported(&format!("no-hosts\nno-resolv\nlocal=/home.example/\n{line}\n"));
        let zone = imported.zones.iter().find(|zone| zone.origin.to_string() == "home.example").unwrap();
        let lines: Vec<String> = zone
            .text
            .lines()
            .map(|line| line.split("  ; ").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert!(lines.iter().any(|line| line.eq_ignore_ascii_case(expected)), "{line}:\n{}", zone.text);
        // The generator owns what is marked as its own; these are a person's.
        assert!(!zone.text.contains("; from "), "{line}");
    }
}

/// Settings of the forwarder are where they belong, each with the line it came from.
#[test]
fn forwarding_becomes_settings() {
    let text = "no-hosts\nno-resolv\nserver=10.0.0.1\nserver=10.0.0.2#5353\nserver=[fd00::1]\nserver=/corp.example/x.example/10.9.0.1\n\
                server=/www.corp.example/#\nrev-server=10.9.0.0/16,10.9.0.1\nrebind-domain-ok=/corp.example/\nfilter-AAAA\n\
                bogus-nxdomain=198.51.100.9\nmax-ttl=100\nmax-cache-ttl=200\nmin-cache-ttl=9000\nuse-stale-cache=0\nno-negcache\n";
    let (_folder, _, imported) = imported(text);
    let settings = horizon_dns::config::parse(&imported.config, "horizon.toml").unwrap();
    let forward = &settings.forward;
    let shown = |upstreams: &[horizon_dns::config::Upstream]| {
        upstreams.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(&forward.upstreams), "10.0.0.1 10.0.0.2:5353 fd00::1");
    assert_eq!(format!("{:?}", forward.policy), "Fastest");
    let domains: Vec<String> =
        forward.domains.iter().map(|domain| format!("{} {}", domain.name, shown(&domain.upstreams))).collect();
    assert_eq!(
        domains,
        ["9.10.in-addr.arpa 10.9.0.1", "corp.example 10.9.0.1", "www.corp.example ", "x.example 10.9.0.1"]
    );
    assert_eq!((forward.cache.max_ttl, forward.cache.min_ttl, forward.cache.max_negative_ttl), (100, 100, 0));
    assert_eq!(forward.cache.stale, 30 * 86_400);
    assert!(forward.guard.plain_names && !forward.guard.rebind_protection);
    assert_eq!(
        forward.guard.filter_aaaa.len() + forward.guard.rebind_except.len() + forward.guard.bogus_nxdomain.len(),
        3
    );
    assert!(imported.config.contains("d.conf:4"), "{}", imported.config);
}

/// A zone holds nothing that would be hidden below a forwarded domain; what is known there has a zone of its own.
#[test]
fn zones_and_forwarded_domains_share_their_names() {
    let table = [
        ("", "forwarded inside of a local domain", "d.example"),
        ("host-record=x.sub.d.example,10.0.0.1", "a name below the route", "d.example x.sub.d.example"),
        ("address=/x.sub.d.example/10.0.0.1", "a subtree below the route", "d.example x.sub.d.example"),
        ("address=/x.sub.d.example/", "blocked below the route", "d.example x.sub.d.example"),
        ("address=/d.example/10.0.0.1", "a subtree round the route", "d.example"),
        ("address=/sub.d.example/10.0.0.1", "addresses of the route itself: held", "d.example sub.d.example"),
        ("host-record=sub.d.example,10.0.0.1", "a record of the route itself: held", "d.example sub.d.example"),
        ("local=/sub.d.example/", "local and forwarded: forwarded", "d.example"),
        ("domain=lan.sub.d.example", "a domain that only completes names", "d.example"),
    ];
    for (line, why, expected) in table {
        let text = format!(
            "no-hosts\nno-resolv\nserver=10.0.0.1\nlocal=/d.example/\nserver=/sub.d.example/10.9.0.1\n{line}\n"
        );
        let (_folder, _, imported) = imported(&text);
        let zones: Vec<String> = imported.zones.iter().map(|zone| zone.origin.to_string()).collect();
        let zones: Vec<&str> = zones.iter().map(String::as_str).filter(|zone| !zone.ends_with(".arpa")).collect();
        assert_eq!(zones.join(" "), expected, "{why}");
        let outer = &imported.zones.iter().find(|zone| zone.origin.to_string() == "d.example").unwrap().text;
        assert!(!outer.contains("sub"), "{why}: {outer}");
        let is_held = why.ends_with(": held");
        assert_eq!(imported.config.contains("[[forward.domain]]\nname = \"sub.d.example\""), !is_held, "{why}");
        let told = imported.findings.iter().any(|finding| finding.code == "IMPORT_HELD");
        let refused = imported.verdicts.iter().any(|verdict| verdict.stand == Stand::Refused);
        assert_eq!((told, refused), (is_held, is_held), "{why}: {:?}", imported.findings);
    }
}

/// A few blocked domains are zones; a list of them is a list, save what this network itself knows of.
#[test]
fn many_blocked_names_become_a_list() {
    let mut text = String::from("no-resolv\nno-hosts\nserver=10.0.0.1\nlocal=/home.example/\naddn-hosts=hosts\n");
    for number in 0..150 {
        text.push_str(&format!("address=/ad{number}.example/\n"));
    }
    text.push_str("address=/zero.example/#\naddress=/null.example/0.0.0.0\naddress=/x.home.example/\n");
    text.push_str("host-record=known.ad7.example,10.0.0.7\nserver=/let.ad8.example/10.0.0.2\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.conf");
    std::fs::write(&file, text).unwrap();
    let hosts: String = (0..150).map(|number| format!("0.0.0.0 tracker{number}.example\n")).collect();
    std::fs::write(folder.path().join("hosts"), hosts + "10.0.0.9 nas.home.example\n").unwrap();
    let reading = Reading::of(&Given { paths: vec![file], ..Given::default() });
    let wishes = Wishes { horizon: "internal".to_owned(), clients: Vec::new(), listen: Vec::new() };
    let imported = import(&reading, &wishes);
    let zones: Vec<String> = imported.zones.iter().map(|zone| zone.origin.to_string()).collect();
    assert_eq!(zones, ["0.0.10.in-addr.arpa", "ad7.example", "home.example"]);
    let count = |name: &str| {
        let list = imported.lists.iter().find(|list| list.name == name).unwrap();
        list.text.lines().filter(|line| !line.starts_with('#')).count()
    };
    assert_eq!((count("dnsmasq-nxdomain"), count("dnsmasq-zero")), (149, 152));
    let settings = horizon_dns::config::parse(&imported.config, "horizon.toml").unwrap();
    assert_eq!(settings.blocks.len(), 2);
    assert_eq!(settings.blocks[0].allow.iter().map(ToString::to_string).collect::<Vec<_>>(), ["let.ad8.example"]);
    let zero = imported.lists[1].text.lines().find(|line| line.contains("tracker7.")).unwrap();
    assert_eq!((zero, imported.lists[1].answer), ("tracker7.example", "zero"), "a hosts line blocks its name alone");
}
