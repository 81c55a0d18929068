//! A reply of ours, taken apart again for people: off the query path, so it may allocate.

use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::name_from_wire;
use domain::base::Message;
use domain::base::ParsedName;
use domain::base::ParsedRecord;
use domain::base::name::ToName;
use domain::base::opt::ExtendedError;
use domain::base::rdata::ComposeRecordData;
use domain::rdata::AllRecordData;

/// What a reply says.
#[derive(Debug, Clone, Default)]
pub(super) struct Decoded {
    /// The RCODE by name.
    pub(super) rcode: String,
    /// The AA bit.
    pub(super) authoritative: bool,
    pub(super) answer: Vec<WireRecord>,
    pub(super) authority: Vec<WireRecord>,
    pub(super) additional: Vec<WireRecord>,
    /// The extended error (RFC 8914): its code and text.
    pub(super) extended_error: Option<(u16, String)>,
}

/// One record with its names written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WireRecord {
    pub(super) owner: Name,
    pub(super) rtype: Rtype,
    /// Seconds.
    pub(super) ttl: u32,
    /// Wire format, names uncompressed.
    pub(super) data: Vec<u8>,
}

impl Decoded {
    /// Takes a reply apart; none when it is no message.
    pub(super) fn read(reply: &[u8]) -> Option<Self> {
        let message = Message::from_octets(reply).ok()?;
        let opt = message.opt();
        let rcode = message.opt_rcode().to_string();
        let extended_error =
            opt.as_ref().and_then(|opt| opt.opt().iter::<ExtendedError<_>>().flatten().next()).map(|error| {
                let text = match error.text() {
                    Some(Ok(text)) => text.to_string(),
                    Some(Err(octets)) => String::from_utf8_lossy(octets).into_owned(),
                    None => String::new(),
                };
                (error.code().to_int(), text)
            });
        let (_, answer, authority, additional) = message.sections().ok()?;
        Some(Decoded {
            rcode,
            authoritative: message.header().aa(),
            answer: answer.flatten().filter_map(|record| wire_record(&record)).collect(),
            authority: authority.flatten().filter_map(|record| wire_record(&record)).collect(),
            additional: additional
                .flatten()
                .filter(|record| record.rtype() != Rtype::OPT)
                .filter_map(|record| wire_record(&record))
                .collect(),
            extended_error,
        })
    }
}

fn wire_record(record: &ParsedRecord<'_, &[u8]>) -> Option<WireRecord> {
    let owner: domain::base::Name<Vec<u8>> = record.owner().to_name();
    let parsed = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>().ok()?;
    let mut data = Vec::new();
    parsed.data().compose_rdata(&mut data).ok()?;
    Some(WireRecord {
        owner: name_from_wire(owner.as_slice()).ok()?,
        rtype: record.rtype(),
        ttl: record.ttl().as_secs(),
        data,
    })
}
