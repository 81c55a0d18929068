//! What the inventory wants published, horizon by horizon: the result of all sources, routes and precedence.

use super::model::GuestId;
use crate::config::Route;
use crate::dns::Name;
use crate::finding::{Finding, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Everything that the inventory claims.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// The zones, sorted by name.
    pub zones: Vec<ZoneClaim>,
    /// One per horizon, in the order of the settings.
    pub horizons: Vec<HorizonClaims>,
    /// Findings that nothing in a zone file can change.
    pub findings: Vec<Finding>,
    /// Findings that a record written by a person lifts.
    pub undecided: Vec<Undecided>,
    /// The CA's name and where its guest is, when both are known.
    pub ca: Option<CaClaim>,
    /// The own name of each guest that has a fit one, templates left out.
    pub own_names: BTreeMap<GuestId, (Name, Origin)>,
}

/// A zone of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneClaim {
    /// The apex, lower case.
    pub origin: Name,
    /// True when no default route may publish it in a public horizon.
    pub private: bool,
    /// Where the inventory names it.
    pub place: Place,
}

/// What one horizon publishes.
#[derive(Debug, Clone, Default)]
pub struct HorizonClaims {
    /// The horizon's name.
    pub name: String,
    /// [`crate::config::Horizon::is_public`]
    pub public: bool,
    /// True when the horizon claims only what `[routes.name]` gives it, and inherits the rest.
    pub inheriting: bool,
    /// By owner.
    pub names: BTreeMap<Name, Published>,
    /// Names that cannot be decided: whatever stands in the zone files stays as it is.
    pub withheld: BTreeSet<Name>,
    /// The addresses at which this server is reached; empty when none may be told here.
    pub server: Vec<IpAddr>,
}

impl HorizonClaims {
    /// True when the name is published, or a wildcard above it covers it (RFC 4592).
    pub fn covers(&self, name: &Name) -> bool {
        if self.names.contains_key(name) {
            return true;
        }
        name.iter_suffixes().skip(1).any(|above| {
            let wildcard = format!("*.{above}");
            crate::dns::parse_name(&wildcard).is_ok_and(|wildcard| self.names.contains_key(&wildcard))
        })
    }
}

/// One name in one horizon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The zone that holds it.
    pub zone: Name,
    /// Sorted, each with the source it came from.
    pub addresses: BTreeMap<IpAddr, Origin>,
    /// The kind of claim that won.
    pub kind: ClaimKind,
    /// How the name is reached.
    pub route: Route,
    /// The guest that claimed it.
    pub guest: Option<GuestId>,
}

/// Kinds of claim; the smallest goes before all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimKind {
    /// `authoritative_zones`, `dns_records`, `portainer_agent_hostname`.
    Explicit,
    /// `traefik_service`
    Service,
    /// A Host rule of a stack.
    Stack,
    /// A guest's own name.
    Guest,
}

/// The source of a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Short, one line of printable ASCII, such as `lxc/103 traefik_service`: it stands in a record's comment.
    label: String,
    /// Where it is written.
    pub place: Place,
}

impl Origin {
    /// An origin whose label is made fit for a comment of a zone file.
    pub fn new(label: &str, place: Place) -> Self {
        let printable = |each: char| if each.is_ascii_graphic() || each == ' ' { each } else { '?' };
        Origin { label: label.chars().map(printable).collect(), place }
    }

    /// Such as `lxc/103 traefik_service`.
    pub fn label(&self) -> &str {
        &self.label
    }
}

/// A finding that a person's record at `name` in each of `horizons` lifts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The name that lacks a record, or has too many claims.
    pub name: Name,
    /// Indices into [`Claims::horizons`].
    pub horizons: Vec<usize>,
    /// What to say when no such record is there.
    pub finding: Finding,
}

/// The CA, as far as names must lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaClaim {
    /// `step_ca.dns_name`
    pub name: Name,
    /// The guest that runs the CA.
    pub guest: GuestId,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Where `dns_name` is written.
    pub place: Place,
}

impl Claims {
    /// The innermost zone that holds the name.
    pub fn zone_of(&self, name: &Name) -> Option<&ZoneClaim> {
        let holding = self.zones.iter().filter(|zone| name.ends_with(&zone.origin));
        holding.max_by_key(|zone| zone.origin.label_count())
    }

    /// All findings, those that a person's record may lift among them.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.undecided.iter().map(|open| &open.finding))
    }
}
