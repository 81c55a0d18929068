//! The operator's JSON: read with every fault told, typed, and turned into claims per horizon with their origins.
//!
//! `read` gives the `Inventory`, `claims` what it wants published. Knows the settings' horizons and routes, no zone files.

mod address;
mod address_check;
mod agent_check;
mod ca_check;
mod certificate;
mod claims;
mod collect;
mod firewall;
mod guest;
mod hostname;
mod hypervisor;
mod json;
mod load;
mod model;
mod passage;
mod publish;
mod reach;
mod read;
mod resolve;
mod roles;
mod rule;
mod shadow;
mod stack;
mod weigh;

pub use ca_check::name_not_at_ca;
pub use certificate::names_a_host;
pub use claims::{CaClaim, ClaimKind, Claims, HorizonClaims, Origin, Published, Undecided, ZoneClaim};
pub use firewall::{Action, Direction, FirewallRule, Peers};
pub use hostname::read_hostname;
pub use model::{
    Certificate, CertificateAuthority, Firewall, Guest, GuestAddress, GuestId, GuestKind, HostName, Inventory, Network,
    Service, Stack, StackUse, WrittenRecord, ZoneName,
};
pub use passage::{By, Connection, List, Passage, Ruling, Word, decisive, passage, rulings};
pub use publish::{may_publish, private_address_published};
pub use read::read;
pub use roles::{Role, Roles, find_roles};
pub use weigh::claims;
