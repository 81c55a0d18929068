//! What the zones, the config and the inventory alone say of each name that needs a certificate, seen from the CA's seat.
//!
//! `assess` is a pure function of a snapshot, which holds the settings, and of the inventory: no socket, no clock, no file. It
//! asks the snapshot as the CA would ask the server. `gate` compares two assessments: what a change would break.

mod address_faults;
mod addresses;
mod asking;
mod assess;
mod ca_name;
mod caa;
mod challenge_owner;
mod expected;
mod gate;
mod ground;
mod names;
mod seat;
mod way;

pub use asking::addresses_in;
pub use assess::{Assessment, Verdict, assess};
pub use gate::{GATE, newly_broken, standing_findings};
pub use ground::{Ground, PlaceOf};
pub use names::{Need, Wanted, wanted};
pub use seat::{Seat, seat};
