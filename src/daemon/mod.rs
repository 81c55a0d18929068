//! Start, reload pipeline, signals: the only room that knows everyone.

mod generating;
mod inputs;
mod loading;
mod pipeline;
mod serial;
mod source;
mod watch;
mod zonefiles;

pub use inputs::Inputs;
pub use loading::LoadedZone;
pub use pipeline::{Candidate, Failure, candidate};
pub use source::Source;
pub use zonefiles::ZoneFile;
