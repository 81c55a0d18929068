//! Start, reload pipeline, signals: the only room that knows everyone.

mod demo;
mod editing;
mod errands;
mod fetching;
mod forwarding;
mod generating;
mod inputs;
mod loading;
mod office;
mod orders;
mod outcome;
mod pipeline;
mod program;
mod reload;
mod rounds;
mod serial;
mod serve;
mod source;
mod status;
mod strays;
mod table;
mod unwritten;
mod watch;
mod writers;
mod zonefiles;

pub use demo::{DEMO_CONFIG, DEMO_LISTEN};
pub use editing::offline;
pub use inputs::Inputs;
pub use loading::LoadedZone;
pub use outcome::{Cause, Outcome};
pub use pipeline::{Candidate, Failure, candidate};
pub use program::{demo, serve};
pub use serve::{Server, Signals};
pub use source::Source;
pub use status::{Board, Status};
pub use zonefiles::ZoneFile;
