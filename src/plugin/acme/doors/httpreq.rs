//! The door that lego calls httpreq and acme.sh and Proxmox VE acmeproxy: `POST /present` and `POST /cleanup`.

use super::super::Scope;
use super::super::Token;
use super::basic::basic;
use super::body;
use super::client::Peer;
use super::hall::Doors;
use super::hall::count;
use super::reply::Refused;
use super::reply::json;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::parse_name;
use crate::dns::present_name;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use http::StatusCode;
use ring::digest;
use serde::Deserialize;
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;

/// Octets of a value: one character string (RFC 1035 section 3.3).
const LONGEST: usize = 255;

/// Both modes; the default one counts where both are there.
#[derive(Debug, Deserialize)]
struct Message {
    fqdn: Option<String>,
    value: Option<String>,
    /// RAW mode: lego leaves the name and the digest to us.
    domain: Option<String>,
    #[serde(rename = "keyAuth")]
    key_auth: Option<String>,
}

/// What acme.sh looks for: the value, as it came.
#[derive(Debug, Serialize)]
struct Done {
    fqdn: String,
    value: String,
}

/// Makes a value live. Once more is no error.
pub(super) async fn present(
    State(doors): State<Arc<Doors>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let Wanted { token, owner, done, client } = wanted(&doors, peer, request).await?;
    let (scope, value) = (Scope { horizons: token.horizons.clone() }, done.value.clone());
    let at = owner.clone();
    doors.write(move |doors| doors.challenges.present(&at, value.as_bytes(), &scope)).await?;
    doors.wrote(&token, &format!("challenge at {} set", present_name(owner.as_slice())), client);
    Ok(json(StatusCode::OK, &done))
}

/// Takes a value away. One that is not there is no error.
pub(super) async fn cleanup(
    State(doors): State<Arc<Doors>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    let Wanted { token, owner, done, client } = wanted(&doors, peer, request).await?;
    let (at, value) = (owner.clone(), done.value.clone());
    doors.write(move |doors| doors.challenges.withdraw(&at, Some(value.as_bytes()))).await?;
    doors.wrote(&token, &format!("challenge at {} removed", present_name(owner.as_slice())), client);
    Ok(json(StatusCode::OK, &done))
}

/// A request whose holder may have what it asks for.
struct Wanted {
    token: Arc<Token>,
    owner: Name,
    done: Done,
    client: IpAddr,
}

async fn wanted(doors: &Doors, peer: Peer, request: Request<Body>) -> Result<Wanted, Refused> {
    let (head, body) = request.into_parts();
    let client = doors.client(peer, &head.headers);
    let octets = body::read(body).await?;
    let token = basic(&head.headers).and_then(|(user, password)| doors.tokens.http(&user, &password));
    let Some(token) = token else {
        return Err(doors.failed(client, "httpreq").unwrap_or_else(Refused::unauthorized));
    };
    if !token.may_come_from(client) {
        count(&doors.counts.out_of_scope);
        let detail = format!("token `{}` may not be used from {client}; see its `--allow-from`", token.name);
        return Err(Refused::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    let (owner, done) = meant(body::parse(&octets)?)?;
    if !token.may_write(&owner, Rtype::TXT) {
        count(&doors.counts.out_of_scope);
        let detail = format!(
            "token `{}` may not write {}; create one with `zonectl acme token create --names`",
            token.name,
            present_name(owner.as_slice())
        );
        return Err(Refused::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    if !doors.is_ours(&owner, token.horizons.as_deref()) {
        let detail = format!("no zone of this server holds {}", present_name(owner.as_slice()));
        return Err(Refused::new(StatusCode::BAD_REQUEST, "not_our_zone", detail));
    }
    Ok(Wanted { token, owner, done, client })
}

/// Owner and value that a message means, and how it is answered: with what came, in RAW mode with what was made of it.
fn meant(message: Message) -> Result<(Name, Done), Refused> {
    let bad = |detail: String| Refused::new(StatusCode::BAD_REQUEST, "bad_request", detail);
    let (fqdn, value) = match message {
        Message { fqdn: Some(fqdn), value: Some(value), .. } => (fqdn, value),
        Message { domain: Some(domain), key_auth: Some(key_auth), .. } => {
            let name = domain.strip_prefix("*.").unwrap_or(&domain);
            let digest = digest::digest(&digest::SHA256, key_auth.as_bytes());
            (format!("_acme-challenge.{}.", name.trim_end_matches('.')), URL_SAFE_NO_PAD.encode(digest))
        }
        _ => return Err(bad("`fqdn` and `value` are needed, or `domain` and `keyAuth`".to_owned())),
    };
    if !(1..=LONGEST).contains(&value.len()) || !value.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "bad_txt",
            format!("a value has 1 to {LONGEST} visible ASCII signs"),
        ));
    }
    let owner = parse_name(&fqdn).map_err(|error| bad(error.to_string()))?;
    Ok((owner, Done { fqdn, value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both modes of lego are understood; the digest of RAW mode is that of RFC 8555 section 8.4.
    #[test]
    fn both_modes_mean_a_value_at_a_name() {
        let raw = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM"; // SHA-256 of "token.thumb"
        let made = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, b"token.thumb"));
        assert_eq!(made.len(), raw.len());
        let table = [
            (r#"{"fqdn":"_acme-challenge.a.b.","value":"v"}"#, Ok(("_acme-challenge.a.b.", "v"))),
            (r#"{"fqdn":"_acme-challenge.a.b","value":"v","x":1}"#, Ok(("_acme-challenge.a.b", "v"))),
            (
                r#"{"domain":"*.a.b","token":"token","keyAuth":"token.thumb"}"#,
                Ok(("_acme-challenge.a.b.", made.as_str())),
            ),
            (r#"{"fqdn":"a.b."}"#, Err("bad_request")),
            (r#"{"fqdn":"a..b.","value":"v"}"#, Err("bad_request")),
            (r#"{"fqdn":"a.b.","value":""}"#, Err("bad_txt")),
            (r#"{"fqdn":"a.b.","value":"a b"}"#, Err("bad_txt")),
            (r#"{}"#, Err("bad_request")),
            (r#"[]"#, Err("malformed_json_payload")),
            ("", Err("malformed_json_payload")),
        ];
        for (text, expected) in table {
            let found = body::parse(text.as_bytes()).and_then(meant);
            match (found, expected) {
                (Ok((_, done)), Ok((fqdn, value))) => {
                    assert_eq!((done.fqdn.as_str(), done.value.as_str()), (fqdn, value));
                }
                (Err(refused), Err(code)) => {
                    assert!(json(StatusCode::OK, &refused).status().is_success());
                    assert!(serde_json::to_string(&refused).unwrap().contains(code), "{text}: {refused:?}");
                }
                (found, expected) => panic!("{text}: {} {expected:?}", found.is_ok()),
            }
        }
    }
}
