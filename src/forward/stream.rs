//! The door to what carries questions over streams: TCP for what does not fit, TLS and HTTPS upstreams.

use crate::config::Upstream;
use std::io;
use std::time::Instant;
use thiserror::Error;

/// Carries one question over a stream to an upstream and brings its reply back.
pub trait Carry: Send + Sync {
    /// Asks; must not block. For a plain upstream this is TCP (RFC 7766).
    ///
    /// `message` is a whole query without length prefix; its id may be changed on the way, and the reply must have that of
    /// `message`. `done` is called exactly once, from any thread, at `deadline` at the latest. Whether the reply fits the
    /// question is looked at by the one who asked.
    fn ask(&self, upstream: &Upstream, message: Vec<u8>, deadline: Instant, done: Done);
}

/// Takes the outcome of [`Carry::ask`].
pub type Done = Box<dyn FnOnce(Result<Vec<u8>, StreamError>) + Send>;

/// Why a stream brought no reply.
#[derive(Debug, Error)]
pub enum StreamError {
    /// No reply until the deadline.
    #[error("no reply in time over {0}")]
    TimedOut(&'static str),
    /// No connection.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// No TLS session: a certificate that is not trusted, another name, no common version; in words.
    #[error("no TLS session: {0}")]
    Tls(String),
    /// HTTP said no; in words, with the status.
    #[error("HTTP: {0}")]
    Http(String),
    /// The host of a URL has no address; in words.
    #[error("its address is not known: {0}")]
    Unresolved(String),
    /// What came is no reply to the question.
    #[error("the reply is malformed: {0}")]
    Malformed(&'static str),
    /// Too many questions are under way there, or too many connections have failed lately.
    #[error("{0}")]
    Busy(&'static str),
    /// The server stops.
    #[error("the server stops")]
    Stopping,
}

/// Carries nothing: for servers without stream upstreams, and tests. What does not fit into a UDP message fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStreams;

impl Carry for NoStreams {
    fn ask(&self, _upstream: &Upstream, _message: Vec<u8>, _deadline: Instant, done: Done) {
        done(Err(StreamError::Busy("streams to upstreams are not served here")));
    }
}
