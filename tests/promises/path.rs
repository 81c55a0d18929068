//! Any octets as a zone and then queries: the whole way from text to reply.

use super::message::{answered, settings};
use horizon_dns::dns::parse_name;
use horizon_dns::snapshot::{ZoneSource, build};
use horizon_dns::zone::parse_zone;
use std::path::Path;
use std::sync::Arc;

/// The text up to the first zero octet is put behind an apex; what follows are queries, each behind its length in one octet.
///
/// Zones that do not load are refused in words; those that load answer every query as promised.
pub(crate) fn whole_path(octets: &[u8]) {
    let split = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let (text, mut queries) = octets.split_at(split);
    let apex = b"$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n";
    let text = [&apex[..], text].concat();
    let origin = parse_name("example.org").expect("a name");
    let Ok(zone) = parse_zone(&text, Path::new("fuzz.zone"), &origin) else { return };
    let names: Vec<Vec<u8>> = zone.records.iter().take(50).map(|record| record.owner.to_vec()).collect();
    let source = ZoneSource { horizon: "all".to_owned(), file: None, records: Arc::new(zone.records) };
    let snapshot = match build(settings(), &[source], None) {
        Ok(snapshot) => snapshot,
        Err(findings) => return assert!(!findings.is_empty(), "what refuses a zone says why"),
    };
    for name in names {
        for rtype in [1u8, 5, 39, 43, 255] {
            let query = [&[7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &name, &[0, rtype, 0, 1]].concat();
            answered(&snapshot, &query);
        }
    }
    while let [length, rest @ ..] = queries {
        let (query, after) = rest.split_at(usize::from(*length).min(rest.len()));
        answered(&snapshot, query);
        queries = after;
    }
}
