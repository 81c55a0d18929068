//! The server's side of the control socket.

use super::ControlListener;
use super::Desk;
use super::Errand;
use super::ErrandOrder;
use super::Refusal;
use super::Reply;
use super::Request;
use super::acme;
use super::answer::to_value;
use super::cache::Chosen;
use super::cache::cache_flush;
use super::cache::cache_show;
use super::cache::cache_stats;
use super::challenges::challenges;
use super::desk::ReloadOrder;
use super::incoming::Incoming;
use super::incoming::PATIENCE;
use super::incoming::incoming;
use super::order::order;
use super::status::status;
use super::status::urls;
use super::tail::Wanted;
use super::tail::tail;
use super::tokens::tokens;
use super::top::top;
use crate::finding::Finding;
use crate::plugin::acme::reach::CaFact;
use serde_json::Value;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::UnixListener;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio::time::timeout;

/// Connections served at once; more wait in the system's queue.
const MOST_CONNECTIONS: usize = 32;
/// Of these, connections that look at queries.
const MOST_LOOKING: usize = 8;
/// Before the next try when the system has no descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until it is dropped.
///
/// # Errors
/// Only when the listener cannot be used at all; what goes wrong with one connection ends that connection.
pub async fn serve(listener: &ControlListener, desk: Arc<Desk>) -> io::Result<()> {
    let socket = UnixListener::from_std(listener.listener.try_clone()?)?;
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let turn = Arc::new(Semaphore::new(1));
    let looking = Arc::new(Semaphore::new(MOST_LOOKING));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        match socket.accept().await {
            Ok((stream, _)) => {
                let (desk, turn, looking) = (Arc::clone(&desk), Arc::clone(&turn), Arc::clone(&looking));
                tokio::spawn(async move {
                    // A client that goes away in the middle is its own affair.
                    let _ = converse(stream, &desk, &turn, &looking).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("the control socket cannot take a connection: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Requests and replies of one connection, until the client ends it, is too slow or breaks the protocol.
async fn converse(stream: UnixStream, desk: &Arc<Desk>, turn: &Semaphore, looking: &Semaphore) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let (reply, last) = match incoming(&mut read, turn).await? {
            Incoming::End => return Ok(()),
            Incoming::Request(Request::Tail { client, name, rcode, horizon }, _) => {
                let [client, name, rcode, horizon] = [&client, &name, &rcode, &horizon].map(Option::as_deref);
                match (Wanted::read(desk, client, name, rcode, horizon), looking.try_acquire()) {
                    (Ok(wanted), Ok(_place)) => return tail(&mut read, &mut write, &wanted, desk).await,
                    (Ok(_), Err(_)) => (Err(crowded()), true),
                    (Err(refusal), _) => (Err(refusal), true),
                }
            }
            Incoming::Request(request, _large) => (answer(request, desk).await, false),
            Incoming::Refused(refusal) => (Err(refusal), true),
        };
        let mut octets = serde_json::to_vec(&Reply::new(reply))?;
        octets.push(b'\n');
        timeout(PATIENCE, write.write_all(&octets)).await??;
        if last {
            return write.shutdown().await;
        }
    }
}

async fn answer(request: Request, desk: &Arc<Desk>) -> Result<Value, Refusal> {
    if let Request::Reload { wait } = request {
        return reload(wait, desk).await;
    }
    if let Request::Errand(errand) = request {
        return run(errand, desk).await;
    }
    if let Request::AcmeOrder { order: wanted } = request {
        return to_value(&order(wanted, desk).await);
    }
    // Large zones and zone files are read: not on the threads that serve DNS over TCP.
    let desk = Arc::clone(desk);
    let computed = tokio::task::spawn_blocking(move || compute(&request, &desk)).await;
    computed.unwrap_or_else(|_| Err(Refusal::new("INTERNAL", "the server failed to answer", "report this as a bug")))
}

fn compute(request: &Request, desk: &Desk) -> Result<Value, Refusal> {
    let published = desk.published.load_full();
    match request {
        Request::Top => to_value(&top(desk, true)),
        Request::Status => to_value(&status(&published, &(desk.health)())),
        Request::CacheShow { name, below, rtype, horizon, limit } => {
            let (name, rtype, horizon) = (name.as_deref(), rtype.as_deref(), horizon.as_deref());
            to_value(&cache_show(&published, &Chosen { name, below: *below, rtype, horizon }, *limit)?)
        }
        Request::CacheFlush { name, below, horizon } => {
            let (name, horizon) = (name.as_deref(), horizon.as_deref());
            to_value(&cache_flush(&published, &Chosen { name, below: *below, rtype: None, horizon })?)
        }
        Request::AcmeChallenges => to_value(&challenges(&desk.challenges)),
        Request::AcmeStatus { name } => to_value(&acme::status(&published, &desk.reaches, name.as_deref())?),
        Request::AcmeAck { name, by } => to_value(&acme::ack(&published, &desk.reaches, name, by)?),
        Request::AcmeHere { name, system, told, problems } => {
            let (system, told, problems) = (system.clone(), told.clone(), problems.clone());
            to_value(&acme::here(&published, &desk.reaches, name, CaFact::Here { system, told, problems })?)
        }
        Request::AcmeTokens(step) => {
            let health = (desk.health)();
            tokens(step, &desk.tokens, &published, &health.listen, urls(&health.http))
        }
        Request::CacheStats => to_value(&cache_stats(&published)),
        other => super::answer(other, &published),
    }
}

fn crowded() -> Refusal {
    Refusal::new("BUSY", format!("{MOST_LOOKING} others look at queries already"), "end one of them")
}

async fn run(errand: Errand, desk: &Arc<Desk>) -> Result<Value, Refusal> {
    let stopping = || Refusal::new("STOPPING", "the server is stopping", "start it again");
    let (done, outcome) = oneshot::channel();
    desk.errands.send(ErrandOrder { errand, done }).await.map_err(|_| stopping())?;
    outcome.await.map_err(|_| stopping())?
}

async fn reload(wait: bool, desk: &Desk) -> Result<Value, Refusal> {
    let stopping = || Refusal::new("STOPPING", "the server is stopping", "start it again");
    let (done, outcome) = oneshot::channel();
    desk.reload.send(ReloadOrder { done }).await.map_err(|_| stopping())?;
    if !wait {
        return Ok(json!({ "ordered": true }));
    }
    let outcome = outcome.await.map_err(|_| stopping())?;
    let findings: Vec<Finding> = outcome.findings.clone();
    Ok(json!({ "ordered": true, "live": outcome.live, "changed": outcome.changed, "findings": findings }))
}
