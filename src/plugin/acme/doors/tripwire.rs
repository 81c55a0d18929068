//! `GET /.well-known/acme-challenge/TOKEN`: a CA that comes here although this server sends it elsewhere goes past our
//! answers. That is a fact about the CA's machine, and names the line to delete.
//!
//! Nothing of the request is believed but what we know ourselves: the name is one of our zones, the source is the CA, the
//! addresses are what our own zones tell that source (rule 7 of safe probing).

use super::super::Sighting;
use super::super::Told;
use super::super::told;
use super::client::Peer;
use super::hall::Doors;
use super::hall::count;
use super::own_address::is_own;
use super::relay::is_marked;
use super::relay::relay;
use super::reply::plain;
use crate::dns::Name;
use crate::dns::labels;
use crate::dns::parse_name;
use crate::dns::present_name;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::snapshot::Snapshot;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::Request;
use http::StatusCode;
use http::header::HOST;
use http::request::Parts;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

const FOLDER: &str = "/.well-known/acme-challenge/";
/// Signs of a token (RFC 8555 section 8.3 wants 22 at least and sets no limit).
const LONGEST_TOKEN: usize = 128;
/// Between two lines in the log about one name and CA.
const QUIET: Duration = Duration::from_secs(60);
/// Names that are told apart.
const NAMES: usize = 256;

/// Looks at a challenge request that came to this host. It is answered with 404, or with what the right host answers.
pub(super) async fn challenge(
    State(doors): State<Arc<Doors>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let (head, _) = request.into_parts();
    let found = tripped(&doors, peer, &head);
    let Some((name, told)) = found else { return nothing_here() };
    let acme = doors.acme();
    if !acme.relay || is_marked(&head.headers) {
        return nothing_here();
    }
    relay(&doors, &name, head.uri.path(), &told).await.unwrap_or_else(nothing_here)
}

fn nothing_here() -> Response {
    plain(StatusCode::NOT_FOUND, "no ACME challenge is answered here\n")
}

/// The name and the addresses that were told for it, when the CA goes past them; everybody else asks for nothing.
fn tripped(doors: &Doors, peer: Peer, head: &Parts) -> Option<(Name, Vec<IpAddr>)> {
    if !head.uri.path().strip_prefix(FOLDER).is_some_and(is_token) {
        return None;
    }
    let name = host(head)?;
    let ca = doors.client(peer, &head.headers);
    let snapshot = doors.live.load_full();
    if !is_ca(doors, &snapshot, ca) {
        return None;
    }
    count(&doors.counts.tripped);
    let Told { addresses, exists, .. } = told(&snapshot, ca, &name);
    if !exists || addresses.is_empty() || addresses.iter().any(|address| is_own(*address)) {
        return None;
    }
    count(&doors.counts.misdirected);
    let reached = peer.local.ip().to_canonical();
    let sighting =
        Sighting::Misdirected { name: name.clone(), ca, at: SystemTime::now(), reached, told: addresses.clone() };
    if !doors.sightings.tell(sighting) {
        tracing::debug!("a misdirected challenge is only logged: nobody takes sightings");
    }
    if doors.bypasses.is_news(&name, ca, Instant::now()) {
        tracing::error!("{}", finding(&name, ca, reached, &addresses));
    }
    Some((name, addresses))
}

/// True for the CA: its addresses are written, known from elsewhere, or what our zones tell for the host of its directory.
fn is_ca(doors: &Doors, snapshot: &Snapshot, address: IpAddr) -> bool {
    let acme = &snapshot.settings.acme;
    if !acme.ca_addresses.is_empty() {
        return acme.ca_addresses.contains(&address);
    }
    if doors.cas().contains(&address) {
        return true;
    }
    let host = acme.directory.as_deref().and_then(|url| url.strip_prefix("https://")?.split(['/', ':']).next());
    let host = host.and_then(|host| parse_name(host).ok());
    host.is_some_and(|host| told(snapshot, address, &host).addresses.contains(&address))
}

/// What a person is told.
fn finding(name: &Name, ca: IpAddr, reached: IpAddr, told: &[IpAddr]) -> Finding {
    let name = present_name(name.as_slice());
    let name = name.trim_end_matches('.');
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    // Behind a proxy on this machine the address of ours is loopback, which says nothing.
    let here = if reached.is_loopback() { "this host".to_owned() } else { format!("this host ({reached})") };
    let what = format!("CA {ca} sent the challenge for {name} to {here}; this server tells it {}", told.join(" and "));
    let remedy = format!(
        "on {ca} look with `getent ahosts {name}` and `grep -n {name} /etc/hosts`, and delete the line (on the Proxmox host: \
         `pct exec ID -- ...` with the ID of the CA's container); the CA needs no restart, and `step-ca --resolver` does not \
         help; or let the client use dns-01, which never looks into hosts files"
    );
    Finding::new("HOSTS_BYPASS", Severity::Error, name, what, remedy)
        .because("a line in the CA's /etc/hosts, another resolver there, or a connection that the CA kept from before")
        .tolerated()
}

/// The name in the request's target or its one Host line: letters, digits, hyphens, no wildcard, no address.
fn host(head: &Parts) -> Option<Name> {
    let mut lines = head.headers.get_all(HOST).iter();
    let line = match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok()?,
        _ => return None,
    };
    // RFC 9112 section 3.2.2: an absolute target counts before the line.
    let text = head.uri.authority().map_or(line, |authority| authority.as_str());
    let bare = match text.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => bare,
        Some(_) => return None,
        None => text,
    };
    if bare.parse::<IpAddr>().is_ok() {
        return None;
    }
    // Case means nothing (RFC 4343), and a person is shown one form.
    let name = parse_name(&bare.to_ascii_lowercase()).ok().filter(|name| name.label_count() > 1)?;
    let plain = |label: &[u8]| label.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
    let named = labels(name.as_slice()).all(plain);
    named.then_some(name)
}

/// Base64url, and nothing else: no dots, no escapes, no further folder.
fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
}

/// What the log was told of lately.
#[derive(Debug, Default)]
pub(super) struct Bypasses {
    told: Mutex<HashMap<(Name, IpAddr), Instant>>,
}

impl Bypasses {
    /// True when the log was not told of it within the last minute; then it counts as told.
    fn is_news(&self, name: &Name, ca: IpAddr, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now.saturating_duration_since(*at) < QUIET);
        let key = (name.clone(), ca);
        if told.len() >= NAMES || told.contains_key(&key) {
            return false;
        }
        told.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what a CA would send is looked at: a name, one Host line, no tricks.
    #[test]
    fn a_host_is_a_name_or_nothing() {
        let table: [(&[&str], &str, Option<&str>); 13] = [
            (&["app.example.org"], "/", Some("app.example.org")),
            (&["APP.example.org:80"], "/", Some("app.example.org")),
            (&["app.example.org."], "/", Some("app.example.org")),
            (&["app.example.org"], "http://other.example.org/", Some("other.example.org")),
            (&[], "/", None),
            (&["a.example", "b.example"], "/", None),
            (&["10.0.0.1"], "/", None),
            (&["[::1]:80"], "/", None),
            (&["*.example.org"], "/", None),
            (&["a_b.example.org"], "/", None),
            (&["a.example.org:x"], "/", None),
            (&["a..example.org"], "/", None),
            (&[""], "/", None),
        ];
        for (lines, target, expected) in table {
            let mut request = Request::builder().uri(target);
            for line in lines {
                request = request.header(HOST, *line);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            let expected = expected.map(|name| parse_name(name).unwrap());
            assert_eq!(host(&head), expected, "{lines:?} {target}");
        }
    }

    /// A token is base64url of some length.
    #[test]
    fn a_token_has_no_path_in_it() {
        let long = "a".repeat(129);
        for (text, expected) in
            [("abc-_9", true), ("", false), ("a/b", false), ("..", false), ("a%2fb", false), (long.as_str(), false)]
        {
            assert_eq!(is_token(text), expected, "{text}");
        }
    }

    /// The log hears of one name once a minute, and of no flood of names.
    #[test]
    fn the_log_is_told_once_a_minute() {
        let bypasses = Bypasses::default();
        let (start, ca) = (Instant::now(), "10.0.0.10".parse().unwrap());
        let news =
            |name: &str, second| bypasses.is_news(&parse_name(name).unwrap(), ca, start + Duration::from_secs(second));
        assert!(news("a.example", 0) && !news("A.example", 59) && news("a.example", 60));
        let told = (0..1000).filter(|n| news(&format!("n{n}.example"), 61)).count();
        assert_eq!(told, NAMES - 1);
    }
}
