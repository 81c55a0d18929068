//! Caddy of Debian: a second private CA in 103, and an ACME client with a web server in 102.

use super::network::Network;
use super::process::{Process, wait_until};
use super::world::{DIRECTORY, World};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Its keys are made at the first start.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// Caddy's `acme_server` at `https://10.0.0.10:9443`.
pub(crate) struct CaddyCa {
    _process: Process,
    pub(crate) root: PathBuf,
}

impl CaddyCa {
    pub(crate) const DIRECTORY: &'static str = "https://10.0.0.10:9443/acme/local/directory";

    pub(crate) fn start(world: &World) -> CaddyCa {
        let folder = world.path("caddy-ca");
        let site = "https://10.0.0.10:9443 {\n bind 10.0.0.10\n tls internal\n acme_server\n}\n";
        let process = start(&world.network, "103", &folder, "auto_https disable_redirects\n skip_install_trust", site);
        world.wait_for_tcp("internal", "10.0.0.10:9443");
        let root = folder.join("pki/authorities/local/root.crt");
        wait_until("caddy's root is there", STARTS_WITHIN, || root.exists());
        CaddyCa { _process: process, root }
    }
}

/// Caddy as it is used in front of a service: it gets the certificates of its sites itself.
pub(crate) struct Caddy {
    process: Process,
    folder: PathBuf,
}

impl Caddy {
    /// One site in 102, which gets its certificate from step-ca by `challenge` alone (`http` or `tls-alpn`).
    pub(crate) fn start(world: &World, name: &str, challenge: &str) -> Caddy {
        let folder = world.path(&format!("caddy-{challenge}"));
        let other = if challenge == "http" { "disable_tlsalpn_challenge" } else { "disable_http_challenge" };
        let root = world.authority.root.display();
        let site = format!(
            "https://{name} {{\n tls {{\n  issuer acme {DIRECTORY} {{\n   trusted_roots {root}\n   email admin@thinkheads.ai\n   \
             {other}\n  }}\n }}\n respond ok\n}}\n"
        );
        let process = start(&world.network, "102", &folder, "", &site);
        Caddy { process, folder }
    }

    /// The certificate of its site, waited for.
    pub(crate) fn certificate(&mut self, name: &str) -> PathBuf {
        let folder = self.folder.join("certificates");
        let mut found = None;
        wait_until("caddy has a certificate", Duration::from_secs(60), || {
            assert!(self.process.is_running(), "caddy ended: {}", self.process.said());
            let issuers = fs::read_dir(&folder).into_iter().flatten().flatten();
            found =
                issuers.map(|issuer| issuer.path().join(name).join(format!("{name}.crt"))).find(|path| path.exists());
            found.is_some()
        });
        found.unwrap()
    }
}

fn start(network: &Network, guest: &str, folder: &Path, global: &str, site: &str) -> Process {
    fs::create_dir_all(folder).unwrap();
    let file = folder.join("Caddyfile");
    let text = format!("{{\n admin off\n {global}\n storage file_system {}\n}}\n{site}", folder.display());
    fs::write(&file, text).unwrap();
    let mut command = network.command(guest, "caddy");
    command.env("HOME", folder).env("XDG_CONFIG_HOME", folder).env("XDG_DATA_HOME", folder);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    Process::start("caddy", &mut command, folder)
}
