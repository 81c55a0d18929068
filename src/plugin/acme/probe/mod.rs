//! Requests like those of a CA, for names and to addresses that rules allow, and what their answers mean.
//!
//! `rules` says what may be asked of whom, `budget` when; `http01` and `alpn` ask, `judge` says what an answer means, `sum`
//! what the answers of all addresses of a name mean together. Only `rules` makes a [`Target`], and only a [`Target`] can be
//! asked: nothing is looked up in between.

mod alpn;
mod budget;
mod gate;
mod hop;
mod http01;
mod judge;
mod judge_alpn;
mod judge_http;
mod readback;
mod rules;
mod run;
mod seen;
mod sum;

#[cfg(test)]
mod lab;
#[cfg(test)]
mod run_tests;

#[cfg(test)]
pub(super) use lab::snapshot as lab_snapshot;

pub use budget::{Budget, Pass, SPREAD, Wait};
pub use gate::{Gate, Passing};
pub use hop::{Hop, hop};
pub use judge::{Judgement, Mark, judge};
pub use readback::{challenge_owner, read_back};
pub use rules::{Barred, Ports, Target, allowed_prefixes, is_on, may_probe, target};
pub use run::{Subject, probe};
pub use seen::{AlpnSeen, Answer, HttpSeen, Program, Seen, Silence};
pub use sum::sum;
