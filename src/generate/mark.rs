//! The mark of a generated record: a comment `from` and its source. Whatever has none is a person's.

/// The source of SOA, NS and this server's own address.
pub(super) const OWN: &str = "horizon";

/// The comment of a record from `source`, without its `;`.
pub(super) fn comment(source: &str) -> String {
    format!("from {source}")
}

/// The source that a comment names, when it is the generator's mark.
///
/// Only sources that the generator can have written count: `; from the old server` is a person's remark.
pub(super) fn source_of(comment: &[u8]) -> Option<&str> {
    let source = std::str::from_utf8(comment).ok()?.strip_prefix("from ")?.trim();
    let first = source.split(' ').next()?;
    let known = ["lxc/", "vm/", "stack/"].iter().any(|kind| first.len() > kind.len() && first.starts_with(kind));
    (known || first == OWN || first == "authoritative_zones").then_some(source)
}

/// True for the comment of a generated record, without its `;`: programs may change its line, and a person's line has none.
pub fn is_mark(comment: &[u8]) -> bool {
    source_of(comment).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A person's comments are not taken for marks.
    #[test]
    fn only_known_sources_are_marks() {
        let table = [
            ("from lxc/103 traefik_service", Some("lxc/103 traefik_service")),
            ("from stack/qdrant router q", Some("stack/qdrant router q")),
            ("from authoritative_zones", Some("authoritative_zones")),
            ("from horizon", Some("horizon")),
            ("from horizons beyond", None),
            ("from the old server", None),
            ("from lxc/", None),
            ("by hand", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(source_of(text.as_bytes()), expected, "{text}");
        }
    }
}
