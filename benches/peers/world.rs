//! The zones that all servers load, written as master files, with the questions that belong to them.

use crate::asking::{A, AAAA, Asking, Edns, Expected, MX, Random};
use crate::load::VERSIONS;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Which zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// 100,000 names with one A record each.
    Names,
    /// Wildcards, delegations, chains of CNAME records, MX records.
    Kinds,
    /// Five horizons of 20,000 names each, chosen by 1,000 client prefixes.
    Horizons,
    /// 1,000,000 names with one A record each.
    Million,
    /// 100,000 names with two A records each, in two versions.
    Pairs,
    /// 100,000 names and a wildcard that only the upstream has; the servers forward.
    Foreign,
}

/// Zones on disk.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) folder: PathBuf,
    /// One for each horizon; one in all but [`Kind::Horizons`].
    pub(crate) zones: Vec<ZoneFile>,
    /// The version that the files hold now.
    version: usize,
    /// What stands behind the heads, of each zone in each version: as master file and as hosts.
    bodies: Vec<[(String, String); 2]>,
}

/// One master file.
#[derive(Debug)]
pub(crate) struct ZoneFile {
    pub(crate) path: PathBuf,
    /// The same names as lines of a hosts file, for dnsmasq.
    pub(crate) hosts: PathBuf,
    /// Which clients see it.
    pub(crate) clients: Vec<Ipv4Addr>,
}

/// The apex of every zone.
pub(crate) const ORIGIN: &str = "bench.example";

/// Client prefixes of each horizon, each a /24.
const PREFIXES: usize = 200;
const HORIZONS: usize = 5;

/// Names of each kind in [`Kind::Kinds`].
const OF_EACH: usize = 10_000;

impl Kind {
    pub(crate) fn names(self) -> usize {
        match self {
            Kind::Names | Kind::Pairs | Kind::Foreign => 100_000,
            Kind::Kinds => OF_EACH,
            Kind::Horizons => 20_000,
            Kind::Million => 1_000_000,
        }
    }

    /// Whether the servers ask an upstream that has the zone.
    pub(crate) fn forwarded(self) -> bool {
        self == Kind::Foreign
    }

    /// Of all records, in seconds: nothing that an upstream said may end while it is measured.
    fn ttl(self) -> u32 {
        if self.forwarded() { 86_400 } else { 300 }
    }

    /// Whether answers need addresses in the additional section; else the peers are set to leave out what they may.
    pub(crate) fn additional(self) -> bool {
        self == Kind::Kinds
    }
}

impl World {
    /// Writes the zones into `folder`.
    pub(crate) fn write(kind: Kind, folder: &Path) -> io::Result<Self> {
        let horizons = if kind == Kind::Horizons { HORIZONS } else { 1 };
        let zones = (0..horizons).map(|horizon| ZoneFile {
            path: folder.join(format!("h{horizon}")).join(format!("{ORIGIN}.zone")),
            hosts: folder.join(format!("h{horizon}.hosts")),
            clients: if horizons == 1 { Vec::new() } else { clients(horizon) },
        });
        let mut world =
            World { kind, folder: folder.to_owned(), zones: zones.collect(), version: 0, bodies: Vec::new() };
        world.bodies = (0..horizons).map(|horizon| [0, 1].map(|version| world.body(horizon, version))).collect();
        for zone in &world.zones {
            fs::create_dir_all(zone.path.parent().unwrap_or(folder))?;
        }
        world.rewrite(0)?;
        Ok(world)
    }

    /// Writes all zones anew in a version; each counts as new to a server that compares serials.
    pub(crate) fn rewrite(&mut self, version: usize) -> io::Result<()> {
        self.version = version;
        for (horizon, zone) in self.zones.iter().enumerate() {
            let (master, hosts) = &self.bodies[horizon][version % 2];
            let (head, hosts_head) = heads(self.kind, horizon, version);
            replace(&zone.path, &[&head, master])?;
            // For special kinds dnsmasq reads lines of configuration, not of a hosts file.
            let hosts_head = if self.kind == Kind::Kinds { "" } else { &hosts_head };
            replace(&zone.hosts, &[hosts_head, hosts])?;
        }
        Ok(())
    }

    /// Changes one record of the only zone, the one that [`World::probe`] asks for, in place.
    pub(crate) fn change_one(&mut self, version: usize) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        self.version = version;
        let zone = &self.zones[0];
        let (head, _) = heads(self.kind, 0, version);
        fs::File::options().write(true).open(&zone.path)?.write_all_at(head.as_bytes(), 0)?;
        fs::File::options().write(true).open(&zone.hosts)?.write_all_at(hosts_head(version).as_bytes(), 0)
    }

    /// The name and address that [`World::change_one`] would write; the change is counted as made.
    pub(crate) fn one(&mut self, version: usize) -> (String, String) {
        self.version = version;
        (format!("probe.{ORIGIN}."), probe_address(version).map(|octet| octet.to_string()).join("."))
    }

    pub(crate) fn version(&self) -> usize {
        self.version
    }

    /// A question whose answer tells the version, as now on disk, and that the whole file was read before.
    pub(crate) fn probe(&self) -> Asking {
        let mut asking = Asking::default();
        asking.push(&format!("probe.{ORIGIN}"), A, Edns::None, Expected::address(probe_address(self.version)));
        asking
    }

    /// The name behind all others in the file.
    pub(crate) fn last(&self) -> Asking {
        let mut asking = Asking::default();
        asking.push(&format!("zz.{ORIGIN}"), A, Edns::None, Expected::address([11, 255, 255, 254]));
        asking
    }

    fn body(&self, horizon: usize, version: usize) -> (String, String) {
        let (mut master, mut hosts) = (String::new(), String::new());
        if version > 0 && self.kind != Kind::Pairs {
            return (master, hosts);
        }
        for index in 0..self.kind.names() {
            if self.kind == Kind::Kinds {
                special(&mut master, &mut hosts, index);
                continue;
            }
            let [a, b, c, d] = address(version, horizon, index);
            let _ = writeln!(master, "h{index:07} A {a}.{b}.{c}.{d}");
            let _ = writeln!(hosts, "{a}.{b}.{c}.{d} h{index:07}.{ORIGIN}");
            if self.kind == Kind::Pairs {
                let _ = writeln!(master, "h{index:07} A {a}.{b}.{c}.{}", d ^ 255);
                let _ = writeln!(hosts, "{a}.{b}.{c}.{} h{index:07}.{ORIGIN}", d ^ 255);
            }
        }
        if self.kind.forwarded() {
            let _ = writeln!(master, "*.w A 11.7.7.7");
        }
        let _ = writeln!(master, "zz A 11.255.255.254");
        if self.kind != Kind::Kinds {
            let _ = writeln!(hosts, "11.255.255.254 zz.{ORIGIN}");
        }
        (master, hosts)
    }

    /// Addresses to ask from, one a socket: eight, or two in each horizon, in turn.
    pub(crate) fn clients(&self) -> Vec<IpAddr> {
        if self.zones.len() == 1 {
            return vec![IpAddr::V4(Ipv4Addr::LOCALHOST); 8];
        }
        let client = |at: usize| {
            let zone = &self.zones[at % HORIZONS];
            IpAddr::V4(Ipv4Addr::from(u32::from(zone.clients[3 + at * 17]) + 7))
        };
        (0..2 * HORIZONS).map(client).collect()
    }

    /// Questions for names that exist, as the clients of a horizon must see them.
    pub(crate) fn hits(&self, horizon: usize, edns: Edns) -> Asking {
        let mut asking = Asking::default();
        for index in 0..self.kind.names() {
            let mut expected = Expected::address(address(0, horizon, index));
            if self.kind == Kind::Pairs {
                expected = Expected { answers: 2, address: None, ..expected };
            }
            asking.push(&format!("h{index:07}.{ORIGIN}"), A, edns, expected);
        }
        asking.shuffle(&mut Random(1));
        asking
    }

    /// 70 % hits, 15 % names without the type, 15 % names that are missing.
    pub(crate) fn mix(&self) -> Asking {
        let mut asking = Asking::default();
        let mut random = Random(2);
        for index in 0..self.kind.names() {
            match random.below(100) {
                0..70 => {
                    asking.push(
                        &format!("h{index:07}.{ORIGIN}"),
                        A,
                        Edns::None,
                        Expected::address(address(0, 0, index)),
                    );
                }
                70..85 => asking.push(&format!("h{index:07}.{ORIGIN}"), AAAA, Edns::None, Expected::nothing(0)),
                _ => asking.push(&format!("x{index:07}.{ORIGIN}"), A, Edns::None, Expected::nothing(3)),
            }
        }
        asking.shuffle(&mut Random(3));
        asking
    }

    /// Questions for random names below the apex, each once: what an attack by random subdomains looks like.
    pub(crate) fn flood(&self) -> Asking {
        let mut asking = Asking::default();
        let mut random = Random(6);
        for index in 0..self.kind.names() {
            let label = format!("r{:08x}{index:06}", random.below(1 << 31));
            asking.push(&format!("{label}.{ORIGIN}"), A, Edns::None, Expected::nothing(3));
        }
        asking
    }

    /// Questions that nobody asked before, each once; another `letter`, other questions.
    pub(crate) fn misses(&self, letter: char, count: u32) -> Asking {
        let mut asking = Asking::default();
        for index in 0..count {
            // An odd factor: as random to look at, and never the same twice.
            let label = index.wrapping_mul(0x9E37_79B1);
            asking.push(&format!("{letter}{label:08x}.w.{ORIGIN}"), A, Edns::None, Expected::address([11, 7, 7, 7]));
        }
        asking
    }

    /// Questions of one kind of [`Kind::Kinds`].
    pub(crate) fn of_kind(&self, special: Special) -> Asking {
        let mut asking = Asking::default();
        let mut random = Random(4);
        for index in 0..OF_EACH {
            let at = address(0, 0, index);
            let plain = Expected::address(at);
            let (name, rtype, expected) = match special {
                Special::Wildcard => (format!("r{:06}.w{index:05}", random.below(1_000_000)), A, plain),
                Special::Delegation => {
                    let referral = Expected { answers: 0, authorities: Some(2), additionals: 2, ..plain };
                    (format!("www.d{index:05}"), A, referral)
                }
                Special::Chain => (format!("c{index:05}"), A, Expected { answers: 4, ..plain }),
                Special::Mail => (format!("m{index:05}"), MX, Expected { answers: 2, additionals: 2, ..plain }),
            };
            asking.push(&format!("{name}.{ORIGIN}"), rtype, Edns::None, expected);
        }
        asking.shuffle(&mut Random(5));
        asking
    }
}

/// A kind of answer that costs more than a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// `*.w00001` for random names below.
    Wildcard,
    /// Two NS records with glue.
    Delegation,
    /// Three CNAME records, then the address.
    Chain,
    /// Two MX records whose targets have an address each.
    Mail,
}

/// The part of both files that [`World::change_one`] replaces has the same length in every version.
fn heads(kind: Kind, horizon: usize, version: usize) -> (String, String) {
    let serial = 2_000_000_000 + version;
    let [a, b, c, d] = probe_address(version);
    let master = format!(
        "$TTL {}\n@ SOA ns1 hostmaster {serial} 3600 600 86400 60\nprobe A {a}.{b}.{c}.{d}\n@ NS ns1\nns1 A 11.0.0.{}\n",
        kind.ttl(),
        horizon + 1
    );
    (master, hosts_head(version))
}

fn hosts_head(version: usize) -> String {
    let [a, b, c, d] = probe_address(version);
    format!("{a}.{b}.{c}.{d} probe.{ORIGIN}\n")
}

/// Always as many digits.
fn probe_address(version: usize) -> [u8; 4] {
    [VERSIONS[version % 2], 100, (100 + version / 100 % 100) as u8, (100 + version % 100) as u8]
}

fn address(version: usize, horizon: usize, index: usize) -> [u8; 4] {
    let number = index as u32;
    [VERSIONS[version % 2], (number >> 16) as u8 | (horizon as u8) << 5, (number >> 8) as u8, number as u8]
}

fn special(master: &mut String, hosts: &mut String, index: usize) {
    let [a, b, c, d] = address(0, 0, index);
    let ip = format!("{a}.{b}.{c}.{d}");
    let _ = write!(
        master,
        "*.w{index:05} A {ip}\n\
         d{index:05} NS ns1.d{index:05}\nd{index:05} NS ns2.d{index:05}\nns1.d{index:05} A {ip}\nns2.d{index:05} A 11.9.9.9\n\
         c{index:05} CNAME b{index:05}\nb{index:05} CNAME a{index:05}\na{index:05} CNAME t{index:05}\nt{index:05} A {ip}\n\
         m{index:05} MX 10 t{index:05}\nm{index:05} MX 20 ns1\n"
    );
    let _ = write!(
        hosts,
        "address=/w{index:05}.{ORIGIN}/{ip}\nhost-record=t{index:05}.{ORIGIN},{ip}\n\
         mx-host=m{index:05}.{ORIGIN},t{index:05}.{ORIGIN},10\nmx-host=m{index:05}.{ORIGIN},ns1.{ORIGIN},20\n"
    );
}

/// The networks of a horizon: every fifth /24 out of 127.0.0.0/8, so that neighbours belong to different horizons.
fn clients(horizon: usize) -> Vec<Ipv4Addr> {
    (0..PREFIXES)
        .map(|at| (at * HORIZONS + horizon) as u32)
        .map(|number| Ipv4Addr::from(0x7F0A_0000 + (number << 8)))
        .collect()
}

/// Octets that are written at once: the system keeps the core until they are, and the load is on it.
const PIECE: usize = 32 << 10;

/// Puts new content in the place of a file in one step.
fn replace(path: &Path, parts: &[&str]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = fs::File::create(&beside)?;
    for piece in parts.iter().flat_map(|part| part.as_bytes().chunks(PIECE)) {
        file.write_all(piece)?;
        thread::sleep(Duration::from_micros(1));
    }
    fs::rename(&beside, path)
}
