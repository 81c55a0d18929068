//! Every source's wishes, before any horizon is looked at: which name, of what kind, from whom.

use super::claims::{ClaimKind, Claims, Origin, ZoneClaim};
use super::hostname::{below, read_hostname, read_labels_below};
use super::model::{Guest, Inventory, WrittenRecord};
use super::publish::is_private_address;
use crate::dns::Name;
use crate::finding::{Finding, Place, Severity};
use std::net::IpAddr;

/// One source's wish that a name have records.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub name: Name,
    pub zone: Name,
    pub kind: ClaimKind,
    /// The guest that is meant by `direct`, as an index into the inventory's guests.
    pub guest: Option<usize>,
    /// Addresses written out: `ip_internal` and `ip_external`.
    pub written: Option<(Option<IpAddr>, Option<IpAddr>)>,
    pub origin: Origin,
}

/// The zones of the inventory, sorted, each with its privacy.
pub(super) fn zones(inventory: &Inventory) -> Vec<ZoneClaim> {
    let mut zones: Vec<ZoneClaim> = Vec::new();
    for zone in inventory.zones.iter().chain(&inventory.domain) {
        if !zones.iter().any(|known| known.origin == zone.name) {
            let private = is_private(&zone.name);
            zones.push(ZoneClaim { origin: zone.name.clone(), private, place: zone.place.clone() });
        }
    }
    if let Some(ca) = &inventory.ca {
        let holding = zones.iter_mut().filter(|zone| ca.name.ends_with(&zone.origin));
        if let Some(zone) = holding.max_by_key(|zone| zone.origin.label_count()) {
            zone.private = true;
        }
    }
    zones.sort_by(|one, other| one.origin.cmp(&other.origin));
    zones
}

/// Ends that are never delegated in the public DNS: RFC 6761, 6762, 8375, 9476, ICANN's `internal`, and common private use.
const PRIVATE_ENDS: [&str; 14] = [
    "internal",
    "home.arpa",
    "local",
    "lan",
    "home",
    "corp",
    "mail",
    "intranet",
    "private",
    "localdomain",
    "localhost",
    "invalid",
    "alt",
    "onion",
];

fn is_private(zone: &Name) -> bool {
    let text = zone.to_string().to_ascii_lowercase();
    let ends = |end: &str| text == end || text.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'));
    text.split('.').any(|label| label == "internal") || PRIVATE_ENDS.iter().any(|end| ends(end))
}

/// Collects the wishes of all sources; what cannot become a name is told.
pub(super) fn wishes(inventory: &Inventory, claims: &mut Claims) -> Vec<Wish> {
    let mut collector = Collector { inventory, claims, wishes: Vec::new() };
    for record in &inventory.records {
        collector.written(record);
    }
    for (index, guest) in inventory.guests.iter().enumerate() {
        collector.guest(index, guest);
    }
    for stack in &inventory.stacks {
        let guest = inventory.guests.iter().position(|guest| guest.id == stack.guest);
        for host in &stack.hosts {
            let label = format!("stack/{} router {}", stack.name, host.router);
            // A Host rule may name an address; there is no name in it then.
            if host.name.parse::<IpAddr>().is_err() {
                let name = read_hostname(&host.name, false);
                collector.add(&host.name, name, ClaimKind::Stack, guest, None, &label, &host.place);
            }
        }
    }
    collector.wishes
}

struct Collector<'a> {
    inventory: &'a Inventory,
    claims: &'a mut Claims,
    wishes: Vec<Wish>,
}

impl Collector<'_> {
    #[allow(clippy::too_many_arguments)]
    fn add(
        &mut self,
        text: &str,
        name: Result<Name, String>,
        kind: ClaimKind,
        guest: Option<usize>,
        written: Option<(Option<IpAddr>, Option<IpAddr>)>,
        label: &str,
        place: &Place,
    ) {
        let name = match name {
            Ok(name) => name,
            Err(reason) => return self.claims.findings.push(bad_hostname(text, &reason, place)),
        };
        let Some(zone) = self.claims.zone_of(&name) else {
            return self.claims.findings.push(outside(&name, &self.claims.zones, place));
        };
        let zone = zone.origin.clone();
        self.wishes.push(Wish { name, zone, kind, guest, written, origin: Origin::new(label, place.clone()) });
    }

    /// A record with its addresses; a guest's record without any means the guest.
    fn written(&mut self, record: &WrittenRecord) {
        let guests = &self.inventory.guests;
        let guest = record.guest.as_ref().and_then(|id| guests.iter().position(|guest| guest.id == *id));
        let label = match &record.guest {
            Some(id) => format!("{id} dns_records"),
            None => "authoritative_zones".to_owned(),
        };
        let text = record.hostname.as_str();
        let name = match &record.zone {
            Some(zone) => self.owner_in(text, zone),
            None => self.full_name(text),
        };
        let zone = name.as_ref().ok().and_then(|name| self.claims.zone_of(name));
        let open = zone.is_some_and(|zone| !zone.private);
        let shared = record.shared.filter(|address| open && !is_private_address(*address));
        let written = (record.internal, record.external.or(shared));
        let written = (guest.is_none() || written != (None, None)).then_some(written);
        if written == Some((None, None)) {
            self.claims.findings.push(no_address(record));
        }
        self.add(text, name, ClaimKind::Explicit, guest, written, &label, &record.place);
    }

    fn guest(&mut self, index: usize, guest: &Guest) {
        let mut names = Vec::new();
        if let Some((text, place)) = &guest.agent_hostname {
            let name = self.full_name(text);
            names.extend(name.clone().ok());
            let label = format!("{} portainer_agent_hostname", guest.id);
            self.add(text, name, ClaimKind::Explicit, Some(index), None, &label, place);
        }
        if let Some(service) = &guest.service {
            let (name, dotted) = self.below_domain(&service.name);
            if let (Ok(name), true, false) = (&name, dotted, guest.template) {
                let place = service.place.clone();
                self.claims.findings.push(dotted_name("DOTTED_SERVICE_NAME", &service.name, name, false, place));
            }
            names.extend(name.clone().ok());
            let label = format!("{} traefik_service", guest.id);
            self.add(&service.name, name, ClaimKind::Service, Some(index), None, &label, &service.place);
        }
        let place = guest.place_of("name");
        let (name, dotted) = self.below_domain(&guest.name);
        if let (Ok(name), true) = (&name, dotted) {
            let finding = dotted_name("DOTTED_GUEST_NAME", &guest.name, name, guest.template, place.clone());
            self.claims.findings.push(finding);
        }
        names.extend(name.clone().ok());
        let label = format!("{} name", guest.id);
        if let (Ok(name), false) = (&name, guest.template) {
            let origin = Origin::new(&label, place.clone());
            self.claims.own_names.insert(guest.id.clone(), (name.clone(), origin));
        }
        self.add(&guest.name, name, ClaimKind::Guest, Some(index), None, &label, &place);
        if guest.template {
            names.sort();
            names.dedup();
            self.claims.findings.push(template_left_out(guest, &names));
        }
    }

    /// An owner as zone files write it: relative, unless it ends in a dot or in the zone's own name.
    fn owner_in(&self, text: &str, zone: &Name) -> Result<Name, String> {
        if matches!(text, "" | "@") {
            return Ok(zone.clone());
        }
        let absolute = read_hostname(text, true);
        match absolute {
            Ok(name) if text.ends_with('.') || name.ends_with(zone) => Ok(name),
            _ => read_hostname(&below(text, zone), true),
        }
    }

    /// A name that is written whole; one label alone lies below `domain_name`.
    fn full_name(&self, text: &str) -> Result<Name, String> {
        match &self.inventory.domain {
            Some(domain) if !text.contains('.') => read_hostname(&below(text, &domain.name), true),
            _ => read_hostname(text, true),
        }
    }

    /// A name below `domain_name`, and whether it has a dot that was hardly meant. A name that is written whole stays so.
    fn below_domain(&self, text: &str) -> (Result<Name, String>, bool) {
        let Some(domain) = &self.inventory.domain else { return (Err("`domain_name` is missing".to_owned()), false) };
        match read_hostname(text, false) {
            Ok(name) if name.ends_with(&domain.name) && name != domain.name => (Ok(name), false),
            _ => (read_labels_below(text, &domain.name), text.contains('.')),
        }
    }
}

fn no_address(record: &WrittenRecord) -> Finding {
    let what = "the record has no address: it gives nothing in any horizon";
    let remedy = "write `\"ip_internal\": \"<address>\"` and, for public horizons, `\"ip_external\": \"<address>\"`";
    Finding::new("NO_ADDRESS", Severity::Warning, &record.hostname, what, remedy).seen_at(record.place.clone())
}

fn bad_hostname(text: &str, reason: &str, place: &Place) -> Finding {
    Finding::new(
        "BAD_HOSTNAME",
        Severity::Error,
        text,
        format!("no host name, and left out: {reason}"),
        "use letters, digits and hyphens only, 1 to 63 of them between dots",
    )
    .tolerated()
    .seen_at(place.clone())
}

fn outside(name: &Name, zones: &[ZoneClaim], place: &Place) -> Finding {
    let known: Vec<String> = zones.iter().map(|zone| format!("`{}`", zone.origin)).collect();
    let parent =
        name.parent().filter(|parent| !parent.is_root()).map_or_else(|| name.to_string(), |parent| parent.to_string());
    Finding::new(
        "NAME_OUTSIDE_ZONES",
        Severity::Warning,
        name.to_string(),
        format!("left out: it lies in none of the zones {}", known.join(", ")),
        format!(
            "correct the name, or write `{{\"zone_name\": \"{parent}\", \"records\": []}}` in `dns_server.authoritative_zones`"
        ),
    )
    .seen_at(place.clone())
}

/// A dotted name is published as clients ask for it, one level deeper: what its dot makes of it is said.
fn dotted_name(code: &'static str, written: &str, name: &Name, template: bool, place: Place) -> Finding {
    let hyphens = written.replace('.', "-").to_ascii_lowercase();
    let above = name.parent().map(|parent| parent.to_string()).unwrap_or_default();
    let severity = if template { Severity::Info } else { Severity::Warning };
    let what = if template {
        format!("the dot would make `{name}` a name one level deeper; it is a template, and left out")
    } else {
        format!("the dot makes `{name}` a name one level deeper, below `{above}`, which exists without records")
    };
    Finding::new(code, severity, written, what, format!("write `\"name\": \"{hyphens}\"`")).seen_at(place)
}

fn template_left_out(guest: &Guest, names: &[Name]) -> Finding {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let remedy = match names.first() {
        Some(first) => format!(
            "nothing to do; to publish one all the same, write `direct` for a horizon under [routes.name.\"{}\"]",
            first.trim_matches('`')
        ),
        None => "nothing to do".to_owned(),
    };
    let what = match &names[..] {
        [] => "a template does not run".to_owned(),
        names => format!("a template does not run; left out: {}", names.join(", ")),
    };
    Finding::new("TEMPLATE_LEFT_OUT", Severity::Info, guest.id.to_string(), what, remedy).seen_at(guest.place.clone())
}
