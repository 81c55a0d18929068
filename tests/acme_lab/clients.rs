//! The ACME clients of Debian, as their users run them, in guest 102.

use super::process::{Finished, Process, run};
use super::world::{DIRECTORY, World};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// An order takes seconds; lego would wait eight minutes for a challenge that step-ca leaves pending.
const PATIENCE: Duration = Duration::from_secs(60);

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// How an order ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The certificate and those above it, one PEM file; none when there is none.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) said: String,
    pub(crate) took: Duration,
}

impl Outcome {
    /// The names in the certificate, which must chain to `root`.
    pub(crate) fn names(&self, root: &Path) -> Vec<String> {
        let certificate = self.certificate.as_ref().unwrap_or_else(|| panic!("no certificate: {}", self.said));
        run("openssl", |openssl| {
            openssl.args(["verify", "-CAfile"]).arg(root).arg("-untrusted").arg(certificate).arg(certificate)
        });
        let text = run("openssl", |openssl| {
            openssl.args(["x509", "-noout", "-ext", "subjectAltName", "-in"]).arg(certificate)
        });
        let mut names: Vec<String> =
            text.split([',', '\n', ' ']).filter_map(|word| word.strip_prefix("DNS:")).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Panics with what the client said unless it got a certificate for exactly these names below `root`.
    pub(crate) fn expect_names(&self, root: &Path, names: &[&str]) {
        let mut expected = names.to_vec();
        expected.sort_unstable();
        assert_eq!(self.names(root), expected, "{}", self.said);
    }
}

/// lego, which is the ACME client inside of Traefik, too.
pub(crate) struct Lego<'a> {
    world: &'a World,
    names: Vec<String>,
    words: Vec<String>,
    environment: Vec<(String, String)>,
    directory: String,
    root: PathBuf,
    limit: Duration,
    path: PathBuf,
    guest: String,
}

impl<'a> Lego<'a> {
    pub(crate) fn new(world: &'a World, names: &[&str]) -> Lego<'a> {
        Lego {
            world,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            words: Vec::new(),
            environment: Vec::new(),
            directory: DIRECTORY.to_owned(),
            root: world.authority.root.clone(),
            limit: PATIENCE,
            path: folder(world, "lego"),
            guest: "102".to_owned(),
        }
    }

    /// Another CA.
    pub(crate) fn at(mut self, directory: &str, root: &Path) -> Self {
        self.directory = directory.to_owned();
        self.root = root.to_owned();
        self
    }

    /// In another guest than 102, where it answers http-01 itself on port 80.
    pub(crate) fn http_in(mut self, guest: &str) -> Self {
        self.guest = guest.to_owned();
        self.with(&["--http", "--http.port", "0.0.0.0:80"])
    }

    /// Answers http-01 itself on port 80.
    pub(crate) fn http(self) -> Self {
        self.with(&["--http", "--http.port", "10.0.0.12:80"])
    }

    /// Leaves http-01 tokens in a folder that a web server shows.
    pub(crate) fn webroot(self, folder: &Path) -> Self {
        let folder = folder.display().to_string();
        self.with(&["--http", "--http.webroot", &folder])
    }

    /// Answers tls-alpn-01 itself on port 443.
    pub(crate) fn tls(self) -> Self {
        self.with(&["--tls", "--tls.port", "10.0.0.12:443"])
    }

    /// dns-01 by signed updates. The look at all name servers of the zone stays on, as Traefik has it.
    pub(crate) fn rfc2136(self, key: &str, secret: &str, algorithm: &str) -> Self {
        self.with(&["--dns", "rfc2136", "--dns.resolvers", "10.0.0.153:53"])
            .set("RFC2136_NAMESERVER", "10.0.0.153:53")
            .set("RFC2136_TSIG_ALGORITHM", &format!("{algorithm}."))
            .set("RFC2136_TSIG_KEY", key)
            .set("RFC2136_TSIG_SECRET", secret)
            .set("RFC2136_POLLING_INTERVAL", "1")
            .set("RFC2136_PROPAGATION_TIMEOUT", "10")
            .set("RFC2136_SEQUENCE_INTERVAL", "1")
    }

    /// dns-01 over HTTP.
    pub(crate) fn httpreq(self, endpoint: &str, user: &str, password: &str) -> Self {
        self.with(&["--dns", "httpreq", "--dns.resolvers", "10.0.0.153:53"])
            .set("HTTPREQ_ENDPOINT", endpoint)
            .set("HTTPREQ_USERNAME", user)
            .set("HTTPREQ_PASSWORD", password)
            .set("HTTPREQ_POLLING_INTERVAL", "1")
            .set("HTTPREQ_PROPAGATION_TIMEOUT", "10")
    }

    pub(crate) fn with(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Begins the order.
    pub(crate) fn start(&self) -> Process {
        fs::create_dir_all(&self.path).unwrap();
        let mut command = self.world.network.command(&self.guest, "lego");
        command.env("LEGO_CA_CERTIFICATES", &self.root).env("HOME", &self.path);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--path").arg(&self.path).args(["--server", &self.directory, "-a", "-m", "admin@thinkheads.ai"]);
        for name in &self.names {
            command.args(["-d", name]);
        }
        command.args(&self.words).arg("run");
        Process::start("lego", &mut command, &self.path)
    }

    /// Waits for the end of an order.
    pub(crate) fn finish(&self, process: Process) -> Outcome {
        let finished = process.finish(self.limit);
        let stem = self.names[0].replace('*', "_");
        let certificate = self.path.join("certificates").join(format!("{stem}.crt"));
        outcome(finished, certificate)
    }

    /// The whole order.
    pub(crate) fn order(&self) -> Outcome {
        self.finish(self.start())
    }
}

/// certbot with its plugin for signed updates.
pub(crate) struct Certbot<'a> {
    world: &'a World,
    names: Vec<String>,
    path: PathBuf,
    directory: String,
    root: PathBuf,
}

impl<'a> Certbot<'a> {
    pub(crate) fn new(world: &'a World, names: &[&str]) -> Certbot<'a> {
        Certbot {
            world,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            path: folder(world, "certbot"),
            directory: DIRECTORY.to_owned(),
            root: world.authority.root.clone(),
        }
    }

    /// Another CA.
    pub(crate) fn at(mut self, directory: &str, root: &Path) -> Self {
        self.directory = directory.to_owned();
        self.root = root.to_owned();
        self
    }

    /// The whole order by dns-01.
    pub(crate) fn rfc2136(&self, key: &str, secret: &str, algorithm: &str) -> Outcome {
        fs::create_dir_all(&self.path).unwrap();
        let credentials = self.path.join("rfc2136.ini");
        let text = format!(
            "dns_rfc2136_server = 10.0.0.153\ndns_rfc2136_port = 53\ndns_rfc2136_name = {key}.\ndns_rfc2136_secret = \
             {secret}\ndns_rfc2136_algorithm = {}\n",
            algorithm.to_ascii_uppercase()
        );
        fs::write(&credentials, text).unwrap();
        run("chmod", |chmod| chmod.arg("600").arg(&credentials));
        let mut command = self.world.network.command("102", "certbot");
        command.env("REQUESTS_CA_BUNDLE", &self.root);
        command.args(["certonly", "--non-interactive", "--agree-tos", "-m", "admin@thinkheads.ai"]);
        command.args(["--server", &self.directory, "--config-dir"]).arg(self.path.join("config"));
        command.arg("--work-dir").arg(self.path.join("work")).arg("--logs-dir").arg(self.path.join("logs"));
        command.args(["--dns-rfc2136", "--dns-rfc2136-propagation-seconds", "1", "--dns-rfc2136-credentials"]);
        command.arg(credentials);
        for name in &self.names {
            command.args(["-d", name]);
        }
        let finished = Process::start("certbot", &mut command, &self.path).finish(PATIENCE);
        let stem = self.names[0].trim_start_matches("*.");
        outcome(finished, self.path.join("config/live").join(stem).join("fullchain.pem"))
    }
}

fn folder(world: &World, client: &str) -> PathBuf {
    world.path(&format!("{client}-{}", FOLDERS.fetch_add(1, Ordering::Relaxed)))
}

fn outcome(finished: Finished, certificate: PathBuf) -> Outcome {
    let certificate = (finished.is_success() && certificate.exists()).then_some(certificate);
    Outcome { certificate, said: finished.said, took: finished.took }
}
