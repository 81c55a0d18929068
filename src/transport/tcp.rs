//! TCP: takes connections and hands each to a task of its own (RFC 7766).

use super::connection::{Shared, serve};
use super::quota::Quota;
use crate::counters::Event;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Takes connections until `stop` turns true, then those that are already in the queue.
pub(super) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    quota: Arc<Quota>,
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
                begin(stream, client, &shared, &quota, &stop);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                // Descriptors or memory have run out: the connection stays in the queue, and asking again at once would
                // only burn a core until some other connection ends.
                shared.counters.count(Event::TcpAcceptPaused);
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
            begin(stream, client, &shared, &quota, &stop);
        }
    }
}

pub(super) const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

fn begin(
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
