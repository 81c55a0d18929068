//! The text of a zone file that is not there yet.

use super::mark::{OWN, comment};
use super::soa;
use super::wanted::{TTL, WantedZone};
use crate::dns::{Rtype, present_data, present_relative, present_rtype};
use std::fmt::Write;

/// The whole file: what it is, `$ORIGIN`, `$TTL`, then one aligned line per record. Returns it with the number of records.
pub(super) fn text(zone: &WantedZone, horizon: &str) -> String {
    let origin = zone.origin.as_slice();
    let soa = soa::data(&zone.origin, &zone.server, 1);
    let mut lines =
        vec![(present_relative(origin, origin), present_rtype(Rtype::SOA), present_soa(&soa, origin), comment(OWN))];
    for record in &zone.records {
        let data = match record.rtype {
            Rtype::NS | Rtype::PTR => present_relative(&record.data, origin),
            _ => present_data(record.rtype, &record.data),
        };
        let owner = present_relative(record.owner.as_slice(), origin);
        lines.push((owner, present_rtype(record.rtype), data, comment(&record.source)));
    }
    let widest = |width: fn(&(String, String, String, String)) -> usize, most: usize| {
        lines.iter().skip(1).map(width).filter(|width| *width <= most).max().unwrap_or(0)
    };
    let owners = widest(|line| line.0.len(), 48);
    let types = widest(|line| line.1.len(), 10);
    let data = widest(|line| line.2.len(), 48);
    let name = if zone.origin.is_root() { "The root zone".to_owned() } else { zone.origin.to_string() };
    let mut text = format!(
        "; {name} as clients of the horizon `{horizon}` see it.\n\
         ; Lines marked `; from ...` come from the inventory, and only those does Horizon change: `zonectl generate`.\n\
         ; A line without that mark is a person's. It stays, and wins over a marked one of the same name and type.\n\
         ; The serial is raised by Horizon.\n\
         $ORIGIN {}\n$TTL {TTL}\n",
        present_data(Rtype::NS, origin)
    );
    for (owner, rtype, value, comment) in &lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{owner:owners$}  {rtype:types$}  {value:data$}  ; {comment}");
    }
    text
}

/// SOA data with its two names relative to the origin.
fn present_soa(data: &[u8], origin: &[u8]) -> String {
    let full = present_data(Rtype::SOA, data);
    let mut words: Vec<String> = full.split(' ').map(str::to_owned).collect();
    let mut rest = data;
    for word in words.iter_mut().take(2) {
        let Ok(length) = crate::dns::wire_len(rest) else { break };
        *word = present_relative(&rest[..length], origin);
        rest = &rest[length..];
    }
    words.join(" ")
}
