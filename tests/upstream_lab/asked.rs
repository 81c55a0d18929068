//! One query as an upstream saw it.

use domain::base::Message;
use horizon_dns::dns::{Rtype, present_name};
use std::net::SocketAddr;
use std::time::Instant;

/// What an upstream was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    /// Over TCP.
    pub(crate) stream: bool,
    pub(crate) from: SocketAddr,
    pub(crate) id: u16,
    /// Lower-cased, with its last dot.
    pub(crate) name: String,
    /// The name in wire format, as it was spelled.
    pub(crate) spelled: Vec<u8>,
    pub(crate) rtype: Rtype,
    pub(crate) recursion_desired: bool,
    pub(crate) checking_disabled: bool,
    pub(crate) edns: Option<Seen>,
    /// The whole message.
    pub(crate) octets: Vec<u8>,
}

/// An OPT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Octets that a reply over UDP may have.
    pub(crate) size: u16,
    pub(crate) dnssec_ok: bool,
    /// Codes of its options.
    pub(crate) options: Vec<u16>,
}

impl Asked {
    /// Reads a query; none for octets that are no query with one question.
    pub(crate) fn read(octets: &[u8], from: SocketAddr, stream: bool) -> Option<Self> {
        let message = Message::from_slice(octets).ok()?;
        let header = message.header();
        let question = message.sole_question().ok()?;
        if header.qr() {
            return None;
        }
        let end = message.question().next_section().ok()?.pos();
        let spelled = octets[12..end - 4].to_vec();
        let edns = message.opt().map(|opt| Seen {
            size: opt.udp_payload_size(),
            dnssec_ok: opt.dnssec_ok(),
            options: opt
                .opt()
                .iter::<domain::base::opt::UnknownOptData<_>>()
                .flatten()
                .map(|option| option.code().to_int())
                .collect(),
        });
        Some(Asked {
            at: Instant::now(),
            stream,
            from,
            id: header.id(),
            name: present_name(&spelled.to_ascii_lowercase()),
            spelled,
            rtype: question.qtype(),
            recursion_desired: header.rd(),
            checking_disabled: header.cd(),
            edns,
            octets: octets.to_vec(),
        })
    }

    /// The octet after the question.
    pub(crate) fn question_end(&self) -> usize {
        12 + self.spelled.len() + 4
    }
}
