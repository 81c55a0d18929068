//! Zones: master-file text that keeps every octet, the records in it, and checks of a zone as a whole.

mod records;

pub use records::{Line, Record, Records, RecordsError};
