//! The door of acme-dns: `POST /update`. Each account has one name, which the CNAME of a challenge leads to, and its last
//! two values live there: those of a name and of its wildcard. There is no call to take one away.

use super::super::ChallengeChange;
use super::super::ChallengeError;
use super::super::Scope;
use super::super::TokenKind;
use super::body;
use super::client::Peer;
use super::hall::Doors;
use super::hall::count;
use super::reply::Refused;
use super::reply::json;
use crate::dns::Name;
use crate::dns::present_name;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use http::Request;
use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;
use std::sync::PoisonError;

/// Values that live at one name.
const KEPT: usize = 2;
/// Signs of a value: SHA-256 in base64url.
const VALUE: usize = 43;

#[derive(Debug, Deserialize)]
struct Message {
    subdomain: String,
    txt: String,
}

#[derive(Debug, Serialize)]
struct Done {
    txt: String,
}

/// Makes a value live at the account's name.
pub(super) async fn update(
    State(doors): State<Arc<Doors>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let (head, body) = request.into_parts();
    let client = doors.client(peer, &head.headers);
    let octets = body::read(body).await?;
    let (user, key) = (one(&head.headers, "x-api-user"), one(&head.headers, "x-api-key"));
    let Some(token) = doors.tokens.account(user, key) else {
        return Err(doors.failed(client, "acme-dns").unwrap_or_else(Refused::forbidden));
    };
    let message: Message = body::parse(&octets)?;
    let TokenKind::AcmeDns { subdomain, .. } = &token.kind else { return Err(Refused::forbidden()) };
    let owner = token.aliases.first().cloned();
    let Some(owner) = owner.filter(|_| token.may_come_from(client) && *subdomain == message.subdomain) else {
        count(&doors.counts.out_of_scope);
        return Err(Refused::forbidden());
    };
    if !is_value(&message.txt) {
        return Err(Refused::new(StatusCode::BAD_REQUEST, "bad_txt", ""));
    }
    let (scope, txt, at) = (Scope { horizons: token.horizons.clone() }, message.txt.clone(), owner.clone());
    doors.write(move |doors| keep_last(doors, &at, txt.into_bytes(), &scope)).await?;
    doors.wrote(&token, &format!("challenge at {} set", present_name(owner.as_slice())), client);
    Ok(json(StatusCode::OK, &Done { txt: message.txt }))
}

/// Adds a value and removes, in the same step, those before the last two.
fn keep_last(doors: &Doors, owner: &Name, value: Vec<u8>, scope: &Scope) -> Result<(), ChallengeError> {
    let _one = doors.updating.lock().unwrap_or_else(PoisonError::into_inner);
    let mut others: Vec<_> =
        doors.challenges.live().into_iter().filter(|live| live.owner == *owner && live.value != value).collect();
    others.sort_by_key(|live| live.since);
    let surplus = (others.len() + 1).saturating_sub(KEPT);
    let mut changes: Vec<_> = others
        .into_iter()
        .take(surplus)
        .map(|live| ChallengeChange::Remove { owner: owner.clone(), value: live.value })
        .collect();
    changes.push(ChallengeChange::Add { owner: owner.clone(), value, scope: scope.clone() });
    doors.challenges.apply(&changes)
}

/// A header that is there once; else nothing, which fits no account.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().unwrap_or_default(),
        _ => "",
    }
}

fn is_value(text: &str) -> bool {
    text.len() == VALUE && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
}
