//! Zones: master-file text that keeps every octet, the records in it, and checks of a zone as a whole.

mod carried;
mod census;
mod check;
mod check_delegation;
mod check_report;
mod check_sets;
mod check_targets;
mod checkpoint;
mod document;
mod edit;
mod fault;
mod layout;
mod lex;
mod line;
mod load;
mod records;
mod rewrite;
mod rrset;
mod source;
mod statement;
pub mod store;
mod stretch;
mod template;

#[cfg(test)]
mod edit_tests;

pub use check::check_zone;
pub use checkpoint::Checkpoints;
pub use document::{Document, Entry, EntryKind, RecordEntry};
pub use edit::{Edit, EditError};
pub use line::RecordLine;
pub use load::{LoadedZone, parse_zone, parse_zone_with, read_zone};
pub use records::{Line, Record, Records, RecordsError};
pub use rrset::RrSet;
pub use source::{Below, Includes};
pub use stretch::Stretch;
