//! Many questions in flight to one server, over UDP or one TCP connection.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// How many questions are under way at once: few enough that no socket buffer overflows with replies of 1232 octets.
const WINDOW: usize = 64;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What carries the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Udp,
    Tcp,
}

/// Asks each of `queries` and returns the replies in the same order; none where no reply came.
///
/// Each query's ID must be its place in the list, so that a reply finds its question. A server may close a connection at a
/// question that it does not answer: the first question left open is then asked alone, and given up when that is silent too.
pub(crate) fn ask_all(carrier: Carrier, server: SocketAddr, queries: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
    let mut replies: Vec<Option<Vec<u8>>> = vec![None; queries.len()];
    let everything: Vec<usize> = (0..queries.len()).collect();
    for window in everything.chunks(WINDOW) {
        let mut open = window.to_vec();
        while let Some(first) = open.first().copied() {
            ask(carrier, server, queries, &open, &mut replies);
            if replies[first].is_none() {
                ask(carrier, server, queries, &[first], &mut replies);
            }
            open.retain(|at| *at != first && replies[*at].is_none());
        }
    }
    replies
}

fn ask(carrier: Carrier, server: SocketAddr, queries: &[Vec<u8>], open: &[usize], replies: &mut [Option<Vec<u8>>]) {
    let asked = open.iter().map(|at| (id_of(&queries[*at]), *at)).collect();
    let batch: Vec<_> = open.iter().map(|at| &queries[*at][..]).collect();
    let received = match carrier {
        Carrier::Udp => over_udp(server, &batch),
        Carrier::Tcp => over_tcp(server, &batch),
    };
    place(&asked, received, replies);
}

fn place(asked: &HashMap<u16, usize>, received: Vec<Vec<u8>>, replies: &mut [Option<Vec<u8>>]) {
    for reply in received {
        if let Some(at) = asked.get(&id_of(&reply)) {
            replies[*at] = Some(reply);
        }
    }
}

fn id_of(message: &[u8]) -> u16 {
    match message {
        [high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => u16::MAX,
    }
}

/// What came back before the patience ended.
fn over_udp(server: SocketAddr, queries: &[&[u8]]) -> Vec<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free UDP port on loopback");
    socket.connect(server).expect("a UDP socket connects without asking");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    for query in queries {
        socket.send(query).expect("loopback takes a datagram");
    }
    let mut received = Vec::new();
    let mut buffer = vec![0; 65_535];
    while received.len() < queries.len() {
        match socket.recv(&mut buffer) {
            Ok(length) => received.push(buffer[..length].to_vec()),
            Err(_) => break,
        }
    }
    received
}

/// What came back on one connection before it closed or the patience ended.
fn over_tcp(server: SocketAddr, queries: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut received = Vec::new();
    let Ok(mut stream) = TcpStream::connect_timeout(&server, PATIENCE) else { return received };
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit above zero");
    let mut frames = Vec::new();
    for query in queries {
        frames.extend((query.len() as u16).to_be_bytes());
        frames.extend_from_slice(query);
    }
    if stream.write_all(&frames).is_err() {
        return received;
    }
    while received.len() < queries.len() {
        let mut length = [0; 2];
        if stream.read_exact(&mut length).is_err() {
            break;
        }
        let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
        if stream.read_exact(&mut reply).is_err() {
            break;
        }
        received.push(reply);
    }
    received
}
