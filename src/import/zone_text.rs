//! The text of a zone, in which each record says what line it came from.

use super::layout::Entry;
use super::layout::Nodes;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::parse_name;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::dns::present_relative;
use crate::dns::present_rtype;
use std::fmt::Write;

/// Seconds: refresh, retry, expire, and how long a missing name is remembered; as the generator writes them.
const TIMES: &str = "3600 600 604800 60";

/// Columns that owners, types and data may take before what is behind them moves on.
const WIDEST: [usize; 3] = [40, 10, 40];

/// The whole file. `server` is the name of this server, `ttl` in seconds.
pub(super) fn text(origin: &Name, nodes: &Nodes, horizon: &str, server: &Name, ttl: u32) -> String {
    let apex = origin.as_slice();
    let shown = if origin.is_root() { "The root zone".to_owned() } else { origin.to_string() };
    let mut text = format!(
        "; {shown} as dnsmasq answered it, for clients of the horizon `{horizon}`.\n\
         ; Each line says where it came from. All are yours: the generator changes none of them.\n\
         $ORIGIN {}\n$TTL {ttl}\n",
        present_name(apex)
    );
    let mailbox = server.parent().filter(|domain| !domain.is_root()).unwrap_or_else(|| origin.clone());
    let mailbox = parse_name(&format!("hostmaster.{mailbox}")).unwrap_or_else(|_| origin.clone());
    let server = present_relative(server.as_slice(), apex);
    let mailbox = present_relative(mailbox.as_slice(), apex);
    let mut lines = vec![
        ("@".to_owned(), "SOA".to_owned(), format!("{server} {mailbox} 1 {TIMES}"), "every zone has one".to_owned()),
        ("@".to_owned(), "NS".to_owned(), server, "this server".to_owned()),
    ];
    for (owner, entries) in nodes {
        for entry in entries {
            lines.push(line(&present_relative(owner.as_slice(), apex), entry, apex, ttl));
        }
    }
    let widest = |at: usize, width: fn(&(String, String, String, String)) -> usize| {
        let all = lines.iter().skip(1).map(width);
        all.filter(|width| *width <= WIDEST[at]).max().unwrap_or(0)
    };
    let (owners, types, data) =
        (widest(0, |line| line.0.len()), widest(1, |line| line.1.len()), widest(2, |line| line.2.len()));
    for (owner, rtype, value, comment) in &lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{owner:owners$}  {rtype:types$}  {value:data$}  ; {comment}");
    }
    text
}

fn line(owner: &str, entry: &Entry, apex: &[u8], zone_ttl: u32) -> (String, String, String, String) {
    let data = match entry.rtype {
        Rtype::CNAME | Rtype::PTR | Rtype::NS => present_relative(&entry.data, apex),
        rtype => present_data(rtype, &entry.data),
    };
    let rtype = present_rtype(entry.rtype);
    let rtype = match entry.ttl {
        Some(ttl) if ttl != zone_ttl => format!("{ttl} {rtype}"),
        _ => rtype,
    };
    // Not `from ..`: that is the mark of records that the generator owns.
    let comment = match &entry.origin {
        Some(origin) => format!("imported from {}", plain(&origin.to_string())),
        None => "this server".to_owned(),
    };
    (owner.to_owned(), rtype, data, comment)
}

/// A text for a comment: on one line.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}
