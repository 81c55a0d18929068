//! `zonectl` and the command line of `horizond`: arguments in, text or JSON and an exit code out.
//!
//! stdout is data, stderr is talk. What is asked is computed in `control` and `daemon`; here it is only shown.

mod arguments;
mod check;
mod clock;
mod diff;
mod exit;
mod explain;
mod flow;
mod generate;
mod get;
mod horizon_match;
mod horizond;
mod reload;
mod screen;
mod seat;
mod status;
mod style;
mod table;
mod zonectl;

pub use exit::Exit;
pub use horizond::horizond;
pub use zonectl::zonectl;
