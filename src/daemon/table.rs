//! Names x horizons -> addresses, as the snapshot answers them: the table that the demo prints.

use crate::dns::{Name, Rtype, name_from_wire};
use crate::query::explain_own;
use crate::snapshot::Snapshot;
use domain::base::Message;
use domain::rdata::{A, Aaaa, Cname};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

/// Lists every name with an address or an alias, with what a client of each horizon gets, aligned.
///
/// `clients` are one address in each horizon, with the horizon's name as the head of its column. Reverse names are left out.
pub(super) fn table<'a>(
    snapshot: &Snapshot,
    names: impl Iterator<Item = &'a [u8]>,
    clients: &[(IpAddr, String)],
) -> String {
    let names: BTreeSet<Name> =
        names.filter_map(|wire| name_from_wire(wire).ok()).filter(|name| !is_reverse(name)).collect();
    let mut rows = vec![vec!["name".to_owned()]];
    rows[0].extend(clients.iter().map(|(_, horizon)| horizon.clone()));
    for name in &names {
        let mut row = vec![format!("{name}.")];
        row.extend(clients.iter().map(|(client, _)| addresses(snapshot, *client, name)));
        rows.push(row);
    }
    align(&rows)
}

/// A name that has something to show in the table.
pub(super) fn is_shown(rtype: Rtype) -> bool {
    matches!(rtype, Rtype::A | Rtype::AAAA | Rtype::CNAME)
}

fn is_reverse(name: &Name) -> bool {
    let text = name.to_string().to_ascii_lowercase();
    text.ends_with("in-addr.arpa") || text.ends_with("ip6.arpa")
}

/// What the answer to an address query says, in one cell.
fn addresses(snapshot: &Snapshot, client: IpAddr, name: &Name) -> String {
    let mut found = Vec::new();
    let mut rcode = String::new();
    for rtype in [Rtype::A, Rtype::AAAA] {
        let reply = explain_own(snapshot, client, name, rtype).reply;
        let Ok(message) = Message::from_octets(reply.as_slice()) else { continue };
        rcode = message.header().rcode().to_string();
        let Ok(answer) = message.answer() else { continue };
        found.extend(answer.limit_to::<Cname<_>>().flatten().map(|record| format!("-> {}.", record.data().cname())));
        found.extend(answer.limit_to::<A>().flatten().map(|record| record.data().addr().to_string()));
        found.extend(answer.limit_to::<Aaaa>().flatten().map(|record| record.data().addr().to_string()));
    }
    let mut seen = BTreeSet::new();
    found.retain(|text| seen.insert(text.clone()));
    match (found.is_empty(), rcode.as_str()) {
        (false, _) => found.join(" "),
        (true, "NOERROR") => "-".to_owned(),
        (true, _) => rcode,
    }
}

fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a string does not fail.
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns stand under each other, and no line ends in blanks.
    #[test]
    fn columns_are_aligned() {
        let rows =
            [["name", "internal", "external"], ["a.", "10.0.0.1", "-"], ["longer.name.", "REFUSED", "192.0.2.1"]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        let expected =
            "name          internal  external\na.            10.0.0.1  -\nlonger.name.  REFUSED   192.0.2.1\n";
        assert_eq!(align(&rows), expected);
    }
}
