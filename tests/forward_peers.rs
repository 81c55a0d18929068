//! Real upstreams: what a client gets through this server is what Knot or Unbound would have told it, miss or kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod forward_lab;
mod reload_lab;
mod upstream_lab;

use forward_lab::{config, steady};
use reload_lab::{Lab, wait_until};
use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use upstream_lab::{Client, Query, show};

/// One zone of each kind of answer.
const ZONE: &str = "$ORIGIN example.net.
$TTL 300
@ SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300
@ NS ns
@ MX 10 mail
@ TXT \"v=spf1 -all\"
@ CAA 0 issue \"ca.example.com\"
ns A 11.0.0.53
ns AAAA 2a00::53
www A 11.0.0.1
www A 11.0.0.2
www AAAA 2a00::1
www HTTPS 1 . alpn=\"h2,h3\" ipv4hint=11.0.0.1
mail A 11.0.0.25
a.b.deep TXT \"below empty names\"
c1 CNAME c2
c2 CNAME C3.Example.NET.
c3 CNAME www
dangling CNAME gone
nodata CNAME mail
*.wild A 11.0.0.77
*.wild TXT \"any of them\"
x.wild A 11.0.0.78
tree DNAME branch
host.branch A 11.0.0.88
_sip._tcp SRV 1 2 5060 www
n NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.net!\" .
p PTR www
odd TYPE65280 \\# 5 0102030405
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
ssh SSHFP 4 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
_443._tcp.www TLSA 3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
ttl 7 A 11.0.0.7
";

const NAMES: &[&str] = &[
    "example.net",
    "www.example.net",
    "WwW.eXample.net",
    "ns.example.net",
    "mail.example.net",
    "deep.example.net",
    "b.deep.example.net",
    "a.b.deep.example.net",
    "c1.example.net",
    "c2.example.net",
    "c3.example.net",
    "dangling.example.net",
    "nodata.example.net",
    "wild.example.net",
    "y.wild.example.net",
    "z.y.wild.example.net",
    "x.wild.example.net",
    "q.x.wild.example.net",
    "tree.example.net",
    "host.tree.example.net",
    "missing.tree.example.net",
    "branch.example.net",
    "_sip._tcp.example.net",
    "_tcp.example.net",
    "n.example.net",
    "p.example.net",
    "odd.example.net",
    "loc.example.net",
    "ssh.example.net",
    "_443._tcp.www.example.net",
    "gone.example.net",
    "x.gone.example.net",
    "ttl.example.net",
    "big.example.net",
    "many.example.net",
];

const TYPES: &[&str] = &[
    "A",
    "AAAA",
    "TXT",
    "MX",
    "NS",
    "SOA",
    "CNAME",
    "DNAME",
    "SRV",
    "NAPTR",
    "PTR",
    "HTTPS",
    "CAA",
    "LOC",
    "SSHFP",
    "TLSA",
    "TYPE65280",
];

/// A server from Debian; it ends with the test.
struct Real {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Real {
    /// Knot with the zone.
    fn knot() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let texts: String = (0..60).map(|n| format!("big TXT \"{n:0>250}\"\n")).collect();
        let many: String = (0..70).map(|n| format!("many A 11.1.0.{n}\n")).collect();
        fs::write(folder.path().join("example.net.zone"), format!("{ZONE}{texts}{many}")).unwrap();
        Self::run("knotd", &["-c", "conf"], folder, |folder, address| {
            format!(
                "server:\n  rundir: {folder}\n  listen: {}@{}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n\
                 log:\n  - target: stderr\n    any: warning\ndatabase:\n  storage: {folder}\n\
                 template:\n  - id: default\n    storage: {folder}\n    zonefile-load: whole\n    zonefile-sync: -1\n    \
                 journal-content: none\nzone:\n  - domain: example.net\n    file: example.net.zone\n",
                address.ip(),
                address.port()
            )
        })
    }

    /// Unbound, which asks that Knot.
    fn unbound(knot: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::run("unbound", &["-d", "-p", "-c", "conf"], folder, |folder, address| {
            format!(
                "server:\n interface: {}@{}\n num-threads: 1\n use-syslog: no\n chroot: \"\"\n username: \"\"\n directory: \"{folder}\"\n \
                 pidfile: \"{folder}/pid\"\n access-control: 127.0.0.0/8 allow\n module-config: iterator\n do-ip6: no\n \
                 do-not-query-localhost: no\n minimal-responses: yes\n rrset-roundrobin: no\n\
                 remote-control:\n control-enable: no\nstub-zone:\n name: example.net\n stub-addr: {}@{}\n",
                address.ip(),
                address.port(),
                knot.ip(),
                knot.port()
            )
        })
    }

    fn run(program: &str, arguments: &[&str], folder: TempDir, config: impl Fn(&str, SocketAddr) -> String) -> Self {
        let address = free_address();
        fs::write(folder.path().join("conf"), config(&folder.path().display().to_string(), address)).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(installed(program))
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let real = Real { address, child, _folder: folder };
        wait_until(&format!("{program} listens"), || std::net::TcpStream::connect(address).is_ok());
        let client = Client::new(address);
        wait_until(&format!("{program} serves its zone"), || {
            show(&client.tcp(&Query::new("example.net SOA"))).starts_with("NOERROR")
        });
        real
    }
}

fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("{name} is not installed; packaging/test.sh installs what the tests need"))
}

fn free_address() -> SocketAddr {
    loop {
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// RCODE and answer as a set; of what is missing, the SOA record too. AA, NS records and addresses beside an answer are the
/// affair of who has the zone.
fn said(shown: &str) -> String {
    // Unbound gives the TTL 0 to an alias that it makes of a DNAME; RFC 6672 section 3.1 wants the DNAME's.
    let shown = steady(shown).replace(" aa", "").replace(" 0 CNAME ", " 300 CNAME ");
    let shown = shown.split(" + ").next().unwrap();
    let (answer, authority) = shown.split_once(" | ").unwrap_or((shown, ""));
    let mut records: Vec<_> = answer.split("; ").collect();
    let rcode = records.remove(0);
    records.sort_unstable();
    let soa = authority.split("; ").find(|record| record.contains(" SOA ")).unwrap_or("no SOA");
    format!("{rcode}; {} | {soa}", records.join("; "))
}

/// What is compared of each question: over TCP, and over UDP where it fits, first as a miss and then as it is kept.
fn differences(upstream: SocketAddr) -> Vec<String> {
    let zone = reload_lab::zone(1, "10.0.0.1");
    let lab = Lab::start(&config(&[upstream], "timeout = 4000"), &[("internal/example.org.zone", &zone)]);
    let (through, direct) = (Client::new(lab.address()), Client::new(upstream));
    let mut found = Vec::new();
    for name in NAMES {
        for rtype in TYPES {
            let query = Query::new(&format!("{name} {rtype}"));
            let expected = said(&show(&direct.tcp(&query)));
            for (way, reply) in
                [("miss", through.udp(&query)), ("TCP", through.tcp(&query)), ("kept", through.udp(&query))]
            {
                let shown = show(&reply);
                let cut = shown == "NOERROR tc" && show(&direct.udp(&query)).contains(" tc");
                let seen = said(&shown);
                // Unbound leaves out the SOA record of some denials; we ask further, and have it.
                let more = expected.strip_suffix("no SOA").is_some_and(|begin| seen.starts_with(begin));
                if seen != expected && !more && !(cut && way != "TCP") {
                    found.push(format!("{name} {rtype}, {way}:\n  {seen}\n  instead of\n  {expected}"));
                }
            }
        }
    }
    found
}

/// Names that exist and do not, aliases, renamed trees, wildcards, empty names, types known and unknown, large answers.
#[test]
fn answers_are_those_of_knot() {
    let knot = Real::knot();
    let found = differences(knot.address);
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// The same from a server that resolves itself.
#[test]
fn answers_are_those_of_unbound() {
    let knot = Real::knot();
    let unbound = Real::unbound(knot.address);
    let found = differences(unbound.address);
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

/// Knot stops and is gone, Unbound is behind it: no client notices.
#[test]
fn one_real_upstream_takes_over_from_another() {
    let knot = Real::knot();
    let unbound = Real::unbound(knot.address);
    let first = Real::knot();
    let zone = reload_lab::zone(1, "10.0.0.1");
    let text = config(&[first.address, unbound.address], "timeout = 2000");
    let lab = Lab::start(&text, &[("internal/example.org.zone", &zone)]);
    let client = Client::new(lab.address());
    for number in 0..50 {
        assert!(client.ask(&format!("before{number}.wild.example.net A")).ends_with("11.0.0.77"));
    }
    drop(first);
    for number in 0..50 {
        let reply = client.ask(&format!("after{number}.wild.example.net A"));
        assert!(reply.ends_with("11.0.0.77"), "{number}: {reply}");
    }
}
