//! Tokens as an operator makes them, and the scripts of clients that are no program of Debian's.

use super::clients::Lego;
use super::world::World;
use std::fs;
use std::path::PathBuf;

/// Where the doors over HTTP are.
pub(crate) const HTTP: &str = "http://10.0.0.153:8053";
/// Opens them.
pub(crate) const LISTEN: &str = "listen = [\"10.0.0.153:8053\"]\n";

/// A credential as `zonectl acme token create` prints it, once.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Key name or user.
    pub(crate) user: String,
    /// Secret in base64, or password.
    pub(crate) secret: String,
    /// The label of an acme-dns account.
    pub(crate) subdomain: Option<String>,
}

impl World {
    /// Makes a token for a client, for the challenges of these names.
    pub(crate) fn token(&self, client: &str, token: &str, names: &str, further: &[&str]) -> Token {
        let names: Vec<String> = names.split(',').map(|name| format!("{name}.")).collect();
        let names = names.join(",");
        let mut words = vec!["acme", "token", "create", "--for", client, "--name", token, "--names", &names, "--yes"];
        words.extend(further);
        let (exit, json) = self.zonectl_json(&words);
        assert_eq!(exit, 0, "{json}");
        let word = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}")).to_owned();
        Token { user: word("user"), secret: word("secret"), subdomain: json["subdomain"].as_str().map(str::to_owned) }
    }

    /// A shell script of this text.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\nset -e\n{text}")).unwrap();
        super::process::run("chmod", |chmod| chmod.arg("755").arg(&path));
        path
    }

    /// A script that writes and removes a challenge as users of nsupdate do; removing takes the whole RRset, as acme.sh does it.
    pub(crate) fn nsupdate(&self, program: &str, apex: &str, key: &str, secret: &str) -> PathBuf {
        let algorithm = "hmac-sha256";
        // The signature of the one and of the other differ in their words.
        let file = self.path(&format!("{program}-{key}.key"));
        let is_knot = program == "knsupdate";
        // It does not look for the zone itself.
        let zone = if is_knot { format!("zone {apex}.\\n") } else { String::new() };
        let option = if is_knot {
            format!("-y {algorithm}:{key}:{secret}")
        } else {
            fs::write(&file, format!("key \"{key}\" {{ algorithm {algorithm}; secret \"{secret}\"; }};\n")).unwrap();
            format!("-k {}", file.display())
        };
        self.script(
            &format!("{program}-{key}.sh"),
            &format!(
                "case $1 in\npresent) what=\"update add $2 60 TXT \\\"$3\\\"\" ;;\n*) what=\"update delete $2 TXT\" ;;\nesac\nprintf \
                 'server 10.0.0.153\\n{zone}%s\\nsend\\n' \"$what\" | {program} {option}\n"
            ),
        )
    }

    /// What `dns_acmeproxy` of acme.sh does: it sends its JSON as a form, and wants the value back.
    pub(crate) fn acme_proxy(&self, user: &str, password: &str) -> PathBuf {
        self.script(
            &format!("acmeproxy-{user}.sh"),
            &format!(
                "test \"$1\" = present || set -- cleanup \"$2\" \"$3\"\nreply=$(curl -s -m 10 -u '{user}:{password}' --data \
                 \"{{\\\"fqdn\\\": \\\"$2\\\", \\\"value\\\": \\\"$3\\\"}}\" {HTTP}/$1)\ncase $reply in *\"\\\"value\\\":\\\"$3\\\"\"*) \
                 ;; *) echo \"reply: $reply\" >&2; exit 1 ;; esac\n"
            ),
        )
    }

    /// What `dns_acmedns` of acme.sh does: no clean-up.
    pub(crate) fn acme_dns(&self, user: &str, key: &str, subdomain: &str) -> PathBuf {
        self.script(
            &format!("acmedns-{subdomain}.sh"),
            &format!(
                "test \"$1\" = present || exit 0\nreply=$(curl -s -m 10 -H 'X-Api-User: {user}' -H 'X-Api-Key: {key}' --data \
                 \"{{\\\"subdomain\\\":\\\"{subdomain}\\\",\\\"txt\\\":\\\"$3\\\"}}\" {HTTP}/update)\ntest \"$reply\" = \
                 \"{{\\\"txt\\\":\\\"$3\\\"}}\" || {{ echo \"reply: $reply\" >&2; exit 1; }}\n"
            ),
        )
    }
}

impl Lego<'_> {
    /// dns-01 by a program of one's own.
    pub(crate) fn script(self, script: &std::path::Path) -> Self {
        self.with(&["--dns", "exec", "--dns.resolvers", "10.0.0.153:53"])
            .set("EXEC_PATH", &script.display().to_string())
            .set("EXEC_POLLING_INTERVAL", "1")
            .set("EXEC_PROPAGATION_TIMEOUT", "10")
            .set("EXEC_SEQUENCE_INTERVAL", "1")
    }
}
