//! ACME from the CA's seat; see `README.md` in this folder.

mod challenge_error;
mod challenge_journal;
mod challenge_table;
mod challenges;
#[cfg(test)]
mod challenges_tests;

pub use challenge_error::ChallengeError;
pub use challenge_table::{ChallengeChange, LIFE, LiveChallenge, MOST_OF_OWNER, MOST_VALUES, Scope};
pub use challenges::Challenges;
