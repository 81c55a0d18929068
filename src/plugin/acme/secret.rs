//! Secrets of tokens: made, hashed and compared.
//!
//! A password is 256 bits of the system's random numbers (an acme-dns key is 40 of its signs, 240 bits). Nobody guesses
//! such a number, however fast the hash, so a slow one (bcrypt, Argon2) would protect nothing; it would only let strangers
//! keep the processor busy. The hash is there so that who reads the file cannot come in with what stands in it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

/// Octets of a salt.
const SALT: usize = 16;

/// HMAC-SHA-256 of a secret under a random salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaltedHash {
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl SaltedHash {
    /// The hash of a secret under a new salt.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn of(secret: &[u8]) -> Result<Self, getrandom::Error> {
        let salt = random::<SALT>()?.to_vec();
        let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salt), secret).as_ref().to_vec();
        Ok(SaltedHash { salt, hash })
    }

    /// True for the secret that it was made of; compared in constant time.
    pub fn fits(&self, secret: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &self.salt), secret, &self.hash).is_ok()
    }

    /// A hash that fits nothing, so that unknown users cost what known ones do.
    pub(super) fn of_nobody() -> Self {
        SaltedHash { salt: vec![0; SALT], hash: vec![0; 32] }
    }
}

/// Octets of the system's random numbers.
///
/// # Errors
/// The system gives none.
pub(super) fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], getrandom::Error> {
    let mut octets = [0; LENGTH];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

/// A password of 43 signs that need no quoting: 256 random bits.
///
/// # Errors
/// The system gives no random numbers.
pub(super) fn password() -> Result<String, getrandom::Error> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// A key of exactly 40 signs, as acme-dns has them: 240 random bits.
///
/// # Errors
/// The system gives no random numbers.
pub(super) fn api_key() -> Result<String, getrandom::Error> {
    Ok(URL_SAFE_NO_PAD.encode(random::<30>()?))
}

/// A random UUID (RFC 9562 section 5.4).
///
/// # Errors
/// The system gives no random numbers.
pub(super) fn uuid() -> Result<String, getrandom::Error> {
    let mut octets = random::<16>()?;
    octets[6] = octets[6] & 0x0f | 0x40;
    octets[8] = octets[8] & 0x3f | 0x80;
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secrets have the shapes that clients expect, differ, and fit their own hash only.
    #[test]
    fn secrets_fit_their_own_hash_only() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_eq!((one.len(), api_key().unwrap().len()), (43, 40));
        let hash = SaltedHash::of(one.as_bytes()).unwrap();
        assert!(hash.fits(one.as_bytes()) && !hash.fits(other.as_bytes()) && !hash.fits(b""));
        assert_ne!(hash, SaltedHash::of(one.as_bytes()).unwrap(), "salted");
        assert!(!SaltedHash::of_nobody().fits(b""));
        let uuid = uuid().unwrap();
        assert_eq!((uuid.len(), &uuid[14..15], uuid.matches('-').count()), (36, "4", 4), "{uuid}");
    }
}
