//! New tokens with the secret that only their holder will have.

use super::secret::SaltedHash;
use super::secret::api_key;
use super::secret::password;
use super::secret::random;
use super::secret::uuid;
use super::token::Token;
use super::token::TokenKind;
use super::token::TsigAlgorithm;
use crate::dns::Name;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A way in for ACME clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// DNS updates with TSIG.
    Rfc2136(TsigAlgorithm),
    /// `/present` and `/cleanup`.
    Httpreq,
    /// `/update`.
    AcmeDns,
}

/// A token that is in no file yet.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The token.
    pub token: Token,
    /// Shown once: the key in base64, the password, or the key of acme-dns.
    pub secret: String,
    /// Who its holder says to be: name of the key, user, or user of acme-dns.
    pub user: String,
}

/// The label of a new acme-dns account.
///
/// # Errors
/// The system gives no random numbers.
pub fn new_subdomain() -> Result<String, getrandom::Error> {
    uuid()
}

/// Makes a token for a door. `account` is what an acme-dns account needs: its label, and where its values stand.
///
/// # Errors
/// The system gives no random numbers.
pub fn mint(
    name: &str,
    door: Door,
    names: Vec<Name>,
    account: Option<(String, Name)>,
) -> Result<Minted, getrandom::Error> {
    let (kind, secret, user) = match door {
        Door::Rfc2136(algorithm) => {
            // RFC 8945 section 6: a key is at least as long as what the hash gives out.
            let secret = match algorithm {
                TsigAlgorithm::HmacSha256 => random::<32>()?.to_vec(),
                TsigAlgorithm::HmacSha384 => random::<48>()?.to_vec(),
                TsigAlgorithm::HmacSha512 => random::<64>()?.to_vec(),
            };
            let shown = STANDARD.encode(&secret);
            (TokenKind::Tsig { algorithm, secret }, shown, name.to_owned())
        }
        Door::Httpreq => {
            let password = password()?;
            (TokenKind::Http { hash: SaltedHash::of(password.as_bytes())? }, password, name.to_owned())
        }
        Door::AcmeDns => {
            let (key, user) = (api_key()?, uuid()?);
            let subdomain = account.as_ref().map(|(subdomain, _)| subdomain.clone()).unwrap_or_default();
            let hash = SaltedHash::of(key.as_bytes())?;
            (TokenKind::AcmeDns { user: user.clone(), subdomain, hash }, key, user)
        }
    };
    let aliases = account.map(|(_, alias)| alias).into_iter().collect();
    Ok(Minted { token: Token { aliases, ..Token::new(name, kind, names) }, secret, user })
}
