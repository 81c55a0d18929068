//! Addresses of upstreams that are written by name, from the bootstrap servers over plain DNS; kept for their TTL.
//!
//! What comes back need not be trusted: the certificate must be that of the name.

use domain::base::Message;
use domain::base::MessageBuilder;
use domain::base::Rtype;
use domain::base::iana::Rcode;
use domain::rdata::A;
use domain::rdata::Aaaa;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// The addresses known so far.
#[derive(Debug)]
pub(super) struct Names {
    servers: Vec<SocketAddr>,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    addresses: Vec<IpAddr>,
    until: Instant,
}

/// One server is waited for this long.
const WAIT: Duration = Duration::from_millis(800);
/// How long addresses are kept, whatever their TTL says.
const KEPT: std::ops::RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_secs(86_400);
/// Octets that come over UDP without fragments.
const UDP_SIZE: u16 = 1232;

impl Names {
    pub(super) fn new(servers: Vec<SocketAddr>) -> Self {
        Names { servers, known: Mutex::new(HashMap::new()) }
    }

    /// The addresses of a host; those known before when nobody answers, however old.
    ///
    /// # Errors
    /// In words: who was asked, and what came of it.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let old = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        if let Some(known) = &old
            && known.until > Instant::now()
        {
            return Ok(known.addresses.clone());
        }
        match self.ask(host).await {
            Ok(known) => {
                let addresses = known.addresses.clone();
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), known);
                Ok(addresses)
            }
            Err(error) => old.map(|known| known.addresses).ok_or(error),
        }
    }

    async fn ask(&self, host: &str) -> Result<Known, String> {
        let mut troubles = Vec::new();
        for server in &self.servers {
            let (v4, v6) = tokio::join!(ask(*server, host, Rtype::A), ask(*server, host, Rtype::AAAA));
            let (mut addresses, mut ttl) = (Vec::new(), *KEPT.end());
            for outcome in [v4, v6] {
                match outcome {
                    Ok((found, least)) => {
                        addresses.extend(found);
                        ttl = ttl.min(least);
                    }
                    Err(trouble) => troubles.push(format!("{server} {trouble}")),
                }
            }
            if !addresses.is_empty() {
                return Ok(Known { addresses, until: Instant::now() + ttl.max(*KEPT.start()) });
            }
        }
        troubles.dedup();
        troubles.truncate(4);
        let asked = if troubles.is_empty() { "nobody gives it one".to_owned() } else { troubles.join("; ") };
        Err(format!("`{host}`: {asked}"))
    }
}

/// The addresses that one server gives, and their least TTL; none when there are none of this type.
async fn ask(server: SocketAddr, host: &str, rtype: Rtype) -> Result<(Vec<IpAddr>, Duration), String> {
    let query = query(host, rtype).ok_or("cannot be asked for what is no name")?;
    let reply = match timeout(WAIT, over_udp(server, &query)).await {
        Ok(Ok(reply)) if is_cut(&reply) => match timeout(WAIT, over_tcp(server, &query)).await {
            Ok(reply) => reply,
            Err(_) => return Err("did not answer over TCP".to_owned()),
        },
        Ok(reply) => reply,
        Err(_) => return Err("did not answer".to_owned()),
    };
    let reply = reply.map_err(|error| format!("cannot be asked: {error}"))?;
    addresses(&reply).ok_or_else(|| match Message::from_slice(&reply) {
        Ok(reply) if reply.header().rcode() != Rcode::NOERROR => format!("answers {}", reply.header().rcode()),
        _ => "answers with what is no DNS".to_owned(),
    })
}

fn query(host: &str, rtype: Rtype) -> Option<Vec<u8>> {
    let name = domain::base::Name::<Vec<u8>>::from_str(host).ok()?;
    let mut builder = MessageBuilder::new_vec();
    let mut id = [0; 2];
    getrandom::fill(&mut id).ok()?;
    builder.header_mut().set_id(u16::from_be_bytes(id));
    builder.header_mut().set_rd(true);
    let mut builder = builder.question();
    builder.push((name, rtype)).ok()?;
    let mut builder = builder.additional();
    builder
        .opt(|opt| {
            opt.set_udp_payload_size(UDP_SIZE);
            Ok(())
        })
        .ok()?;
    Some(builder.finish())
}

/// Asks from a fresh port; what is no reply to the query is waited past.
async fn over_udp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let any = if server.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut reply = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut reply).await?;
        if answers(query, &reply[..length]) {
            reply.truncate(length);
            return Ok(reply);
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let framed = [&(query.len() as u16).to_be_bytes(), query].concat();
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut reply = vec![0; usize::from(length)];
    stream.read_exact(&mut reply).await?;
    if answers(query, &reply) { Ok(reply) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn answers(query: &[u8], reply: &[u8]) -> bool {
    match (Message::from_slice(query), Message::from_slice(reply)) {
        (Ok(query), Ok(reply)) => reply.is_answer(query),
        _ => false,
    }
}

fn is_cut(reply: &[u8]) -> bool {
    Message::from_slice(reply).is_ok_and(|reply| reply.header().tc())
}

/// All addresses of the answer section, whatever aliases led there.
fn addresses(reply: &[u8]) -> Option<(Vec<IpAddr>, Duration)> {
    let reply = Message::from_slice(reply).ok().filter(|reply| reply.header().rcode() == Rcode::NOERROR)?;
    let (mut found, mut ttl) = (Vec::new(), *KEPT.end());
    for record in reply.answer().ok()? {
        let record = record.ok()?;
        let address = if let Ok(Some(a)) = record.to_record::<A>() {
            IpAddr::from(a.data().addr())
        } else if let Ok(Some(aaaa)) = record.to_record::<Aaaa>() {
            IpAddr::from(aaaa.data().addr())
        } else {
            continue;
        };
        found.push(address);
        ttl = ttl.min(Duration::from_secs(record.ttl().as_secs().into()));
    }
    Some((found, ttl))
}
