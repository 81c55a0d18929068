//! `/provisioners` of step-ca: public, and says what the directory does not.

use super::super::leaf::printable;
use crate::config::Challenge;
use serde_json::Value;

/// ACME provisioners of one CA that are looked at.
const MOST: usize = 64;
/// What step-ca gives when nothing is said.
const DEFAULT_LIFETIME: u64 = 24 * 3600;

/// A provisioner of type ACME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provisioner {
    pub(super) name: String,
    pub(super) external_account: bool,
    /// All of them when it does not restrict them.
    pub(super) offered: Vec<String>,
    /// Seconds.
    pub(super) lifetime: u64,
}

/// One page: its ACME provisioners, and where the next one begins. None when this is no such page.
pub(super) fn read_page(body: &[u8]) -> Option<(Vec<Provisioner>, Option<String>)> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let all = json.get("provisioners")?.as_array()?;
    let acme = all.iter().filter(|one| one.get("type").and_then(Value::as_str) == Some("ACME"));
    let cursor = json.get("nextCursor").and_then(Value::as_str).filter(|cursor| is_cursor(cursor));
    Some((acme.take(MOST).map(provisioner).collect(), cursor.map(str::to_owned)))
}

/// It goes into the path of a request.
fn is_cursor(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

fn provisioner(json: &Value) -> Provisioner {
    let offered: Vec<String> = match json.get("challenges").and_then(Value::as_array) {
        Some(list) if !list.is_empty() => list.iter().filter_map(Value::as_str).take(8).map(printable).collect(),
        _ => Challenge::ALL.iter().map(|challenge| challenge.name().to_owned()).collect(),
    };
    let claim = json.get("claims").and_then(|claims| claims.get("defaultTLSCertDuration")).and_then(Value::as_str);
    Provisioner {
        name: printable(json.get("name").and_then(Value::as_str).unwrap_or_default()),
        external_account: json.get("requireEAB").and_then(Value::as_bool).unwrap_or_default(),
        offered,
        lifetime: claim.and_then(seconds).unwrap_or(DEFAULT_LIFETIME),
    }
}

/// Seconds of a duration as Go writes it: `24h0m0s`, `90m`, `1.5h`. Parts of a second are cut off.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0.0f64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|each: char| !each.is_ascii_digit() && each != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|each: char| each.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" | "ns" => 0.0,
            _ => return None,
        };
        total += number * unit;
        rest = &rest[letters..];
    }
    (!text.is_empty() && total.is_finite() && total < 1e12).then_some(total as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Durations as Go writes them.
    #[test]
    fn durations_are_read() {
        let table = [
            ("24h0m0s", Some(86400)),
            ("90m", Some(5400)),
            ("1.5h", Some(5400)),
            ("5m0s", Some(300)),
            ("100ms", Some(0)),
            ("", None),
            ("h", None),
            ("5", None),
            ("5d", None),
            ("-5h", None),
            ("99999999999999h", None),
            ("1..5h", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    /// A page of a real step-ca, and what is none.
    #[test]
    fn pages_are_read() {
        let page = br#"{"provisioners":[{"type":"JWK","name":"admin","key":{}},{"type":"ACME","name":"acme"},
            {"type":"ACME","name":"narrow","requireEAB":true,"challenges":["dns-01"],"claims":{"defaultTLSCertDuration":"168h0m0s"}}],
            "nextCursor":"a1b2"}"#;
        let (found, cursor) = read_page(page).unwrap();
        assert_eq!(cursor.as_deref(), Some("a1b2"));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].offered.len(), found[0].lifetime, found[0].external_account), (3, 86400, false));
        assert_eq!(found[1].offered, ["dns-01"]);
        assert_eq!((found[1].lifetime, found[1].external_account), (604_800, true));
        for body in [&b"<html>"[..], b"[]", b"{}", br#"{"provisioners":1}"#] {
            assert_eq!(read_page(body), None);
        }
        let odd = br#"{"provisioners":[],"nextCursor":"../../x"}"#;
        assert_eq!(read_page(odd).unwrap().1, None, "what comes from elsewhere does not shape our requests");
    }
}
