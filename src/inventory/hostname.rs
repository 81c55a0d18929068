//! Host names: labels of letters, digits and hyphens (RFC 952, RFC 1123 section 2.1), in lower case.

use crate::dns::{Name, parse_name};

/// Reads an absolute host name; a final dot is taken off, upper case becomes lower case.
///
/// `wildcard` allows `*` as the first label.
///
/// # Errors
/// The reason in words.
pub fn read_hostname(text: &str, wildcard: bool) -> Result<Name, String> {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    if text.ends_with("..") {
        return Err("an empty label".to_owned());
    }
    for (index, label) in lower.split('.').enumerate() {
        if !(wildcard && index == 0 && label == "*") {
            check_label(label)?;
        }
    }
    parse_name(&lower).map_err(|error| error.to_string())
}

/// Checks one or several labels below a zone; the reason in words when they are no host name.
///
/// A final dot is refused: the name would be absolute, and whoever wrote it meant a name below the zone.
pub(super) fn read_labels_below(labels: &str, zone: &Name) -> Result<Name, String> {
    if labels.ends_with('.') {
        return Err("it ends in a dot".to_owned());
    }
    read_hostname(&below(labels, zone), false)
}

/// The text of `labels` below `zone`.
pub(super) fn below(labels: &str, zone: &Name) -> String {
    if zone.is_root() { labels.to_owned() } else { format!("{labels}.{zone}") }
}

fn check_label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("an empty label".to_owned());
    }
    if label.len() > 63 {
        return Err(format!("a label of {} octets, at most 63 fit", label.len()));
    }
    if let Some(bad) = label.chars().find(|each| !each.is_ascii_alphanumeric() && *each != '-') {
        return Err(match bad {
            '_' => "an underscore".to_owned(),
            ' ' => "a space".to_owned(),
            other => format!("the character `{}`", other.escape_debug()),
        });
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!("`{label}` begins or ends with a hyphen"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host names are read in any case; what is none is refused with the reason.
    #[test]
    fn host_names_are_read_or_refused() {
        let table = [
            ("Step-CA.Example", "step-ca.example"),
            ("a.example.", "a.example"),
            ("3com.example", "3com.example"),
            ("my_host.example", "an underscore"),
            ("my host.example", "a space"),
            ("caf\u{e9}.example", "the character `\u{e9}`"),
            ("-a.example", "`-a` begins or ends with a hyphen"),
            ("a..example", "an empty label"),
            ("", "an empty label"),
            ("*.example", "the character `*`"),
        ];
        for (text, expected) in table {
            let seen = read_hostname(text, false).map_or_else(|reason| reason, |name| name.to_string());
            assert_eq!(seen, expected, "{text}");
        }
        assert_eq!(read_hostname("*.example", true).unwrap().to_string(), "*.example");
    }
}
