//! Why a challenge value was not taken.

use crate::dns::Name;
use crate::files::FileError;
use thiserror::Error;

/// Why no value of a write was taken; each says what to do.
#[derive(Debug, Error)]
pub enum ChallengeError {
    /// More octets than one character string holds (RFC 1035 section 3.3).
    #[error("a value of {octets} octets at {owner} is longer than the 255 that fit; a dns-01 value has 43")]
    TooLong {
        /// Where it was to stand.
        owner: Name,
        /// How long it is.
        octets: usize,
    },
    /// As many values at one name as are allowed.
    #[error(
        "{owner} has {most} values already, the most that one name may have; remove old ones, or wait until they expire"
    )]
    OwnerFull {
        /// The name.
        owner: Name,
        /// How many it may have.
        most: usize,
    },
    /// As many values in all as are allowed.
    #[error("{most} challenge values are live, the most that are kept; remove old ones, or wait until they expire")]
    Full {
        /// How many there may be.
        most: usize,
    },
    /// The value would not survive a crash.
    #[error(
        "challenge values cannot be kept: {0}; see that `state` of [acme] names a folder that the server may write to"
    )]
    NotKept(#[from] FileError),
}
