//! Names, record types and record data: a thin skin over the `domain` crate, and the text of all three.
//!
//! Knows nothing of zones, files or horizons.

mod apl;
mod base;
mod bitmap;
mod canonical;
mod error;
mod escape;
mod fields;
mod freshness;
mod hints;
mod hip;
mod loc;
mod message;
mod name;
mod name_text;
mod number;
mod padding;
mod present;
mod present_data;
mod rtype;
mod scan;
mod soa;
mod svcb;
mod token;
mod unpack;
mod usage;
mod word;

pub use canonical::{canonical_data, same_data};
pub use domain::base::Rtype;
pub use domain::base::iana::{Class, Rcode};
pub use error::DataError;
pub use escape::EscapeError;
pub use freshness::freshness;
pub use hints::service_hints;
pub use message::{Cookie, Edns, HEADER, Query, QueryError, UDP_SIZE, UpdateFrame, skip_name};
pub use name::{Name, NameError, is_at_or_below, labels, name_from_wire, parse_name, wire_len};
pub use name_text::{NameTextError, present_name, present_relative, scan_name};
pub use number::{parse_number, parse_seconds};
pub use padding::{PADDING_BLOCK, pad, wants_padding};
pub use present_data::present_data;
pub use rtype::{is_meta, parse_rtype, present_rtype};
pub use scan::{parse_data, scan_data};
pub use soa::serial_at;
pub use token::{Token, split_data};
pub use unpack::{unpack_data, unpack_name};
pub use usage::{DataUsage, data_usage};

pub(crate) use error::shown;
