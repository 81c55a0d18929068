//! A dnsmasq configuration becomes config and zones that answer as it did: a real dnsmasq from Debian is asked beside them.
#![allow(clippy::unwrap_used)]

mod import_lab;

use import_lab::{Lab, Upstream, classes, examples, free_address};
use std::fs;
use std::path::Path;

/// The operator's own lines, in his order; only addresses are those of the test.
fn operators(port: u16, upstreams: [&str; 2]) -> String {
    let [first, second] = upstreams;
    format!(
        "port={port}\ndomain-needed\nbogus-priv\nstrict-order\nstop-dns-rebind\nno-resolv\n\
         local=/internal.thinkheads.ai/\nlisten-address=127.0.0.1\nconf-dir=dnsmasq.d\nserver={first}\nserver={second}\n"
    )
}

const STATES: [&str; 4] = ["2025-10-17", "2025-11-04", "2025-11-14", "2025-11-25"];

/// Done when: the operator's real configuration imports, verifies with every difference an expected fix, loads and serves.
#[test]
fn the_operators_configuration_is_imported_proven_and_served() {
    let upstreams = [Upstream::start(), Upstream::start()];
    for state in STATES {
        let inventory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/inventory").join(state);
        let addresses = fs::read_to_string(inventory.join("dnsmasq-address.conf")).unwrap();
        let lab = Lab::new();
        let (old, new) = (free_address(), free_address());
        lab.write("dnsmasq.conf", &operators(old.port(), [&upstreams[0].written(), &upstreams[1].written()]));
        lab.write("dnsmasq.d/address.conf", &addresses);
        let _old = lab.dnsmasq("dnsmasq.conf", old);

        let import = format!("import dnsmasq dnsmasq.conf --out out --listen {new} --verify-against {old} -o json");
        let ran = lab.zonectl(&import);
        assert_eq!(ran.exit, 0, "{state}: {}\n{}", ran.stderr, examples(&ran.stdout, "fault").join("\n"));
        let seen = classes(&ran.stdout);
        assert!(seen.iter().all(|(meaning, ..)| meaning == "expected"), "{state}: {seen:?}");
        let codes: Vec<&str> = seen.iter().map(|(_, code, _)| code.as_str()).collect();
        let leaks = if state == "2025-10-17" { vec!["NO_LEAK"] } else { vec![] };
        for code in ["NODATA", "SOA_IN_DENIAL", "SOA_PRESENT", "TTL"].into_iter().chain(leaks) {
            assert!(codes.contains(&code), "{state}: {code} is not among {codes:?}");
        }

        let checked = lab.horizond("check --config out/horizon.toml");
        assert_eq!(checked.exit, 0, "{state}: {}{}", checked.stdout, checked.stderr);
        let served = lab.serve("out/horizon.toml");
        let ran = lab.zonectl(&format!(
            "import dnsmasq dnsmasq.conf --verify-against {old} --new {} --outside 251.250.255.10.in-addr.arpa -o json",
            served.address
        ));
        assert_eq!(ran.exit, 0, "{state}: {}\n{}", ran.stderr, examples(&ran.stdout, "fault").join("\n"));
    }
}

/// A zone that says something else than dnsmasq, by one digit or one name, is found.
#[test]
fn a_planted_fault_is_found() {
    let upstream = Upstream::start();
    let addresses = "address=/ca.internal.thinkheads.ai/10.0.0.10\naddress=/app.internal.thinkheads.ai/10.0.0.5\n\
                     host-record=db.internal.thinkheads.ai,10.0.0.7\ncname=www.internal.thinkheads.ai,db.internal.thinkheads.ai\n";
    let table = [
        ("another address", "ca A 10.0.0.10", "ca A 10.0.0.11", "DIFFERENT ca.internal.thinkheads.ai. A"),
        ("a name that is missing", "db A 10.0.0.7", "", "MISSING db.internal.thinkheads.ai. A"),
        ("nothing below it", "*.app A 10.0.0.5", "", "MISSING"),
        ("an alias that leads elsewhere", "www CNAME db", "www CNAME ca", "DIFFERENT www.internal.thinkheads.ai. A"),
        (
            "a reverse name that is missing",
            "7 PTR db.internal.thinkheads.ai.",
            "",
            "MISSING 7.0.0.10.in-addr.arpa. PTR",
        ),
        (
            "a record that nobody asked for",
            "db A 10.0.0.7",
            "db A 10.0.0.7\ndb TXT new",
            "INVENTED db.internal.thinkheads.ai. TXT",
        ),
    ];
    let lab = Lab::new();
    let (old, new) = (free_address(), free_address());
    lab.write("dnsmasq.conf", &operators(old.port(), [&upstream.written(), "127.0.0.1#9"]));
    lab.write("dnsmasq.d/address.conf", addresses);
    let _old = lab.dnsmasq("dnsmasq.conf", old);
    for (why, right, wrong, expected) in table {
        let ran = lab.zonectl(&format!("import dnsmasq dnsmasq.conf --out out --force --listen {new}"));
        assert_eq!(ran.exit, 0, "{}", ran.stderr);
        let mut planted = false;
        for zone in ["internal.thinkheads.ai", "0.0.10.in-addr.arpa"] {
            let file = format!("out/zones/internal/{zone}.zone");
            let lines: Vec<String> = lab.read(&file).lines().map(|line| line.to_owned()).collect();
            let swapped: Vec<String> = lines
                .into_iter()
                .map(|line| {
                    let words: Vec<&str> = line.split(';').next().unwrap().split_whitespace().collect();
                    let hit = words.join(" ") == right;
                    planted |= hit;
                    if hit { wrong.to_owned() } else { line }
                })
                .collect();
            lab.write(&file, &(swapped.join("\n") + "\n"));
        }
        assert!(planted, "{why}: `{right}` stands in no zone");
        let served = lab.serve("out/horizon.toml");
        let verify = format!("import dnsmasq dnsmasq.conf --verify-against {old} --new {} -o json", served.address);
        let ran = lab.zonectl(&format!("{verify} --outside localhost"));
        let found = examples(&ran.stdout, "fault");
        assert_eq!(ran.exit, 3, "{why}: {}", ran.stderr);
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{why}: {found:?}");
    }
}

/// Configurations with every option that is understood: each answers as dnsmasq does.
#[test]
fn every_understood_option_answers_as_dnsmasq_does() {
    let upstream = Upstream::start();
    for (name, config) in CONFIGURATIONS {
        let lab = Lab::new();
        let old = free_address();
        let head = format!("port={}\nlisten-address=127.0.0.1\nno-resolv\n", old.port());
        lab.write(
            "dnsmasq.conf",
            &(head
                + &config
                    .replace("UPSTREAM", &upstream.written())
                    .replace("FOLDER", &lab.path().display().to_string())),
        );
        lab.write(
            "hosts",
            "10.1.0.1 alpha alpha-2\n10.1.0.2 beta.home.example beta # the second\nfd00::5 gamma\n10.1.0.3 gamma\n",
        );
        lab.write("hosts.d/one", "10.1.0.9 delta\n");
        lab.write("hosts.d/two~", "10.1.0.8 never\n");
        lab.write("servers", "server=/fromfile.example/127.0.0.1#9\n");
        lab.write("resolv.conf", "nameserver 127.0.0.1\n");
        let _old = lab.dnsmasq("dnsmasq.conf", old);
        let ran = lab.zonectl(&format!("import dnsmasq dnsmasq.conf --out out --verify-against {old} -o json"));
        assert_eq!(
            ran.exit,
            0,
            "{name}: {}\n{}\n{}",
            ran.stderr,
            ran.stdout.lines().take(3).collect::<String>(),
            examples(&ran.stdout, "fault").join("\n")
        );
        let checked = lab.horizond("check --config out/horizon.toml");
        assert_eq!(checked.exit, 0, "{name}: {}{}", checked.stdout, checked.stderr);
        println!("{name}: {:?}", classes(&ran.stdout));
        let changes = examples(&ran.stdout, "change");
        println!("  changes: {changes:?}");
    }
}

/// What clients may notice is told as a change, with the reason, and warned of by the import.
#[test]
fn changes_are_told_apart_from_fixes_and_faults() {
    let upstream = Upstream::start();
    let table = [
        (
            "a public name with an address of its own",
            "host-record=www.public.example,10.0.0.1",
            "OWNED",
            "IMPORT_OWNED",
        ),
        ("all below a name, not the name", "address=/*.w.public.example/10.0.0.1", "OWNED", ""),
        (
            "a forwarded domain that has an address of its own",
            "local=/public.example/\nserver=/sub.public.example/UPSTREAM\nhost-record=sub.public.example,10.0.0.1",
            "HELD",
            "IMPORT_HELD",
        ),
        (
            "an alias without a domain",
            "host-record=nas.lan,10.0.0.1\ncname=web,nas.lan",
            "APEX_ALIAS",
            "IMPORT_APEX_ALIAS",
        ),
    ];
    for (why, lines, code, warning) in table {
        let lab = Lab::new();
        let old = free_address();
        let head = format!("port={}\nlisten-address=127.0.0.1\nno-resolv\nno-hosts\nserver=UPSTREAM\n", old.port());
        lab.write("dnsmasq.conf", &format!("{head}{lines}\n").replace("UPSTREAM", &upstream.written()));
        let _old = lab.dnsmasq("dnsmasq.conf", old);
        let ran = lab.zonectl(&format!("import dnsmasq dnsmasq.conf --verify-against {old}"));
        assert_eq!(ran.exit, 0, "{why}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(&format!("change {code}: ")), "{why}: {}", ran.stdout);
        assert!(ran.stderr.contains(warning), "{why}: {}", ran.stderr);
    }
}

/// Of a local and a forwarded domain the longer one decides, as in dnsmasq: what is forwarded comes from the same upstream.
#[test]
fn what_lies_in_a_zone_and_is_forwarded_is_forwarded() {
    let upstream = Upstream::start();
    let table = [
        (
            "in a local domain, with names of this network below",
            "local=/public.example/\nserver=/sub.public.example/UPSTREAM\naddress=/ours.sub.public.example/10.0.0.5\n\
             host-record=one.sub.public.example,10.0.0.6\nlocal=/stop.sub.public.example/\n\
             server=/back.stop.sub.public.example/#\nhost-record=a.public.example,10.0.0.7",
            "back.stop.sub.public.example sub.public.example",
        ),
        (
            "in a subtree with an address",
            "address=/public.example/10.0.0.5\nserver=/sub.public.example/UPSTREAM\naddress=/ours.sub.public.example/10.0.0.6\n\
             server=/x.y.public.example/UPSTREAM",
            "sub.public.example x.y.public.example",
        ),
        (
            "in a reverse zone",
            "local=/10.in-addr.arpa/\nrev-server=10.9.0.0/16,UPSTREAM\nhost-record=nas.lan,10.9.0.1\nhost-record=tv.lan,10.8.0.1",
            "9.10.in-addr.arpa",
        ),
        (
            "in a built-in reverse zone, which bogus-priv names",
            "bogus-priv\nrev-server=10.9.7.0/24,UPSTREAM\nhost-record=nas.lan,10.9.6.1",
            "7.9.10.in-addr.arpa",
        ),
        (
            "in a private domain and its reverse zone",
            "domain=home.lan\nhost-record=nas.home.lan,10.9.0.1\nrev-server=10.9.0.128/31,UPSTREAM\nserver=/corp.home.lan/UPSTREAM",
            "128.0.9.10.in-addr.arpa 129.0.9.10.in-addr.arpa corp.home.lan",
        ),
        (
            "among all names",
            "address=/#/10.0.0.1\nserver=/public.example/UPSTREAM\nserver=/corp.example/#\nhost-record=own.public.example,10.0.0.2",
            "corp.example public.example",
        ),
    ];
    for (why, lines, expected) in table {
        let lab = Lab::new();
        let (old, new) = (free_address(), free_address());
        let head = format!("port={}\nlisten-address=127.0.0.1\nno-resolv\nno-hosts\nserver=UPSTREAM\n", old.port());
        lab.write("dnsmasq.conf", &format!("{head}{lines}\n").replace("UPSTREAM", &upstream.written()));
        let _old = lab.dnsmasq("dnsmasq.conf", old);
        let ran = lab.zonectl(&format!("import dnsmasq dnsmasq.conf --out out --listen {new}"));
        assert_eq!(ran.exit, 0, "{why}: {}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains("IMPORT_HELD"), "{why}: {}", ran.stderr);
        let config = lab.read("out/horizon.toml");
        let blocks = config.split("[[forward.domain]]\nname = \"").skip(1);
        let mut domains: Vec<&str> = blocks.filter_map(|block| block.split('"').next()).collect();
        domains.sort_unstable();
        assert_eq!(domains.join(" "), expected, "{why}");
        let served = lab.serve("out/horizon.toml");
        let ran = lab.zonectl(&format!(
            "import dnsmasq dnsmasq.conf --verify-against {old} --new {} --outside x.corp.example,7.7.9.10.in-addr.arpa -o json",
            served.address
        ));
        assert_eq!(ran.exit, 0, "{why}: {}\n{}", ran.stderr, examples(&ran.stdout, "fault").join("\n"));
        let seen = classes(&ran.stdout);
        assert!(seen.iter().all(|(_, code, _)| code != "HELD" && code != "OTHER_DATA"), "{why}: {seen:?}");
    }
}

const CONFIGURATIONS: [(&str, &str); 8] = [
    (
        "subtrees in a local domain",
        "no-hosts\nserver=UPSTREAM\nlocal=/home.example/\naddress=/app.home.example/10.0.0.5\naddress=/app.home.example/10.0.0.6\n\
         address=/app.home.example/fd00::5\nhost-record=b.app.home.example,10.0.0.7\nhost-record=x.y.app.home.example,10.0.0.8,fd00::8\n\
         address=/inner.app.home.example/10.0.0.9\nlocal=/stop.app.home.example/\naddress=/none.home.example/#\n\
         address=/.dot.home.example/10.0.0.10\ntxt-record=t.app.home.example,hello\naddress=/one.home.example/two.home.example/10.0.0.11\n\
         address=/granite-3.3-8b.home.example/10.0.0.12\naddress=/Case.Home.Example/10.0.0.13\ncname=al.app.home.example,b.app.home.example\n",
    ),
    (
        "subtrees among public names",
        "no-hosts\nserver=UPSTREAM\naddress=/app.public.example/10.0.0.5\naddress=/six.public.example/fd00::6\n\
         host-record=deep.app.public.example,10.0.0.7\naddress=/ads.public.example/\naddress=/zero.public.example/#\n\
         address=/stay.public.example/10.0.0.8\nlocal=/stay.public.example/\n",
    ),
    (
        "all records",
        "no-hosts\nserver=UPSTREAM\nlocal=/home.example/\ndomain=home.example\nlocal-ttl=120\n\
         host-record=a.home.example,a2.home.example,10.0.0.1,fd00::1\nhost-record=ttl.home.example,10.0.0.2,300\n\
         cname=www.home.example,web.home.example,a.home.example,600\ncname=chain.home.example,www.home.example\n\
         mx-target=mail.home.example\nmx-host=home.example,mail.home.example,50\nmx-host=m.home.example\nhost-record=mail.home.example,10.0.0.3\n\
         srv-host=_ldap._tcp.home.example,a.home.example,389,7,9\nsrv-host=_sip._udp,a.home.example,5060\nsrv-host=_none._tcp.home.example\n\
         txt-record=home.example,\"v=spf1 a, -all\",second\ntxt-record=empty.home.example\n\
         ptr-record=_http._tcp.home.example,site._http._tcp.home.example\n\
         naptr-record=n.home.example,10,20,u,SIP+D2U,!^.*$!sip:x@home.example!\n\
         naptr-record=n2.home.example,10,20,s,SIP+D2T,,_sip._tcp.home.example\n\
         caa-record=home.example,0,issue,letsencrypt.org\ndns-rr=rr.home.example,44,01:01:00112233445566778899aabbccddeeff00112233\n\
         synth-domain=home.example,10.7.0.0/29,s-\nsynth-domain=home.example,10.7.1.4,10.7.1.9,n-*\n",
    ),
    (
        "hosts files",
        "no-hosts\nserver=UPSTREAM\naddn-hosts=FOLDER/hosts\nhostsdir=FOLDER/hosts.d\nexpand-hosts\ndomain=home.example\nlocal=/home.example/\nbogus-priv\n\
         domain-needed\n",
    ),
    (
        "a domain with its reverse zone",
        "no-hosts\nserver=UPSTREAM\ndomain=home.example,10.1.0.0/24,local\nexpand-hosts\naddn-hosts=FOLDER/hosts\n",
    ),
    (
        "names without a domain",
        "no-hosts\nserver=UPSTREAM\ndomain-needed\nbogus-priv\nhost-record=plain,10.0.0.1\nhost-record=nas.lan,10.0.0.2\n\
         host-record=tv.home.arpa,10.0.0.3\ncname=www.lan,nas.lan\nlocal=//\n",
    ),
    (
        "forwarding",
        "no-hosts\nserver=UPSTREAM\nserver=/corp.example/UPSTREAM\nserver=/www.corp.example/#\nrev-server=10.9.0.0/22,UPSTREAM\n\
         all-servers\nstop-dns-rebind\nrebind-localhost-ok\nrebind-domain-ok=/corp.example/\nbogus-nxdomain=198.51.100.9\nfilter-AAAA\n\
         cache-size=1000000\nno-negcache\nmax-ttl=3600\nmax-cache-ttl=7200\nmin-cache-ttl=30\nuse-stale-cache=600\nfast-dns-retry=500,3000\n\
         dns-forward-max=500\nservers-file=FOLDER/servers\nedns-packet-max=1232\nhost-record=in.corp.example,10.0.0.1\nneg-ttl=60\n",
    ),
    ("every name", "no-hosts\naddress=/#/10.0.0.1\nlocal=/home.example/\nhost-record=a.home.example,10.0.0.2\n"),
];
