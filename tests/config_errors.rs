//! Promise: every error of `[server]`, `[zones]`, `[forward]`, `[routes]`, `[acme]`, `[tls]`, `[web]` and `[log]` is one line with its place and what would be right.

use horizon_dns::config;

/// A good horizon, so that the case's own error is the only one.
const HORIZON: &str = "\n[[horizon]]\nname = \"internal\"\nclients = [\"any\"]\n";

fn errors(text: &str) -> Vec<String> {
    config::parse(text, "h.toml").map_or_else(|errors| errors.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

/// Each key refuses what it cannot be.
#[test]
fn keys_refuse_what_they_cannot_be() {
    let table: [(&str, &str, &[&str]); 33] = [
        (
            "an unknown section, near a known one",
            "[servers]",
            &["h.toml:1:2: unknown key `servers` in the file; did you mean `server`?"],
        ),
        (
            "an unknown key, near a known one",
            r#"[server]
listne = ["127.0.0.1:53"]"#,
            &["h.toml:2:1: unknown key `listne` in [server]; did you mean `listen`?"],
        ),
        (
            "an unknown key, near nothing",
            r#"[zones]
folder = "zones""#,
            &["h.toml:2:1: unknown key `folder` in [zones]; known here: directory"],
        ),
        (
            "a text where a list must be",
            r#"[server]
listen = "127.0.0.1:53""#,
            &[r#"h.toml:2:10: `listen` must be a list of texts, not a text; write `listen = ["127.0.0.1:53"]`"#],
        ),
        (
            "a number in a list of texts",
            r#"[server]
listen = [53, "127.0.0.1:53"]"#,
            &["h.toml:2:11: `listen` must be a text, not a whole number; write the value in quotes"],
        ),
        (
            "an empty list to listen on",
            "[server]
listen = []",
            &[r#"h.toml:2:1: `listen` is empty; write for example `listen = ["127.0.0.1:53"]`"#],
        ),
        (
            "no address, and one with a bad port",
            r#"[server]
listen = ["localhost:53", "127.0.0.1:99999"]"#,
            &[
                "h.toml:2:11: `localhost:53` is not an address to listen on; write IP:port, such as `10.0.0.153:53` or `[::1]:53`",
                "h.toml:2:27: `127.0.0.1:99999` is not an address to listen on; write IP:port, such as `10.0.0.153:53` or `[::1]:53`",
            ],
        ),
        (
            "the same address on two lines; the bare one means port 53",
            r#"[server]
listen = [
  "127.0.0.1:53",
  "127.0.0.1",
]"#,
            &["h.toml:4:3: `127.0.0.1` is listed twice, first on line 3; keep one"],
        ),
        (
            "too many workers",
            "[server]
workers = 1000",
            &["h.toml:2:11: `workers` is 1000; write a number from 0 to 256"],
        ),
        (
            "workers below nothing",
            "[server]
workers = -1",
            &["h.toml:2:11: `workers` is -1; write a number from 0 to 256"],
        ),
        (
            "workers as a text",
            r#"[server]
workers = "4""#,
            &["h.toml:2:11: `workers` must be a whole number, not a text; write a number from 0 to 256"],
        ),
        (
            "a control path too long for a socket",
            r#"[server]
control = "/run/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.sock""#,
            &[
                "h.toml:2:11: the control socket's path has 114 octets; the system takes 107; write a shorter path, such as `/run/horizon/control.sock`",
            ],
        ),
        (
            "an empty text",
            r#"[zones]
directory = """#,
            &["h.toml:2:13: an empty text in `directory`; write a value or leave the key out"],
        ),
        (
            "a control character",
            r#"[zones]
directory = "a\u0007b""#,
            &["h.toml:2:13: a control character in `directory`; write it without"],
        ),
        (
            "a section that is a value",
            r#"zones = "zones""#,
            &["h.toml:1:9: `zones` must be a table, not a text; write `[zones]`"],
        ),
        (
            "one horizon as a table",
            r#"[horizon]
name = "internal"
clients = ["any"]"#,
            &["h.toml:1:2: `horizon` must be a list of tables, not a table; write `[[horizon]]`"],
        ),
        (
            "an unknown policy, near a known one",
            r#"[forward]
policy = "paralel""#,
            &["h.toml:2:10: `paralel` is no policy; did you mean `parallel`?"],
        ),
        (
            "an unknown policy, near nothing",
            r#"[forward]
policy = "random""#,
            &["h.toml:2:10: `random` is no policy; write one of: ordered, parallel, fastest"],
        ),
        (
            "upstreams in each wrong form",
            r#"[forward]
upstreams = [
  "dns.google",
  "8.8.8.8:0",
  "tls://9.9.9.9",
  "tls://dns.quad9.net#dns.quad9.net",
  "tls://9.9.9.9#",
  "https://",
  "sdns://AgcAAAA",
]"#,
            &[
                "h.toml:3:3: `dns.google` is not an upstream; write an address such as `8.8.8.8` or `8.8.8.8:53`, `tls://9.9.9.9#dns.quad9.net` or `https://9.9.9.9/dns-query`",
                "h.toml:4:3: `8.8.8.8:0` is not an upstream; write an address such as `8.8.8.8` or `8.8.8.8:53`, `tls://9.9.9.9#dns.quad9.net` or `https://9.9.9.9/dns-query`",
                "h.toml:5:3: `tls://9.9.9.9` lacks the name that its certificate must have; write `tls://9.9.9.9#dns.quad9.net`: the address, then the name in its certificate",
                "h.toml:6:3: `dns.quad9.net` is not an address; write `tls://9.9.9.9#dns.quad9.net`: the address, then the name in its certificate",
                "h.toml:7:3: `tls://9.9.9.9#` has no name after `#`; write `tls://9.9.9.9#dns.quad9.net`: the address, then the name in its certificate",
                "h.toml:8:3: `https://` is not a URL of a resolver; write a URL such as `https://9.9.9.9/dns-query`",
                "h.toml:9:3: `sdns://` is not a way to reach an upstream; write an address such as `8.8.8.8` or `8.8.8.8:53`, `tls://9.9.9.9#dns.quad9.net` or `https://9.9.9.9/dns-query`",
            ],
        ),
        (
            "a domain twice, in other case; one without upstreams; one that is no name",
            r#"[[forward.domain]]
name = "corp.example"
upstreams = ["10.9.0.1"]
[[forward.domain]]
name = "CORP.example."
upstreams = ["10.9.0.1"]
[[forward.domain]]
name = "other.example"
[[forward.domain]]
name = "a..b"
upstreams = ["10.9.0.1"]"#,
            &[
                "h.toml:5:8: a second domain `CORP.example`, the first is on line 2; keep one",
                r#"h.toml:7:1: `upstreams` is missing in [[forward.domain]]; add for example `upstreams = ["10.9.0.1"]`"#,
                "h.toml:10:8: `a..b` is not a domain name: empty label; write a name such as `ca.internal.example`",
            ],
        ),
        (
            "routes for an unknown horizon",
            r#"[routes]
intern = { service = "direct" }"#,
            &["h.toml:2:1: routes for an unknown horizon `intern`; did you mean `internal`?"],
        ),
        (
            "an unknown route and an unknown kind",
            r#"[routes]
internal = { service = "directly", guests = "direct" }"#,
            &[
                "h.toml:2:24: `directly` is no route; did you mean `direct`?",
                "h.toml:2:36: unknown key `guests` in [routes.internal]; did you mean `guest`?",
            ],
        ),
        (
            "a route without its kind",
            r#"[routes]
internal = "direct""#,
            &["h.toml:2:12: `routes.internal` must be a table, not a text; write `[routes.internal]`"],
        ),
        (
            "the route of a name: unknown horizon, unknown route",
            r#"[routes.name."ca.example"]
externl = "direct"
internal = "nginx""#,
            &[
                "h.toml:2:1: a route for an unknown horizon `externl`; the horizons are: internal",
                "h.toml:3:12: `nginx` is no route; write one of: direct, traefik, gateway, none",
            ],
        ),
        (
            "a name with dots out of quotes",
            r#"[routes.name.ca.example]
internal = "direct""#,
            &[
                r#"h.toml:1:17: `ca.example` is read as tables inside each other; write a name with dots in quotes: `[routes.name."ca.internal.example"]`"#,
            ],
        ),
        (
            "one name twice in other case",
            r#"[routes.name."ca.example"]
internal = "direct"
[routes.name."CA.example."]
internal = "none""#,
            &["h.toml:3:14: a second entry for `ca.example`, the first is on line 1; keep one"],
        ),
        (
            "a label that is too long",
            r#"[routes.name."aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"]
internal = "direct""#,
            &[
                "h.toml:1:14: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example` is not a domain name: label length limit exceeded; write a name such as `ca.internal.example`",
            ],
        ),
        (
            "an ACME directory without https, an unknown gate, a bad name",
            r#"[acme]
directory = "http://ca.example/acme"
gate = "strict"
names = ["a..b"]"#,
            &[
                "h.toml:2:13: `http://ca.example/acme` is not the URL of an ACME directory; write its https URL (RFC 8555 section 6.1), such as `https://ca.internal.example:9000/acme/acme/directory`",
                "h.toml:3:8: `strict` is no gate; write one of: off, warn, refuse",
                "h.toml:4:10: `a..b` is not a domain name: empty label; write a name such as `ca.internal.example`",
            ],
        ),
        (
            "what [web] and [log] refuse",
            r#"[web]
listen = ["8080"]
[web.canary]
interna = "app.example"
[log]
queries = "fully""#,
            &[
                "h.toml:2:11: `8080` is not an address to listen on; write IP:port, such as `10.0.0.153:8053` or `[::1]:8053`",
                "h.toml:4:1: there is no horizon `interna`; did you mean `internal`?",
                "h.toml:6:11: `fully` is no queries; did you mean `full`?",
            ],
        ),
        (
            "what else [acme] refuses",
            r#"[acme]
fingerprint = "abc"
ca_addresses = ["ca.example"]
listen = ["10.0.0.153"]
certificate = "own.crt"
probe_allow = ["10.0.0.1/24"]
[acme.name."app.example"]
challenges = ["http"]"#,
            &[
                "h.toml:2:15: `abc` is not the SHA-256 of a certificate; write its 64 hexadecimal digits, as `step certificate fingerprint root_ca.crt` prints them",
                "h.toml:3:17: `ca.example` is not an address; write an IPv4 or IPv6 address such as `10.0.0.10`",
                "h.toml:4:11: `10.0.0.153` is not an address to listen on; write IP:port, such as `10.0.0.153:8053` or `[::1]:8053`",
                "h.toml:5:15: `certificate` and `key` go together; write both, or none for plain HTTP",
                "h.toml:6:16: `10.0.0.1/24` has bits set beyond its length; write `10.0.0.0/24`, or the address alone for one client",
                "h.toml:8:15: `http` is no challenge; write one of: http-01, tls-alpn-01, dns-01",
            ],
        ),
        (
            "encrypted DNS without a certificate, with half of one, and a key that is no list",
            r#"[tls]
listen_tls = ["10.0.0.153"]
listen_https = []
listen_quic = "10.0.0.153"
names = ["a..b"]
certficate = "own.crt"
key = "own.key""#,
            &[
                "h.toml:3:1: `listen_https` is empty; write for example `listen_https = [\"10.0.0.153:443\"]`",
                "h.toml:4:15: `listen_quic` must be a list of texts, not a text; write `listen_quic = [\"10.0.0.153\"]`",
                "h.toml:5:10: `a..b` is not a domain name: empty label; write a name such as `ca.internal.example`",
                "h.toml:6:1: unknown key `certficate` in [tls]; did you mean `certificate`?",
                "h.toml:7:7: `certificate` and `key` go together; write both, or none for no listener of [tls]",
            ],
        ),
        (
            "encrypted DNS where something else listens",
            r#"[server]
listen = ["10.0.0.153:53"]
[acme]
listen = ["10.0.0.153:443"]
[tls]
listen_tls = ["10.0.0.153:53", "10.0.0.153:8443"]
listen_https = ["10.0.0.153", "10.0.0.153:8443"]
listen_quic = ["10.0.0.153:53", "10.0.0.153:8443"]"#,
            &[
                "h.toml:6:1: `listen_tls` without a certificate; add `certificate` and `key`, the paths of two PEM files, or `acme = true`",
                "h.toml:6:15: `10.0.0.153:53` is listened on already by `listen` of [server]; write another address or port",
                "h.toml:7:17: `10.0.0.153` is listened on already by `listen` of [acme]; write another address or port",
                "h.toml:7:31: `10.0.0.153:8443` is listened on already by `listen_tls`; write another address or port",
                "h.toml:8:16: `10.0.0.153:53` is listened on already by `listen` of [server]; write another address or port",
            ],
        ),
        (
            "a certificate from a CA that is not known, and files besides",
            r#"[tls]
listen_tls = ["10.0.0.153"]
certificate = "own.crt"
key = "own.key"
acme = true"#,
            &[
                "h.toml:5:1: both `acme = true` and a `certificate`; keep one: the certificate comes from the CA or from files",
                "h.toml:5:1: `acme = true` without `names`; add the server's own DNS names, such as `names = [\"dns.internal.example\"]`",
                "h.toml:5:1: `acme = true`, and no `directory` in [acme]; add the URL of the CA's directory to [acme]",
            ],
        ),
    ];
    for (why, text, expected) in table {
        let text = if text.contains("horizon]") { text.to_owned() } else { format!("{text}{HORIZON}") };
        assert_eq!(errors(&text), expected, "{why}");
    }
}
