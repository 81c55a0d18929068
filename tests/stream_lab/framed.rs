//! Upstreams that speak messages with their length before them, each in its own manner.

use super::Seen;
use super::reply;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;

/// How an upstream behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers each question at once.
    Plain,
    /// Takes so many questions, then answers the last one first.
    Backwards(usize),
    /// Closes after each answer.
    ClosesAfterEach,
    /// Closes instead of answering.
    ClosesAtOnce,
    /// Says what is no DNS.
    Garbage,
    /// Takes questions and says nothing.
    Silent,
    /// Announces a long answer and sends an octet of it now and then.
    Trickles,
    /// Answers with 65,535 octets.
    Largest,
    /// Answers under other ids, on and on.
    WrongIds,
    /// Answers every second question only.
    EverySecond,
}

pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, manner: Manner, seen: Arc<Seen>) {
    seen.open.fetch_add(1, Ordering::SeqCst);
    // Whatever goes wrong here is what the other side makes of it.
    let _ = talk(&mut stream, manner, &seen).await;
    let _ = stream.shutdown().await;
    seen.open.fetch_sub(1, Ordering::SeqCst);
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, manner: Manner, seen: &Seen) -> std::io::Result<()> {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; usize::from(length)];
        stream.read_exact(&mut query).await?;
        let count = seen.questions.fetch_add(1, Ordering::SeqCst) + 1;
        seen.length.store(query.len(), Ordering::SeqCst);
        match manner {
            Manner::Plain => send(stream, &reply(&query)).await?,
            Manner::Backwards(many) => {
                held.push(query);
                if held.len() == many {
                    for query in held.drain(..).rev() {
                        send(stream, &reply(&query)).await?;
                    }
                }
            }
            Manner::ClosesAfterEach => {
                send(stream, &reply(&query)).await?;
                return Ok(());
            }
            Manner::ClosesAtOnce => return Ok(()),
            Manner::Garbage => stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(1000).as_slice()).await?,
            Manner::Silent => {}
            Manner::Trickles => {
                stream.write_all(b"\xff\xff").await?;
                loop {
                    stream.write_all(b"x").await?;
                    stream.flush().await?;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            Manner::Largest => {
                let mut large = reply(&query);
                large.resize(usize::from(u16::MAX), 7);
                send(stream, &large).await?;
            }
            Manner::WrongIds => loop {
                query[0] = query[0].wrapping_add(1);
                send(stream, &reply(&query)).await?;
            },
            Manner::EverySecond if count.is_multiple_of(2) => send(stream, &reply(&query)).await?,
            Manner::EverySecond => {}
        }
    }
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, message: &[u8]) -> std::io::Result<()> {
    stream.write_all(&[&(message.len() as u16).to_be_bytes(), message].concat()).await?;
    stream.flush().await
}
