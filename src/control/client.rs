//! `zonectl`'s side of the control socket; blocking.

use super::Refusal;
use super::Reply;
use super::Request;
use super::VERSION;
use super::message::Versioned;
use serde::de::DeserializeOwned;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Octets of a reply; `diff` of two large horizons is the largest.
const LARGEST_REPLY: u64 = 256 << 20;
/// For the server to take a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the server gave no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// No server listens there.
    #[error("no server at {}; start horizond, or name its socket with `--socket`", path.display())]
    NoServer {
        /// The socket.
        path: PathBuf,
    },
    /// The socket's mode keeps this user out.
    #[error("no right to speak to the server at {}; run as its user, or join its group", path.display())]
    Denied {
        /// The socket.
        path: PathBuf,
    },
    /// The connection broke or took too long.
    #[error("the server at {} did not answer: {source}; see `zonectl status` and the server's log", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// The reason of the system.
        source: io::Error,
    },
    /// The reply is not of this protocol.
    #[error("{} sent something else than a reply: {reason}; use the zonectl of the server's version", path.display())]
    NotAReply {
        /// The socket.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Sends one request to the server at `path` and reads its answer; waits at most `limit` for it.
///
/// # Errors
/// [`AskError`].
pub fn ask<T: DeserializeOwned>(path: &Path, request: &Request, limit: Duration) -> Result<T, AskError> {
    let broken = |source| AskError::Broken { path: path.to_path_buf(), source };
    let not_a_reply = |reason: String| AskError::NotAReply { path: path.to_path_buf(), reason };
    let stream = send(path, request, limit)?;
    let mut line = Vec::new();
    BufReader::new(stream).take(LARGEST_REPLY).read_until(b'\n', &mut line).map_err(broken)?;
    if line.last() != Some(&b'\n') {
        return Err(not_a_reply("it ends in the middle".to_owned()));
    }
    let reply: Reply = serde_json::from_slice(&line).map_err(|error| not_a_reply(error.to_string()))?;
    match reply {
        Reply { refusal: Some(refusal), .. } => Err(refusal.into()),
        Reply { version, .. } if version != VERSION => Err(not_a_reply(format!("version {version}"))),
        Reply { answer: Some(answer), .. } => {
            serde_json::from_value(answer).map_err(|error| not_a_reply(error.to_string()))
        }
        _ => Err(not_a_reply("neither an answer nor a refusal".to_owned())),
    }
}

/// Sends one request and hands over each answer until `take` says false or the server ends; waits at most `limit` for the next.
///
/// # Errors
/// [`AskError`].
pub fn watch<T: DeserializeOwned>(
    path: &Path,
    request: &Request,
    limit: Duration,
    mut take: impl FnMut(T) -> bool,
) -> Result<(), AskError> {
    let broken = |source| AskError::Broken { path: path.to_path_buf(), source };
    let not_a_reply = |reason: String| AskError::NotAReply { path: path.to_path_buf(), reason };
    let mut reader = BufReader::new(send(path, request, limit)?);
    loop {
        let mut line = Vec::new();
        (&mut reader).take(LARGEST_REPLY).read_until(b'\n', &mut line).map_err(broken)?;
        if line.is_empty() {
            return Ok(());
        }
        let reply: Reply = serde_json::from_slice(&line).map_err(|error| not_a_reply(error.to_string()))?;
        let answer = match reply {
            Reply { refusal: Some(refusal), .. } => return Err(refusal.into()),
            Reply { answer: Some(answer), .. } => answer,
            _ => return Err(not_a_reply("neither an answer nor a refusal".to_owned())),
        };
        if !take(serde_json::from_value(answer).map_err(|error| not_a_reply(error.to_string()))?) {
            return Ok(());
        }
    }
}

/// Sends one request; what is read afterwards is waited for at most so long.
fn send(path: &Path, request: &Request, limit: Duration) -> Result<UnixStream, AskError> {
    let broken = |source| AskError::Broken { path: path.to_path_buf(), source };
    let mut stream = connect(path)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(broken)?;
    stream.set_read_timeout(Some(limit)).map_err(broken)?;
    let versioned = Versioned { version: VERSION, request: request.clone() };
    let mut octets = serde_json::to_vec(&versioned)
        .map_err(|error| AskError::NotAReply { path: path.to_path_buf(), reason: error.to_string() })?;
    octets.push(b'\n');
    stream.write_all(&octets).map_err(broken)?;
    Ok(stream)
}

fn connect(path: &Path) -> Result<UnixStream, AskError> {
    UnixStream::connect(path).map_err(|source| {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory => {
                AskError::NoServer { path }
            }
            io::ErrorKind::PermissionDenied => AskError::Denied { path },
            _ => AskError::Broken { path, source },
        }
    })
}
