//! Web servers of a guest that behave as they are told, and remember who asked for what.

use super::network::Network;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a server says to a request.
#[derive(Clone)]
pub(crate) enum Says {
    /// As Traefik does: the token's file below this folder, and for an unknown token 404 without a body.
    Tokens(PathBuf),
    /// These octets for every request, then the end.
    Text(String),
    /// A head, and a body that never ends.
    Endless,
    /// One octet a second.
    Slow,
}

/// One request: when, from where, its first line and the host it was for.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) from: SocketAddr,
    pub(crate) line: String,
    pub(crate) host: String,
}

/// A server on one address of a guest, until it is dropped.
pub(crate) struct Responder {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Seen>>>,
    thread: Option<JoinHandle<()>>,
}

impl Responder {
    pub(crate) fn start(network: &Network, guest: &str, address: &str, says: Says) -> Responder {
        let listener = network.inside(guest, || TcpListener::bind(address).unwrap());
        listener.set_nonblocking(true).unwrap();
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stopping, noted) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                while !stopping.load(Ordering::Relaxed) {
                    let Ok((stream, from)) = listener.accept() else {
                        std::thread::park_timeout(Duration::from_millis(5));
                        continue;
                    };
                    let (says, stopping, noted) = (says.clone(), &stopping, &noted);
                    scope.spawn(move || {
                        let _ = serve(stream, from, &says, stopping, noted);
                    });
                }
            });
        });
        Responder { stop, seen, thread: Some(thread) }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    from: SocketAddr,
    says: &Says,
    stop: &AtomicBool,
    seen: &Mutex<Vec<Seen>>,
) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < 16_384 {
        let length = stream.read(&mut part)?;
        if length == 0 {
            return Ok(());
        }
        head.extend(&part[..length]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    let host = head.lines().find_map(|line| line.strip_prefix("Host: ").or(line.strip_prefix("host: ")));
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(Seen { at: Instant::now(), from, line, host: host.unwrap_or_default().to_owned() });
    match says {
        Says::Tokens(folder) => {
            let token = path.strip_prefix("/.well-known/acme-challenge/").filter(|token| !token.contains(['/', '.']));
            let file =
                token.and_then(|token| std::fs::read(folder.join(".well-known/acme-challenge").join(token)).ok());
            let (status, body) = file.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(&body)
        }
        Says::Text(text) => stream.write_all(text.as_bytes()),
        Says::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(&[b'x'; 4096])?;
            }
            Ok(())
        }
        Says::Slow => {
            for octet in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                stream.write_all(&[*octet])?;
                for _ in 0..100 {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
            Ok(())
        }
    }
}
