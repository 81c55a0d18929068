//! The handshake of tls-alpn-01 (RFC 8737 section 3) without a challenge.

use super::super::dial::{DialError, Handshake, connect, dial_limits, secure};
use super::super::leaf::Leaf;
use super::Target;
use super::http01::silence;
use super::seen::{AlpnSeen, Answer, Seen, Silence};
use std::time::{Duration, Instant};

/// The one protocol that a CA offers (RFC 8737 section 4).
pub(in crate::plugin::acme) const ACME_TLS: &[u8] = b"acme-tls/1";

/// Shakes hands with one address as a CA would, in 5 seconds at most. No octet of an application is sent.
pub(super) async fn ask(target: Target, name: &str) -> Seen {
    let address = target.address();
    let (_, limit) = dial_limits();
    let begun = Instant::now();
    let mut seen =
        Seen { target: address, from: None, connected: None, answer: Answer::None(Silence::Slow, String::new()) };
    let stream = match connect(address).await {
        Ok((stream, took)) => {
            seen.connected = Some(took);
            seen.from = stream.local_addr().ok().map(|own| own.ip());
            stream
        }
        Err(error) => {
            seen.answer = silence(&error);
            return seen;
        }
    };
    let left = limit.saturating_sub(begun.elapsed()).max(Duration::from_millis(100));
    let handshake = Handshake { address, name, protocols: &[ACME_TLS], proof: false, limit: left };
    seen.answer = match secure(stream, handshake).await {
        Ok((_, shown)) => {
            let leaf = shown.chain.first().and_then(|leaf| Leaf::read(leaf));
            let protocol = shown.protocol.map(|protocol| String::from_utf8_lossy(&protocol).into_owned());
            let names = leaf.as_ref().map(|leaf| leaf.names.clone()).unwrap_or_default();
            let acme_identifier = leaf.is_some_and(|leaf| leaf.acme_identifier);
            Answer::Alpn(AlpnSeen { protocol, names, acme_identifier, ..AlpnSeen::default() })
        }
        Err(DialError::Alert { alert, .. }) => Answer::Alpn(AlpnSeen { alert: Some(alert), ..AlpnSeen::default() }),
        Err(DialError::NotTls(_)) => Answer::Alpn(AlpnSeen { no_tls: true, ..AlpnSeen::default() }),
        Err(error) => silence(&error),
    };
    seen
}
