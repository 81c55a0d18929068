//! ACME from the CA's seat; see `README.md` in this folder.

mod challenge_error;
mod challenge_journal;
mod challenge_table;
mod challenges;
mod observe;
mod secret;
mod token;
mod token_file;
mod tokens;

pub use challenge_error::ChallengeError;
pub use challenge_table::{ChallengeChange, LIFE, LiveChallenge, MOST_OF_OWNER, MOST_VALUES, Scope};
pub use challenges::Challenges;
pub use observe::{Sighting, Sightings};
pub use secret::SaltedHash;
pub use token::{Token, TokenKind, TsigAlgorithm, challenged};
pub use tokens::{TokenError, Tokens};
pub mod reach;
