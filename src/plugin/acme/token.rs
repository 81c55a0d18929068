//! One token: a credential, and what may be written with it.

use super::secret::SaltedHash;
use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::is_at_or_below;
use crate::dns::labels;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The label in front of a name under which a CA looks for its challenge (RFC 8555 section 8.4).
pub(super) const CHALLENGE_LABEL: &[u8] = b"_acme-challenge";

/// How the holder of a token shows that it is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// A TSIG key (RFC 8945) for DNS updates. Its name is the token's name.
    Tsig {
        /// Which HMAC.
        algorithm: TsigAlgorithm,
        /// In clear, because both sides compute with it.
        secret: Vec<u8>,
    },
    /// User, which is the token's name, and password, for httpreq.
    Http {
        /// Of the password.
        hash: SaltedHash,
    },
    /// An acme-dns account.
    AcmeDns {
        /// What it sends as `X-Api-User`.
        user: String,
        /// The label of its one name; [`Token::aliases`] holds the whole name.
        subdomain: String,
        /// Of what it sends as `X-Api-Key`.
        hash: SaltedHash,
    },
}

impl TokenKind {
    /// The door that such a token opens, as people name it.
    pub fn door(&self) -> &'static str {
        match self {
            TokenKind::Tsig { .. } => "rfc2136",
            TokenKind::Http { .. } => "httpreq",
            TokenKind::AcmeDns { .. } => "acme-dns",
        }
    }
}

/// The HMACs that keys are made for. MD5 and SHA-1 are refused by name (RFC 8945 section 6 wants no new use of them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TsigAlgorithm {
    /// `hmac-sha256`
    HmacSha256,
    /// `hmac-sha384`
    HmacSha384,
    /// `hmac-sha512`
    HmacSha512,
}

impl TsigAlgorithm {
    /// All of them.
    pub const ALL: [TsigAlgorithm; 3] =
        [TsigAlgorithm::HmacSha256, TsigAlgorithm::HmacSha384, TsigAlgorithm::HmacSha512];

    /// As RFC 8945 section 6 names it, without the final dot.
    pub fn name(self) -> &'static str {
        match self {
            TsigAlgorithm::HmacSha256 => "hmac-sha256",
            TsigAlgorithm::HmacSha384 => "hmac-sha384",
            TsigAlgorithm::HmacSha512 => "hmac-sha512",
        }
    }

    /// The algorithm of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
}

/// Who may write what, and where.
#[derive(Debug, Clone)]
pub struct Token {
    /// Lower-case letters, digits, `-`, `_` and dots; also the name of a TSIG key and the user of httpreq.
    pub name: String,
    /// The credential.
    pub kind: TokenKind,
    /// For which names challenges may be written; `*.x` for `x` and all names below it.
    pub names: Vec<Name>,
    /// Owners that may be written as they are: where the CNAME of a challenge leads.
    pub aliases: Vec<Name>,
    /// The horizons that see what is written; none for all.
    pub horizons: Option<Vec<String>>,
    /// TXT unless more was asked for.
    pub types: Vec<Rtype>,
    /// Seconds since 1970.
    pub created: u64,
    /// Where its holder may speak from; empty for anywhere.
    pub allow_from: Vec<Prefix>,
    /// Shared between the readings of the file.
    pub(super) used: Arc<AtomicU64>,
}

impl Token {
    /// A token for the challenges of some names, in all horizons and from anywhere.
    pub fn new(name: impl Into<String>, kind: TokenKind, names: Vec<Name>) -> Self {
        Token {
            name: name.into(),
            kind,
            names,
            aliases: Vec::new(),
            horizons: None,
            types: vec![Rtype::TXT],
            created: seconds(SystemTime::now()),
            allow_from: Vec::new(),
            used: Arc::default(),
        }
    }

    /// True when records of this type at `owner` are within its scope.
    ///
    /// TXT is written at `_acme-challenge.N` of its names and at its aliases; `*.x` covers the names below `x` and `x`
    /// itself, whose challenge a wildcard certificate needs. An acme-dns account writes its alias only. Other types are
    /// written at the names themselves; there `*.x` covers only what lies below `x`.
    pub fn may_write(&self, owner: &Name, rtype: Rtype) -> bool {
        if !self.types.contains(&rtype) {
            return false;
        }
        if rtype != Rtype::TXT {
            return self.names.iter().any(|name| covers(name, owner.as_slice(), false));
        }
        let direct = !matches!(self.kind, TokenKind::AcmeDns { .. });
        self.aliases.contains(owner)
            || direct
                && challenged(owner.as_slice())
                    .is_some_and(|proven| self.names.iter().any(|name| covers(name, proven, true)))
    }

    /// True when its holder may speak from this address.
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        self.allow_from.is_empty() || self.allow_from.iter().any(|prefix| prefix.contains(address.to_canonical()))
    }

    /// Notes that it was used just now, once its holder has shown the credential.
    pub fn note_use(&self) {
        self.used.store(seconds(SystemTime::now()), Ordering::Relaxed);
    }

    /// When it was last used: seconds since 1970; none for never.
    pub fn last_used(&self) -> Option<u64> {
        Some(self.used.load(Ordering::Relaxed)).filter(|at| *at != 0)
    }
}

/// The name, in wire format, whose challenge belongs at `owner`.
pub fn challenged(owner: &[u8]) -> Option<&[u8]> {
    let first = labels(owner).next()?;
    first.eq_ignore_ascii_case(CHALLENGE_LABEL).then(|| &owner[1 + CHALLENGE_LABEL.len()..])
}

/// True when `name` is `pattern`, or lies below the `x` of a pattern `*.x`; `apex` says whether `x` itself counts then.
fn covers(pattern: &Name, name: &[u8], apex: bool) -> bool {
    if pattern.as_slice().eq_ignore_ascii_case(name) {
        return true;
    }
    match pattern.as_slice().strip_prefix(b"\x01*") {
        Some(above) => is_at_or_below(name, above) && (apex || name.len() > above.len()),
        None => false,
    }
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;
    use crate::dns::parse_rtype;

    fn token(names: &str) -> Token {
        let names = names.split_whitespace().map(|name| parse_name(name).unwrap()).collect();
        let kind = TokenKind::Tsig { algorithm: TsigAlgorithm::HmacSha256, secret: vec![0; 32] };
        Token { types: vec![Rtype::TXT, Rtype::A], ..Token::new("t", kind, names) }
    }

    /// A token reaches the challenges of its names and nothing beside them.
    #[test]
    fn a_token_reaches_its_names_only() {
        let token = token("web.example *.apps.example");
        let table = [
            ("_acme-challenge.web.example", "TXT", true, "the name"),
            ("_ACME-Challenge.WEB.example", "TXT", true, "in any case"),
            ("_acme-challenge.a.web.example", "TXT", false, "below a name that is no wildcard"),
            ("web.example", "TXT", false, "no challenge"),
            ("_acme-challenge._acme-challenge.web.example", "TXT", false, "doubled"),
            ("_acme-challenge.example", "TXT", false, "above"),
            ("_acme-challenge.apps.example", "TXT", true, "the challenge of the wildcard itself"),
            ("_acme-challenge.a.b.apps.example", "TXT", true, "below the wildcard"),
            ("_acme-challenge.evilapps.example", "TXT", false, "only whole labels count"),
            ("web.example", "A", true, "another type that it has"),
            ("x.apps.example", "A", true, "below the wildcard"),
            ("apps.example", "A", false, "the apex of the wildcard is another name"),
            ("web.example", "AAAA", false, "a type that it has not"),
            ("_acme-challenge.web.example", "CNAME", false, "a type that it has not"),
        ];
        for (owner, rtype, expected, why) in table {
            let rtype = parse_rtype(rtype.as_bytes()).unwrap();
            assert_eq!(token.may_write(&parse_name(owner).unwrap(), rtype), expected, "{why}: {owner}");
        }
    }

    /// An acme-dns account writes where the CNAME leads, not beside it; whoever has an alias may write it.
    #[test]
    fn an_alias_is_written_as_it_is() {
        let mut token = token("web.example");
        token.aliases = vec![parse_name("u.auth.example").unwrap()];
        let at = |name| parse_name(name).unwrap();
        assert!(token.may_write(&at("u.auth.example"), Rtype::TXT));
        assert!(!token.may_write(&at("x.auth.example"), Rtype::TXT));
        token.kind =
            TokenKind::AcmeDns { user: "u".into(), subdomain: "u".into(), hash: SaltedHash::of(b"x").unwrap() };
        assert!(token.may_write(&at("u.auth.example"), Rtype::TXT));
        assert!(!token.may_write(&at("_acme-challenge.web.example"), Rtype::TXT));
    }

    /// The address counts as IPv4 even when it came over an IPv6 socket.
    #[test]
    fn the_source_is_within_what_is_allowed() {
        let mut token = token("web.example");
        assert!(token.may_come_from("192.0.2.1".parse().unwrap()));
        token.allow_from = vec!["10.0.0.0/24".parse().unwrap()];
        assert!(token.may_come_from("::ffff:10.0.0.7".parse().unwrap()));
        assert!(!token.may_come_from("10.0.1.7".parse().unwrap()));
    }
}
