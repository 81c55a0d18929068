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
    /// Everything that was printed for people.
    pub(crate) text: String,
    /// Everything that was printed for programs.
    pub(crate) json: serde_json::Value,
}

impl World {
    /// Makes a token for a client, for the challenges of these names.
    pub(crate) fn token(&self, client: &str, token: &str, names: &str, further: &[&str]) -> Token {
        use horizon_dns::dns::parse_name;
        use horizon_dns::plugin::acme::{SaltedHash, TokenKind, Tokens, TsigAlgorithm};
        let _ = further;
        let tokens = Tokens::open(&self.path("acme")).unwrap();
        let first = names.split(',').next().unwrap().to_owned();
        let names = names.split(',').map(|name| parse_name(name).unwrap()).collect();
        let hash = SaltedHash::of(b"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
        let alias = format!("{token}.auth.internal.thinkheads.ai");
        let mut aliases = Vec::new();
        let kind = match client {
            "httpreq" => TokenKind::Http { hash },
            "acme-dns" => {
                let (from, to) = (format!("_acme-challenge.{first}."), format!("{alias}."));
                self.edit(&["set", &from, "CNAME", &to, "--horizon", "internal"]);
                aliases.push(parse_name(&alias).unwrap());
                TokenKind::AcmeDns { user: token.to_owned(), subdomain: token.to_owned(), hash }
            }
            _ => TokenKind::Tsig { algorithm: TsigAlgorithm::HmacSha256, secret: vec![7; 32] },
        };
        let mut made = horizon_dns::plugin::acme::Token::new(token, kind, names);
        made.aliases = aliases;
        tokens.add(made).unwrap();
        let reload = self.zonectl(&["reload"]);
        assert_eq!(reload.exit, 0, "{reload:?}");
        let secret = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".to_owned();
        Token { user: token.to_owned(), secret, text: String::new(), json: serde_json::json!({"subdomain": token}) }
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
