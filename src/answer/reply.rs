//! The reply on its way into the caller's buffer: header, question, sections, OPT; whole RRsets or TC.

use super::denial::Denial;
use super::node::{NO_TAIL, RrSet, rtype, tail_count};
use crate::dns::HEADER;

/// A section of the reply that takes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Answer,
    Authority,
    Additional,
}

/// The reply being written. Counts and flags go into the header at [`Reply::finish`].
#[derive(Debug)]
pub(crate) struct Reply<'b> {
    buffer: &'b mut [u8],
    at: usize,
    /// No record may end behind it; room for the OPT record is already taken off.
    limit: usize,
    /// No octet may stand behind it.
    total: usize,
    counts: [u16; 3],
    pub(crate) rcode: u8,
    pub(crate) authoritative: bool,
    truncated: bool,
    targets: Targets,
}

/// Offsets of names in record data whose addresses may help the client.
#[derive(Debug, Clone, Copy)]
struct Targets {
    at: [u16; Targets::MOST],
    count: usize,
}

impl Targets {
    const MOST: usize = 32;
}

/// The owner of records to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'n> {
    /// Where the name already stands in the reply.
    pub(crate) position: usize,
    /// The same name uncompressed, for positions that no pointer reaches.
    pub(crate) wire: &'n [u8],
}

/// Flags of the header's fourth octet, for [`Reply::finish`].
pub(crate) mod flag {
    /// RA (RFC 1035 section 4.1.1).
    pub(crate) const RECURSION_AVAILABLE: u8 = 0x80;
    /// AD (RFC 4035 section 3.2.3).
    pub(crate) const AUTHENTIC_DATA: u8 = 0x20;
    /// CD (RFC 4035 section 3.2.2).
    pub(crate) const CHECKING_DISABLED: u8 = 0x10;
}

/// The largest offset that a compression pointer can hold (RFC 1035 section 4.1.4).
const POINTER_REACH: usize = 0x3FFF;

impl<'b> Reply<'b> {
    /// How many names in record data are noted.
    pub(crate) const TARGETS: usize = Targets::MOST;

    /// A reply that starts with what `question` holds: a header and maybe one question. `limit` counts octets in all,
    /// `reserved` those that [`Reply::finish`] will need.
    ///
    /// None when not even the question fits.
    pub(crate) fn new(buffer: &'b mut [u8], question: &[u8], limit: usize, reserved: usize) -> Option<Self> {
        let limit = limit.min(buffer.len());
        if question.len() < HEADER || question.len() + reserved > limit {
            return None;
        }
        buffer[..question.len()].copy_from_slice(question);
        Some(Reply {
            at: question.len(),
            buffer,
            limit: limit - reserved,
            total: limit,
            counts: [0; 3],
            rcode: 0,
            authoritative: false,
            truncated: false,
            targets: Targets { at: [0; Targets::MOST], count: 0 },
        })
    }

    /// What is written so far.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.buffer[..self.at]
    }

    /// Octets that records may still take.
    pub(crate) fn room(&self) -> usize {
        self.limit - self.at
    }

    pub(crate) fn set_truncated(&mut self) {
        self.truncated = true;
    }

    pub(crate) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Appends an RRset whole. Returns where the data of its last record begins, or leaves the reply as it was when it does
    /// not fit.
    ///
    /// `origin` is where the origin of the RRset's zone stands in the reply, if it does.
    pub(crate) fn push(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rrset: RrSet<'_>,
        ttl: u32,
        origin: Option<usize>,
    ) -> Option<usize> {
        let start = self.at;
        let targets = self.targets.count;
        let mut last = None;
        for record in rrset.records() {
            let written = self.push_head(owner, rrset.rtype, ttl).and_then(|data_at| {
                self.push_data(rrset.rtype, record.tails, record.data, origin)?;
                self.close(data_at);
                if let Some(offset) = target_offset(rrset.rtype) {
                    self.note_target(data_at + offset);
                }
                Some(data_at)
            });
            if written.is_none() {
                self.at = start;
                self.targets.count = targets;
                return None;
            }
            last = written;
        }
        self.counts[section as usize] += rrset.count;
        last
    }

    /// Appends records of one type, their data uncompressed, as one RRset; false when they do not fit, and the reply is as it
    /// was.
    pub(crate) fn push_data_set<'d>(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        rtype: u16,
        ttl: u32,
        data: impl Iterator<Item = &'d [u8]>,
    ) -> bool {
        let start = self.at;
        let mut count = 0;
        for data in data {
            let written = self.push_head(owner, rtype, ttl).and_then(|data_at| {
                self.put(data)?;
                self.close(data_at);
                Some(())
            });
            if written.is_none() {
                self.at = start;
                return false;
            }
            count += 1;
        }
        self.counts[section as usize] += count;
        true
    }

    /// Appends a zone's SOA record as it was written beforehand; `origin` is where the zone's origin stands in the reply.
    /// False when it does not fit; None when no pointer reaches the origin.
    pub(crate) fn push_denial(&mut self, denial: &Denial, origin: usize) -> Option<bool> {
        if origin > POINTER_REACH {
            return None;
        }
        let start = self.at;
        if self.put(denial.octets()).is_none() {
            return Some(false);
        }
        let pointer = pointer_to(origin);
        for at in denial.pointers() {
            let at = start + usize::from(*at);
            self.buffer[at..at + 2].copy_from_slice(&pointer);
        }
        self.counts[Section::Authority as usize] += 1;
        Some(true)
    }

    /// Appends records that were written beforehand for a message whose question ends where this reply ends now, so that
    /// their pointers are right; `counts` are those of the answer, authority and additional section. Returns them, for
    /// their TTLs to be changed, or leaves the reply as it was when they do not fit.
    pub(crate) fn push_sections(&mut self, sections: &[u8], counts: [u16; 3]) -> Option<&mut [u8]> {
        let start = self.at;
        self.put(sections)?;
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum += count;
        }
        Some(&mut self.buffer[start..self.at])
    }

    /// Lets `write` append records: it gets the buffer, as far as records may reach, and where they begin, and gives the new
    /// end with the counts of each section; with none the reply stays as it was.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut [u8], usize) -> Option<(usize, [u16; 3])>) {
        let Some((end, counts)) = write(&mut self.buffer[..self.limit], self.at) else { return };
        self.at = end.clamp(self.at, self.limit);
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum += count;
        }
    }

    /// Goes on with a reply that [`Reply::finish`] ended without OPT; see [`Reply::new`].
    pub(crate) fn resume(buffer: &'b mut [u8], so_far: &[u8], limit: usize, reserved: usize) -> Option<Self> {
        let header = *so_far.first_chunk::<HEADER>()?;
        let count = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let mut reply = Reply::new(buffer, so_far, limit, reserved)?;
        reply.counts = [count(6), count(8), count(10)];
        reply.authoritative = header[2] & 0x04 != 0;
        reply.truncated = header[2] & 0x02 != 0;
        reply.rcode = header[3] & 0x0F;
        Some(reply)
    }

    /// Appends a CNAME record that leads to `prefix` followed by the name that stands at `rest` (RFC 6672 section 3.1).
    /// Returns where the target stands.
    pub(crate) fn push_synthesized_cname(
        &mut self,
        owner: Owner<'_>,
        ttl: u32,
        prefix: &[u8],
        rest: Owner<'_>,
    ) -> Option<usize> {
        let start = self.at;
        let written = self.push_head(owner, rtype::CNAME, ttl).and_then(|data_at| {
            self.put(prefix)?;
            self.put_name(rest)?;
            self.close(data_at);
            Some(data_at)
        });
        match written {
            Some(_) => self.counts[Section::Answer as usize] += 1,
            None => self.at = start,
        }
        written
    }

    /// Appends a record that stands in no zone, its data uncompressed; false when it does not fit. `owner` is the question's
    /// name in any case, or another one in wire format.
    pub(crate) fn push_made(&mut self, section: Section, owner: &[u8], rtype: u16, ttl: u32, data: &[u8]) -> bool {
        let start = self.at;
        let asked = self.buffer.get(HEADER..HEADER + owner.len()).is_some_and(|name| name.eq_ignore_ascii_case(owner));
        let owner = Owner { position: if asked { HEADER } else { usize::MAX }, wire: owner };
        let written = self.push_head(owner, rtype, ttl).and_then(|data_at| {
            self.put(data)?;
            self.close(data_at);
            Some(())
        });
        match written {
            Some(()) => self.counts[section as usize] += 1,
            None => self.at = start,
        }
        written.is_some()
    }

    /// Where the name stands that the so-manieth NS, MX or SRV record written so far leads to; none beyond
    /// [`Reply::TARGETS`].
    pub(crate) fn target(&self, index: usize) -> Option<usize> {
        self.targets.at[..self.targets.count].get(index).map(|at| usize::from(*at))
    }

    fn note_target(&mut self, at: usize) {
        if let (Ok(at), true) = (u16::try_from(at), self.targets.count < Targets::MOST) {
            self.targets.at[self.targets.count] = at;
            self.targets.count += 1;
        }
    }

    /// Writes owner, type, class, TTL and an open length. Returns where the data begins.
    fn push_head(&mut self, owner: Owner<'_>, rtype: u16, ttl: u32) -> Option<usize> {
        let [t0, t1] = rtype.to_be_bytes();
        let [a, b, c, d] = ttl.to_be_bytes();
        if owner.position <= POINTER_REACH {
            let [high, low] = pointer_to(owner.position);
            self.put_array([high, low, t0, t1, 0, 1, a, b, c, d, 0, 0])?;
        } else {
            self.put(owner.wire)?;
            self.put_array([t0, t1, 0, 1, a, b, c, d, 0, 0])?;
        }
        Some(self.at)
    }

    fn push_data(&mut self, rtype: u16, tails: &[u8], data: &[u8], origin: Option<usize>) -> Option<()> {
        let origin = origin.filter(|position| *position <= POINTER_REACH);
        let (Some(origin), true) = (origin, tail_count(rtype) > 0) else {
            // Most data are an address.
            return match data.try_into() {
                Ok(address) => self.put_array::<4>(address),
                Err(_) => self.put(data),
            };
        };
        let mut at = if rtype == rtype::MX { 2 } else { 0 };
        // One name ends where the data does.
        if let [tail] = *tails {
            let Some(cut) = (tail != NO_TAIL).then(|| at + usize::from(tail)) else { return self.put(data) };
            self.put(data.get(..cut)?)?;
            return self.put_pointer(origin);
        }
        self.put(data.get(..at)?)?;
        for tail in tails {
            let length = crate::dns::wire_len(data.get(at..)?).ok()?;
            if *tail == NO_TAIL {
                self.put(&data[at..at + length])?;
            } else {
                self.put(&data[at..at + usize::from(*tail)])?;
                self.put_pointer(origin)?;
            }
            at += length;
        }
        self.put(&data[at..])
    }

    /// Fills in the length of the data that began at `data_at`.
    fn close(&mut self, data_at: usize) {
        let length = (self.at - data_at) as u16;
        self.buffer[data_at - 2..data_at].copy_from_slice(&length.to_be_bytes());
    }

    fn put_name(&mut self, name: Owner<'_>) -> Option<()> {
        if name.position <= POINTER_REACH { self.put_pointer(name.position) } else { self.put(name.wire) }
    }

    fn put_pointer(&mut self, position: usize) -> Option<()> {
        self.put_array(pointer_to(position))
    }

    /// As [`Reply::put`], for what is so short that a call would cost more than the copy.
    #[inline(always)]
    fn put_array<const LENGTH: usize>(&mut self, octets: [u8; LENGTH]) -> Option<()> {
        let end = self.at + LENGTH;
        if end > self.limit {
            return None;
        }
        *self.buffer.get_mut(self.at..)?.first_chunk_mut()? = octets;
        self.at = end;
        Some(())
    }

    fn put(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.at + octets.len();
        if end > self.limit {
            return None;
        }
        self.buffer[self.at..end].copy_from_slice(octets);
        self.at = end;
        Some(())
    }

    /// Writes header flags, counts and the OPT record. Returns the length of the reply.
    ///
    /// The opcode and RD are those of the query whose octets the reply began with; RA, AD and CD are what `flags` says (see
    /// [`flag`]): an answer from our zones has AD and CD clear (RFC 4035 section 3.1.6).
    pub(crate) fn finish(mut self, flags: u8, edns: Option<&OptRecord<'_>>) -> usize {
        let mut additional = self.counts[2];
        self.limit = self.total;
        if let Some(opt) = edns
            && self.push_opt(opt).is_some()
        {
            additional += 1;
        }
        let upper = 0x80
            | if self.authoritative { 0x04 } else { 0 }
            | if self.truncated { 0x02 } else { 0 }
            | self.buffer[2] & 0x79;
        self.buffer[2] = upper;
        self.buffer[3] = flags & 0xF0 | self.rcode & 0x0F;
        for (at, count) in [(6, self.counts[0]), (8, self.counts[1]), (10, additional)] {
            self.buffer[at..at + 2].copy_from_slice(&count.to_be_bytes());
        }
        self.at
    }

    fn push_opt(&mut self, opt: &OptRecord<'_>) -> Option<()> {
        let start = self.at;
        let [size_high, size_low] = opt.udp_size.to_be_bytes();
        let dnssec_ok = if opt.dnssec_ok { 0x80 } else { 0 };
        self.put(&[0, 0, 41, size_high, size_low, opt.extended_rcode, 0, dnssec_ok, 0, 0, 0])?;
        if let Some(cookie) = opt.cookie {
            self.put(&[0, 10, 0, cookie.len() as u8])?;
            self.put(&cookie)?;
        }
        if let Some((code, text)) = opt.extended_error {
            // An extended error that does not fit is left out: it only explains (RFC 8914 section 3).
            let without = self.at;
            let length = (text.len() + 2) as u16;
            let error = [0, 15, (length >> 8) as u8, length as u8, (code >> 8) as u8, code as u8];
            if self.put(&error).and_then(|()| self.put(text.as_bytes())).is_none() {
                self.at = without;
            }
        }
        let rdlength = (self.at - start - OPT_LENGTH) as u16;
        self.buffer[start + 9..start + 11].copy_from_slice(&rdlength.to_be_bytes());
        Some(())
    }
}

/// A compression pointer (RFC 1035 section 4.1.4); positions beyond [`POINTER_REACH`] have none.
fn pointer_to(position: usize) -> [u8; 2] {
    (0xC000 | position as u16).to_be_bytes()
}

/// What goes into the reply's OPT record (RFC 6891 section 6.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptRecord<'t> {
    /// The largest UDP payload that we take, in octets.
    pub(crate) udp_size: u16,
    /// The upper eight bits of the RCODE.
    pub(crate) extended_rcode: u8,
    /// DO, copied from the query (RFC 3225 section 3).
    pub(crate) dnssec_ok: bool,
    /// The COOKIE option's data: client and server cookie (RFC 7873 section 4).
    pub(crate) cookie: Option<[u8; 24]>,
    /// INFO-CODE and EXTRA-TEXT (RFC 8914 section 2).
    pub(crate) extended_error: Option<(u16, &'t str)>,
}

/// Octets of an OPT record without options.
pub(crate) const OPT_LENGTH: usize = 11;

/// Octets of a COOKIE option with both cookies.
pub(crate) const COOKIE_LENGTH: usize = 28;

/// Where in the data stands the name whose addresses belong into the additional section (RFC 1035 section 3.3, RFC 2782).
pub(super) fn target_offset(rtype: u16) -> Option<usize> {
    match rtype {
        rtype::NS => Some(0),
        rtype::MX => Some(2),
        rtype::SRV => Some(6),
        _ => None,
    }
}
