//! Request lines as they come in: short ones from everybody at once, large ones one at a time and only for errands, so that
//! those who may speak to the server cannot fill its memory by accident.

use super::message::{ERRAND_BEGINS, read_request};
use super::{LARGEST_ERRAND, LARGEST_REQUEST, Refusal, Request};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// For a whole request line to come, for a turn to send a large one, and for a reply to be taken.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What came.
pub(super) enum Incoming<'a> {
    /// Nothing more: the client has ended, or is idle.
    End,
    /// A request. What is with it is to be kept until the answer: nobody else sends a large line meanwhile.
    Request(Request, Option<SemaphorePermit<'a>>),
    /// Something else; the connection ends with this.
    Refused(Refusal),
}

/// Reads one line; `turn` has one permit.
///
/// # Errors
/// The connection broke.
pub(super) async fn incoming<'a>(read: &mut BufReader<OwnedReadHalf>, turn: &'a Semaphore) -> io::Result<Incoming<'a>> {
    let mut line = Vec::new();
    let mut permit = None;
    match append(read, &mut line, LARGEST_REQUEST).await {
        Come::Line => {}
        Come::Broken(error) => return Err(error),
        // An idle connection ends without a word; half a request gets one.
        Come::Late if line.is_empty() => return Ok(Incoming::End),
        Come::Late => return Ok(Incoming::Refused(too_slow())),
        Come::More if !line.starts_with(ERRAND_BEGINS) => return Ok(Incoming::Refused(too_large(LARGEST_REQUEST))),
        Come::More => {
            let Ok(Ok(ours)) = timeout(PATIENCE, turn.acquire()).await else {
                let what = format!("no turn for a request of this size within {} seconds", PATIENCE.as_secs());
                return Ok(Incoming::Refused(Refusal::new("BUSY", what, "wait for the large edit before it")));
            };
            permit = Some(ours);
            match append(read, &mut line, LARGEST_ERRAND).await {
                Come::Line => {}
                Come::Broken(error) => return Err(error),
                Come::Late => return Ok(Incoming::Refused(too_slow())),
                Come::More => return Ok(Incoming::Refused(too_large(LARGEST_ERRAND))),
            }
        }
    }
    if line.is_empty() {
        return Ok(Incoming::End);
    }
    Ok(match read_request(&line) {
        Ok(request) => Incoming::Request(request, permit),
        Err(refusal) => Incoming::Refused(refusal),
    })
}

/// How much came.
enum Come {
    /// All of the line, or all that the client sends.
    Line,
    /// More than fits.
    More,
    /// Too little in time.
    Late,
    Broken(io::Error),
}

/// Reads on until the line ends or holds more than so many octets.
async fn append(read: &mut BufReader<OwnedReadHalf>, line: &mut Vec<u8>, most: usize) -> Come {
    let rest = (most + 1).saturating_sub(line.len()) as u64;
    match timeout(PATIENCE, read.take(rest).read_until(b'\n', line)).await {
        Ok(Ok(_)) if line.last() != Some(&b'\n') && line.len() > most => Come::More,
        Ok(Ok(_)) => Come::Line,
        Ok(Err(error)) => Come::Broken(error),
        Err(_) => Come::Late,
    }
}

fn too_slow() -> Refusal {
    let what = format!("no whole request within {} seconds", PATIENCE.as_secs());
    Refusal::new("TOO_SLOW", what, "send the request in one go")
}

fn too_large(most: usize) -> Refusal {
    Refusal::new("REQUEST_TOO_LARGE", format!("a request of more than {most} octets"), "ask for less at once")
}
