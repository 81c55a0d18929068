//! What other servers were configured with becomes our config and zones: dnsmasq first.
//!
//! Knows files and text; opens no socket. `Reading` follows a configuration through its files, `import` makes of it
//! settings, zones and a verdict on every line. Whether the result answers as the old server does is decided in `proof`:
//! what to ask, and what a difference between two replies means; who asks stands in `cli`.

mod blocklist;
mod build;
mod hosts;
mod layout;
mod line;
mod model;
mod naming;
mod option;
mod option_table;
mod pattern;
mod places;
pub mod proof;
mod reading;
mod reverse;
mod settings;
mod settings_text;
mod understand;
mod value;
mod verdict;
mod zone_text;
mod zones;

pub use blocklist::ListFile;
pub use build::{Imported, ImportedZone, Wishes, import};
pub use line::Origin;
pub use option::{Known, Stand, known};
pub use option_table::OPTIONS;
pub use reading::{Given, Reading};
pub use verdict::Verdict;
pub use zones::Kind;
