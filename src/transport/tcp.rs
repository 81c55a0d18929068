//! TCP: takes connections and hands each to a task of its own (RFC 7766).

use super::connection::serve;
use super::exchange::Shared;
use super::quota::Quota;
use crate::counters::{Event, Worker};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Takes connections until `stop` turns true, then those that are already in the queue; `begin` serves each in a task of its
/// own.
pub(super) async fn accept(
    listener: TcpListener,
    counters: Arc<Worker>,
    begin: impl Fn(TcpStream, SocketAddr) + Send,
    mut stop: watch::Receiver<bool>,
) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, client)) => {
                pause = SHORTEST_PAUSE;
                begin(stream, client);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Descriptors or memory have run out: the connection stays in the queue, and asking again at once would
                // only burn a core until some other connection ends.
                counters.count(Event::TcpAcceptPaused);
                if pause == SHORTEST_PAUSE {
                    tracing::warn!(
                        "no TCP connection can be taken for now: {error}; raise the limit on open files (LimitNOFILE=)"
                    );
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = stop.wait_for(|stop| *stop) => break,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    // Asked of the kernel itself: the runtime may not have heard of those that came last.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, client)) = listener.accept() {
        if stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            begin(stream, client);
        }
    }
}

pub(super) const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Serves one connection in a task of its own, if there is a place for it.
pub(super) fn begin(
    stream: TcpStream,
    client: SocketAddr,
    shared: &Arc<Shared>,
    quota: &Arc<Quota>,
    stop: &watch::Receiver<bool>,
) {
    let Some(place) = quota.take(client.ip()) else {
        shared.counters.count(Event::TcpRefused);
        return;
    };
    shared.counters.count(Event::TcpAccepted);
    // The answers of one turn leave in one write; the kernel need not wait for more.
    let _ = stream.set_nodelay(true);
    let serving = serve(stream, client.ip(), Arc::clone(shared), stop.clone());
    tokio::spawn(async move {
        serving.await;
        drop(place);
    });
}

/// True for errors of the one connection that was being taken (accept(2)): the next one may be well.
pub(super) fn concerns_one_connection(error: &io::Error) -> bool {
    !matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}
