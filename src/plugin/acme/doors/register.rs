//! `POST /register` of acme-dns: anybody makes an account. Only where `register = true`; `zonectl acme token create --for
//! acme-dns` makes one with its CNAME.

use super::super::Door;
use super::super::Minted;
use super::super::Token;
use super::super::mint;
use super::super::new_subdomain;
use super::auth_name::auth_name;
use super::body;
use super::client::Peer;
use super::hall::Doors;
use super::reply::Refused;
use super::reply::json;
use crate::config::Prefix;
use crate::dns::present_name;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::Request;
use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;

/// Accounts that strangers may have made.
const MOST: usize = 200;
/// Prefixes of one account.
const MOST_PREFIXES: usize = 32;

#[derive(Debug, Default, Deserialize)]
struct Message {
    #[serde(default)]
    allowfrom: Vec<String>,
}

/// In the order of acme-dns.
#[derive(Debug, Serialize)]
struct Account {
    username: String,
    password: String,
    fulldomain: String,
    subdomain: String,
    allowfrom: Vec<String>,
}

pub(super) async fn register(
    State(doors): State<Arc<Doors>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Result<Response, Refused> {
    if !doors.acme().register {
        // As acme-dns answers when registration is switched off: there is no such thing.
        return Ok(super::routes::not_found().await.into_response());
    }
    let (head, body) = request.into_parts();
    let client = doors.client(peer, &head.headers);
    let octets = body::read(body).await?;
    // acme.sh sends nothing at all.
    let Message { allowfrom } = if octets.trim_ascii().is_empty() { Message::default() } else { body::parse(&octets)? };
    let allowed: Result<Vec<Prefix>, _> = allowfrom.iter().map(|text| text.parse()).collect();
    let Some(allowed) = allowed.ok().filter(|allowed| allowed.len() <= MOST_PREFIXES) else {
        return Err(Refused::new(StatusCode::BAD_REQUEST, "invalid_allowfrom_cidr", ""));
    };
    let made = Arc::clone(&doors);
    let account = tokio::task::spawn_blocking(move || made.account(allowed)).await;
    let (token, account) = account.unwrap_or_else(|_| Err(failed("a fault of the server; see its log".to_owned())))?;
    tracing::info!("acme-dns account `{}` registered from {client}", token.name);
    Ok(json(StatusCode::CREATED, &account))
}

impl Doors {
    /// Makes an account without a name of its own: where its values stand is all that it may write.
    fn account(&self, allowed: Vec<Prefix>) -> Result<(Arc<Token>, Account), Refused> {
        let known = self.tokens.list();
        let strangers = known.iter().filter(|token| token.names.is_empty()).count();
        if strangers >= MOST {
            let detail = format!("{MOST} accounts were registered already; revoke those that nobody uses");
            return Err(Refused::new(StatusCode::TOO_MANY_REQUESTS, "too_many_accounts", detail));
        }
        let subdomain = new_subdomain().map_err(|error| failed(error.to_string()))?;
        let owner = auth_name(&self.live.load(), &subdomain, None).map_err(|error| failed(error.to_string()))?;
        let account = Some((subdomain.clone(), owner.clone()));
        let made = mint(&subdomain, Door::AcmeDns, Vec::new(), account).map_err(|error| failed(error.to_string()))?;
        let Minted { mut token, secret: password, user: username } = made;
        let allowfrom = allowed.iter().map(ToString::to_string).collect();
        token.allow_from = allowed;
        let token = self.tokens.add(token).map_err(|error| failed(error.to_string()))?;
        let fulldomain = present_name(owner.as_slice()).trim_end_matches('.').to_owned();
        Ok((token, Account { username, password, fulldomain, subdomain, allowfrom }))
    }
}

fn failed(detail: String) -> Refused {
    tracing::error!("no acme-dns account was made: {detail}");
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "not_kept", detail)
}
