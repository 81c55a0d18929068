//! ACME from the CA's seat; see `README.md` in this folder.

mod observe;
mod secret;
mod token;
mod token_file;
mod tokens;

pub use observe::{Sighting, Sightings};
pub use secret::SaltedHash;
pub use token::{Token, TokenKind, TsigAlgorithm, challenged};
pub use tokens::{TokenError, Tokens};
