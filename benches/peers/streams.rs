//! The load over TCP: persistent connections with questions in a pipeline, and connections that do nothing.

use crate::asking::Asking;
use crate::kernel::{interrupted, wait};
use crate::load::{Judge, Tally, judge};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Connections, each with questions under way.
pub(crate) struct Streams<'a> {
    asking: &'a Asking,
    all: Vec<Stream>,
    next: usize,
    started: Instant,
}

struct Stream {
    socket: TcpStream,
    /// Octets that came and are no whole answer yet.
    input: Vec<u8>,
    filled: usize,
    /// Octets to be sent.
    output: Vec<u8>,
    /// By ID: the question and when it was asked.
    open: Vec<Option<(u32, u64)>>,
    waiting: usize,
}

/// Questions under way on each connection.
const PIPELINE: usize = 20;

impl<'a> Streams<'a> {
    /// Opens `count` connections.
    pub(crate) fn new(asking: &'a Asking, server: SocketAddr, count: usize) -> io::Result<Self> {
        let all = (0..count).map(|_| {
            let socket = TcpStream::connect_timeout(&server, Duration::from_secs(2))?;
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Ok(Stream {
                socket,
                input: vec![0; 65_536],
                filled: 0,
                output: Vec::new(),
                open: vec![None; PIPELINE],
                waiting: 0,
            })
        });
        Ok(Streams { asking, all: all.collect::<io::Result<_>>()?, next: 0, started: Instant::now() })
    }

    /// Asks for so long.
    pub(crate) fn run(&mut self, duration: Duration) -> io::Result<Tally> {
        let mut tally = Tally::new();
        let begun = Instant::now();
        while begun.elapsed() < duration && !interrupted() {
            let mut quiet = true;
            for index in 0..self.all.len() {
                quiet &= self.serve(index, &mut tally)? == 0;
            }
            if quiet {
                let sockets: Vec<_> =
                    self.all.iter().map(|stream| (stream.socket.as_raw_fd(), !stream.output.is_empty())).collect();
                wait(&sockets, Duration::from_millis(5));
            }
        }
        tally.elapsed = begun.elapsed();
        let now = self.started.elapsed().as_nanos() as u64;
        let old = self.all.iter().flat_map(|stream| &stream.open).flatten();
        tally.lost = old.filter(|(_, sent)| now - sent > 1_000_000_000).count() as u64;
        Ok(tally)
    }

    fn serve(&mut self, index: usize, tally: &mut Tally) -> io::Result<usize> {
        let now = self.started.elapsed().as_nanos() as u64;
        let mut answered = 0;
        let stream = &mut self.all[index];
        match stream.socket.read(&mut stream.input[stream.filled..]) {
            Ok(0) => return Err(io::Error::other("the server closed a connection")),
            Ok(length) => stream.filled += length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let mut at = 0;
        while let Some(length) = stream.input[at..stream.filled].first_chunk::<2>() {
            let end = at + 2 + usize::from(u16::from_be_bytes(*length));
            if end > stream.filled {
                break;
            }
            let reply = &stream.input[at + 2..end];
            at = end;
            let id = reply.first_chunk::<2>().map_or(usize::MAX, |id| usize::from(u16::from_be_bytes(*id)));
            if let Some((query, sent)) = stream.open.get_mut(id).and_then(Option::take) {
                tally.answered += 1;
                tally.latency.add(now - sent);
                judge(Judge::Answer, self.asking, query as usize, reply, tally);
                stream.waiting -= 1;
                answered += 1;
            }
        }
        stream.input.copy_within(at..stream.filled, 0);
        stream.filled -= at;
        if stream.waiting < PIPELINE {
            for id in 0..PIPELINE {
                if stream.open[id].is_none() {
                    let octets = self.asking.octets(self.next);
                    stream.output.extend((octets.len() as u16).to_be_bytes());
                    stream.output.extend((id as u16).to_be_bytes());
                    stream.output.extend_from_slice(&octets[2..]);
                    stream.open[id] = Some((self.next as u32, now));
                    stream.waiting += 1;
                    self.next = (self.next + 1) % self.asking.len();
                }
            }
        }
        if !stream.output.is_empty() {
            match stream.socket.write(&stream.output) {
                Ok(length) => drop(stream.output.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(answered)
    }
}

/// Opens `count` connections from many addresses, asks one question on each and reads its answer. They stay open until
/// they are dropped.
pub(crate) fn idle(asking: &Asking, server: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut open = Vec::with_capacity(count);
    let mut buffer = [0; 512];
    for index in 0..count {
        if interrupted() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        // No more than 200 from one address: servers limit connections of one client.
        let client = Ipv4Addr::from(0x7F01_0001 + ((index / 200) as u32) * 256);
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(IpAddr::V4(client), 0).into())?;
        socket.connect_timeout(&server.into(), Duration::from_secs(2))?;
        let mut socket = TcpStream::from(socket);
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        let octets = asking.octets(index % asking.len());
        let framed = [&(octets.len() as u16).to_be_bytes()[..], octets].concat();
        socket.write_all(&framed)?;
        let mut length = [0; 2];
        let said = socket.read_exact(&mut length).and_then(|()| {
            let length = usize::from(u16::from_be_bytes(length)).min(buffer.len());
            socket.read_exact(&mut buffer[..length])
        });
        said.map_err(|error| io::Error::new(error.kind(), format!("connection {} of {count}: {error}", index + 1)))?;
        open.push(socket);
    }
    Ok(open)
}
