//! The load at a steady rate: a question is sent when its time has come, whether those before it were answered or not, and
//! its latency counts from that time, so that a server that stops for a while is not asked less.

use crate::asking::Asking;
use crate::kernel::{Datagrams, exact_sleeps, interrupted, wait_exactly};
use crate::load::{Judge, PATIENCE, Tally, judge};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A load that goes on where it stopped.
pub(crate) struct Paced<'a> {
    asking: &'a Asking,
    socket: Datagrams,
    /// Nanoseconds from question to question.
    interval: u64,
    started: Instant,
    next: usize,
    /// By ID: which question, and when it was to be asked.
    open: Vec<Option<(u32, u64)>>,
    /// IDs in the order of their times.
    order: VecDeque<(u16, u64)>,
}

impl<'a> Paced<'a> {
    /// Opens a socket that asks `server` so many questions a second.
    pub(crate) fn new(asking: &'a Asking, server: SocketAddr, rate: u32) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20)?;
        socket.connect(server)?;
        exact_sleeps();
        Ok(Paced {
            asking,
            socket: Datagrams::new(socket)?,
            interval: 1_000_000_000 / u64::from(rate),
            started: Instant::now(),
            next: 0,
            open: vec![None; 1 << 16],
            order: VecDeque::new(),
        })
    }

    /// Asks for so long, then waits for what is under way.
    pub(crate) fn run(&mut self, duration: Duration) -> io::Result<Tally> {
        let mut tally = Tally::new();
        let begun = self.clock();
        let end = begun + duration.as_nanos() as u64;
        let mut due = begun;
        while !interrupted() {
            let now = self.clock();
            while due <= now && due < end {
                self.ask(due, &mut tally)?;
                due += self.interval;
            }
            self.socket.flush()?;
            self.take(&mut tally)?;
            self.give_up(&mut tally);
            if due >= end && self.order.is_empty() {
                break;
            }
            let wake = if due < end { due } else { self.clock() + 1_000_000 };
            wait_exactly(self.socket.descriptor(), Duration::from_nanos(wake.saturating_sub(self.clock())));
        }
        tally.elapsed = duration;
        Ok(tally)
    }

    fn ask(&mut self, due: u64, tally: &mut Tally) -> io::Result<()> {
        let id = self.next as u16;
        if let Some((_, sent)) = self.open[usize::from(id)].replace((self.next as u32 % self.asking.len() as u32, due))
        {
            lose(due - sent, tally);
        }
        self.order.push_back((id, due));
        self.socket.queue(self.asking.octets(self.next % self.asking.len()), id)?;
        self.next += 1;
        Ok(())
    }

    fn take(&mut self, tally: &mut Tally) -> io::Result<()> {
        loop {
            let count = self.socket.receive()?;
            if count == 0 {
                return Ok(());
            }
            let now = self.clock();
            for message in 0..count {
                let reply = self.socket.message(message);
                let [high, low, ..] = *reply else { continue };
                let id = usize::from(u16::from_be_bytes([high, low]));
                let Some((query, due)) = self.open[id].take() else { continue };
                tally.answered += 1;
                tally.latency.add(now - due);
                judge(Judge::Answer, self.asking, query as usize, reply, tally);
            }
        }
    }

    /// Counts as lost what got no answer in time, and with the latency that it had until then.
    fn give_up(&mut self, tally: &mut Tally) {
        let now = self.clock();
        while let Some((id, due)) = self.order.front().copied() {
            let open = &mut self.open[usize::from(id)];
            let waits = open.is_some_and(|(_, since)| since == due);
            if waits && now - due <= PATIENCE.as_nanos() as u64 {
                return;
            }
            if waits {
                *open = None;
                lose(now - due, tally);
            }
            self.order.pop_front();
        }
    }

    fn clock(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }
}

fn lose(waited: u64, tally: &mut Tally) {
    tally.lost += 1;
    tally.latency.add(waited);
}
