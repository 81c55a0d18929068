//! A strict reader for the little XML that we write: elements, attributes in double quotes, five entities, no more.

/// The elements in their order, each as written between its brackets; what is not well-formed is an error.
pub(crate) fn elements(text: &str) -> Result<Vec<String>, String> {
    let mut open: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        content(&rest[..at])?;
        rest = &rest[at + 1..];
        let end = rest.find('>').ok_or("a bracket is not closed")?;
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().ok_or_else(|| format!("</{name}> closes nothing"))?;
            if last != name {
                return Err(format!("</{name}> closes <{last}>"));
            }
            if open.is_empty() && !rest.trim().is_empty() {
                return Err("something stands behind the root".to_owned());
            }
            continue;
        }
        let (body, closed) = tag.strip_suffix('/').map_or((tag, false), |body| (body, true));
        let name = body.split([' ', '\n']).next().unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
            return Err(format!("<{tag}> has no name"));
        }
        attributes(body[name.len()..].trim())?;
        found.push(body.to_owned());
        if !closed {
            open.push(name);
        }
    }
    content(rest)?;
    if open.is_empty() && !found.is_empty() { Ok(found) } else { Err(format!("not closed: {open:?}")) }
}

fn attributes(mut rest: &str) -> Result<(), String> {
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(|| format!("`{rest}` is no attribute"))?;
        let (value, after) = after.split_once('"').ok_or_else(|| format!("{name} has no end"))?;
        if name.is_empty() || name.contains([' ', '<', '"']) || names.contains(&name) {
            return Err(format!("`{name}` is no name of an attribute, or stands twice"));
        }
        content(value)?;
        names.push(name);
        rest = after.trim_start();
    }
    Ok(())
}

/// Characters of XML 1.0, with known entities only.
fn content(text: &str) -> Result<(), String> {
    let fine = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if let Some(c) = text.chars().find(|c| !fine(*c)) {
        return Err(format!("{c:?} is no character of XML"));
    }
    if text.contains("]]>") {
        return Err("`]]>` stands in content".to_owned());
    }
    for part in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        if !known.iter().any(|entity| part.starts_with(entity)) {
            return Err(format!("`&{part:.10}` is no entity"));
        }
    }
    Ok(())
}
