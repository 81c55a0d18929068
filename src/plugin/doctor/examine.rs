//! The whole examination. Connections go to the CA, to guests of the inventory and to addresses of our own zones, a few at a
//! time, each with an end.

use super::super::acme::ca::{CaPlace, PlaceError, Wanted, check_ca, place};
use super::super::acme::dial::Roots;
use super::super::acme::reach::{Gravity, Problem, Remedy};
use super::super::acme::{Served, served, told};
use super::guest_files::{GuestFiles, reached_at, read_guest_files};
use super::promise::Promise;
use super::reached::{by_dns, by_tcp, is_here};
use super::row::{Area, Examination, Row, Verdict};
use super::ways::{Way, ways};
use crate::dns::{Name, parse_name};
use crate::inventory::{Inventory, find_roles};
use crate::snapshot::Snapshot;
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Connections at once.
const AT_ONCE: usize = 4;
/// Certificates that are asked for.
const MOST_NAMES: usize = 64;
/// Where certificates are served on such a network.
const PORTS: [u16; 2] = [443, 8443];
/// The CA's port where its directory is not known.
const STEP_CA: u16 = 9000;

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'a> {
    /// What is served, or would be.
    pub snapshot: &'a Snapshot,
    /// The guests, where an inventory is known.
    pub inventory: Option<&'a Inventory>,
    /// Files of guests to look at.
    pub files: &'a GuestFiles,
}

/// Examines everything; it takes seconds, as each connection has an end.
pub async fn examine(patient: Patient<'_>) -> Examination {
    let settings = &patient.snapshot.settings;
    let client = inner_client(patient.snapshot);
    let mut rows = Vec::new();
    let roots = roots(patient.snapshot, &mut rows);
    let ca = place(patient.snapshot);
    rows.push(ca_row(patient.snapshot, &ca, roots.as_ref()).await);
    if let Some(inventory) = patient.inventory {
        let wanted = certificates(patient.snapshot, inventory, client);
        let asked = stream::iter(wanted).map(|(address, name)| {
            let roots = roots.as_ref();
            async move { certificate_row(served(address, &name, roots).await) }
        });
        rows.extend(asked.buffered(AT_ONCE).collect::<Vec<_>>().await);
        let port = ca.as_ref().map_or(STEP_CA, |place| place.port);
        let tested = stream::iter(ways(inventory, settings, port)).map(|way| async move { way_row(way).await });
        rows.extend(tested.buffered(AT_ONCE).collect::<Vec<_>>().await);
    } else {
        let why = "no inventory is read; name its folder as `phoenix` under [inventory]";
        rows.push(Row::untested(Area::Connectivity, "guests", why));
    }
    let servers = servers(patient);
    rows.extend(read_guest_files(patient.files, patient.snapshot, client, &servers));
    rows.sort_by_key(|row| row.area);
    Examination { rows }
}

/// A client of the first private horizon: as which our zones are asked for guests.
fn inner_client(snapshot: &Snapshot) -> IpAddr {
    let horizons = snapshot.settings.horizons.iter().enumerate();
    let mut private = horizons.filter(|(_, horizon)| !horizon.is_public());
    let client = private.find_map(|(index, _)| snapshot.horizons.client_of(index));
    client.or_else(|| snapshot.horizons.client_of(0)).unwrap_or(Ipv4Addr::LOCALHOST.into())
}

fn servers(patient: Patient<'_>) -> Vec<IpAddr> {
    let settings = &patient.snapshot.settings;
    let listened = reached_at(&settings.server.listen);
    if !listened.is_empty() {
        return listened;
    }
    let Some(inventory) = patient.inventory else { return listened };
    let roles = find_roles(inventory, settings);
    roles
        .gateway
        .guest(inventory)
        .map(|guest| guest.addresses.iter().map(|own| own.address).collect())
        .unwrap_or_default()
}

fn roots(snapshot: &Snapshot, rows: &mut Vec<Row>) -> Option<Roots> {
    let file = snapshot.settings.acme.roots.as_ref()?;
    match Roots::read(file) {
        Ok(roots) => Some(roots),
        Err(error) => {
            let summary = format!("the CA's roots cannot be read: {error}");
            let remedy = Remedy::new("bring the CA's root here, and name its file as `roots` under [acme]")
                .run(format!("step ca root {}", file.display()));
            let problem = Problem::new("ROOTS_UNREADABLE", Gravity::Error, summary, remedy);
            rows.push(Row::new(Area::Ca, "roots", file.display().to_string(), vec![problem]));
            None
        }
    }
}

async fn ca_row(snapshot: &Snapshot, ca: &Result<CaPlace, PlaceError>, roots: Option<&Roots>) -> Row {
    let acme = &snapshot.settings.acme;
    let place = match ca {
        Ok(place) => place,
        Err(PlaceError::NoDirectory) => return Row::untested(Area::Ca, "the CA", PlaceError::NoDirectory.to_string()),
        Err(error) => {
            let text = error.to_string();
            let (what, remedy) = text.split_once("; ").unwrap_or((&text, "correct `directory` under [acme]"));
            let problem = Problem::new("CA_DOWN", Gravity::Error, what, Remedy::new(remedy));
            return Row::new(Area::Ca, "the CA", "not known where", vec![problem]);
        }
    };
    let wanted = Wanted {
        fingerprint: acme.fingerprint.clone(),
        challenges: acme.by_name.values().filter_map(|own| own.challenges.clone()).flatten().collect(),
        roots_file: acme.roots.as_ref().map(|file| file.display().to_string()),
    };
    let report = check_ca(place, roots, &wanted).await;
    let mut seen = Vec::new();
    if let (Some(address), Some(took)) = (report.address, report.connect_ms) {
        seen.push(format!("{address} answers after {took} ms"));
    }
    match report.healthy {
        Some(true) => seen.push("healthy".to_owned()),
        Some(false) => seen.push("not well".to_owned()),
        None => {}
    }
    if report.trusted == Some(true) {
        seen.push("trusted".to_owned());
    }
    if !report.offered.is_empty() {
        seen.push(report.offered.join(" "));
    }
    if let Some(seconds) = report.leaf_lifetime {
        seen.push(format!("certificates for {} h", seconds / 3600));
    }
    Row::new(Area::Ca, place.url.clone(), seen.join(", "), report.problems)
}

/// Which certificates to ask for where: each name of the manifest that leads to a guest, on 443 there, and on 8443 of
/// Traefik for its own names.
fn certificates(snapshot: &Snapshot, inventory: &Inventory, client: IpAddr) -> Vec<(SocketAddr, String)> {
    let roles = find_roles(inventory, &snapshot.settings);
    let traefik = roles.traefik.guest(inventory);
    let proxies: Vec<_> = [traefik, roles.gateway.guest(inventory)].into_iter().flatten().collect();
    let manifest = inventory.certificates.iter().flat_map(|certificate| certificate.names.iter().map(|(name, _)| name));
    let names: BTreeSet<Name> = manifest
        .filter(|name| !name.contains('*') && name.contains('.') && name.parse::<IpAddr>().is_err())
        .filter_map(|name| parse_name(&name.to_ascii_lowercase()).ok())
        .chain(snapshot.settings.acme.names.iter().filter(|name| !name.to_string().starts_with('*')).cloned())
        .collect();
    let mut wanted = Vec::new();
    for name in names {
        for address in told(snapshot, client, &name).addresses {
            let Some(holder) = proxies.iter().find(|guest| guest.has(address)) else { continue };
            let own = traefik.is_some_and(|traefik| traefik.id == holder.id);
            let ports = if own { &PORTS[..] } else { &PORTS[..1] };
            wanted.extend(ports.iter().map(|port| (SocketAddr::new(address, *port), name.to_string())));
        }
    }
    wanted.truncate(MOST_NAMES);
    wanted
}

fn certificate_row(served: Served) -> Row {
    let check = format!("{} at {}", served.name, served.address);
    let seen = match (&served.leaf, served.days_left) {
        (None, _) => "none".to_owned(),
        (Some(_), None) => "over".to_owned(),
        (Some(leaf), Some(days)) => format!("{days} days left, by {}", leaf.issuer),
    };
    Row::new(Area::Certificate, check, seen, served.problems)
}

/// A way that starts here is tried; of the others only the promise is known.
async fn way_row(way: Way) -> Row {
    let promised = way.promise.words();
    if !is_here(way.source) {
        let row = match &way.promise {
            Promise::Refused { by, .. } => {
                Row::new(Area::Connectivity, way.words(), "not tested", vec![forbidden(&way, by, false)])
            }
            Promise::Allowed { .. } | Promise::Open { .. } => {
                Row::untested(Area::Connectivity, way.words(), format!("only {} can test it", way.from))
            }
        };
        return Row { promise: Some(promised), ..row };
    }
    let mut problems = Vec::new();
    let mut seen = match by_tcp(way.target).await {
        Ok(took) => format!("connected in {} ms", took.as_millis()),
        Err(error) => {
            problems.push(unreached(&way, &error.to_string()));
            error.to_string()
        }
    };
    if way.dns
        && let Err(error) = by_dns(way.target).await
    {
        problems.push(unreached(&way, &error));
        seen = error;
    }
    if let (true, Promise::Refused { by, .. }) = (problems.is_empty(), &way.promise) {
        problems.push(forbidden(&way, by, true));
    }
    Row { promise: Some(promised), ..Row::new(Area::Connectivity, way.words(), seen, problems) }
}

fn unreached(way: &Way, error: &str) -> Problem {
    let (code, text) = match &way.promise {
        Promise::Allowed { by } => (
            "PROMISE_BROKEN",
            format!(
                "{by} promises it: see that the program listens there and that the rules are loaded (`pve-firewall status`)"
            ),
        ),
        Promise::Refused { by, .. } => ("FIREWALL_BLOCKS", format!("{by} refuses it: {}", rule_to_write(way))),
        Promise::Open { by } => ("NOT_REACHED", format!("see what {by} means, and whether the program listens there")),
    };
    let summary = format!("{} does not reach {} on {}, for {}", way.from, way.to, way.target, way.purpose);
    Problem::new(code, Gravity::Error, summary, Remedy::new(text)).detailed(error)
}

/// The rules refuse what is needed; `works` when it goes all the same.
fn forbidden(way: &Way, by: &str, works: bool) -> Problem {
    let summary = match works {
        true => format!("{} reaches {} on {}, although {by} lets it through", way.from, way.to, way.target)
            .replace("although no", "and no"),
        false => format!("{} needs {} on {}, for {}: {by}", way.from, way.to, way.target, way.purpose),
    };
    let gravity = if works { Gravity::Warning } else { Gravity::Error };
    let problem = Problem::new("FIREWALL_BLOCKS", gravity, summary, Remedy::new(rule_to_write(way)));
    match &way.promise {
        Promise::Refused { place: Some(place), .. } => problem.seen_at(place.clone()),
        _ => problem,
    }
}

fn rule_to_write(way: &Way) -> String {
    let protocol = if way.dns { "udp\" and again with \"tcp" } else { "tcp" };
    format!(
        "write in the guest that is called `{{\"type\": \"in\", \"action\": \"ACCEPT\", \"source\": \"{}\", \"proto\": \
         \"{protocol}\", \"port\": \"{}\"}}`",
        way.source,
        way.target.port()
    )
}

impl Verdict {
    /// True when something is to be done.
    pub fn is_bad(self) -> bool {
        self >= Verdict::Warning
    }
}
