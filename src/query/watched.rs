//! When which CA asked for which name: a few cells that the workers write without lock or allocation, for names and clients
//! that were chosen before. All other queries pay one look at a word for a batch, and one at the client's address each.

use crate::dns::Name;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Clients that can be watched.
const MOST_CLIENTS: usize = 8;
/// Names that can be watched.
const MOST_NAMES: usize = 20_000;
/// Types that CAs ask for: addresses, and the values of dns-01.
const ADDRESS_TYPES: [u16; 3] = [1, 28, 5];
const TXT: u16 = 16;

/// What is watched, and what was seen. What was seen of a name stays as long as the name is watched.
pub struct Watched {
    /// A bit for each client that is watched, chosen by its address; none when nobody is.
    mask: AtomicU64,
    book: ArcSwap<Book>,
}

#[derive(Default)]
struct Book {
    clients: Vec<IpAddr>,
    /// By name in wire format and lower case: the place of its first cell.
    names: HashMap<Box<[u8]>, usize>,
    /// For each name and client one.
    cells: Vec<Arc<Cell>>,
}

/// One name as one client asked for it. Seconds since 1970 UTC; 0 for never.
#[derive(Debug, Default)]
struct Cell {
    address: AtomicU64,
    text: AtomicU64,
    count: AtomicU64,
}

/// What one client asked of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sight {
    /// When it last asked for an address, in seconds since 1970 UTC.
    pub address: Option<u64>,
    /// When it last asked for TXT.
    pub text: Option<u64>,
    /// How many of both there were.
    pub count: u64,
}

impl Default for Watched {
    fn default() -> Self {
        Watched { mask: AtomicU64::new(0), book: ArcSwap::default() }
    }
}

impl Watched {
    /// Watches these clients and names from now on, at most 8 and 20,000; what was seen of those that stay is kept.
    pub fn watch(&self, clients: &[IpAddr], names: impl IntoIterator<Item = Name>) {
        let clients: Vec<IpAddr> = clients.iter().map(IpAddr::to_canonical).take(MOST_CLIENTS).collect();
        let before = self.book.load();
        let mut book = Book { clients, ..Book::default() };
        for name in names.into_iter().take(MOST_NAMES) {
            let wire: Box<[u8]> = name.as_slice().to_ascii_lowercase().into();
            if book.names.contains_key(&wire) {
                continue;
            }
            let first = book.cells.len();
            book.cells.extend(book.clients.iter().map(|client| before.cell(*client, &wire).unwrap_or_default()));
            book.names.insert(wire, first);
        }
        let mask =
            if book.names.is_empty() { 0 } else { book.clients.iter().fold(0, |mask, client| mask | bit(*client)) };
        self.book.store(Arc::new(book));
        self.mask.store(mask, Ordering::Release);
    }

    /// What a client asked of a name; none when one of them is not watched.
    pub fn sight(&self, client: IpAddr, name: &Name) -> Option<Sight> {
        let cell = self.book.load().cell(client.to_canonical(), &name.as_slice().to_ascii_lowercase())?;
        let at = |moment: &AtomicU64| Some(moment.load(Ordering::Relaxed)).filter(|at| *at > 0);
        Some(Sight { address: at(&cell.address), text: at(&cell.text), count: cell.count.load(Ordering::Relaxed) })
    }

    /// The clients that are watched.
    pub fn clients(&self) -> Vec<IpAddr> {
        self.book.load().clients.clone()
    }

    /// True when queries of somebody are watched; one look at a word.
    pub fn is_on(&self) -> bool {
        self.mask.load(Ordering::Relaxed) != 0
    }

    /// True when the client may be one that is watched; false is sure.
    pub fn may_be(&self, client: IpAddr) -> bool {
        self.mask.load(Ordering::Relaxed) & bit(client.to_canonical()) != 0
    }

    /// Notes a question: a name in wire format, in any case.
    #[cold]
    pub fn note(&self, client: IpAddr, name: &[u8], rtype: u16) {
        let mut lower = [0; 255];
        let Some(lower) = lower.get_mut(..name.len()) else { return };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let book = self.book.load();
        let Some(cell) = book.cell_ref(client.to_canonical(), lower) else { return };
        let moment = match rtype {
            TXT => &cell.text,
            _ if ADDRESS_TYPES.contains(&rtype) => &cell.address,
            _ => return,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        moment.store(now, Ordering::Relaxed);
        cell.count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Book {
    fn cell_ref(&self, client: IpAddr, name: &[u8]) -> Option<&Arc<Cell>> {
        let place = self.clients.iter().position(|known| *known == client)?;
        self.cells.get(self.names.get(name)? + place)
    }

    fn cell(&self, client: IpAddr, name: &[u8]) -> Option<Arc<Cell>> {
        self.cell_ref(client, name).cloned()
    }
}

/// One of 64 bits for an address.
fn bit(client: IpAddr) -> u64 {
    let number = match client {
        IpAddr::V4(v4) => u64::from(u32::from(v4)),
        IpAddr::V6(v6) => {
            let number = u128::from(v6);
            (number >> 64) as u64 ^ number as u64
        }
    };
    // The upper bits of a product hang on all bits of the number.
    1 << (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("clients", &self.clients()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;

    fn name(text: &str) -> Name {
        parse_name(text).unwrap()
    }

    /// Only chosen clients and names are seen, and what was seen outlives another choice.
    #[test]
    fn only_what_was_chosen_is_seen() {
        let watched = Watched::default();
        let (ca, other): (IpAddr, IpAddr) = ("10.0.0.10".parse().unwrap(), "10.0.0.11".parse().unwrap());
        assert!(!watched.is_on() && !watched.may_be(ca));
        watched.watch(&[ca], [name("app.example"), name("_acme-challenge.app.example")]);
        assert!(watched.is_on() && watched.may_be(ca) && watched.may_be("::ffff:10.0.0.10".parse().unwrap()));
        watched.note(ca, name("APP.example").as_slice(), 1);
        watched.note("::ffff:10.0.0.10".parse().unwrap(), name("app.example").as_slice(), 28);
        watched.note(ca, name("app.example").as_slice(), 15);
        watched.note(other, name("app.example").as_slice(), 1);
        watched.note(ca, name("www.example").as_slice(), 1);
        watched.note(ca, name("_acme-challenge.app.example").as_slice(), 16);
        let seen = watched.sight(ca, &name("App.Example")).unwrap();
        assert!(seen.address.is_some() && seen.text.is_none() && seen.count == 2, "{seen:?}");
        assert!(watched.sight(ca, &name("_acme-challenge.app.example")).unwrap().text.is_some());
        assert_eq!(watched.sight(other, &name("app.example")), None);
        assert_eq!(watched.sight(ca, &name("www.example")), None);
        watched.watch(&[other, ca], [name("app.example"), name("www.example")]);
        assert_eq!(watched.sight(ca, &name("app.example")).unwrap(), seen);
        assert_eq!(watched.sight(other, &name("app.example")).unwrap(), Sight::default());
        watched.watch(&[], [name("app.example")]);
        assert!(!watched.is_on());
    }

    /// Whatever comes as a name, and however many, nothing grows.
    #[test]
    fn a_flood_does_not_grow_it() {
        let watched = Watched::default();
        let ca: IpAddr = "fd00::10".parse().unwrap();
        watched.watch(&[ca], (0..30_000).map(|at| name(&format!("n{at}.example"))));
        let names = watched.book.load().names.len();
        assert_eq!(names, MOST_NAMES);
        for octet in 0..=255 {
            watched.note(ca, &vec![octet; 300], 1);
            watched.note(ca, &[octet], 16);
        }
        assert_eq!(watched.book.load().cells.len(), names);
        watched.watch(&(0..20).map(|last| IpAddr::from([10, 0, 0, last])).collect::<Vec<_>>(), []);
        assert_eq!(watched.clients().len(), MOST_CLIENTS);
    }
}
