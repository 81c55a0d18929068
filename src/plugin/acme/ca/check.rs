//! One look at a CA: a handful of GETs to one fixed address, none of which needs an account.

use super::super::dial::{DialError, Fetched, Get, Handshake, Roots, Shown, connect, dial_limits, fetch, secure};
use super::super::leaf::{Leaf, seconds};
use super::directory::judge_directory;
use super::provisioners::read_page;
use super::{CaPlace, CaReport, Wanted, trouble};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};
use tokio::time::timeout;

/// For all requests together.
const WHOLE: Duration = Duration::from_secs(30);
/// Octets of a body that are read.
const LARGEST_BODY: usize = 64 << 10;
/// Pages of provisioners that are read.
const MOST_PAGES: usize = 8;
/// A difference of clocks that is not worth a word.
const TOLERATED_SKEW: i64 = 60;
/// A certificate that lives shorter is worth a word: 90 days are what clients take for granted.
const USUAL_LIFETIME: u64 = 2160 * 3600;

/// Looks at a CA. `roots` are those that are trusted; without them those are taken whose fingerprint is wanted. Whatever
/// answers there, it ends within 30 seconds and reads at most 64 KiB of each answer.
pub async fn check_ca(place: &CaPlace, roots: Option<&Roots>, wanted: &Wanted) -> CaReport {
    let mut report = CaReport { source: place.source.clone(), ..CaReport::default() };
    let looked = timeout(WHOLE, look(place, roots, wanted, &mut report)).await;
    if looked.is_err() {
        let address = report.address.unwrap_or(place.addresses[0]);
        report.add(trouble::down(place, &DialError::Slow { address, limit: WHOLE }));
    }
    report.problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    report
}

async fn look(place: &CaPlace, roots: Option<&Roots>, wanted: &Wanted, report: &mut CaReport) {
    let Some((address, health, shown)) = first(place, report).await else { return };
    let call = |path: String| async move { get(place, address, &path).await.map(|(fetched, _)| fetched) };
    clock(place, &health, report);
    healthy(place, &health, report);
    if let Ok(served) = call("/roots.pem".to_owned()).await
        && served.status == 200
        && let Ok(served) = Roots::of_pem(&served.body)
    {
        report.roots = served.fingerprints();
    }
    let pinned = pinned(place, address, roots, wanted, report).await;
    certificate(place, pinned.as_ref().or(roots), wanted, &shown, report);
    match call(place.path.clone()).await {
        Ok(fetched) => judge_directory(place, &fetched, report),
        Err(error) => report.add(trouble::directory(place, error.to_string())),
    }
    provisioners(place, address, wanted, report).await;
}

/// The first of the CA's addresses that answers, with what it says of its health and its certificate.
async fn first(place: &CaPlace, report: &mut CaReport) -> Option<(SocketAddr, Fetched, Shown)> {
    let mut failed = None;
    for address in &place.addresses {
        let begun = std::time::Instant::now();
        match get(place, *address, "/health").await {
            Ok((fetched, shown)) => {
                report.connected(*address, begun.elapsed());
                return Some((*address, fetched, shown));
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    report.add(trouble::down(place, &failed?));
    None
}

/// One GET over a connection of its own.
async fn get(place: &CaPlace, address: SocketAddr, path: &str) -> Result<(Fetched, Shown), DialError> {
    let (_, limit) = dial_limits();
    let (stream, _) = connect(address).await?;
    let handshake = Handshake { address, name: &place.host, protocols: &[b"http/1.1"], proof: true, limit };
    let (stream, shown) = secure(stream, handshake).await?;
    let host = place.authority();
    let get = Get { address, host: &host, path, most: LARGEST_BODY, limit };
    Ok((fetch(stream, get).await?, shown))
}

/// `Date` of its answer against our clock.
fn clock(place: &CaPlace, health: &Fetched, report: &mut CaReport) {
    let Some(date) = health.header("date") else { return };
    let Ok(theirs) = jiff::fmt::rfc2822::parse(&date) else { return };
    let skew = theirs.timestamp().as_second() - seconds(SystemTime::now());
    report.clock_skew = Some(skew);
    if skew.abs() > TOLERATED_SKEW {
        report.add(trouble::clock(place, skew));
    }
}

/// `/health` is step-ca's; other CAs have no such path, which says nothing.
fn healthy(place: &CaPlace, health: &Fetched, report: &mut CaReport) {
    let json: Option<serde_json::Value> = serde_json::from_slice(&health.body).ok();
    let status = json.as_ref().and_then(|json| json.get("status")).and_then(serde_json::Value::as_str);
    match (health.status, status) {
        (200, Some("ok")) => report.healthy = Some(true),
        (200, Some(other)) => {
            report.healthy = Some(false);
            report.add(trouble::unhealthy(place, &super::super::leaf::printable(other)));
        }
        (500.., _) => {
            report.healthy = Some(false);
            report.add(trouble::unhealthy(place, &format!("`/health` answers {}", health.status)));
        }
        _ => {}
    }
}

/// The root whose fingerprint is wanted, fetched without trust and believed for its fingerprint alone.
async fn pinned(
    place: &CaPlace,
    address: SocketAddr,
    roots: Option<&Roots>,
    wanted: &Wanted,
    report: &mut CaReport,
) -> Option<Roots> {
    let trusted = match (&wanted.fingerprint, roots) {
        (Some(fingerprint), _) => vec![fingerprint.clone()],
        (None, Some(roots)) => roots.fingerprints(),
        (None, None) => {
            report.add(trouble::unpinned(place, &report.roots));
            return None;
        }
    };
    if !report.roots.is_empty() && !trusted.iter().any(|root| report.roots.contains(root)) {
        report.add(trouble::root_differs(place, &report.roots.clone(), &trusted));
    }
    let fingerprint = wanted.fingerprint.as_ref().filter(|_| roots.is_none())?;
    root_of(place, address, fingerprint).await
}

/// Fetches the root with this fingerprint from a CA that speaks as step-ca does. It is believed for its fingerprint alone.
pub(in crate::plugin::acme) async fn root_of(place: &CaPlace, address: SocketAddr, fingerprint: &str) -> Option<Roots> {
    let (fetched, _) = get(place, address, &format!("/root/{fingerprint}")).await.ok()?;
    let json: serde_json::Value = serde_json::from_slice(&fetched.body).ok()?;
    let found = Roots::of_pem(json.get("ca")?.as_str()?.as_bytes()).ok()?;
    (found.fingerprints() == [fingerprint.to_owned()]).then_some(found)
}

fn certificate(place: &CaPlace, roots: Option<&Roots>, wanted: &Wanted, shown: &Shown, report: &mut CaReport) {
    let leaf = shown.chain.first().and_then(|leaf| Leaf::read(leaf));
    if let Some(roots) = roots {
        let fault = roots.fault(&shown.chain, &place.host);
        report.trusted = Some(fault.is_none());
        if let Some(fault) = fault {
            let names = leaf.as_ref().map(|leaf| leaf.names.clone()).unwrap_or_default();
            report.add(trouble::untrusted(place, &fault, wanted.roots_file.as_deref(), &names));
        }
    }
    let now = SystemTime::now();
    if let Some(leaf) = &leaf
        && let Some(left) = leaf.left(now)
        // A CA renews its own at two thirds of its life; a quarter left is late.
        && left < leaf.lifetime() / 4
    {
        report.add(trouble::late(place, left.as_secs()));
    }
    report.certificate = leaf;
}

async fn provisioners(place: &CaPlace, address: SocketAddr, wanted: &Wanted, report: &mut CaReport) {
    let mut all = Vec::new();
    let mut path = "/provisioners?limit=100".to_owned();
    for page in 0..MOST_PAGES {
        let found = match get(place, address, &path).await {
            Ok((fetched, _)) if fetched.status == 200 => read_page(&fetched.body),
            _ => None,
        };
        // Another CA than step-ca has none.
        let Some((found, cursor)) = found else {
            if page == 0 {
                return;
            }
            break;
        };
        all.extend(found);
        let Some(cursor) = cursor else { break };
        path = format!("/provisioners?limit=100&cursor={cursor}");
    }
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    report.provisioners = Some(names.clone());
    let Some(own) = place.provisioner() else { return };
    let Some(used) = all.into_iter().find(|one| one.name == own) else {
        // What the directory said of it already had no names to choose from.
        report.problems.retain(|problem| problem.code != "PROVISIONER_MISSING");
        report.add(trouble::provisioner(place, &own, &names));
        return;
    };
    report.offered = used.offered;
    report.leaf_lifetime = Some(used.lifetime);
    if used.external_account && report.external_account != Some(true) {
        report.external_account = Some(true);
        report.add(trouble::external_account(place));
    }
    for challenge in &wanted.challenges {
        if !report.offered.iter().any(|offered| offered == challenge.name()) {
            report.add(trouble::disabled(place, &own, challenge.name(), &report.offered.clone()));
        }
    }
    if used.lifetime < USUAL_LIFETIME {
        report.add(trouble::short_lived(place, used.lifetime));
    }
}
