//! Start, reload pipeline, signals: the only room that knows everyone.

mod desk;
mod generating;
mod inputs;
mod loading;
mod pipeline;
mod reload;
mod serial;
mod serve;
mod source;
mod status;
mod watch;
mod zonefiles;

pub use desk::Desk;
pub use inputs::Inputs;
pub use loading::LoadedZone;
pub use pipeline::{Candidate, Failure, candidate};
pub use reload::{Cause, Outcome};
pub use serve::Server;
pub use source::Source;
pub use status::{Board, Status};
pub use zonefiles::ZoneFile;
