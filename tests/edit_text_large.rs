//! An edit of a zone of a hundred thousand records: one line changes, and the serial.

use horizon_dns::dns::{Name, Rtype, parse_data, parse_name};
use horizon_dns::edit::{Hints, Placed, RecordEdit, changes, rewrite, sets_of};
use horizon_dns::zone::{LoadedZone, parse_zone};
use std::path::Path;

const FILE: &str = "example.org.zone";

/// A zone of so many hosts, with comments.
fn zone(hosts: usize) -> String {
    let mut text = "; kept by hand\n$TTL 1h\n@ IN SOA ns hostmaster ( 2026010199 ; serial\n 1h 15m 1w 1h )\n@ IN NS ns\nns IN A 10.0.0.1\n\n".to_owned();
    for host in 0..hosts {
        if host % 100 == 0 {
            text.push_str(&format!("\n; rack {}\n", host / 100));
        }
        let comment = if host % 7 == 0 { " ; leased" } else { "" };
        text.push_str(&format!(
            "host{host} IN A 10.{}.{}.{}{comment}\n",
            host >> 16 & 255,
            host >> 8 & 255,
            host & 255
        ));
    }
    text.push_str("; the end\n");
    text
}

fn load(text: &[u8], origin: &Name) -> LoadedZone {
    parse_zone(text, Path::new(FILE), origin).unwrap_or_else(|findings| panic!("{}", findings[0]))
}

/// The text after one edit.
fn edited(text: &str, zone: &LoadedZone, edit: RecordEdit, origin: &Name, serial: u32) -> String {
    let placed = Placed { horizon: "internal".into(), origin: origin.clone(), edit, expects: Vec::new() };
    let current = |_: &str, _: &Name, owner: &Name| sets_of(&zone.records, std::slice::from_ref(owner)).remove(0);
    let changes = changes(&[placed], &current, &|_, _| 3600).unwrap();
    let hints = Hints { records: &zone.records, files: &zone.files, checkpoints: &zone.checkpoints };
    let text = text.as_bytes().to_vec();
    let new = rewrite(text, Path::new(FILE), origin, &changes[0].names, Some(serial), Some(hints)).unwrap();
    String::from_utf8(new).unwrap()
}

/// Lines of both texts that differ, where both have as many.
fn differing<'t>(before: &'t str, after: &'t str) -> Vec<(&'t str, &'t str)> {
    assert_eq!(before.lines().count(), after.lines().count());
    before.lines().zip(after.lines()).filter(|(old, new)| old != new).collect()
}

/// One line and the serial change; a new name stands among its neighbours, in their order by number.
#[test]
fn one_edit_of_a_large_zone_changes_one_line_and_the_serial() {
    let origin = parse_name("example.org").unwrap();
    let before = zone(100_000);
    let loaded = load(before.as_bytes(), &origin);
    let serial = ("@ IN SOA ns hostmaster ( 2026010199 ; serial", "@ IN SOA ns hostmaster ( 2026010200 ; serial");

    let owner = parse_name("host50001.example.org").unwrap();
    let data = vec![parse_data(Rtype::A, "192.0.2.1", &origin).unwrap()];
    let set = RecordEdit::Set { owner, rtype: Rtype::A, ttl: None, data: data.clone() };
    let after = edited(&before, &loaded, set, &origin, 2_026_010_200);
    let line = ("host50001 IN A 10.0.195.81 ; leased", "host50001 IN A 192.0.2.1 ; leased");
    assert_eq!(differing(&before, &after), [serial, line]);

    let owner = parse_name("host777b.example.org").unwrap();
    let add = RecordEdit::Add { owner, rtype: Rtype::A, ttl: None, data };
    let after = edited(&before, &loaded, add, &origin, 2_026_010_200);
    let line = "host777b IN A 192.0.2.1\n";
    assert!(after.contains(&format!("\nhost777 IN A 10.0.3.9 ; leased\n{line}host778 ")));
    assert_eq!(differing(&before, &after.replace(line, "")), [serial]);
}

/// Of a large text only the lines round an edit are read: a line far away that says the same is not seen.
#[test]
fn what_stands_far_away_is_not_read() {
    let origin = parse_name("example.org").unwrap();
    let plain = zone(5_000);
    let loaded = load(plain.as_bytes(), &origin);
    let strange = plain.replace("host4001 IN A 10.0.15.161", "host1001 IN A 10.0.3.233 ");
    assert_ne!(plain, strange);
    let owner = parse_name("host1001.example.org").unwrap();
    let set = RecordEdit::Set { owner, rtype: Rtype::A, ttl: None, data: vec![vec![192, 0, 2, 1]] };
    let after = edited(&strange, &loaded, set, &origin, 2_026_010_200);
    let line = ("host1001 IN A 10.0.3.233 ; leased", "host1001 IN A 192.0.2.1 ; leased");
    assert_eq!(differing(&strange, &after)[1..], [line]);
}
