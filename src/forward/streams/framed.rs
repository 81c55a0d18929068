//! Messages with their length before them over one connection, many questions at once (RFC 7766 section 6.2.1.1, RFC 7858).

use super::super::stream::StreamError;
use super::link::Failure;
use crate::dns::HEADER;
use bytes::Buf;
use bytes::BytesMut;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// One connection. Dropped, it ends its task, and the connection with it.
#[derive(Debug)]
pub(super) struct Framed {
    queue: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// By the id on the wire.
    questions: HashMap<u16, Question>,
    /// Ids that were used so far, from which the next one is made.
    asked: u64,
    keys: RandomState,
    /// Replies to no question.
    strays: usize,
    answered: bool,
    end: Option<End>,
}

/// What waits for a reply.
#[derive(Debug)]
enum Question {
    Waits(oneshot::Sender<Vec<u8>>),
    /// Given up. Its id is not used again before its late reply came, which must not be taken for another's.
    GivenUp,
}

/// Why a connection ended.
#[derive(Debug, Clone)]
enum End {
    /// Nobody has asked for a while.
    Idle,
    /// The peer closed it.
    Closed,
    /// It broke.
    Broken(io::ErrorKind, String),
    /// What came is no DNS.
    Malformed(&'static str),
}

/// Questions that wait to be written.
const QUEUE: usize = 64;
/// Octets written in one go.
const BURST: usize = 16 << 10;
/// Octets of room made for a read.
const READ: usize = 8 << 10;
/// Questions that were given up on one connection before another is used.
const GIVEN_UP: usize = 256;
/// Replies to no question before the peer is taken for broken.
const STRAYS: usize = 64;
/// A peer that takes no octets for this long is gone.
const WRITE: Duration = Duration::from_secs(4);

impl Framed {
    /// Speaks over a connection, in a task of the current runtime. Without questions for the time `idle` it is closed
    /// (RFC 7766 section 6.2.3): most peers close theirs sooner or later, and a question that crosses with that must be
    /// asked twice.
    pub(super) fn new<S: AsyncRead + AsyncWrite + Send + 'static>(stream: S, idle: Duration) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let state = State {
            questions: HashMap::new(),
            asked: 0,
            keys: RandomState::new(),
            strays: 0,
            answered: false,
            end: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        tokio::spawn(drive(stream, queued, Arc::clone(&shared), idle));
        Framed { queue, shared }
    }

    /// Whether questions may be asked on it.
    pub(super) fn is_open(&self) -> bool {
        let state = self.shared.state();
        let given_up = || state.questions.values().filter(|question| matches!(question, Question::GivenUp)).count();
        state.end.is_none() && (state.questions.len() < GIVEN_UP || given_up() < GIVEN_UP)
    }

    /// Asks and waits for the reply, without end.
    pub(super) async fn ask(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let (answer, answered) = oneshot::channel();
        let id = self.shared.enter(answer)?;
        let mut waiting = Waiting { shared: &self.shared, id, answered };
        let mut frame = Vec::with_capacity(2 + message.len());
        frame.extend((message.len() as u16).to_be_bytes());
        frame.extend(id.to_be_bytes());
        frame.extend(&message[2..]);
        // When the task is gone, so is the sender of the answer, and it has left its reason.
        let _ = self.queue.send(frame).await;
        let mut reply = (&mut waiting.answered).await.map_err(|_| self.shared.failure())?;
        reply[..2].copy_from_slice(&message[..2]);
        Ok(reply)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a question under an id that no other has.
    fn enter(&self, answer: oneshot::Sender<Vec<u8>>) -> Result<u16, Failure> {
        let mut state = self.state();
        if state.end.is_some() {
            drop(state);
            return Err(self.failure());
        }
        // The caller's bound on questions under way leaves most of the 65,536 ids free.
        loop {
            state.asked += 1;
            let id = state.keys.hash_one(state.asked) as u16;
            if let Entry::Vacant(vacant) = state.questions.entry(id) {
                vacant.insert(Question::Waits(answer));
                return Ok(id);
            }
        }
    }

    /// Takes a whole message; an error ends the connection.
    fn receive(&self, message: &[u8]) -> Result<(), End> {
        let Some((id, response)) = message.split_first_chunk::<2>() else {
            return Err(End::Malformed("a message without header"));
        };
        if message.len() < HEADER || response[0] & 0x80 == 0 {
            return Err(End::Malformed("what came over the connection is no DNS response"));
        }
        let mut state = self.state();
        match state.questions.remove(&u16::from_be_bytes(*id)) {
            Some(Question::Waits(answer)) => {
                // One that was given up in this moment needs it no more.
                let _ = answer.send(message.to_vec());
                state.answered = true;
            }
            Some(Question::GivenUp) => {}
            None => {
                state.strays += 1;
                if state.strays > STRAYS {
                    return Err(End::Malformed("many replies to questions that were not asked"));
                }
            }
        }
        Ok(())
    }

    /// Ends the connection when nobody waits on it. Decided under the lock, so that no question slips in.
    fn end_if_idle(&self) -> bool {
        let mut state = self.state();
        let idle = !state.questions.values().any(|question| matches!(question, Question::Waits(_)));
        if idle {
            state.end = Some(End::Idle);
        }
        idle
    }

    fn end(&self, end: End) {
        let mut state = self.state();
        state.end.get_or_insert(end);
        state.questions.clear();
    }

    fn failure(&self) -> Failure {
        let (end, answered) = {
            let state = self.state();
            (state.end.clone(), state.answered)
        };
        let failure = match end.unwrap_or(End::Closed) {
            End::Malformed(what) => Failure::lasting(StreamError::Malformed(what)),
            End::Broken(kind, text) => Failure::closed(StreamError::Broken(io::Error::new(kind, text))),
            End::Idle | End::Closed => Failure::closed(StreamError::Broken(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "closed by the upstream before it replied",
            ))),
        };
        Failure { answered, ..failure }
    }
}

/// A question's entry, given up when it is dropped without a reply.
struct Waiting<'s> {
    shared: &'s Shared,
    id: u16,
    answered: oneshot::Receiver<Vec<u8>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answered.close();
        if let Some(question) = self.shared.state().questions.get_mut(&self.id)
            && matches!(question, Question::Waits(answer) if answer.is_closed())
        {
            *question = Question::GivenUp;
        }
    }
}

/// Reads and writes until one of both ends.
async fn drive<S: AsyncRead + AsyncWrite + Send>(
    stream: S,
    queued: mpsc::Receiver<Vec<u8>>,
    shared: Arc<Shared>,
    idle: Duration,
) {
    let (reader, writer) = tokio::io::split(stream);
    let end = tokio::select! {
        end = read(reader, &shared, idle) => end,
        end = write(writer, queued) => end,
    };
    shared.end(end);
}

async fn read(mut reader: impl AsyncRead + Unpin, shared: &Shared, idle: Duration) -> End {
    let mut buffer = BytesMut::new();
    loop {
        while let Some((length, rest)) = buffer.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some(message) = rest.get(..length) else { break };
            if let Err(end) = shared.receive(message) {
                return end;
            }
            buffer.advance(2 + length);
        }
        if buffer.is_empty() {
            // Room that one large reply took is not kept.
            buffer = BytesMut::new();
        }
        buffer.reserve(READ);
        match timeout(idle, reader.read_buf(&mut buffer)).await {
            Ok(Ok(0)) => return End::Closed,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return broken(&error),
            Err(_) if shared.end_if_idle() => return End::Idle,
            Err(_) => {}
        }
    }
}

async fn write(mut writer: impl AsyncWrite + Unpin, mut queued: mpsc::Receiver<Vec<u8>>) -> End {
    while let Some(mut burst) = queued.recv().await {
        while burst.len() < BURST
            && let Ok(next) = queued.try_recv()
        {
            burst.extend(next);
        }
        let written = timeout(WRITE, async {
            writer.write_all(&burst).await?;
            writer.flush().await
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return broken(&error),
            Err(_) => return End::Broken(io::ErrorKind::TimedOut, "the upstream takes no more octets".to_owned()),
        }
    }
    // Nobody holds the connection any more. A TLS peer is told so, if it takes it at once.
    let _ = timeout(Duration::from_millis(100), writer.shutdown()).await;
    End::Idle
}

fn broken(error: &io::Error) -> End {
    match error.kind() {
        // A TLS peer that closes without saying so.
        io::ErrorKind::UnexpectedEof => End::Closed,
        kind => End::Broken(kind, error.to_string()),
    }
}
