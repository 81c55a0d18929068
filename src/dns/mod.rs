//! Names, record types and record data: a thin skin over the `domain` crate.
//!
//! Knows nothing of zones, files or horizons.

mod message;
mod name;

pub use domain::base::Rtype;
pub use domain::base::iana::{Class, Rcode};
pub use message::{Edns, HEADER, Query, QueryError, skip_name};
pub use name::{Name, NameError, labels, name_from_wire, parse_name, wire_len};
