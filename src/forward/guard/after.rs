//! What is never let in: private addresses from outside (DNS rebinding), addresses that stand for "no such name", AAAA
//! where there shall be none, and aliases of blocked names.

use super::guards::AAAA;
use super::guards::Guards;
use super::guards::no_aaaa;
use super::private::is_private;
use super::tally::Caught;
use super::walk::Expanded;
use super::walk::Part;
use super::walk::Record;
use super::walk::records;
use crate::dns::name_from_wire;
use crate::dns::service_hints;
use crate::forward::refusal::Kind;
use crate::forward::refusal::Refusal;
use crate::forward::refusal::reason;
use std::net::IpAddr;
use std::time::Instant;

const A: u16 = 1;
const CNAME: u16 = 5;
const DNAME: u16 = 39;
const OPT: u16 = 41;
const SVCB: u16 = 64;
const HTTPS: u16 = 65;

/// What must become of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::forward) enum Finding {
    /// It may be let in.
    Nothing,
    /// It may be let in without its additional section, which tells a private address.
    Additional,
    /// It must not be let in.
    Refused(Refusal),
    /// It must not be let in: it tells a private address, which is counted.
    Rebinding(Refusal),
}

impl Guards {
    /// Looks through an answer to a question with this name, in wire format and lower-cased.
    ///
    /// A private address is let in when the name that was asked for, or the owner of the address, is at or below one of
    /// `rebind_except`. Names of our own zones have no part in this: an upstream has no say in their addresses, and what our
    /// zones say never comes here. `blocked` tells what an alias to a name leads to.
    pub(in crate::forward) fn look_through(
        &self,
        name: &[u8],
        rtype: u16,
        message: &[u8],
        blocked: impl Fn(&[u8]) -> Option<Refusal>,
    ) -> Finding {
        let allowed = !self.settings.rebind_protection || self.may_be_private(name);
        let mut additional = false;
        for record in records(message) {
            let Ok(record) = record else { return malformed() };
            if record.part == Part::Authority {
                continue;
            }
            let addresses = Addresses::of(&record);
            let Some(addresses) = addresses else { return malformed() };
            let private = || {
                let mut private = addresses.all().filter(|address| self.is_rebinding(*address));
                private.next().filter(|_| !allowed && !self.owner_may_be_private(message, record.start))
            };
            if record.part == Part::Additional {
                additional |= private().is_some();
                continue;
            }
            if let Some(address) = addresses.own.filter(|address| self.is_bogus(*address)) {
                let text = format!("{address} means that there is no such name; see bogus_nxdomain in [forward.guard]");
                return Finding::Refused(Refusal::new(Kind::NxDomain, reason::SYNTHESIZED, &text));
            }
            if let Some(address) = private() {
                return Finding::Rebinding(rebinding(address));
            }
            if record.rtype == AAAA && rtype == AAAA {
                let Some(owner) = Expanded::read(message, record.start) else { return malformed() };
                if self.is_without_aaaa(owner.wire()) {
                    return Finding::Refused(no_aaaa());
                }
            }
            let target_at = match record.rtype {
                CNAME | DNAME => Some(record.data_at),
                SVCB | HTTPS => Some(record.data_at + 2),
                _ => None,
            };
            if let Some(at) = target_at {
                let Some(target) = Expanded::read(message, at) else { return malformed() };
                if let Some(refusal) = blocked(target.wire()) {
                    return Finding::Refused(refusal);
                }
            }
        }
        if additional { Finding::Additional } else { Finding::Nothing }
    }

    fn is_rebinding(&self, address: IpAddr) -> bool {
        is_private(address, self.settings.rebind_loopback)
    }

    fn owner_may_be_private(&self, message: &[u8], owner_at: usize) -> bool {
        !self.settings.rebind_except.is_empty()
            && Expanded::read(message, owner_at).is_some_and(|owner| self.may_be_private(owner.wire()))
    }

    /// Counts an answer with a private address, and tells of it in the log now and then.
    pub(in crate::forward) fn note_rebinding(&self, name: &[u8], text: &str) {
        if self.rebinding.count(name, Instant::now()) {
            let shown = name_from_wire(name).map_or_else(|_| "?".to_owned(), |name| name.to_string());
            tracing::warn!("{shown}: {text}");
        }
    }

    /// Which answers were not let in for a private address; `limit` names at most.
    pub(in crate::forward) fn caught(&self, limit: usize) -> Caught {
        self.rebinding.caught(limit)
    }
}

/// Takes the additional section off a message, but for its OPT record.
pub(in crate::forward) fn cut_additional(message: &mut Vec<u8>) {
    let mut start = None;
    let mut opt: Option<Vec<u8>> = None;
    for record in records(message).map_while(Result::ok).filter(|record| record.part == Part::Additional) {
        start = start.or(Some(record.start));
        if record.rtype == OPT && opt.is_none() {
            opt = message.get(record.start..record.data_at + record.data.len()).map(<[u8]>::to_vec);
        }
    }
    let Some(start) = start else { return };
    message.truncate(start);
    let count = u8::from(opt.is_some());
    message.extend(opt.unwrap_or_default());
    if let Some(octets) = message.get_mut(10..12) {
        octets.copy_from_slice(&[0, count]);
    }
}

fn rebinding(address: IpAddr) -> Refusal {
    let text = format!("private address {address} from outside; see rebind_except in [forward.guard]");
    Refusal::new(Kind::NoData, reason::BLOCKED, &text)
}

fn malformed() -> Finding {
    Finding::Refused(Refusal::new(Kind::Failure, reason::INVALID_DATA, "an upstream's answer breaks the format"))
}

/// The addresses that a record tells.
struct Addresses<'m> {
    /// Of A and AAAA.
    own: Option<IpAddr>,
    /// The data of SVCB and HTTPS.
    service: Option<&'m [u8]>,
}

impl<'m> Addresses<'m> {
    /// None when the data is not what the type wants.
    fn of(record: &Record<'m>) -> Option<Self> {
        let own = match record.rtype {
            A => Some(IpAddr::from(<[u8; 4]>::try_from(record.data).ok()?)),
            AAAA => Some(IpAddr::from(<[u8; 16]>::try_from(record.data).ok()?)),
            _ => None,
        };
        let service = matches!(record.rtype, SVCB | HTTPS).then_some(record.data);
        let broken = service.is_some_and(|data| service_hints(data).is_none());
        (!broken).then_some(Addresses { own, service })
    }

    fn all(&self) -> impl Iterator<Item = IpAddr> {
        let hints = self.service.and_then(service_hints).into_iter().flat_map(|(_, hints)| hints);
        self.own.into_iter().chain(hints)
    }
}
