//! What the inventory says, typed; every fact with the place it was read from.
//!
//! Knows nothing of horizons or routes: those are the settings', and `claims` brings both together.

use super::FirewallRule;
use crate::config::Prefix;
use crate::dns::Name;
use crate::finding::Place;
use std::fmt;
use std::net::IpAddr;

/// Everything that the operator's JSON says and that matters to names.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// False when some file could not be read whole: nothing may be generated from what is here.
    pub complete: bool,
    /// `domain_name`: the zone of guests' own names and of services.
    pub domain: Option<ZoneName>,
    /// `dns_server.authoritative_zones`, in the order of the file.
    pub zones: Vec<ZoneName>,
    /// Records written out in `authoritative_zones` and guests' `dns_records`, in the order of the files.
    pub records: Vec<WrittenRecord>,
    /// Containers and machines, templates among them, in the order of the files.
    pub guests: Vec<Guest>,
    /// Stacks that a guest runs, each with the routers of the environment that runs there.
    pub stacks: Vec<Stack>,
    /// `certificate-manifest.json`
    pub certificates: Vec<Certificate>,
    /// `step_ca`
    pub ca: Option<CertificateAuthority>,
    /// Networks that the hypervisor's configuration names: `default_subnet`, `interfaces`, `internal_bridge`.
    pub networks: Vec<Network>,
    /// The hypervisor's own addresses.
    pub hypervisor: Vec<(IpAddr, Place)>,
    /// The global firewall, wherever it stands.
    pub firewall: Firewall,
}

/// A zone and where it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneName {
    /// The apex, lower case.
    pub name: Name,
    /// Where it is written.
    pub place: Place,
}

/// A record that somebody wrote into the inventory with its addresses.
#[derive(Debug, Clone)]
pub struct WrittenRecord {
    /// The owner as written: relative to `zone` where there is one, else to `domain_name` or absolute.
    pub hostname: String,
    /// The zone of `authoritative_zones` that it stands in.
    pub zone: Option<Name>,
    /// The guest whose `dns_records` it stands in.
    pub guest: Option<GuestId>,
    /// `ip_internal`, or `ip`: what private horizons see.
    pub internal: Option<IpAddr>,
    /// `ip_external`: what public horizons see.
    pub external: Option<IpAddr>,
    /// `ip`, said of no horizon: public horizons see it too when it is a public address of a zone that is not private.
    pub shared: Option<IpAddr>,
    /// Where it is written.
    pub place: Place,
}

/// What a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GuestKind {
    /// A container of `lxc_configs`.
    Lxc,
    /// A machine of `vms`.
    Vm,
}

/// `lxc/103`, `vm/1002`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GuestId {
    /// Container or machine.
    pub kind: GuestKind,
    /// The number as written.
    pub id: String,
}

impl fmt::Display for GuestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            GuestKind::Lxc => write!(f, "lxc/{}", self.id),
            GuestKind::Vm => write!(f, "vm/{}", self.id),
        }
    }
}

/// One container or machine.
#[derive(Debug, Clone)]
pub struct Guest {
    /// `lxc/103`
    pub id: GuestId,
    /// `name`, as written.
    pub name: String,
    /// Static addresses, the primary network's first.
    pub addresses: Vec<GuestAddress>,
    /// Networks whose address comes from elsewhere (`dhcp`), by the key they stand under.
    pub dynamic: Vec<Place>,
    /// True when `is_template` is, or `template_snapshot_name` is there: it does not run.
    pub template: bool,
    /// `features`
    pub features: Vec<String>,
    /// `application_script`, or empty.
    pub application_script: String,
    /// `portainer_role`, or empty.
    pub portainer_role: String,
    /// `traefik_service`
    pub service: Option<Service>,
    /// `portainer_agent_hostname`
    pub agent_hostname: Option<(String, Place)>,
    /// Published ports as written, such as `8001:8000`.
    pub ports: Vec<String>,
    /// `docker_stacks`, in either shape.
    pub stacks: Vec<StackUse>,
    /// `firewall`
    pub firewall: Firewall,
    /// Where the guest is written.
    pub place: Place,
}

impl Guest {
    /// True when the guest has this static address.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.address == address)
    }

    /// The key of the guest's JSON to show with a finding.
    pub fn place_of(&self, key: &str) -> Place {
        let pointer = self.place.pointer.as_deref().unwrap_or_default();
        Place::pointer(&self.place.file, format!("{pointer}/{key}"))
    }
}

/// A static address of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestAddress {
    /// The address without its length.
    pub address: IpAddr,
    /// The network around it; the address alone when no length is written.
    pub network: Prefix,
    /// True for the first network (`network_config`).
    pub primary: bool,
    /// Where it is written.
    pub place: Place,
}

/// `traefik_service`
#[derive(Debug, Clone)]
pub struct Service {
    /// `name`, as written.
    pub name: String,
    /// `port`, where it is written.
    pub port: Option<u16>,
    /// `scheme`, where it is written.
    pub scheme: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// One entry of `docker_stacks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackUse {
    /// The folder below `stacks`.
    pub name: String,
    /// The environment, where the entry names one.
    pub environment: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// A stack as one guest runs it.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The folder below `stacks`.
    pub name: String,
    /// Who runs it.
    pub guest: GuestId,
    /// The environment that runs.
    pub environment: String,
    /// The names of its routers' rules.
    pub hosts: Vec<HostName>,
    /// `firewall_rules` of the environment.
    pub firewall: Vec<FirewallRule>,
}

/// A name that a router's rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName {
    /// As written in the rule.
    pub name: String,
    /// The router.
    pub router: String,
    /// The port of the service behind it as written, where the service's labels name just one.
    pub port: Option<String>,
    /// True when the router speaks TLS: by a `tls` label, or by the entry point `websecure`.
    pub tls: bool,
    /// The label that holds the rule.
    pub place: Place,
}

/// One entry of the manifest.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// `common_name` first, then `sans`, each once, with its place.
    pub names: Vec<(String, Place)>,
    /// `cert_path`, or empty.
    pub path: String,
    /// Where it is written.
    pub place: Place,
}

/// `step_ca`
#[derive(Debug, Clone)]
pub struct CertificateAuthority {
    /// `dns_name`, lower case.
    pub name: Name,
    /// Where it is written.
    pub place: Place,
}

/// A network that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its addresses.
    pub prefix: Prefix,
    /// Where it is written.
    pub place: Place,
}

/// A firewall, global or a guest's.
#[derive(Debug, Clone, Default)]
pub struct Firewall {
    /// `enabled`; a missing key counts as false.
    pub enabled: bool,
    /// `default_input_policy`, where it is written.
    pub input_policy: Option<String>,
    /// `default_output_policy`, where it is written.
    pub output_policy: Option<String>,
    /// In the order written; the first match decides.
    pub rules: Vec<FirewallRule>,
}
