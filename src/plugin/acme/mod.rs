//! ACME from the CA's seat; see `README.md` in this folder.

mod board;
pub mod ca;
mod challenge_error;
mod challenge_journal;
mod challenge_table;
mod challenges;
pub mod check;
pub mod dial;
pub mod doors;
mod leaf;
mod mint;
mod observe;
pub mod order;
pub mod patrol;
pub mod probe;
pub mod reach;
mod secret;
mod served;
mod token;
mod token_file;
mod tokens;
mod told;

#[cfg(test)]
mod authority_lab;
#[cfg(test)]
mod challenges_tests;

pub use board::{About, Board, Notice, Notices, Standings};
pub use challenge_error::ChallengeError;
pub use challenge_table::{ChallengeChange, LIFE, LiveChallenge, MOST_OF_OWNER, MOST_VALUES, Scope};
pub use challenges::Challenges;
pub use leaf::Leaf;
pub use mint::{Door, Minted, mint, new_subdomain};
pub use observe::{Sighting, Sightings};
pub use secret::SaltedHash;
pub use served::{Served, served};
pub use token::{Token, TokenKind, TsigAlgorithm, challenged};
pub use tokens::{TokenError, Tokens};
pub use told::{Told, told};
