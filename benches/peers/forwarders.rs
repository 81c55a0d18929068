//! The servers as forwarders: how each is told to ask one upstream for everything and to keep what it says.
//!
//! Every setting is listed in `benches/README.md` with its reason.

use crate::program::{Again, Plan, Program, Setup, command, horizond};
use std::fs;
use std::io;
use std::net::SocketAddr;

/// Answers that fit into every cache, with room for those of `misses`.
const ANSWERS: usize = 400_000;

/// Megabytes that such a cache may take, where octets are counted.
const MEGABYTES: usize = 256;

/// Writes the configuration of a forwarder and says what to start.
///
/// # Errors
/// A file that cannot be written, or a program that is not there or does not forward.
pub(crate) fn plan(program: Program, setup: &Setup<'_>, upstream: SocketAddr) -> io::Result<Plan> {
    let (folder, address, port) = (setup.folder.display(), setup.address.ip(), setup.address.port());
    let (ip, at) = (upstream.ip(), upstream.port());
    let (file, text) = match program {
        Program::Horizon => (
            "horizon.toml",
            format!(
                "[server]\nlisten = [\"{address}:{port}\"]\nworkers = {}\ncontrol = \"{folder}/control.sock\"\n\n\
                 [zones]\ndirectory = \"{folder}/zones\"\n\n\
                 [[horizon]]\nname = \"clients\"\nclients = [\"any\"]\nforward = true\n\n\
                 [forward]\nupstreams = [\"{upstream}\"]\n\n[forward.cache]\nsize = {}\n",
                setup.workers,
                MEGABYTES << 20
            ),
        ),
        Program::Unbound => (
            "unbound.conf",
            format!(
                "server:\n interface: {address}@{port}\n num-threads: {}\n do-daemonize: no\n use-syslog: no\n verbosity: 0\n \
                 chroot: \"\"\n username: \"\"\n directory: \"{folder}\"\n pidfile: \"{folder}/unbound.pid\"\n \
                 access-control: 127.0.0.0/8 allow\n module-config: \"iterator\"\n do-ip6: no\n do-not-query-localhost: no\n \
                 minimal-responses: yes\n rrset-roundrobin: no\n ip-ratelimit: 0\n msg-cache-size: {MEGABYTES}m\n \
                 rrset-cache-size: {MEGABYTES}m\n msg-cache-slabs: 1\n rrset-cache-slabs: 1\n infra-cache-slabs: 1\n \
                 key-cache-slabs: 1\n num-queries-per-thread: 4096\n outgoing-range: 8192\n\
                 remote-control:\n control-enable: no\n\
                 forward-zone:\n name: \".\"\n forward-addr: {ip}@{at}\n",
                setup.workers
            ),
        ),
        Program::Dnsmasq => (
            "dnsmasq.conf",
            format!(
                "port={port}\nlisten-address={address}\nbind-interfaces\nno-resolv\nno-hosts\nuser=root\npid-file=\n\
                 server={ip}#{at}\ncache-size={ANSWERS}\ndns-forward-max=10000\n"
            ),
        ),
        Program::Bind => (
            "named.conf",
            format!(
                "options {{ directory \"{folder}\"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};\n\
                 recursion yes; allow-query {{ any; }}; allow-recursion {{ any; }}; forward only; forwarders {{ {ip} port {at}; }};\n\
                 minimal-responses yes; pid-file none; session-keyfile none; dnssec-validation no; empty-zones-enable no;\n\
                 querylog no; max-cache-size {MEGABYTES}m; recursive-clients 10000; managed-keys-directory \"{folder}\"; }};\n\
                 controls {{ }};\nlogging {{ category default {{ null; }}; }};\n"
            ),
        ),
        Program::Echo | Program::Nsd | Program::Knot => {
            return Err(io::Error::other(format!("{} does not forward", program.name())));
        }
    };
    let config = setup.folder.join(file);
    fs::write(&config, text)?;
    let command = match program {
        Program::Horizon => {
            fs::create_dir_all(setup.folder.join("zones/clients"))?;
            let mut command = horizond(setup);
            command.arg("serve").arg("--config").arg(&config);
            command
        }
        Program::Unbound => {
            let mut command = command("unbound")?;
            command.arg("-d").arg("-p").arg("-c").arg(&config);
            command
        }
        Program::Bind => {
            let mut command = command("named")?;
            command.args(["-f", "-n", &setup.workers.to_string(), "-c"]).arg(&config);
            command
        }
        _ => {
            let mut command = command("dnsmasq")?;
            command.arg("-k").arg(format!("--conf-file={}", config.display()));
            command
        }
    };
    Ok(Plan { command, again: Again::Never, edits: None })
}
