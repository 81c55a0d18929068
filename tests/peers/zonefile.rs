//! The master file of a zone as the peers read it: one absolute record a line, data in the form of RFC 3597 unless it is
//! a name or an address, so that no peer's own rules for text come into play.

use super::names::show;
use super::world::{Rr, Zone};
use horizon_dns::dns::Rtype;

/// The whole file.
pub(crate) fn text(zone: &Zone) -> String {
    let mut text = String::new();
    for record in &zone.records {
        text.push_str(&line(record));
        text.push('\n');
    }
    text
}

/// One record as a line.
pub(crate) fn line(record: &Rr) -> String {
    let data = &record.data;
    let shown = match record.rtype {
        Rtype::A => format!("A {}.{}.{}.{}", data[0], data[1], data[2], data[3]),
        Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR => format!("{} {}", record.rtype, show(data)),
        Rtype::MX => format!("MX {} {}", u16::from_be_bytes([data[0], data[1]]), show(&data[2..])),
        rtype => {
            let hex: String = data.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("{} \\# {} {hex}", type_name(rtype), data.len())
        }
    };
    format!("{} {} IN {shown}", show(&record.owner), record.ttl)
}

/// A mnemonic where Knot 3.2 and NSD 4.6 know it, else `TYPEn`.
fn type_name(rtype: Rtype) -> String {
    match rtype {
        Rtype::SOA | Rtype::AAAA | Rtype::TXT | Rtype::SRV | Rtype::DS => rtype.to_string(),
        other => format!("TYPE{}", other.to_int()),
    }
}
