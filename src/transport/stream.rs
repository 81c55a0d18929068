//! The stream under a connection: plain TCP, or TLS over it. Reading and writing never wait; waiting is asked for apart, so
//! that an idle connection owns no buffer of ours.

use rustls::ServerConnection;
use std::future::{Future, pending};
use std::io::{self, ErrorKind, Read, Write};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;

/// What a connection needs of its stream.
pub(super) trait Stream: Send {
    /// Reads what is there; 0 octets at the end.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there yet; any other ends the connection.
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as is taken now.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is; any other ends the connection.
    fn try_write(&mut self, octets: &[u8]) -> io::Result<usize>;

    /// Waits until there may be something to read, or the connection is broken.
    fn readable(&mut self) -> impl Future<Output = ()> + Send;

    /// Waits until something may be taken, or the connection is broken.
    fn writable(&mut self) -> impl Future<Output = ()> + Send;

    /// Never ends; what was taken leaves meanwhile.
    fn settled(&mut self) -> impl Future<Output = ()> + Send;

    /// Says that nothing more will come, behind all that was taken.
    ///
    /// # Errors
    /// The connection is broken.
    fn finish(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Stream for TcpStream {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        TcpStream::try_read(self, buffer)
    }

    fn try_write(&mut self, octets: &[u8]) -> io::Result<usize> {
        TcpStream::try_write(self, octets)
    }

    async fn readable(&mut self) {
        // What is wrong shows when it is read.
        let _ = self.ready(Interest::READABLE).await;
    }

    async fn writable(&mut self) {
        let _ = self.ready(Interest::WRITABLE).await;
    }

    async fn settled(&mut self) {
        pending::<()>().await;
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.shutdown().await
    }
}

/// TLS whose handshake is done.
pub(super) struct Secured {
    tcp: TcpStream,
    tls: ServerConnection,
}

/// Octets that TLS holds of what was taken and has not left; more is not taken.
const HELD_BY_TLS: usize = 16 << 10;

/// Reads of the socket in a row that give no octet of the client's; then others have their turn.
const RECORDS: usize = 16;

impl Secured {
    pub(super) fn new(tcp: TcpStream, mut tls: ServerConnection) -> Self {
        tls.set_buffer_limit(Some(HELD_BY_TLS));
        Secured { tcp, tls }
    }

    /// Sends what TLS holds, as far as the socket takes it.
    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Socket(&self.tcp)) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// As [`Secured::flush`], but a socket that takes nothing is no error.
    fn flush_some(&mut self) -> io::Result<()> {
        match self.flush() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            other => other,
        }
    }
}

impl Drop for Secured {
    /// Says that this is the end, so that the client knows that nothing was cut off (RFC 8446 section 6.1), if the socket
    /// takes that much now.
    fn drop(&mut self) {
        self.tls.send_close_notify();
        let _ = self.flush();
    }
}

impl Stream for Secured {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for _ in 0..RECORDS {
            match self.tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // The client closed TCP without a word of TLS: framed messages are not cut short by it unseen.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            self.tls.read_tls(&mut Socket(&self.tcp))?;
            let processed = self.tls.process_new_packets();
            // An alert says what was wrong.
            let flushed = self.flush_some();
            processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            flushed?;
        }
        Err(ErrorKind::Interrupted.into())
    }

    fn try_write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.tls.writer().write(octets)?;
        self.flush_some()?;
        Ok(taken)
    }

    async fn readable(&mut self) {
        while self.tls.wants_write() {
            let Ok(ready) = self.tcp.ready(Interest::READABLE | Interest::WRITABLE).await else { return };
            if ready.is_readable() || self.flush_some().is_err() {
                return;
            }
        }
        let _ = self.tcp.ready(Interest::READABLE).await;
    }

    async fn writable(&mut self) {
        let _ = self.tcp.ready(Interest::WRITABLE).await;
    }

    async fn settled(&mut self) {
        while self.tls.wants_write() && self.tcp.writable().await.is_ok() && self.flush_some().is_ok() {}
        pending::<()>().await;
    }

    async fn finish(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        while self.tls.wants_write() {
            self.tcp.writable().await?;
            self.flush_some()?;
        }
        self.tcp.shutdown().await
    }
}

/// A socket as rustls reads and writes one.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.try_write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
