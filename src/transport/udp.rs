//! UDP: one blocking loop per worker thread.

use crate::counters::Event;
use crate::counters::Worker;
use crate::query::Transport;
use crate::query::Verdict;
use crate::query::respond;
use crate::snapshot::Live;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// Answers queries from `socket` until `stop` is true, then answers what is still in its queue and returns.
///
/// The one who sets `stop` sends the socket an empty message, so that a waiting loop sees it.
pub fn run(socket: &UdpSocket, live: &Live, counters: &Worker, stop: &AtomicBool) {
    let mut query = vec![0; 65_535];
    let mut reply = vec![0; 1232];
    let mut draining = false;
    loop {
        if !draining && stop.load(Ordering::Acquire) {
            draining = true;
            if socket.set_nonblocking(true).is_err() {
                return;
            }
        }
        let (length, client) = match socket.recv_from(&mut query) {
            Ok(received) => received,
            Err(error) if error.kind() == ErrorKind::WouldBlock && draining => return,
            Err(_) => continue,
        };
        if length == 0 && stop.load(Ordering::Acquire) {
            continue;
        }
        counters.count(Event::QueriesUdp);
        match respond(&live.load(), client.ip(), Transport::Udp, &query[..length], &mut reply) {
            Verdict::Reply(length) => {
                counters.count_reply(&reply[..length]);
                if socket.send_to(&reply[..length], client).is_err() {
                    counters.count(Event::SendFailed);
                }
            }
            Verdict::Forward | Verdict::Drop => counters.count(Event::Dropped),
        }
    }
}
