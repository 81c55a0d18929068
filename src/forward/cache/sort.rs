//! Which records of a reply answer the question, and how long they count.

use super::frames::Frame;
use super::key::Key;
use super::layout::rtype;
use super::names::{PlainName, is_below, labels_at, name_mark, same_name};
use super::read::{NOERROR, NXDOMAIN, Unfit, YXDOMAIN};
use super::write::Writer;
use crate::config;
use crate::dns::{Rtype, is_meta};
use std::ops::Range;

/// One message on its way into an entry.
pub(super) struct Sorting<'s> {
    pub(super) message: &'s [u8],
    /// Its question's name.
    pub(super) question: Range<usize>,
    pub(super) records: &'s mut [Frame],
    pub(super) key: &'s Key<'s>,
    pub(super) limits: &'s config::Cache,
    pub(super) out: Writer<'s>,
    /// Where in `out` the sections begin.
    pub(super) sections: usize,
    pub(super) ttls: &'s mut Vec<u16>,
    pub(super) counts: [u16; 3],
    /// The least TTL so far.
    pub(super) lifetime: u32,
    /// Where the names of zones stand whose signatures are in the answer.
    pub(super) signers: Few,
    /// Where names stand whose addresses are taken along.
    pub(super) targets: Few,
}

/// Aliases that are followed.
const ALIASES: usize = 32;

/// RRSIG signers, and names whose addresses are taken along: more are not looked at.
const FEW: usize = 16;

/// NSEC and NSEC3 records, and their signatures, that are looked at: a proof needs ten of them (RFC 5155 section 7.2).
const PROOFS: usize = 64;

/// What the sections told.
pub(super) struct Found {
    pub(super) negative: bool,
    pub(super) cut: bool,
    pub(super) target: Option<Box<[u8]>>,
    /// Where in `out` the additional section begins.
    pub(super) additional: usize,
}

/// A few offsets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Few {
    at: [usize; FEW],
    count: usize,
}

impl Few {
    fn add(&mut self, at: usize) {
        if self.count < FEW && !self.all().contains(&at) {
            self.at[self.count] = at;
            self.count += 1;
        }
    }

    fn all(&self) -> &[usize] {
        &self.at[..self.count]
    }
}

impl Sorting<'_> {
    pub(super) fn sort(&mut self, rcode: u16) -> Result<Found, Unfit> {
        let (last, aliases, answered) = self.answer()?;
        if answered && rcode == NXDOMAIN {
            return Err(Unfit::Malformed);
        }
        let soa = if answered || rcode == YXDOMAIN { None } else { self.soa(last) };
        let negative = !answered && rcode != YXDOMAIN;
        if rcode == YXDOMAIN {
            // The new name is too long to be written: the DNAME alone says so (RFC 6672 section 2.2).
            self.push_dname(last)?;
        }
        if let Some(soa) = soa {
            self.deny(soa)?;
        } else if negative && rcode == NOERROR && aliases > 0 {
            let target = PlainName::read(self.message, last, &self.question).ok_or(Unfit::Malformed)?;
            let target = Some(target.wire().to_ascii_lowercase().into());
            return Ok(Found { negative: false, cut: false, target, additional: self.out.length() });
        } else if negative {
            if rcode == NOERROR && self.records.iter().any(|record| record.section == 1 && record.rtype == rtype::NS) {
                return Err(Unfit::Referral);
            }
            // Without an SOA record nobody can say how long it counts (RFC 2308 section 5).
            self.lifetime = 0;
        }
        if self.key.dnssec_ok {
            self.proofs(if negative { self.lifetime } else { u32::MAX })?;
        }
        let additional = self.out.length();
        if answered {
            self.addresses()?;
        }
        let cut = negative && rcode == NXDOMAIN && soa.is_some() && aliases == 0;
        Ok(Found { negative, cut, target: None, additional })
    }

    /// Follows the aliases from the question's name to the records asked for. Returns where the last name stands, how many
    /// aliases led there, and whether records were found.
    fn answer(&mut self) -> Result<(usize, usize, bool), Unfit> {
        let mut name = self.question.start;
        for aliases in 0..=ALIASES {
            let mark = name_mark(labels_at(self.message, name));
            let asks_alias = self.key.rtype == rtype::CNAME;
            if !asks_alias && self.push_set(0, name, mark, self.key.rtype)? > 0 {
                return Ok((name, aliases, true));
            }
            let alias = self.position(0, name, mark, rtype::CNAME).filter(|_| self.key.rtype != rtype::ANY);
            let Some(alias) = alias else { return Ok((name, aliases, false)) };
            if self.records[alias].used {
                return Err(Unfit::Loop);
            }
            self.push_alias(name, alias)?;
            self.push_signatures(0, name, mark, rtype::CNAME)?;
            if asks_alias {
                return Ok((name, aliases, true));
            }
            name = self.records[alias].data;
        }
        Err(Unfit::Loop)
    }

    /// Pushes an alias, behind the DNAME that it was made from, if it was.
    ///
    /// A made alias has the labels of the question before the new name: their case was thrown like dice, so they are
    /// lower-cased. Its TTL is that of the DNAME (RFC 6672 section 3.1); servers after the older rule say 0.
    fn push_alias(&mut self, name: usize, alias: usize) -> Result<(), Unfit> {
        let (mut dice, mut ttl) = (self.question.clone(), self.ttl(alias));
        if let Some(dname) = self.dname(name) {
            self.push_dname(name)?;
            let kept =
                labels_at(self.message, name).count() - labels_at(self.message, self.records[dname].owner).count();
            let target = labels_at(self.message, self.records[alias].data).take(kept);
            let same = labels_at(self.message, name).zip(target.clone());
            if same.clone().count() == kept
                && same.clone().all(|((_, one), (_, other))| one.eq_ignore_ascii_case(other))
            {
                dice.end = target.map(|(place, label)| place + 1 + label.len()).max().unwrap_or(0).max(dice.end);
                ttl = if ttl == 0 { self.ttl(dname) } else { ttl };
            }
        }
        self.push_spelled(alias, ttl, &dice)
    }

    /// The DNAME above a name.
    fn dname(&self, name: usize) -> Option<usize> {
        self.records.iter().position(|record| {
            record.section == 0
                && record.rtype == rtype::DNAME
                && record.class == 1
                && !same_name(self.message, name, record.owner)
                && is_below(self.message, name, record.owner)
        })
    }

    /// The DNAME that an alias comes from goes before it.
    fn push_dname(&mut self, name: usize) -> Result<(), Unfit> {
        let Some(found) = self.dname(name) else { return Ok(()) };
        let Frame { owner, mark, .. } = self.records[found];
        self.push_at(found, self.ttl(found))?;
        self.push_signatures(0, owner, mark, rtype::DNAME)
    }

    /// Pushes the records of a name and a type, with the least of their TTLs (RFC 2181 section 5.2), and their signatures.
    fn push_set(&mut self, section: u8, name: usize, mark: u32, rtype: u16) -> Result<usize, Unfit> {
        let any = rtype == rtype::ANY;
        let mut least = u32::MAX;
        for index in 0..self.records.len() {
            if self.is_of(index, section, name, mark, rtype) {
                least = least.min(self.ttl(index));
            }
        }
        let mut count = 0;
        for index in 0..self.records.len() {
            if self.is_of(index, section, name, mark, rtype) {
                self.push_at(index, if any { self.ttl(index) } else { least })?;
                count += 1;
            }
        }
        if count > 0 && !any {
            self.push_signatures(section, name, mark, rtype)?;
        }
        Ok(count)
    }

    fn is_of(&self, index: usize, section: u8, name: usize, mark: u32, rtype: u16) -> bool {
        let record = &self.records[index];
        record.section == section
            && record.class == 1
            && record.mark == mark
            && (record.rtype == rtype || rtype == rtype::ANY && !is_meta(Rtype::from_int(record.rtype)))
            && !is_meta(Rtype::from_int(record.rtype))
            && same_name(self.message, record.owner, name)
    }

    fn position(&self, section: u8, name: usize, mark: u32, rtype: u16) -> Option<usize> {
        (0..self.records.len()).find(|index| self.is_of(*index, section, name, mark, rtype))
    }

    /// Pushes the RRSIG records of a set, for a question with DO.
    fn push_signatures(&mut self, section: u8, name: usize, mark: u32, covered: u16) -> Result<(), Unfit> {
        if !self.key.dnssec_ok || covered == rtype::RRSIG {
            return Ok(());
        }
        for index in 0..self.records.len() {
            if self.is_of(index, section, name, mark, rtype::RRSIG) && self.covers(index) == Some(covered) {
                self.push_at(index, self.ttl(index))?;
            }
        }
        Ok(())
    }

    /// The type that a signature covers.
    fn covers(&self, index: usize) -> Option<u16> {
        let data = self.records[index].data(self.message);
        data.first_chunk::<2>().map(|covered| u16::from_be_bytes(*covered))
    }

    fn push_at(&mut self, index: usize, ttl: u32) -> Result<(), Unfit> {
        let question = self.question.clone();
        self.push_spelled(index, ttl, &question)
    }

    /// Pushes a record; labels that stand in `dice` are lower-cased.
    fn push_spelled(&mut self, index: usize, ttl: u32, dice: &Range<usize>) -> Result<(), Unfit> {
        let record = self.records[index];
        if record.used {
            return Ok(());
        }
        let place = self.out.push(self.message, dice, &record, ttl).ok_or(Unfit::Malformed)?;
        self.records[index].used = true;
        self.ttls.push((place - self.sections) as u16);
        self.counts[usize::from(record.section)] += 1;
        self.lifetime = self.lifetime.min(ttl);
        match record.rtype {
            rtype::RRSIG if is_below(self.message, record.owner, record.data + 18) => {
                self.signers.add(record.data + 18);
            }
            rtype::NS if record.section == 0 => self.targets.add(record.data),
            rtype::MX if record.section == 0 => self.targets.add(record.data + 2),
            rtype::SRV if record.section == 0 => self.targets.add(record.data + 6),
            rtype::SVCB | rtype::HTTPS if record.section == 0 => {
                // The root as target stands for the owner (RFC 9460 section 2.5.2).
                let itself = self.message.get(record.data + 2) == Some(&0);
                self.targets.add(if itself { record.owner } else { record.data + 2 });
            }
            _ => {}
        }
        Ok(())
    }

    /// The TTL as it is kept: none with its highest bit set counts (RFC 2181 section 8).
    fn ttl(&self, index: usize) -> u32 {
        let ttl = self.records[index].ttl;
        let ttl = if ttl > i32::MAX as u32 { 0 } else { ttl };
        ttl.max(self.limits.min_ttl).min(self.limits.max_ttl)
    }

    /// The SOA record that says how long a denial of `name` counts.
    fn soa(&self, name: usize) -> Option<usize> {
        self.records.iter().position(|record| {
            record.section == 1
                && record.rtype == rtype::SOA
                && record.class == 1
                && is_below(self.message, name, record.owner)
        })
    }

    /// Pushes the SOA record of a denial, its TTL that of the denial (RFC 2308 sections 3 and 5).
    fn deny(&mut self, soa: usize) -> Result<(), Unfit> {
        let Frame { owner, mark, ttl, .. } = self.records[soa];
        let minimum = self.records[soa].data(self.message).last_chunk::<4>().ok_or(Unfit::Malformed)?;
        let ttl = if ttl > i32::MAX as u32 { 0 } else { ttl };
        let ttl = ttl.min(u32::from_be_bytes(*minimum)).min(self.limits.max_negative_ttl);
        self.push_at(soa, ttl)?;
        self.signers.add(owner);
        if self.key.dnssec_ok {
            for index in 0..self.records.len() {
                if self.is_of(index, 1, owner, mark, rtype::RRSIG) && self.covers(index) == Some(rtype::SOA) {
                    self.push_at(index, ttl)?;
                }
            }
        }
        Ok(())
    }

    /// Pushes the NSEC and NSEC3 records of the zones that have a part in the answer, with their signatures.
    fn proofs(&mut self, most: u32) -> Result<(), Unfit> {
        let zones = self.signers;
        let mut looked_at = 0;
        for index in 0..self.records.len() {
            let record = self.records[index];
            let proof = match record.rtype {
                rtype::NSEC | rtype::NSEC3 => true,
                rtype::RRSIG => matches!(self.covers(index), Some(rtype::NSEC | rtype::NSEC3)),
                _ => false,
            };
            let ours = |zone: &usize| is_below(self.message, record.owner, *zone);
            looked_at += usize::from(proof);
            if looked_at > PROOFS {
                break;
            }
            if proof && record.section == 1 && record.class == 1 && zones.all().iter().any(ours) {
                self.push_at(index, self.ttl(index).min(most))?;
            }
        }
        Ok(())
    }

    /// Pushes the addresses of targets that live as long as the answer.
    fn addresses(&mut self) -> Result<(), Unfit> {
        let targets = self.targets;
        if targets.count == 0 {
            return Ok(());
        }
        for index in 0..self.records.len() {
            let record = self.records[index];
            let address = match record.rtype {
                rtype::A | rtype::AAAA => true,
                rtype::RRSIG if self.key.dnssec_ok => matches!(self.covers(index), Some(rtype::A | rtype::AAAA)),
                _ => false,
            };
            let wanted = |target: &usize| same_name(self.message, *target, record.owner);
            if address
                && record.section == 2
                && record.class == 1
                && self.ttl(index) >= self.lifetime
                && targets.all().iter().any(wanted)
            {
                self.push_at(index, self.ttl(index))?;
            }
        }
        Ok(())
    }
}
