//! `acme token`: who may write challenge values. Secrets are told once, to whoever creates them, and listed never.

use super::Published;
use super::Refusal;
use super::answer::to_value;
use super::resolve::known_horizon;
use super::resolve::read_type;
use super::resolve::resolve;
use super::resolve::views;
use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::parse_name;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::plugin::acme::Door;
use crate::plugin::acme::Minted;
use crate::plugin::acme::Token;
use crate::plugin::acme::TokenError;
use crate::plugin::acme::TokenKind;
use crate::plugin::acme::Tokens;
use crate::plugin::acme::TsigAlgorithm;
use crate::plugin::acme::doors::auth_name;
use crate::plugin::acme::mint;
use crate::plugin::acme::new_subdomain;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use std::net::SocketAddr;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum TokenStep {
    /// All tokens; answered by [`TokensAnswer`].
    List,
    /// A new one; answered by [`TokenMade`].
    Create(TokenWish),
    /// Takes one away at once; answered by [`TokenShown`].
    Revoke {
        /// Its name.
        name: String,
    },
}

/// A token that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TokenWish {
    /// What it is to be called; a number is added to one that is taken when `exact` is false.
    pub name: String,
    /// True: this name or none.
    #[serde(default)]
    pub exact: bool,
    /// `rfc2136`, `httpreq` or `acme-dns`.
    pub door: String,
    /// For which names: relative to a zone unless they end in a dot, `*.x` for `x` and what is below.
    pub names: Vec<String>,
    /// Which horizons see what is written; empty for all.
    #[serde(default)]
    pub horizons: Vec<String>,
    /// Prefixes of its holder; empty for anywhere.
    #[serde(default)]
    pub allow_from: Vec<String>,
    /// Record types; empty for TXT.
    #[serde(default)]
    pub types: Vec<String>,
    /// Of a TSIG key; `hmac-sha256` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// The label of an acme-dns account, as a dry run told it; a new one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<String>,
    /// True: everything is checked and told but the secret, and nothing is made.
    #[serde(default)]
    pub dry: bool,
}

/// The tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensAnswer {
    /// In the order of their making.
    pub tokens: Vec<TokenShown>,
}

/// One token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenShown {
    /// Its name.
    pub name: String,
    /// `rfc2136`, `httpreq` or `acme-dns`.
    pub door: String,
    /// The names whose challenges it writes, with their final dots.
    pub names: Vec<String>,
    /// Owners that it writes as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Which horizons see what is written; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizons: Option<Vec<String>>,
    /// Record types.
    pub types: Vec<String>,
    /// Prefixes of its holder; empty for anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_from: Vec<String>,
    /// Seconds since 1970.
    pub created: u64,
    /// Seconds since 1970; none when it was not used since the server started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<u64>,
}

/// A new token, and what its holder must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMade {
    /// The token.
    pub token: TokenShown,
    /// Name of the key, user, or user of acme-dns.
    pub user: String,
    /// Key in base64, password, or key of acme-dns; none of a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Of a TSIG key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Of an acme-dns account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<String>,
    /// The zones that hold its names, with their final dots.
    pub zones: Vec<String>,
    /// Where DNS is served.
    pub listen: Vec<String>,
    /// Where ACME clients are heard over HTTP: URLs without a path.
    pub http: Vec<String>,
    /// The CA's directory URL, as the settings have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

/// Does a step. `listen` and `http` are where clients reach the server.
///
/// # Errors
/// `BAD_NAME`, `AMBIGUOUS_NAME`, `UNKNOWN_HORIZON`, `BAD_PREFIX`, `BAD_TYPE`, `NOT_OUR_ZONE`, `BAD_TOKEN_NAME`,
/// `TOKEN_EXISTS`, `UNKNOWN_TOKEN`, `TOO_MANY_TOKENS`, `TOKENS_UNREADABLE`, `FILE`.
pub fn tokens(
    step: &TokenStep,
    tokens: &Tokens,
    published: &Published,
    listen: &[SocketAddr],
    http: Vec<String>,
) -> Result<Value, Refusal> {
    match step {
        TokenStep::List => {
            let tokens = tokens.list().iter().map(|token| shown(token)).collect();
            to_value(&TokensAnswer { tokens })
        }
        TokenStep::Revoke { name } => to_value(&shown(&*tokens.revoke(name).map_err(|error| refusal(&error))?)),
        TokenStep::Create(wish) => {
            let zones = zones(published, wish)?;
            let Minted { token, secret, user } = minted(wish, tokens, published)?;
            let made = TokenMade {
                user,
                algorithm: match &token.kind {
                    TokenKind::Tsig { algorithm, .. } => Some(algorithm.name().to_owned()),
                    TokenKind::Http { .. } | TokenKind::AcmeDns { .. } => None,
                },
                subdomain: match &token.kind {
                    TokenKind::AcmeDns { subdomain, .. } => Some(subdomain.clone()),
                    TokenKind::Http { .. } | TokenKind::Tsig { .. } => None,
                },
                secret: (!wish.dry).then_some(secret),
                token: shown(&token),
                zones,
                listen: listen.iter().map(ToString::to_string).collect(),
                http,
                directory: published.snapshot.settings.acme.directory.clone(),
            };
            if !wish.dry {
                tokens.add(token).map_err(|error| refusal(&error))?;
                tracing::info!("token `{}` created for {}", made.token.name, made.token.names.join(", "));
            }
            to_value(&made)
        }
    }
}

fn minted(wish: &TokenWish, tokens: &Tokens, published: &Published) -> Result<Minted, Refusal> {
    let snapshot = &published.snapshot;
    let algorithm = wish.algorithm.as_deref().unwrap_or(TsigAlgorithm::HmacSha256.name());
    let door = match wish.door.as_str() {
        "rfc2136" => Door::Rfc2136(TsigAlgorithm::from_name(algorithm).ok_or_else(|| {
            let what = format!("no keys are made for `{algorithm}`");
            Refusal::new("BAD_ALGORITHM", what, "use hmac-sha256, hmac-sha384 or hmac-sha512")
        })?),
        "httpreq" => Door::Httpreq,
        "acme-dns" => Door::AcmeDns,
        other => {
            let what = format!("there is no door `{other}`");
            return Err(Refusal::new("BAD_DOOR", what, "use rfc2136, httpreq or acme-dns"));
        }
    };
    wish.horizons.iter().try_for_each(|name| known_horizon(snapshot, name))?;
    let names = names(published, wish)?;
    if names.is_empty() {
        return Err(Refusal::new("BAD_NAME", "a token needs names", "name them with `--names a,b,*.c`"));
    }
    let prefix = |text: &String| {
        text.parse::<Prefix>().map_err(|error| {
            Refusal::new("BAD_PREFIX", error.to_string(), "write a prefix such as 10.0.0.0/24, or an address")
        })
    };
    let allow_from = wish.allow_from.iter().map(prefix).collect::<Result<_, _>>()?;
    let types: Vec<Rtype> = wish.types.iter().map(|text| read_type(text)).collect::<Result<_, _>>()?;
    let internal = |what: String| Refusal::new("INTERNAL", what, "see the server's log");
    let account = match door {
        Door::AcmeDns => {
            let subdomain = match &wish.subdomain {
                Some(subdomain) if is_label(subdomain) => subdomain.clone(),
                Some(_) => return Err(Refusal::new("BAD_NAME", "the account's label is none", "leave it out")),
                None => new_subdomain().map_err(|error| internal(error.to_string()))?,
            };
            let alias = auth_name(snapshot, &subdomain, names.first())
                .map_err(|error| Refusal::new("NOT_OUR_ZONE", error.to_string(), "name another one"))?;
            Some((subdomain, alias))
        }
        Door::Rfc2136(_) | Door::Httpreq => None,
    };
    let name = free_name(wish, tokens)?;
    let mut minted = mint(&name, door, names, account).map_err(|error| internal(error.to_string()))?;
    minted.token.allow_from = allow_from;
    minted.token.horizons = (!wish.horizons.is_empty()).then(|| wish.horizons.clone());
    if !types.is_empty() {
        minted.token.types = types;
    }
    Ok(minted)
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

/// The name, or the name with the first number that is free.
fn free_name(wish: &TokenWish, tokens: &Tokens) -> Result<String, Refusal> {
    let known = tokens.list();
    let taken = |name: &str| known.iter().any(|token| token.name == name);
    if !taken(&wish.name) {
        return Ok(wish.name.clone());
    }
    if wish.exact {
        return Err(refusal(&TokenError::Taken(wish.name.clone())));
    }
    let numbered = (2..).map(|number: u32| format!("{}-{number}", wish.name)).find(|name| !taken(name));
    numbered.ok_or_else(|| refusal(&TokenError::TooMany))
}

/// The names in full, each in a zone of the horizons that are meant.
fn names(published: &Published, wish: &TokenWish) -> Result<Vec<Name>, Refusal> {
    let all = views(&published.snapshot, None)?;
    let near: Vec<_> = all
        .iter()
        .filter(|(view, _)| wish.horizons.is_empty() || wish.horizons.contains(&view.name))
        .copied()
        .collect();
    let mut names: Vec<Name> = Vec::new();
    for text in &wish.names {
        let (star, bare) = match text.strip_prefix("*.") {
            Some(bare) => ("*.", bare),
            None => ("", text.as_str()),
        };
        let full = resolve(&near, &all, published, bare)?;
        if !near.iter().flat_map(|(view, _)| view.zones.iter()).any(|seen| full.ends_with(seen.zone.origin())) {
            let what = format!("no zone that the token could write into holds {}", present_name(full.as_slice()));
            return Err(Refusal::new("NOT_OUR_ZONE", what, "name one of ours, or another horizon"));
        }
        let text = format!("{star}{}", present_name(full.as_slice()));
        let name = parse_name(&text)
            .map_err(|error| Refusal::new("BAD_NAME", error.to_string(), "write a name such as app or *.apps"))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The zones that hold the names, the nearest one of each.
fn zones(published: &Published, wish: &TokenWish) -> Result<Vec<String>, Refusal> {
    let mut zones = Vec::new();
    for name in names(published, wish)? {
        let seen = published.snapshot.views.iter().flat_map(|view| view.zones.iter());
        let above = seen.map(|seen| seen.zone.origin()).filter(|origin| name.ends_with(*origin));
        let nearest = above.max_by_key(|origin| origin.label_count()).map(|origin| present_name(origin.as_slice()));
        zones.extend(nearest.filter(|zone| !zones.contains(zone)));
    }
    Ok(zones)
}

fn shown(token: &Token) -> TokenShown {
    let names = |names: &[Name]| names.iter().map(|name| present_name(name.as_slice())).collect();
    TokenShown {
        name: token.name.clone(),
        door: token.kind.door().to_owned(),
        names: names(&token.names),
        aliases: names(&token.aliases),
        horizons: token.horizons.clone(),
        types: token.types.iter().map(|rtype| present_rtype(*rtype)).collect(),
        allow_from: token.allow_from.iter().map(ToString::to_string).collect(),
        created: token.created,
        last_used: token.last_used(),
    }
}

fn refusal(error: &TokenError) -> Refusal {
    let (code, remedy) = match error {
        TokenError::Name(_) => ("BAD_TOKEN_NAME", "name it with `--name`"),
        TokenError::Taken(_) => ("TOKEN_EXISTS", "nothing was made"),
        TokenError::Unknown(_) => ("UNKNOWN_TOKEN", "nothing was changed"),
        TokenError::TooMany => ("TOO_MANY_TOKENS", "nothing was made"),
        TokenError::File(_) => ("FILE", "see that the server may write into `state` of [acme]"),
        TokenError::Content(_) => ("TOKENS_UNREADABLE", "nothing was changed"),
    };
    Refusal::new(code, error.to_string(), remedy)
}
