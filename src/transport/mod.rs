//! UDP, TCP, TLS, HTTPS, QUIC and HTTP: octets from the network to `query` or to routes and back, and the sockets themselves.
//!
//! Knows nothing of zones, and of files only its certificate. Everything about one query is `crate::query`.

mod bind;
mod certificate;
mod connection;
mod encrypted;
mod ending;
mod exchange;
mod frames;
mod holder;
mod http;
mod https;
mod identity;
mod inherited;
mod late;
mod limits;
mod listeners;
mod onward;
mod protocol;
mod pulse;
mod quic;
mod quota;
mod rate;
mod resource;
mod scratch;
mod stream;
mod tally;
mod tcp;
mod tls;
mod udp;

pub use bind::{BindError, BindReason, LISTEN_FAILED, reachable};
pub use certificate::{CertificateOf, Pair, server_tls};
pub use encrypted::{EncryptedListeners, Encryption};
pub use holder::Holder;
pub use http::{HttpLimits, HttpListeners, HttpTls};
pub use identity::Identity;
pub use inherited::Inherited;
pub use limits::Limits;
pub use listeners::{Keepsake, Listeners, Opened};
pub use protocol::Protocol;
pub use resource::DOH_PATH;
pub use udp::{begin_to_forward, send_late_replies};
