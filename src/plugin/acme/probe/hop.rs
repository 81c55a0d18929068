//! What a redirect of the challenge's path means for a CA. None is followed here: only its text is looked at.

use http::Uri;
use serde::{Deserialize, Serialize};

/// Where a redirect leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "hop")]
pub enum Hop {
    /// To a place that each CA goes to: http or https, port 80 or 443, the path kept.
    Fine {
        /// The host it leads to.
        host: String,
        /// Whether to https.
        https: bool,
    },
    /// To the very same place: a loop.
    Loop,
    /// To somewhere that no CA goes to, or without the token.
    Bad {
        /// Why, for a sentence.
        why: String,
    },
}

/// Judges `Location` of an answer to `http://{name}{path}` (RFC 8555 section 8.3: redirects to ports 80 and 443 only are
/// what public CAs follow; step-ca follows any).
pub fn hop(name: &str, path: &str, location: &str) -> Hop {
    let bad = |why: String| Hop::Bad { why };
    if location.starts_with('/') && !location.starts_with("//") {
        return match location == path {
            true => Hop::Loop,
            false => within(name, path, location, false),
        };
    }
    let Ok(target) = location.parse::<Uri>() else { return bad("its target is no URL".to_owned()) };
    let https = match target.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        Some(other) => return bad(format!("it leads to the scheme `{other}`")),
        None => return bad("its target is no URL".to_owned()),
    };
    let Some(host) = target.host() else { return bad("its target names no host".to_owned()) };
    // `return 301 https://$host$uri` with the slash forgotten.
    if host.ends_with(".well-known") {
        return bad(format!("its host is `{host}`: a slash is missing between name and path"));
    }
    let port = target.port_u16().unwrap_or(if https { 443 } else { 80 });
    if !matches!(port, 80 | 443) {
        return bad(format!("it leads to port {port}, and public CAs go to 80 and 443 only"));
    }
    let query = target.path_and_query().map_or("", |path| path.as_str());
    if !https && port == 80 && host.eq_ignore_ascii_case(name) && query == path {
        return Hop::Loop;
    }
    within(host, path, query, https)
}

/// The token must come along.
fn within(host: &str, path: &str, target: &str, https: bool) -> Hop {
    let token = path.rsplit('/').next().unwrap_or(path);
    match target.contains(token) {
        true => Hop::Fine { host: host.to_owned(), https },
        false => Hop::Bad { why: "its target is without the token".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule 4: every redirect is judged by its text alone.
    #[test]
    fn redirects_are_judged() {
        let path = "/.well-known/acme-challenge/zonectl-abc";
        let table = [
            ("https://a.example/.well-known/acme-challenge/zonectl-abc", "fine https a.example"),
            ("http://b.example/.well-known/acme-challenge/zonectl-abc", "fine http b.example"),
            ("https://a.example:443/.well-known/acme-challenge/zonectl-abc", "fine https a.example"),
            ("/x/zonectl-abc", "fine http a.example"),
            ("/.well-known/acme-challenge/zonectl-abc", "loop"),
            ("http://a.example/.well-known/acme-challenge/zonectl-abc", "loop"),
            ("http://A.Example:80/.well-known/acme-challenge/zonectl-abc", "loop"),
            ("https://a.example/login", "bad its target is without the token"),
            (
                "https://a.example.well-known/acme-challenge/zonectl-abc",
                "bad its host is `a.example.well-known`: a slash is missing between name and path",
            ),
            (
                "http://a.example:8081/.well-known/acme-challenge/zonectl-abc",
                "bad it leads to port 8081, and public CAs go to 80 and 443 only",
            ),
            ("ftp://a.example/zonectl-abc", "bad it leads to the scheme `ftp`"),
            ("//a.example/zonectl-abc", "bad its target is no URL"),
            ("", "bad its target is no URL"),
            ("\u{1}", "bad its target is no URL"),
        ];
        for (location, expected) in table {
            let said = match hop("a.example", path, location) {
                Hop::Fine { host, https } => format!("fine {} {host}", if https { "https" } else { "http" }),
                Hop::Loop => "loop".to_owned(),
                Hop::Bad { why } => format!("bad {why}"),
            };
            assert_eq!(said, expected, "{location}");
        }
    }
}
