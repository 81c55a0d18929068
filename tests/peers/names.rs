//! Names as octets in wire format: made from text, taken apart, put below one another, shown.

/// The wire format of a name written with dots and without escapes; the root is `.` or nothing.
pub(crate) fn wire(text: &str) -> Vec<u8> {
    let mut name = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        name.push(label.len() as u8);
        name.extend_from_slice(label.as_bytes());
    }
    name.push(0);
    name
}

/// The labels, leftmost first, the root left out.
pub(crate) fn labels(name: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut at = 0;
    while name[at] != 0 {
        let end = at + 1 + usize::from(name[at]);
        found.push(&name[at + 1..end]);
        at = end;
    }
    found
}

/// `label` put before `name`; none when the result is longer than 255 octets.
pub(crate) fn below(label: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut longer = vec![label.len() as u8];
    longer.extend_from_slice(label);
    longer.extend_from_slice(name);
    (longer.len() <= 255).then_some(longer)
}

/// The name without its leftmost label; none for the root.
pub(crate) fn parent(name: &[u8]) -> Option<&[u8]> {
    (name[0] != 0).then(|| &name[1 + usize::from(name[0])..])
}

/// True when `name` is `apex` or below it, whatever the case.
pub(crate) fn is_at_or_below(name: &[u8], apex: &[u8]) -> bool {
    let mut name = Some(name);
    while let Some(now) = name {
        if now.eq_ignore_ascii_case(apex) {
            return true;
        }
        name = parent(now);
    }
    false
}

/// The same name in lower case; length octets are below 64 and stay.
pub(crate) fn lower(name: &[u8]) -> Vec<u8> {
    name.to_ascii_lowercase()
}

/// As it stands in a zone file: an absolute name, every odd octet as `\DDD`.
pub(crate) fn show(name: &[u8]) -> String {
    let mut text = String::new();
    for label in labels(name) {
        for octet in label {
            match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' => text.push(char::from(*octet)),
                odd => text.push_str(&format!("\\{odd:03}")),
            }
        }
        text.push('.');
    }
    if text.is_empty() { ".".to_owned() } else { text }
}
