//! DNS cookies (RFC 7873) as RFC 9018 makes them: a client that shows ours again is where it says it is.

use crate::dns::Cookie;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// A cookie is taken for so many seconds (RFC 9018 section 4.3).
const LIFE: u32 = 3600;

/// A younger cookie is given back as it is, in seconds.
const FRESH: u32 = 1800;

/// A cookie of [`own`] is taken for so many seconds.
const OWN_LIFE: u32 = 60;

/// Clocks of servers that share a secret may differ by so many seconds.
const AHEAD: u32 = 300;

/// What a cookie said about its client, and the COOKIE option to reply with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked {
    /// The horizon that this server itself asks as, whatever its address: see [`own`].
    pub(super) horizon: Option<usize>,
    /// The client has shown a cookie that only its address was given.
    pub(super) known: bool,
    pub(super) reply: [u8; 24],
}

/// Checks the cookie of a client, with this process's secret and the clock.
pub(super) fn check(cookie: &Cookie, client: IpAddr) -> Checked {
    match secret() {
        Some(secret) => check_at(cookie, client, secret, now()),
        // Anybody could make these: nobody is known by one, not even this process.
        None => fresh(cookie, client, &[0; 16], now()),
    }
}

/// A cookie by which this process, sending from the address `asker`, asks itself as a client of a horizon, so that it can
/// see on the wire what clients get whose addresses it cannot send from. Nobody else can make one, and from another address
/// it is worth nothing.
pub(super) fn own(horizon: u16, asker: IpAddr) -> [u8; 24] {
    let mut client = [0; 8];
    let _ = getrandom::fill(&mut client);
    join(client, own_cookie(client, asker, horizon, secret().unwrap_or(&[0; 16]), now()))
}

/// None when the system has no randomness.
fn secret() -> Option<&'static [u8; 16]> {
    static SECRET: OnceLock<Option<[u8; 16]>> = OnceLock::new();
    let secret = SECRET.get_or_init(|| {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).is_ok().then_some(secret)
    });
    secret.as_ref()
}

fn now() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32)
}

/// As a server cookie, but of a version of our own, with the horizon in the octets that RFC 9018 reserves.
fn own_cookie(client_cookie: [u8; 8], asker: IpAddr, horizon: u16, secret: &[u8; 16], time: u32) -> [u8; 16] {
    let [high, low] = horizon.to_be_bytes();
    let [a, b, c, d] = time.to_be_bytes();
    hashed([OWN, 0, high, low, a, b, c, d], client_cookie, asker, secret)
}

/// The version octet of [`own`]; RFC 9018 knows version 1 only.
const OWN: u8 = 0xF0;

/// `now` is in seconds since 1970, modulo 2^32 (RFC 9018 section 4.3: compared as serial numbers).
fn check_at(cookie: &Cookie, client: IpAddr, secret: &[u8; 16], now: u32) -> Checked {
    let mut known = false;
    let mut server = None;
    if let Some(shown) = cookie.server {
        if let [OWN, 0, high, low, a, b, c, d, ..] = shown {
            let (horizon, given) = (u16::from_be_bytes([high, low]), u32::from_be_bytes([a, b, c, d]));
            let ours = shown == own_cookie(cookie.client, client, horizon, secret, given);
            if ours && now.wrapping_sub(given) <= OWN_LIFE {
                return Checked { horizon: Some(horizon.into()), known: true, reply: join(cookie.client, shown) };
            }
        }
        let [1, 0, 0, 0, a, b, c, d, ..] = shown else { return fresh(cookie, client, secret, now) };
        let given = u32::from_be_bytes([a, b, c, d]);
        let age = now.wrapping_sub(given);
        let timely = age <= LIFE || age.wrapping_neg() <= AHEAD;
        if timely && shown == server_cookie(cookie.client, client, secret, given) {
            known = true;
            server = (age <= FRESH).then_some(shown);
        }
    }
    match server {
        Some(server) => Checked { horizon: None, known, reply: join(cookie.client, server) },
        None => Checked { known, ..fresh(cookie, client, secret, now) },
    }
}

fn fresh(cookie: &Cookie, client: IpAddr, secret: &[u8; 16], now: u32) -> Checked {
    Checked {
        horizon: None,
        known: false,
        reply: join(cookie.client, server_cookie(cookie.client, client, secret, now)),
    }
}

/// Version 1, reserved octets, the time, and the hash of all that and the client's address (RFC 9018 section 4.4).
fn server_cookie(client_cookie: [u8; 8], client: IpAddr, secret: &[u8; 16], time: u32) -> [u8; 16] {
    let [a, b, c, d] = time.to_be_bytes();
    hashed([1, 0, 0, 0, a, b, c, d], client_cookie, client, secret)
}

/// The head of a server cookie, which says its version, and the hash behind it.
fn hashed(head: [u8; 8], client_cookie: [u8; 8], client: IpAddr, secret: &[u8; 16]) -> [u8; 16] {
    let mut hasher = SipHasher24::new_with_key(secret);
    hasher.write(&client_cookie);
    hasher.write(&head);
    match client {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
    let mut cookie = [0; 16];
    cookie[..8].copy_from_slice(&head);
    cookie[8..].copy_from_slice(&hasher.finish().to_le_bytes());
    cookie
}

fn join(client: [u8; 8], server: [u8; 16]) -> [u8; 24] {
    let mut both = [0; 24];
    both[..8].copy_from_slice(&client);
    both[8..].copy_from_slice(&server);
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 16] =
        [0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc, 0x84, 0x9e, 0x37, 0xbf, 0xcf];
    const CLIENT: [u8; 8] = [0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57];

    /// The test vectors of RFC 9018 appendix A.1: learning a new server cookie, and the renewal of an old one.
    #[test]
    fn cookies_are_those_of_the_rfc() {
        let expected = [0x01, 0, 0, 0, 0x5c, 0xf7, 0x9f, 0x11, 0x1f, 0x81, 0x30, 0xc3, 0xee, 0xe2, 0x94, 0x80];
        let client = "198.51.100.100".parse().unwrap();
        assert_eq!(server_cookie(CLIENT, client, &SECRET, 1_559_731_985), expected);
        let checked = check_at(&Cookie { client: CLIENT, server: None }, client, &SECRET, 1_559_731_985);
        assert_eq!(checked, Checked { horizon: None, known: false, reply: join(CLIENT, expected) });
    }

    /// What this process asks itself is taken for the horizon that it names, for a minute, from its own address, unchanged.
    #[test]
    fn own_cookies_choose_the_horizon() {
        let client: IpAddr = "198.51.100.100".parse().unwrap();
        let given = own_cookie(CLIENT, client, 3, &SECRET, 10_000);
        let cookie = Cookie { client: CLIENT, server: Some(given) };
        let horizon = |cookie: &Cookie, secret: &[u8; 16], now: u32| check_at(cookie, client, secret, now).horizon;
        assert_eq!(horizon(&cookie, &SECRET, 10_000), Some(3));
        assert_eq!(horizon(&cookie, &SECRET, 10_060), Some(3));
        assert_eq!(horizon(&cookie, &SECRET, 10_061), None, "too old");
        assert_eq!(horizon(&cookie, &SECRET, 9_999), None, "from the time to come");
        assert_eq!(horizon(&cookie, &[0; 16], 10_000), None, "another process");
        for other in ["198.51.100.101", "::ffff:198.51.100.100", "2001:db8::1"] {
            let stranger = check_at(&cookie, other.parse().unwrap(), &SECRET, 10_000);
            assert_eq!((stranger.horizon, stranger.known), (None, false), "shown by {other}");
        }
        for octet in 0..16 {
            let mut changed = given;
            changed[octet] ^= 1;
            assert_eq!(horizon(&Cookie { server: Some(changed), ..cookie }, &SECRET, 10_000), None, "octet {octet}");
        }
    }

    /// A cookie is good for an hour, for its client, unchanged; an old one is known and renewed.
    #[test]
    fn cookies_age_and_belong_to_one_client() {
        let client: IpAddr = "2001:db8::1".parse().unwrap();
        let given = server_cookie(CLIENT, client, &SECRET, 10_000);
        let cookie = Cookie { client: CLIENT, server: Some(given) };
        let table = [
            ("at once", 10_000, true, true),
            ("half an hour later", 11_800, true, true),
            ("older: renewed", 11_801, true, false),
            ("an hour later", 13_600, true, false),
            ("too old", 13_601, false, false),
            ("from a clock ahead of ours", 9_700, true, false),
            ("too far ahead", 9_699, false, false),
        ];
        for (why, now, known, same) in table {
            let checked = check_at(&cookie, client, &SECRET, now);
            assert_eq!((checked.known, checked.reply[8..] == given), (known, same), "{why}");
        }
        let other = "2001:db8::2".parse().unwrap();
        assert!(!check_at(&cookie, other, &SECRET, 10_000).known, "another client");
        let mut changed = given;
        changed[15] ^= 1;
        assert!(!check_at(&Cookie { server: Some(changed), ..cookie }, client, &SECRET, 10_000).known, "another hash");
    }
}
