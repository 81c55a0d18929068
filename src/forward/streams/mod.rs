//! Questions to upstreams over TCP, TLS (RFC 7858) and HTTPS (RFC 8484).
//!
//! Each upstream has a [`lane`]: a few connections that live on between questions, many questions on each.
//! Everything is bounded: connections, questions under way, octets, time. Knows settings and octets of messages, nothing of
//! plans, caches or clients; whether a reply fits its question is looked at by the one who asked.

mod carrier;
mod connect;
mod framed;
mod http;
mod lane;
mod link;
mod names;
mod padding;
mod settings;
mod tls;

pub use carrier::Streams;
pub use settings::{StreamSettings, stream_findings};
