//! The request of http-01 (RFC 8555 section 8.3) for a token that nobody made: rule 4 of safe probing.

use super::super::dial::{DialError, Fetched, Get, connect, dial_limits, fetch};
use super::Target;
use super::seen::{Answer, HttpSeen, Seen, Silence};
use std::time::{Duration, Instant};

/// Where tokens are asked for (RFC 8555 section 8.3).
const PREFIX: &str = "/.well-known/acme-challenge/zonectl-";
/// Random letters behind it: 22 letters of 32 hold 110 bits.
const RANDOM: usize = 22;
/// Octets of a body that are read; the head has its own limit.
const LARGEST_BODY: usize = 8 << 10;

/// Asks one address as a CA would, in 5 seconds at most.
pub(super) async fn ask(target: Target, name: &str) -> Seen {
    let address = target.address();
    let (_, limit) = dial_limits();
    let begun = Instant::now();
    let mut seen =
        Seen { target: address, from: None, connected: None, answer: Answer::None(Silence::Slow, String::new()) };
    let path = path();
    let outcome = match connect(address).await {
        Ok((stream, took)) => {
            seen.connected = Some(took);
            seen.from = stream.local_addr().ok().map(|own| own.ip());
            let left = limit.saturating_sub(begun.elapsed()).max(Duration::from_millis(100));
            let host = name.trim_end_matches('.');
            fetch(stream, Get { address, host, path: &path, most: LARGEST_BODY, limit: left }).await
        }
        Err(error) => Err(error),
    };
    seen.answer = match outcome {
        Ok(fetched) => Answer::Http(heard(name, path, fetched)),
        Err(error) => silence(&error),
    };
    seen
}

fn heard(name: &str, path: String, fetched: Fetched) -> HttpSeen {
    HttpSeen {
        asked: (name.trim_end_matches('.').to_owned(), path),
        status: fetched.status,
        server: fetched.header("server"),
        location: fetched.header("location"),
        body: fetched.body,
        whole: fetched.whole,
    }
}

/// Why there is no answer.
pub(super) fn silence(error: &DialError) -> Answer {
    let silence = match error {
        DialError::Refused(_) => Silence::Refused,
        DialError::Silent { .. } => Silence::Dropped,
        DialError::Unreachable { .. } => Silence::Unreachable,
        DialError::Slow { .. } => Silence::Slow,
        DialError::Alert { .. } | DialError::NotTls(_) | DialError::Tls { .. } | DialError::Http { .. } => {
            Silence::Garbled
        }
    };
    Answer::None(silence, error.to_string())
}

/// A path whose last part nobody can have made.
fn path() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut octets = [0; RANDOM];
    // Without randomness the token is still one that nobody made.
    let _ = getrandom::fill(&mut octets);
    let random = octets.iter().map(|octet| char::from(LETTERS[usize::from(octet % 32)]));
    PREFIX.chars().chain(random).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule 4: the path has the exact shape, and no two are the same.
    #[test]
    fn the_token_is_made_up() {
        let (one, other) = (path(), path());
        assert_ne!(one, other);
        for path in [one, other] {
            let random = path.strip_prefix("/.well-known/acme-challenge/zonectl-").unwrap();
            assert_eq!(random.len(), 22);
            assert!(random.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit()), "{path}");
        }
    }
}
