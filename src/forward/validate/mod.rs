//! Validation of forwarded answers (RFC 4033 to 4035, RFC 5155, RFC 6840), by a validating library and its cryptography.
//!
//! An answer is cut into [`pieces`], one for each alias and one for what they lead to; the library builds a
//! chain of keys for each, and asks for what it needs through an [`Asker`]. How much of that one answer may cost is bounded
//! in number of questions, keys, signatures and time, whatever its zone is like. Knows plans and messages; opens no socket
//! and holds no answer.

mod asker;
mod blame;
mod chain;
mod complaints;
mod except;
mod pieces;
mod source;
mod trim;
mod validator;
mod wildcard;

pub use asker::Asker;
pub use validator::Validator;
