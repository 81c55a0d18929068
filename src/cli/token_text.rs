//! Ready text for ACME clients: what to paste where, and the traps on the way, each met by somebody.

use super::arguments::Client;
use super::arguments::DoorName;
use crate::control::TokenMade;
use std::net::SocketAddr;

/// As it is written behind `--for`; also the name of a token that is given none.
pub(super) fn word(client: Client) -> &'static str {
    match client {
        Client::Traefik => "traefik",
        Client::Lego => "lego",
        Client::Certbot => "certbot",
        Client::AcmeSh => "acme.sh",
        Client::Proxmox => "proxmox",
        Client::CertManager => "cert-manager",
        Client::Caddy => "caddy",
        Client::Knsupdate => "knsupdate",
        Client::Nsupdate => "nsupdate",
        Client::Httpreq => "httpreq",
        Client::AcmeDns => "acme-dns",
    }
}

/// The doors that a client can use; the first is what it gets when nothing is said.
pub(super) fn clients_doors(client: Client) -> &'static [DoorName] {
    match client {
        Client::Traefik | Client::Lego | Client::AcmeSh | Client::Caddy => {
            &[DoorName::Rfc2136, DoorName::Httpreq, DoorName::AcmeDns]
        }
        // A key file on each node and bind9-dnsutils against four lines of data.
        Client::Proxmox => &[DoorName::Httpreq, DoorName::Rfc2136, DoorName::AcmeDns],
        Client::CertManager => &[DoorName::Rfc2136, DoorName::AcmeDns],
        Client::Certbot | Client::Knsupdate | Client::Nsupdate => &[DoorName::Rfc2136],
        Client::Httpreq => &[DoorName::Httpreq],
        Client::AcmeDns => &[DoorName::AcmeDns],
    }
}

/// What a text is filled with.
struct Fill<'a> {
    made: &'a TokenMade,
    secret: &'a str,
    algorithm: &'a str,
    /// Address and port of DNS.
    dns: String,
    host: String,
    port: u16,
    /// Where HTTP is.
    url: String,
    zone: String,
    /// The first name, a wildcard without its star, and without the final dot.
    first: String,
    directory: &'a str,
}

/// The text for a client, comments included, that can be pasted as it stands.
pub(super) fn ready(client: Client, made: &TokenMade) -> String {
    let dns = reachable(made.listen.iter().filter_map(|text| text.parse().ok()), 53);
    let fill =
        Fill {
            made,
            secret: made.secret.as_deref().unwrap_or("SECRET"),
            algorithm: made.algorithm.as_deref().unwrap_or("hmac-sha256"),
            host: dns.rsplit_once(':').map_or(dns.as_str(), |(host, _)| host).to_owned(),
            port: dns.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(53),
            dns,
            url: url(&made.http),
            zone: made.zones.first().map_or_else(|| "ZONE".to_owned(), |zone| zone.trim_end_matches('.').to_owned()),
            first: made.token.names.first().map_or_else(String::new, |name| {
                name.strip_prefix("*.").unwrap_or(name).trim_end_matches('.').to_owned()
            }),
            directory: made.directory.as_deref().unwrap_or("https://CA:9000/acme/acme/directory"),
        };
    let mut text = format!("# token {} ({}) for {}\n", made.token.name, made.token.door, made.token.names.join(" "));
    if fill.dns.starts_with("ADDRESS") || fill.url.contains("ADDRESS") {
        text.push_str("# ADDRESS: the server listens on all of its addresses; write the one that the client reaches\n");
    }
    text.push_str(&match (client, made.token.door.as_str()) {
        (Client::Traefik, _) => fill.traefik(),
        (Client::Lego, _) => fill.lego(),
        (Client::Certbot, _) => fill.certbot(),
        (Client::AcmeSh, _) => fill.acme_sh(),
        (Client::Proxmox, _) => fill.proxmox(),
        (Client::CertManager, _) => fill.cert_manager(),
        (Client::Caddy, _) => fill.caddy(),
        (Client::Knsupdate, _) => fill.update("knsupdate"),
        (Client::Nsupdate, _) => fill.update("nsupdate"),
        (Client::Httpreq, _) => fill.httpreq(),
        (Client::AcmeDns, _) => fill.acme_dns(),
    });
    text
}

/// The address that others most likely reach: the first that is not loopback.
fn reachable(addresses: impl Iterator<Item = SocketAddr>, port: u16) -> String {
    let known: Vec<SocketAddr> = addresses.collect();
    let other = |address: &&SocketAddr| !address.ip().is_loopback() && !address.ip().is_unspecified();
    let all = |address: &&SocketAddr| address.ip().is_unspecified();
    match (known.iter().find(other), known.iter().find(all), known.first()) {
        (Some(address), ..) => address.to_string(),
        (None, Some(address), _) => format!("ADDRESS:{}", address.port()),
        (None, None, Some(address)) => address.to_string(),
        (None, None, None) => format!("ADDRESS:{port}"),
    }
}

fn url(urls: &[String]) -> String {
    let (scheme, _) = urls.first().and_then(|url| url.split_once("://")).unwrap_or(("http", ""));
    let addresses = urls.iter().filter_map(|url| url.split_once("://")?.1.parse().ok());
    format!("{scheme}://{}", reachable(addresses, 8053))
}

impl Fill<'_> {
    fn lego_environment(&self) -> String {
        let (user, secret, url) = (&self.made.user, self.secret, &self.url);
        match self.made.token.door.as_str() {
            "rfc2136" => format!(
                "RFC2136_NAMESERVER={}\nRFC2136_TSIG_ALGORITHM={}.\nRFC2136_TSIG_KEY={user}.\nRFC2136_TSIG_SECRET={secret}\n\
                 # between a name and its wildcard lego waits 60 s unless told otherwise\nRFC2136_SEQUENCE_INTERVAL=5\n\
                 RFC2136_POLLING_INTERVAL=2\n",
                self.dns, self.algorithm
            ),
            "httpreq" => {
                format!("HTTPREQ_ENDPOINT={url}\nHTTPREQ_USERNAME={user}\nHTTPREQ_PASSWORD={secret}\n")
            }
            _ => format!(
                "ACME_DNS_API_BASE={url}\nACME_DNS_STORAGE_PATH=/etc/acme-dns.json\n# the file /etc/acme-dns.json, mode 600:\n{}\n",
                self.accounts()
            ),
        }
    }

    fn provider(&self) -> &str {
        match self.made.token.door.as_str() {
            "rfc2136" => "rfc2136",
            "httpreq" => "httpreq",
            _ => "acme-dns",
        }
    }

    /// The storage of goacmedns, by name; cert-manager's secret has the same shape.
    fn accounts(&self) -> String {
        let made = self.made;
        let subdomain = made.subdomain.as_deref().unwrap_or_default();
        let full = made.token.aliases.first().map_or("", |alias| alias.trim_end_matches('.'));
        let mut accounts = serde_json::Map::new();
        for name in &made.token.names {
            let name = name.strip_prefix("*.").unwrap_or(name).trim_end_matches('.');
            let account = serde_json::json!({
                "username": made.user, "password": self.secret, "fulldomain": full, "subdomain": subdomain,
                "server_url": self.url, "allowfrom": [],
            });
            accounts.insert(name.to_owned(), account);
        }
        serde_json::Value::Object(accounts).to_string()
    }

    fn traefik(&self) -> String {
        format!(
            "# environment of the Traefik process; one DNS provider per process\n{}\
             # the CA's root, before Traefik 3.2 (from then on `caCertificates` below)\n\
             LEGO_CA_CERTIFICATES=/etc/step-ca/root_ca.crt\n\n\
             # traefik.yml\ncertificatesResolvers:\n  internal:\n    acme:\n      caServer: {}\n      email: admin@{}\n      \
             storage: /etc/traefik/acme.json\n      # Step-CA's leaves live 24 h; the default of 2160 h checks once a day, too late\n      \
             certificatesDuration: 24\n      # caCertificates: [/etc/step-ca/root_ca.crt]\n      dnsChallenge:\n        \
             provider: {}\n        resolvers: [\"{}\"]\n",
            self.lego_environment(),
            self.directory,
            self.zone,
            self.provider(),
            self.dns
        )
    }

    fn lego(&self) -> String {
        let note = match self.made.token.door.as_str() {
            "acme-dns" => "# Debian's lego 4.9.1 is built without acme-dns\n",
            _ => "",
        };
        format!(
            "# environment\n{}LEGO_CA_CERTIFICATES=/etc/step-ca/root_ca.crt\n{note}\n\
             lego --server {} --email admin@{} --accept-tos --dns {} --dns.resolvers {} -d {} run\n",
            self.lego_environment(),
            self.directory,
            self.zone,
            self.provider(),
            self.dns,
            self.first
        )
    }

    fn certbot(&self) -> String {
        format!(
            "# /etc/letsencrypt/horizon.ini, mode 600; certbot comes over TCP: open {port} for it, too\n\
             dns_rfc2136_server = {host}\ndns_rfc2136_port = {port}\ndns_rfc2136_name = {user}.\n\
             dns_rfc2136_secret = {secret}\ndns_rfc2136_algorithm = {algorithm}\n\n\
             REQUESTS_CA_BUNDLE=/etc/step-ca/root_ca.crt certbot certonly --server {directory} \\\n  \
             --dns-rfc2136 --dns-rfc2136-credentials /etc/letsencrypt/horizon.ini \\\n  \
             --dns-rfc2136-propagation-seconds 5 -d {first}\n",
            host = self.host.trim_matches(['[', ']']),
            port = self.port,
            user = self.made.user,
            secret = self.secret,
            algorithm = self.algorithm.to_uppercase(),
            directory = self.directory,
            first = self.first,
        )
    }

    fn key_file(&self) -> String {
        format!(
            "key \"{}.\" {{\n    algorithm {};\n    secret \"{}\";\n}};\n",
            self.made.user, self.algorithm, self.secret
        )
    }

    fn acme_sh(&self) -> String {
        let (user, secret, url) = (&self.made.user, self.secret, &self.url);
        let (plugin, data) = match self.made.token.door.as_str() {
            "rfc2136" => (
                "dns_nsupdate",
                format!(
                    "# /etc/horizon.key, mode 600\n{}\nexport NSUPDATE_SERVER={} NSUPDATE_SERVER_PORT={} \
                     NSUPDATE_ZONE={}. NSUPDATE_KEY=/etc/horizon.key\n",
                    self.key_file(),
                    self.host.trim_matches(['[', ']']),
                    self.port,
                    self.zone
                ),
            ),
            "httpreq" => (
                "dns_acmeproxy",
                format!("export ACMEPROXY_ENDPOINT={url} ACMEPROXY_USERNAME={user} ACMEPROXY_PASSWORD={secret}\n"),
            ),
            _ => ("dns_acmedns", format!("export {}\n", self.acme_sh_account().join(" "))),
        };
        format!(
            "{data}# --dnssleep is a must: without it acme.sh asks public DNS over HTTPS for up to 20 minutes\n\
             acme.sh --issue --server {} --ca-bundle /etc/step-ca/root_ca.crt --dns {plugin} --dnssleep 5 -d {}\n",
            self.directory, self.first
        )
    }

    fn acme_sh_account(&self) -> [String; 4] {
        [
            format!("ACMEDNS_BASE_URL={}", self.url),
            format!("ACMEDNS_USERNAME={}", self.made.user),
            format!("ACMEDNS_PASSWORD={}", self.secret),
            format!("ACMEDNS_SUBDOMAIN={}", self.made.subdomain.as_deref().unwrap_or_default()),
        ]
    }

    fn proxmox(&self) -> String {
        let (user, secret) = (&self.made.user, self.secret);
        let (api, before, data) = match self.made.token.door.as_str() {
            "rfc2136" => (
                "nsupdate",
                format!(
                    "# on each node: apt install bind9-dnsutils, and this as /etc/pve/priv/horizon.key\n{}\n",
                    self.key_file()
                ),
                format!(
                    "NSUPDATE_SERVER={}\nNSUPDATE_SERVER_PORT={}\nNSUPDATE_ZONE={}.\nNSUPDATE_KEY=/etc/pve/priv/horizon.key\n",
                    self.host.trim_matches(['[', ']']),
                    self.port,
                    self.zone
                ),
            ),
            "httpreq" => (
                "acmeproxy",
                String::new(),
                format!("ACMEPROXY_ENDPOINT={}\nACMEPROXY_USERNAME={user}\nACMEPROXY_PASSWORD={secret}\n", self.url),
            ),
            _ => ("acmedns", String::new(), self.acme_sh_account().map(|line| line + "\n").concat()),
        };
        format!(
            "{before}# Datacenter > ACME > Challenge Plugins > Add: API `{api}`, API Data as these raw KEY=VALUE lines;\n\
             # there is no form for them. Validation delay: 5 s are enough here.\n{data}\n\
             # or, with these lines in data.txt:\n\
             pvenode acme plugin add dns horizon --api {api} --data data.txt --validation-delay 5\n\
             pvenode config set --acmedomain0 domain={},plugin=horizon\n",
            self.first
        )
    }

    fn cert_manager(&self) -> String {
        let names = self.made.token.names.join(", ");
        let (secret, solver) = match self.made.token.door.as_str() {
            "rfc2136" => (
                format!("  tsig-secret: \"{}\"\n", self.secret),
                format!(
                    "rfc2136:\n            nameserver: \"{}\"\n            tsigKeyName: {}\n            \
                     # the default is HMACMD5, which is refused here\n            tsigAlgorithm: {}\n            \
                     tsigSecretSecretRef: {{name: horizon, key: tsig-secret}}\n",
                    self.dns,
                    self.made.user,
                    self.algorithm.replace('-', "").to_uppercase()
                ),
            ),
            _ => (
                format!("  acmedns.json: |\n    {}\n", self.accounts()),
                format!(
                    "acmeDNS:\n            host: {}\n            accountSecretRef: {{name: horizon, key: acmedns.json}}\n",
                    self.url
                ),
            ),
        };
        format!(
            "# for {names}. The self-check fails in a split horizon unless the controller runs with\n\
             #   --dns01-recursive-nameservers-only --dns01-recursive-nameservers={}\n\
             apiVersion: v1\nkind: Secret\nmetadata: {{name: horizon, namespace: cert-manager}}\nstringData:\n{secret}---\n\
             apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {{name: internal}}\nspec:\n  acme:\n    \
             server: {}\n    caBundle: BASE64-OF-THE-ROOT-IN-PEM\n    privateKeySecretRef: {{name: internal-account}}\n    \
             solvers:\n      - dns01:\n          {solver}",
            self.dns, self.directory
        )
    }

    fn caddy(&self) -> String {
        let (user, secret, url) = (&self.made.user, self.secret, &self.url);
        let (plugin, block) = match self.made.token.door.as_str() {
            "rfc2136" => (
                "rfc2136",
                format!(
                    "            key_name \"{user}\"\n            key_alg \"{}\"\n            key \"{secret}\"\n            \
                     server \"{}\"\n",
                    self.algorithm, self.dns
                ),
            ),
            "httpreq" => (
                "acmeproxy",
                format!("            endpoint {url}\n            username {user}\n            password {secret}\n"),
            ),
            _ => (
                "acmedns",
                format!(
                    "            username {user}\n            password {secret}\n            subdomain {}\n            \
                     server_url {url}\n",
                    self.made.subdomain.as_deref().unwrap_or_default()
                ),
            ),
        };
        format!(
            "# the stock build has no DNS plugin: xcaddy build --with github.com/caddy-dns/{plugin}\n{} {{\n    \
             tls {{\n        ca {}\n        ca_root /etc/step-ca/root_ca.crt\n        resolvers {}\n        \
             dns {plugin} {{\n{block}        }}\n    }}\n}}\n",
            self.first, self.directory, self.dns
        )
    }

    fn update(&self, program: &str) -> String {
        let owner = self.made.token.names.iter().map(|name| name.strip_prefix("*.").unwrap_or(name)).next();
        let owner = format!("_acme-challenge.{}", owner.unwrap_or("NAME."));
        let (call, head) = match program {
            "knsupdate" => (
                format!("knsupdate -y {}:{}:{}", self.algorithm, self.made.user, self.secret),
                "# the secret shows in the list of processes: better `-k FILE` with this one line in it\n",
            ),
            _ => ("nsupdate -k /etc/horizon.key".to_owned(), "# /etc/horizon.key, mode 600\n"),
        };
        let key = match program {
            "knsupdate" => format!("# {}:{}:{}\n", self.algorithm, self.made.user, self.secret),
            _ => self.key_file(),
        };
        format!(
            "{head}{key}\n{call} <<END\nserver {} {}\nzone {}.\nupdate add {owner} 60 TXT \"VALUE\"\nsend\nEND\n\
             # afterwards: update delete {owner} TXT\n",
            self.host.trim_matches(['[', ']']),
            self.port,
            self.zone
        )
    }

    fn httpreq(&self) -> String {
        format!(
            "# POST /present and /cleanup, JSON, Basic; RAW mode of lego is understood, too\nendpoint = {url}\n\
             username = {user}\npassword = {secret}\n\n\
             curl -u {user}:{secret} {url}/present -d '{{\"fqdn\":\"_acme-challenge.{first}.\",\"value\":\"VALUE\"}}'\n",
            url = self.url,
            user = self.made.user,
            secret = self.secret,
            first = self.first,
        )
    }

    fn acme_dns(&self) -> String {
        let subdomain = self.made.subdomain.as_deref().unwrap_or_default();
        format!(
            "# accounts by name, as lego and others keep them\n{accounts}\n\n\
             curl -H 'X-Api-User: {user}' -H 'X-Api-Key: {secret}' {url}/update \\\n  \
             -d '{{\"subdomain\":\"{subdomain}\",\"txt\":\"THE-43-SIGNS-OF-THE-CHALLENGE\"}}'\n",
            accounts = self.accounts(),
            user = self.made.user,
            secret = self.secret,
            url = self.url,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::arguments::Client;
    use super::*;
    use crate::control::TokenShown;
    use clap::ValueEnum;

    fn made(door: &str, listen: &[&str], http: &[&str]) -> TokenMade {
        let names = vec!["app.example.org.".to_owned(), "*.apps.example.org.".to_owned()];
        let aliases = if door == "acme-dns" { vec!["u-1.auth.example.org.".to_owned()] } else { Vec::new() };
        TokenMade {
            token: TokenShown {
                name: "t".into(),
                door: door.into(),
                names,
                aliases,
                horizons: None,
                types: vec!["TXT".into()],
                allow_from: Vec::new(),
                created: 1,
                last_used: None,
            },
            user: "the-user".into(),
            secret: Some("the-secret".into()),
            algorithm: (door == "rfc2136").then(|| "hmac-sha256".to_owned()),
            subdomain: (door == "acme-dns").then(|| "u-1".to_owned()),
            zones: vec!["example.org.".into()],
            listen: listen.iter().map(ToString::to_string).collect(),
            http: http.iter().map(ToString::to_string).collect(),
            directory: Some("https://ca.example.org:9000/acme/acme/directory".into()),
        }
    }

    /// Every client gets, through each of its doors, the secret, who it is and where the server is.
    #[test]
    fn every_text_holds_what_the_client_needs() {
        for client in Client::value_variants() {
            for door in clients_doors(*client) {
                let door = match door {
                    DoorName::Rfc2136 => "rfc2136",
                    DoorName::Httpreq => "httpreq",
                    DoorName::AcmeDns => "acme-dns",
                };
                let made = made(door, &["127.0.0.1:53", "10.0.0.153:53"], &["https://10.0.0.153:8053"]);
                let text = ready(*client, &made);
                let place = if door == "rfc2136" { "10.0.0.153" } else { "https://10.0.0.153:8053" };
                for needed in ["the-secret", "the-user", place] {
                    assert!(text.contains(needed), "{client:?} by {door} lacks {needed}:\n{text}");
                }
                if door == "acme-dns" {
                    assert!(text.contains("u-1"), "{client:?}:\n{text}");
                }
                assert!(text.ends_with('\n') && !text.contains("{}"), "{text}");
            }
        }
    }

    /// The traps that people fall into are named beside the line that avoids them.
    #[test]
    fn traps_are_named() {
        let table = [
            (Client::Traefik, "rfc2136", "certificatesDuration: 24"),
            (Client::Traefik, "rfc2136", "RFC2136_SEQUENCE_INTERVAL"),
            (Client::AcmeSh, "httpreq", "--dnssleep 5"),
            (Client::CertManager, "rfc2136", "tsigAlgorithm: HMACSHA256"),
            (Client::CertManager, "rfc2136", "--dns01-recursive-nameservers-only"),
            (Client::Proxmox, "httpreq", "raw KEY=VALUE"),
            (Client::Proxmox, "rfc2136", "bind9-dnsutils"),
            (Client::Certbot, "rfc2136", "over TCP"),
            (Client::Caddy, "rfc2136", "xcaddy"),
        ];
        for (client, door, trap) in table {
            let text = ready(client, &made(door, &["0.0.0.0:5353"], &["http://[::]:8053"]));
            assert!(text.contains(trap), "{client:?} lacks {trap}:\n{text}");
            assert!(text.contains("# ADDRESS: "), "the address is open:\n{text}");
        }
    }

    /// Others reach what is not loopback.
    #[test]
    fn the_address_is_one_that_others_reach() {
        let table: [(&[&str], &str); 4] = [
            (&["127.0.0.1:53", "[fd00::1]:53"], "[fd00::1]:53"),
            (&["127.0.0.1:5300"], "127.0.0.1:5300"),
            (&["[::]:53"], "ADDRESS:53"),
            (&[], "ADDRESS:53"),
        ];
        for (known, expected) in table {
            assert_eq!(reachable(known.iter().map(|text| text.parse().unwrap()), 53), expected);
        }
    }
}
