//! Claims become zones per horizon, forward and reverse.
//!
//! `read_current` reads what is there, `plan` says what would change, `apply` writes it. Only lines with the
//! generator's mark are ever touched (`; from lxc/103 traefik_service`); what has no mark is a person's, and wins.

mod apply;
mod current;
mod diff;
mod fresh;
mod mark;
mod merge;
mod persons;
mod plan;
mod reverse;
mod soa;
mod wanted;

pub use apply::{ApplyError, apply};
pub use current::{CurrentZone, read_current, read_current_with, zone_path};
pub use diff::DiffLine;
pub use plan::{FileChange, Plan, plan};
