//! Many questions to one server over UDP, gently, and over TCP for what does not fit.

use std::collections::HashMap;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::UdpSocket;
use std::time::Duration;
use std::time::Instant;

/// Questions under way at a time: dnsmasq takes 150.
const WINDOW: usize = 32;
/// Between two questions: 2,000 a second at most.
const PACE: Duration = Duration::from_micros(500);
/// How long one answer is waited for, and how often it is asked for.
const PATIENCE: Duration = Duration::from_secs(2);
const TRIES: u32 = 2;
/// A server that has answered none of so many questions is not there.
const SILENCE: usize = 100;
/// Nor is one behind whose address nobody listens.
const REFUSALS: usize = 8;

/// Asks all of them; none where no answer came. `questions` gives the octets of each for an id.
///
/// # Errors
/// No socket, or a server that answers nothing at all.
pub(super) fn ask_all(server: SocketAddr, questions: &[Vec<u8>]) -> io::Result<Vec<Option<Vec<u8>>>> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_millis(5)))?;
    let mut asker =
        Asker { socket, waiting: HashMap::new(), replies: vec![None; questions.len()], heard: 0, lost: 0, refused: 0 };
    let mut next = 0;
    while next < questions.len() || !asker.waiting.is_empty() {
        if next < questions.len() && asker.waiting.len() < WINDOW {
            let id = next as u16;
            if !asker.waiting.contains_key(&id) {
                asker.send(id, next, &questions[next], 1);
                next += 1;
                std::thread::sleep(PACE);
            }
        }
        let full = next == questions.len() || asker.waiting.len() >= WINDOW;
        asker.take(questions, full);
        asker.repeat(questions);
        if asker.heard == 0 && (asker.lost >= SILENCE.min(questions.len()) || asker.refused >= REFUSALS) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it answers no question"));
        }
    }
    let cut = |reply: &[u8]| reply.get(2).is_some_and(|flags| flags & 0x02 != 0);
    for (reply, question) in asker.replies.iter_mut().zip(questions) {
        if reply.as_deref().is_some_and(cut)
            && let Ok(whole) = over_tcp(server, question)
        {
            *reply = Some(whole);
        }
    }
    Ok(asker.replies)
}

struct Asker {
    socket: UdpSocket,
    /// By id: which question, since when, which try.
    waiting: HashMap<u16, (usize, Instant, u32)>,
    replies: Vec<Option<Vec<u8>>>,
    heard: usize,
    lost: usize,
    /// How often the system said that nobody listens there (ICMP).
    refused: usize,
}

impl Asker {
    fn send(&mut self, id: u16, at: usize, question: &[u8], tries: u32) {
        let mut octets = question.to_vec();
        if let Some(head) = octets.first_chunk_mut::<2>() {
            *head = id.to_be_bytes();
        }
        self.sent(self.socket.send(&octets));
        self.waiting.insert(id, (at, Instant::now(), tries));
    }

    /// Takes the replies that are there; waits for one when `patient`.
    fn take(&mut self, questions: &[Vec<u8>], patient: bool) {
        let mut buffer = [0; 4096];
        let _ = self.socket.set_nonblocking(!patient);
        loop {
            let received = self.socket.recv(&mut buffer);
            let Ok(length) = received else { return self.sent(received) };
            let reply = &buffer[..length];
            let Some(id) = reply.first_chunk::<2>().map(|id| u16::from_be_bytes(*id)) else { continue };
            let Some((at, ..)) = self.waiting.get(&id).copied() else { continue };
            let same = questions.get(at).is_some_and(|question| same_question(question, reply));
            if same && reply.get(2).is_some_and(|flags| flags & 0x80 != 0) {
                self.waiting.remove(&id);
                self.heard += 1;
                if let Some(place) = self.replies.get_mut(at) {
                    *place = Some(reply.to_vec());
                }
                if patient {
                    return;
                }
            }
        }
    }

    /// Notes a refusal; it shows on the next use of the socket, whatever that is.
    fn sent(&mut self, result: io::Result<usize>) {
        self.refused += usize::from(result.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused));
    }

    /// Asks again for what did not come, and gives up on what did not come twice.
    fn repeat(&mut self, questions: &[Vec<u8>]) {
        let late: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, (_, since, _))| since.elapsed() > PATIENCE)
            .map(|(id, at)| (*id, *at))
            .collect();
        for (id, (at, _, tries)) in late {
            self.waiting.remove(&id);
            match questions.get(at).filter(|_| tries < TRIES) {
                Some(question) => self.send(id, at, question, tries + 1),
                None => self.lost += 1,
            }
        }
    }
}

/// True when the reply repeats the question; a server that could not read it repeats nothing, and is heard all the same.
fn same_question(question: &[u8], reply: &[u8]) -> bool {
    if reply.get(4..6) == Some(&[0, 0]) {
        return true;
    }
    let Some(end) = crate::dns::skip_name(question, crate::dns::HEADER).ok().map(|end| end + 4) else { return false };
    match (question.get(crate::dns::HEADER..end), reply.get(crate::dns::HEADER..end)) {
        (Some(asked), Some(answered)) => asked.eq_ignore_ascii_case(answered),
        _ => false,
    }
}

fn over_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}
