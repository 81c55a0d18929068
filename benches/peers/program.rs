//! The servers: how each is told to serve a world with everything off that it need not do, and how it is told to read anew.
//!
//! Every setting is listed in `benches/README.md` with its reason.

use crate::echo::ECHO;
use crate::forwarders;
use crate::world::{Kind, ORIGIN, World};
use std::env;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Program {
    Echo,
    Horizon,
    Nsd,
    Knot,
    Bind,
    Unbound,
    Dnsmasq,
}

/// What to start and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) command: Command,
    /// Makes it read the zone again; [`Again::Signal`] goes to its first process.
    pub(crate) again: Again,
    /// Where single records are changed by command; none where the zone file is changed and read again.
    pub(crate) edits: Option<PathBuf>,
}

/// How a server is told that its zone changed.
#[derive(Debug)]
pub(crate) enum Again {
    Never,
    Hangup,
    Command(PathBuf, Vec<String>),
}

/// One server's way to serve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) world: &'a World,
    /// Its own folder.
    pub(crate) folder: &'a Path,
    pub(crate) address: SocketAddr,
    /// For servers whose control channel is TCP.
    pub(crate) control: SocketAddr,
    pub(crate) workers: usize,
    /// Whom a forwarder asks; none for a server that has the zones itself.
    pub(crate) upstream: Option<SocketAddr>,
    /// Another `horizond` than the one built with the bench.
    pub(crate) horizond: Option<&'a Path>,
}

/// All, in the order of the table.
pub(crate) const ALL: [Program; 7] =
    [Program::Echo, Program::Horizon, Program::Nsd, Program::Knot, Program::Bind, Program::Unbound, Program::Dnsmasq];

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::Echo => "echo",
            Program::Horizon => "Horizon",
            Program::Nsd => "NSD",
            Program::Knot => "Knot",
            Program::Bind => "BIND",
            Program::Unbound => "Unbound",
            Program::Dnsmasq => "dnsmasq",
        }
    }

    pub(crate) fn is_peer(self) -> bool {
        !matches!(self, Program::Echo | Program::Horizon)
    }

    fn binary(self) -> Option<&'static str> {
        match self {
            Program::Echo | Program::Horizon => None,
            Program::Nsd => Some("nsd"),
            Program::Knot => Some("knotd"),
            Program::Bind => Some("named"),
            Program::Unbound => Some("unbound"),
            Program::Dnsmasq => Some("dnsmasq"),
        }
    }

    /// Why it cannot take part at all; none when it can.
    pub(crate) fn absent(self) -> Option<String> {
        let binary = self.binary()?;
        find(binary).is_none().then(|| format!("{binary} is not installed"))
    }

    /// The version as the program tells it.
    pub(crate) fn version(self) -> String {
        let (program, option) = match self {
            Program::Echo => return "recvmmsg and sendmmsg, 32 at a time".to_owned(),
            Program::Horizon => return env!("CARGO_PKG_VERSION").to_owned(),
            Program::Nsd => ("nsd", "-v"),
            Program::Knot => ("knotd", "-V"),
            Program::Bind => ("named", "-v"),
            Program::Unbound => ("unbound", "-V"),
            Program::Dnsmasq => ("dnsmasq", "-v"),
        };
        let output = find(program).and_then(|path| Command::new(path).arg(option).output().ok());
        let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
        String::from_utf8_lossy(&text).lines().next().unwrap_or("unknown").trim().to_owned()
    }

    /// Writes its configuration and says what to start.
    ///
    /// # Errors
    /// A file that cannot be written, or a program that is not there.
    pub(crate) fn plan(self, setup: &Setup<'_>) -> io::Result<Plan> {
        if let Some(upstream) = setup.upstream {
            return forwarders::plan(self, setup, upstream);
        }
        match self {
            Program::Echo => {
                let mut command = Command::new(env::current_exe()?);
                command.args([ECHO, &setup.address.to_string()]);
                Ok(Plan { command, again: Again::Never, edits: None })
            }
            Program::Horizon => horizon(setup),
            Program::Nsd => nsd(setup),
            Program::Knot => knot(setup),
            Program::Bind => bind(setup),
            Program::Unbound => unbound(setup),
            Program::Dnsmasq => dnsmasq(setup),
        }
    }
}

fn horizon(setup: &Setup<'_>) -> io::Result<Plan> {
    let world = setup.world;
    let mut text = format!(
        "[server]\nlisten = [\"{}\"]\nworkers = {}\ncontrol = \"{}\"\n\n[zones]\ndirectory = \"{}\"\n",
        setup.address,
        setup.workers,
        setup.folder.join("control.sock").display(),
        world.folder.display()
    );
    for (at, zone) in world.zones.iter().enumerate() {
        let clients: Vec<_> = zone.clients.iter().map(|network| format!("\"{network}/24\"")).collect();
        let clients = if clients.is_empty() { "\"any\"".to_owned() } else { clients.join(", ") };
        text += &format!("\n[[horizon]]\nname = \"h{at}\"\nclients = [{clients}]\n");
    }
    let config = setup.folder.join("horizon.toml");
    fs::write(&config, text)?;
    let mut command = horizond(setup);
    command.arg("serve").arg("--config").arg(&config);
    Ok(Plan { command, again: Again::Hangup, edits: Some(setup.folder.join("control.sock")) })
}

pub(crate) fn horizond(setup: &Setup<'_>) -> Command {
    Command::new(setup.horizond.unwrap_or(Path::new(env!("CARGO_BIN_EXE_horizond"))))
}

fn nsd(setup: &Setup<'_>) -> io::Result<Plan> {
    let (folder, zone) = (setup.folder.display(), setup.world.zones[0].path.display());
    let minimal = if setup.world.kind.additional() { "no" } else { "yes" };
    let (address, port, workers) = (setup.address.ip(), setup.address.port(), setup.workers);
    let text = format!(
        "server:\n ip-address: {address}@{port}\n server-count: {workers}\n reuseport: yes\n username: \"\"\n zonesdir: \"{folder}\"\n \
         pidfile: \"{folder}/nsd.pid\"\n database: \"\"\n logfile: \"{folder}/nsd.log\"\n xfrdfile: \"{folder}/xfrd.state\"\n \
         xfrdir: \"{folder}\"\n zonelistfile: \"{folder}/zone.list\"\n verbosity: 0\n rrl-ratelimit: 0\n answer-cookie: no\n \
         minimal-responses: {minimal}\n tcp-count: 10100\n tcp-query-count: 0\n tcp-timeout: 120\n\
         remote-control:\n control-enable: yes\n control-interface: \"{folder}/control.sock\"\n\
         zone:\n name: {ORIGIN}\n zonefile: \"{zone}\"\n"
    );
    let config = setup.folder.join("nsd.conf");
    fs::write(&config, text)?;
    let mut command = command("nsd")?;
    command.arg("-d").arg("-c").arg(&config);
    Ok(Plan {
        command,
        again: again("nsd-control", &["-c", &config.to_string_lossy(), "reload", ORIGIN])?,
        edits: None,
    })
}

fn knot(setup: &Setup<'_>) -> io::Result<Plan> {
    let (folder, zone) = (setup.folder.display(), setup.world.zones[0].path.display());
    let (address, port, workers) = (setup.address.ip(), setup.address.port(), setup.workers);
    let text = format!(
        "server:\n    listen: {address}@{port}\n    udp-workers: {workers}\n    tcp-workers: {workers}\n    background-workers: 1\n    \
         rundir: \"{folder}\"\n    tcp-max-clients: 10100\n    tcp-idle-timeout: 120\n    tcp-remote-io-timeout: 0\n\
         log:\n  - target: stderr\n    any: error\n\
         control:\n    listen: \"{folder}/knot.sock\"\n\
         database:\n    storage: \"{folder}\"\n\
         template:\n  - id: default\n    storage: \"{folder}\"\n    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none\n    \
         semantic-checks: off\n\
         zone:\n  - domain: {ORIGIN}\n    file: \"{zone}\"\n"
    );
    let config = setup.folder.join("knot.conf");
    fs::write(&config, text)?;
    let mut command = command("knotd")?;
    command.arg("-c").arg(&config);
    let socket = setup.folder.join("knot.sock");
    Ok(Plan {
        command,
        again: again("knotc", &["-b", "-s", &socket.to_string_lossy(), "zone-reload", ORIGIN])?,
        edits: None,
    })
}

fn bind(setup: &Setup<'_>) -> io::Result<Plan> {
    let folder = setup.folder.display();
    let minimal = if setup.world.kind.additional() { "no-auth" } else { "yes" };
    let key = "key \"bench\" { algorithm hmac-sha256; secret \"YmVuY2htYXJrLW9ubHktb24tbG9vcGJhY2s=\"; };\n";
    let mut text = format!(
        "{key}controls {{ inet {} port {} allow {{ 127.0.0.0/8; }} keys {{ \"bench\"; }}; }};\n\
         options {{ directory \"{folder}\"; listen-on port {} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;\n\
         allow-query {{ any; }}; minimal-responses {minimal}; pid-file none; session-keyfile none; dnssec-validation no; notify no;\n\
         allow-transfer {{ none; }}; empty-zones-enable no; querylog no; tcp-clients 10100; tcp-idle-timeout 1200;\n\
         managed-keys-directory \"{folder}\"; }};\nlogging {{ category default {{ null; }}; }};\n",
        setup.control.ip(),
        setup.control.port(),
        setup.address.port(),
    );
    for (at, zone) in setup.world.zones.iter().enumerate() {
        let clients: String = zone.clients.iter().map(|network| format!("{network}/24; ")).collect();
        let stanza = format!("zone \"{ORIGIN}\" {{ type primary; file \"{}\"; }};\n", zone.path.display());
        text += &match clients.is_empty() {
            true => stanza,
            false => format!("view \"h{at}\" {{ match-clients {{ {clients} }};\n{stanza}}};\n"),
        };
    }
    let config = setup.folder.join("named.conf");
    fs::write(&config, text)?;
    let rndc = setup.folder.join("rndc.conf");
    fs::write(&rndc, format!("{key}options {{ default-key \"bench\"; default-server 127.0.0.1; }};\n"))?;
    let mut command = command("named")?;
    command.args(["-f", "-n", &setup.workers.to_string(), "-c"]).arg(&config);
    let port = setup.control.port().to_string();
    Ok(Plan {
        command,
        again: again("rndc", &["-c", &rndc.to_string_lossy(), "-p", &port, "reload", ORIGIN])?,
        edits: None,
    })
}

fn unbound(setup: &Setup<'_>) -> io::Result<Plan> {
    let (folder, zone) = (setup.folder.display(), setup.world.zones[0].path.display());
    let minimal = if setup.world.kind.additional() { "no" } else { "yes" };
    let (address, port, workers) = (setup.address.ip(), setup.address.port(), setup.workers);
    let text = format!(
        "server:\n interface: {address}@{port}\n num-threads: {workers}\n so-reuseport: yes\n do-daemonize: no\n use-syslog: no\n \
         verbosity: 0\n chroot: \"\"\n username: \"\"\n directory: \"{folder}\"\n pidfile: \"{folder}/unbound.pid\"\n \
         access-control: 127.0.0.0/8 allow_snoop\n module-config: \"iterator\"\n minimal-responses: {minimal}\n do-ip6: no\n \
         incoming-num-tcp: {}\n tcp-idle-timeout: 120000\n ip-ratelimit: 0\n rrset-roundrobin: no\n\
         remote-control:\n control-enable: yes\n control-interface: \"{folder}/control.sock\"\n control-use-cert: no\n\
         auth-zone:\n name: \"{ORIGIN}\"\n zonefile: \"{zone}\"\n for-downstream: yes\n for-upstream: no\n fallback-enabled: no\n",
        if setup.world.kind == Kind::Names && workers == 1 { 10_100 } else { 100 }
    );
    let config = setup.folder.join("unbound.conf");
    fs::write(&config, text)?;
    let mut command = command("unbound")?;
    command.arg("-d").arg("-p").arg("-c").arg(&config);
    let again = again("unbound-control", &["-c", &config.to_string_lossy(), "auth_zone_reload", ORIGIN])?;
    Ok(Plan { command, again, edits: None })
}

fn dnsmasq(setup: &Setup<'_>) -> io::Result<Plan> {
    let hosts = setup.world.zones[0].hosts.display();
    let (address, port) = (setup.address.ip(), setup.address.port());
    let names = if setup.world.kind == Kind::Kinds { "conf-file" } else { "addn-hosts" };
    let text = format!(
        "port={port}\nlisten-address={address}\nbind-interfaces\nno-resolv\nno-hosts\nlocal=/{ORIGIN}/\nlocal-ttl=300\ncache-size=0\n\
         user=root\npid-file=\n{names}={hosts}\nhost-record=ns1.{ORIGIN},11.0.0.1\nhost-record=zz.{ORIGIN},11.255.255.254\n"
    );
    let config = setup.folder.join("dnsmasq.conf");
    fs::write(&config, text)?;
    let mut command = command("dnsmasq")?;
    command.arg("-k").arg(format!("--conf-file={}", config.display()));
    Ok(Plan { command, again: Again::Hangup, edits: None })
}

pub(crate) fn command(program: &str) -> io::Result<Command> {
    let found =
        find(program).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{program} is not installed")))?;
    Ok(Command::new(found))
}

fn again(program: &str, arguments: &[&str]) -> io::Result<Again> {
    let path =
        find(program).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{program} is not installed")))?;
    Ok(Again::Command(path, arguments.iter().map(|argument| (*argument).to_owned()).collect()))
}

/// In PATH, or where Debian keeps servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}
