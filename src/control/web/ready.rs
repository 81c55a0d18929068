//! Health: the server runs and answers this. Readiness: each horizon gives an answer over the server's own UDP socket.

use super::reply::json;
use crate::control::Desk;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::query::probe;
use crate::snapshot::Snapshot;
use crate::transport::reachable;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::json as object;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// For one reply, and how often it is asked: a server under load drops queries at its socket.
const PATIENCE: Duration = Duration::from_millis(300);
const TRIES: usize = 3;
/// Zones whose SOA is asked for in one horizon without a canary.
const MOST_ZONES: usize = 16;

/// How one horizon is.
#[derive(Debug, Serialize)]
struct Resolves {
    horizon: String,
    ready: bool,
    /// What was asked.
    asked: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Whether the server is there; says when files were refused, which is no reason to end it.
pub(super) fn health(desk: &Desk) -> Response {
    let live = (desk.health)().last_reload.live;
    let status = if live { "ok" } else { "degraded" };
    let why = (!live).then_some("the last load was refused; the state before it serves");
    json(StatusCode::OK, &object!({ "status": status, "why": why }))
}

/// 200 when every horizon resolves its canary, else 503; says which does not.
pub(super) async fn ready(desk: &Desk) -> Response {
    let listen = (desk.health)().listen;
    let snapshot = std::sync::Arc::clone(&desk.published.load().snapshot);
    let mut horizons = Vec::new();
    for index in 0..snapshot.views.len() {
        horizons.push(resolves(&snapshot, index, &listen).await);
    }
    let ready = !horizons.is_empty() && horizons.iter().all(|horizon| horizon.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &object!({ "ready": ready, "horizons": horizons }))
}

async fn resolves(snapshot: &Snapshot, index: usize, listen: &[SocketAddr]) -> Resolves {
    let view = &snapshot.views[index];
    let canary = snapshot.settings.web.canaries.get(&view.name);
    // Of each row one answer is enough.
    let questions: Vec<Vec<(Name, Rtype)>> = match canary {
        Some(name) => vec![vec![(name.clone(), Rtype::A), (name.clone(), Rtype::AAAA)]],
        None => {
            let origins = view.zones.iter().map(|seen| seen.zone.origin().clone());
            origins.take(MOST_ZONES).map(|origin| vec![(origin, Rtype::SOA)]).collect()
        }
    };
    let mut told = Resolves { horizon: view.name.clone(), ready: true, asked: Vec::new(), why: None };
    for alternatives in questions {
        let mut last = None;
        for (name, rtype) in alternatives {
            let question = format!("{} {}", present_name(name.as_slice()), present_rtype(rtype));
            last = ask(listen, index as u16, &name, rtype).await.err().map(|why| format!("{question}: {why}"));
            told.asked.push(question);
            if last.is_none() {
                break;
            }
        }
        if last.is_some() {
            told.ready = false;
            told.why = last;
            break;
        }
    }
    told
}

/// Asks as a client of the horizon would; well when there is an answer.
async fn ask(listen: &[SocketAddr], horizon: u16, name: &Name, rtype: Rtype) -> Result<(), String> {
    let address = listen.iter().map(reachable).max_by_key(|address| address.ip().is_loopback());
    let address = address.ok_or("nothing is listened on")?;
    let failed = |error: io::Error| format!("{address} cannot be asked: {error}");
    let any = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).await.map_err(failed)?;
    socket.connect(address).await.map_err(failed)?;
    let asker = socket.local_addr().map_err(failed)?.ip().to_canonical();
    let mut reply = [0; 1232];
    for id in 0..TRIES as u16 {
        let query = probe(horizon, asker, id, name, rtype);
        socket.send(&query).await.map_err(failed)?;
        match timeout(PATIENCE, socket.recv(&mut reply)).await {
            Ok(Ok(length)) if length >= 12 => {
                let (rcode, answers) = (reply[3] & 0x0F, u16::from_be_bytes([reply[6], reply[7]]));
                return match (rcode, answers) {
                    (0, 0) => Err("no data".to_owned()),
                    (0, _) => Ok(()),
                    (rcode, _) => Err(crate::control::traffic::rcode_word(usize::from(rcode))),
                };
            }
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(error)) => return Err(failed(error)),
        }
    }
    Err(format!("no reply from {address}"))
}
