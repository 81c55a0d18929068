//! The octets of our own questions to upstreams, and what makes a message a reply to one.

use super::random::Random;
use crate::dns::{HEADER, UDP_SIZE};

/// A question of ours in wire format; each try of it has an id of its own, all have the same spelling.
#[derive(Debug)]
pub(super) struct OwnQuery {
    /// With the OPT record at the end; the id is that of the try that left last.
    octets: Vec<u8>,
    question_end: usize,
}

/// What a message is to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// A reply to it.
    Reply,
    /// A reply whose letters are of another case than those of the question.
    OtherCase,
    /// An RCODE without a question: servers that cannot read ours may answer so.
    Bare,
    /// Something else.
    Other,
}

/// Octets of an OPT record without options.
const OPT: usize = 11;

/// AD says that we know of it, so that the upstream tells what it has validated (RFC 6840 section 5.7).
const AUTHENTIC_DATA: u8 = 0x20;

const CHECKING_DISABLED: u8 = 0x10;

impl OwnQuery {
    /// The question for a name in wire format, lower-cased, its letters' case chosen by chance.
    ///
    /// Nothing of the client's query goes into it but the bits DO and CD: neither its cookie nor the network that it is in.
    pub(super) fn new(name: &[u8], rtype: u16, dnssec_ok: bool, checking_disabled: bool, random: &mut Random) -> Self {
        let question_end = HEADER + name.len() + 4;
        let mut octets = Vec::with_capacity(question_end + OPT);
        let low = AUTHENTIC_DATA | if checking_disabled { CHECKING_DISABLED } else { 0 };
        octets.extend_from_slice(&[0, 0, 1, low, 0, 1, 0, 0, 0, 0, 0, 1]);
        octets.extend_from_slice(name);
        random.shuffle_case(&mut octets[HEADER..]);
        let [t0, t1] = rtype.to_be_bytes();
        octets.extend_from_slice(&[t0, t1, 0, 1]);
        let [s0, s1] = (UDP_SIZE as u16).to_be_bytes();
        octets.extend_from_slice(&[0, 0, 41, s0, s1, 0, 0, if dnssec_ok { 0x80 } else { 0 }, 0, 0, 0]);
        OwnQuery { octets, question_end }
    }

    /// The name as it is spelled.
    pub(super) fn spelled(&self) -> &[u8] {
        &self.octets[HEADER..self.question_end - 4]
    }

    /// Spells the name in small letters from now on.
    pub(super) fn spell_small(&mut self) {
        let end = self.question_end - 4;
        self.octets[HEADER..end].make_ascii_lowercase();
    }

    /// The message with this id, with or without EDNS.
    pub(super) fn octets(&mut self, id: u16, edns: bool) -> &[u8] {
        self.octets[..2].copy_from_slice(&id.to_be_bytes());
        self.octets[11] = u8::from(edns);
        if edns { &self.octets } else { &self.octets[..self.question_end] }
    }

    /// What a message is to this question; its id is not looked at.
    pub(super) fn fit(&self, message: &[u8]) -> Fit {
        let Some(header) = message.first_chunk::<HEADER>() else { return Fit::Other };
        // QR is set and the opcode that of a query.
        if header[2] & 0xF8 != 0x80 {
            return Fit::Other;
        }
        let rcode = header[3] & 0x0F;
        if header[4..6] == [0, 0] {
            return if matches!(rcode, 0 | 3) { Fit::Other } else { Fit::Bare };
        }
        let (Some(theirs), [0, 1]) = (message.get(HEADER..self.question_end), [header[4], header[5]]) else {
            return Fit::Other;
        };
        let ours = &self.octets[HEADER..self.question_end];
        if theirs == ours {
            return Fit::Reply;
        }
        let name = self.spelled().len();
        if theirs[..name].eq_ignore_ascii_case(&ours[..name]) && theirs[name..] == ours[name..] {
            Fit::OtherCase
        } else {
            Fit::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[u8] = b"\x03www\x13a-long-example-name\x03org\0";

    fn reply(query: &mut OwnQuery, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut octets = query.octets(7, false).to_vec();
        octets[2] |= 0x80;
        change(&mut octets);
        octets
    }

    /// The message is a query with RD and AD, one question, and an OPT record of 1232 octets without options.
    #[test]
    fn the_query_has_no_more_than_it_needs() {
        let mut query = OwnQuery::new(NAME, 28, true, true, &mut Random::new());
        let octets = query.octets(0x1234, true).to_vec();
        assert_eq!(octets[..12], [0x12, 0x34, 0x01, 0x30, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(octets[octets.len() - 11..], [0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0, 0, 0]);
        assert!(query.spelled().eq_ignore_ascii_case(NAME));
        assert_ne!(query.spelled(), NAME, "one of 2^25");
        let plain = query.octets(1, false);
        assert_eq!((plain.len(), plain[11]), (HEADER + NAME.len() + 4, 0));
        query.spell_small();
        assert_eq!(query.spelled(), NAME);
    }

    /// Only a message that repeats the question letter by letter is a reply to it.
    #[test]
    fn replies_repeat_the_question() {
        let mut query = OwnQuery::new(NAME, 1, false, false, &mut Random::new());
        type Change = fn(&mut Vec<u8>);
        let table: [(&str, Change, Fit); 10] = [
            ("as it is", |_| {}, Fit::Reply),
            ("longer", |m| m.extend([0; 40]), Fit::Reply),
            ("another case", |m| m[20] ^= 0x20, Fit::OtherCase),
            ("another name", |m| m[14] = b'z', Fit::Other),
            ("another type", |m| m[HEADER + NAME.len() + 1] = 2, Fit::Other),
            ("another class", |m| m[HEADER + NAME.len() + 3] = 3, Fit::Other),
            ("a query", |m| m[2] &= 0x7F, Fit::Other),
            ("another opcode", |m| m[2] |= 0x28, Fit::Other),
            ("two questions", |m| m[5] = 2, Fit::Other),
            ("cut", |m| m.truncate(20), Fit::Other),
        ];
        for (why, change, expected) in table {
            let octets = reply(&mut query, change);
            assert_eq!(query.fit(&octets), expected, "{why}");
        }
        let bare = |rcode: u8| [0, 7, 0x81, rcode, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(query.fit(&bare(1)), Fit::Bare);
        assert_eq!(query.fit(&bare(0)), Fit::Other, "no answer can do without a question");
        assert_eq!(query.fit(&bare(0)[..11]), Fit::Other);
    }
}
