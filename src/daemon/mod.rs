//! Start, reload pipeline, signals: the only room that knows everyone.

mod inputs;
mod watch;
mod zonefiles;
