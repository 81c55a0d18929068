//! What the server does by itself: it sees which CA asks for which name, probes what is due, and looks at the CA.
//!
//! `round` is called once a second; `observer` turns queries of the CA into facts, `prober` starts probes within the rules and
//! the budget, `health` looks at the CA now and then. Everything found goes to the board by channel.

mod health;
mod observer;
mod prober;
mod round;

pub use round::{Ground, Patrol};
