//! `tokens.json`: how tokens stand on the disk.

use super::secret::SaltedHash;
use super::token::Token;
use super::token::TokenKind;
use super::token::TsigAlgorithm;
use crate::dns::Name;
use crate::dns::parse_name;
use crate::dns::parse_rtype;
use crate::dns::present_name;
use crate::dns::present_rtype;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Raised when the file changes its meaning.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    tokens: Vec<StoredToken>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredToken {
    name: String,
    credential: StoredCredential,
    names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    horizons: Option<Vec<String>>,
    types: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow_from: Vec<String>,
    created: u64,
}

/// Octets in base64.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "door", deny_unknown_fields)]
enum StoredCredential {
    #[serde(rename = "rfc2136")]
    Tsig { algorithm: String, secret: String },
    #[serde(rename = "httpreq")]
    Http { salt: String, hash: String },
    #[serde(rename = "acme-dns")]
    AcmeDns { user: String, subdomain: String, salt: String, hash: String },
}

/// The text of the file.
pub(super) fn print<'a>(tokens: impl Iterator<Item = &'a Token>) -> Result<String, String> {
    let stored = Stored { version: VERSION, tokens: tokens.map(stored).collect() };
    let mut text = serde_json::to_string_pretty(&stored).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

/// Reads the text of the file; the error says what is wrong with it and never shows a secret.
pub(super) fn parse(octets: &[u8]) -> Result<Vec<Token>, String> {
    let stored: Stored = serde_json::from_slice(octets)
        // The error of a wrong type would quote the value.
        .map_err(|error| format!("line {}, column {}: not the JSON of tokens", error.line(), error.column()))?;
    if stored.version != VERSION {
        return Err(format!("its version is {}; this program reads version {VERSION}", stored.version));
    }
    stored
        .tokens
        .into_iter()
        .map(|token| {
            let name = token.name.clone();
            read(token).map_err(|what| format!("token `{name}`: {what}"))
        })
        .collect()
}

fn stored(token: &Token) -> StoredToken {
    let names = |names: &[Name]| names.iter().map(|name| present_name(name.as_slice())).collect();
    let encode = |octets: &[u8]| STANDARD.encode(octets);
    StoredToken {
        name: token.name.clone(),
        credential: match &token.kind {
            TokenKind::Tsig { algorithm, secret } => {
                StoredCredential::Tsig { algorithm: algorithm.name().to_owned(), secret: encode(secret) }
            }
            TokenKind::Http { hash } => StoredCredential::Http { salt: encode(&hash.salt), hash: encode(&hash.hash) },
            TokenKind::AcmeDns { user, subdomain, hash } => StoredCredential::AcmeDns {
                user: user.clone(),
                subdomain: subdomain.clone(),
                salt: encode(&hash.salt),
                hash: encode(&hash.hash),
            },
        },
        names: names(&token.names),
        aliases: names(&token.aliases),
        horizons: token.horizons.clone(),
        types: token.types.iter().map(|rtype| present_rtype(*rtype)).collect(),
        allow_from: token.allow_from.iter().map(ToString::to_string).collect(),
        created: token.created,
    }
}

fn read(stored: StoredToken) -> Result<Token, String> {
    if !is_token_name(&stored.name) {
        return Err("its name is none: 1 to 63 lower-case letters, digits, `-`, `_` and dots".to_owned());
    }
    let names = |texts: Vec<String>| -> Result<Vec<Name>, String> {
        texts.iter().map(|text| parse_name(text).map_err(|error| error.to_string())).collect()
    };
    let types = stored.types.iter().map(|text| {
        parse_rtype(text.as_bytes()).ok_or_else(|| format!("`{}` is not a record type", text.escape_debug()))
    });
    Ok(Token {
        kind: credential(stored.credential)?,
        name: stored.name,
        names: names(stored.names)?,
        aliases: names(stored.aliases)?,
        horizons: stored.horizons,
        types: types.collect::<Result<_, _>>()?,
        created: stored.created,
        allow_from: stored
            .allow_from
            .iter()
            .map(|text| text.parse().map_err(|error| format!("allow_from: {error}")))
            .collect::<Result<_, _>>()?,
        used: Arc::new(AtomicU64::new(0)),
    })
}

fn credential(stored: StoredCredential) -> Result<TokenKind, String> {
    let decode = |text: String| STANDARD.decode(text).map_err(|_| "a credential is not base64".to_owned());
    let hashed = |salt: String, hash: String| -> Result<SaltedHash, String> {
        Ok(SaltedHash { salt: decode(salt)?, hash: decode(hash)? })
    };
    Ok(match stored {
        StoredCredential::Tsig { algorithm, secret } => TokenKind::Tsig {
            algorithm: TsigAlgorithm::from_name(&algorithm)
                .ok_or_else(|| format!("the algorithm `{}` is not known", algorithm.escape_debug()))?,
            secret: decode(secret)?,
        },
        StoredCredential::Http { salt, hash } => TokenKind::Http { hash: hashed(salt, hash)? },
        StoredCredential::AcmeDns { user, subdomain, salt, hash } => {
            TokenKind::AcmeDns { user, subdomain, hash: hashed(salt, hash)? }
        }
    })
}

/// What a token may be called: it stands in files, commands, DNS names and HTTP headers without quotes.
pub(super) fn is_token_name(name: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_.".contains(&octet);
    (1..=63).contains(&name.len()) && name.bytes().all(fits) && parse_name(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Rtype;

    /// Every kind of token is read back as it was written.
    #[test]
    fn tokens_are_read_back_as_they_were() {
        let names = vec![parse_name("web.example").unwrap(), parse_name("*.apps.example").unwrap()];
        let hash = SaltedHash::of(b"secret").unwrap();
        let kinds = [
            TokenKind::Tsig { algorithm: TsigAlgorithm::HmacSha512, secret: vec![1, 2, 255] },
            TokenKind::Http { hash: hash.clone() },
            TokenKind::AcmeDns { user: "u-1".into(), subdomain: "s-1".into(), hash },
        ];
        let tokens: Vec<_> = kinds
            .into_iter()
            .map(|kind| Token {
                aliases: vec![parse_name("s-1.auth.example").unwrap()],
                horizons: Some(vec!["internal".into()]),
                types: vec![Rtype::TXT, Rtype::A],
                allow_from: vec!["10.0.0.0/24".parse().unwrap()],
                ..Token::new("traefik", kind, names.clone())
            })
            .collect();
        let text = print(tokens.iter()).unwrap();
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!(print(read.iter()).unwrap(), text);
        for (read, written) in read.iter().zip(&tokens) {
            assert_eq!((&read.kind, &read.names), (&written.kind, &written.names));
        }
    }

    /// What is wrong is said, and nothing of it is shown that may be a secret.
    #[test]
    fn garbage_is_refused_without_being_shown() {
        let token = |credential: &str, rest: &str| {
            let names = r#""names":["a."],"types":["TXT"],"created":1"#;
            format!(r#"{{"version":1,"tokens":[{{"name":"t","credential":{credential},{names}{rest}}}]}}"#)
        };
        let table = [
            ("".to_owned(), "not the JSON"),
            ("\0\u{1}".to_owned(), "not the JSON"),
            ("[]".to_owned(), "not the JSON"),
            (r#"{"version":2,"tokens":[]}"#.to_owned(), "version is 2"),
            (token(r#"{"door":"httpreq","salt":"s3cret!","hash":""}"#, ""), "not base64"),
            (token(r#"{"door":"rfc2136","algorithm":"hmac-md5","secret":"s3cr"}"#, ""), "`hmac-md5` is not known"),
            (token(r#"{"door":"rfc2136","algorithm":"hmac-sha256","secret":["s3cret"]}"#, ""), "not the JSON"),
            (token(r#"{"door":"httpreq","salt":"","hash":""}"#, r#","allow_from":["ten"]"#), "allow_from"),
        ];
        for (text, expected) in table {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected) && !error.contains("s3cr"), "{text}: {error}");
        }
    }
}
