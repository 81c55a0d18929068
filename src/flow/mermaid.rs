//! The picture as Mermaid text, which many wikis and forges draw.

use super::model::{Column, Flow, Node, State};
use super::wrap::{lines_of, plain};
use crate::finding::Finding;
use std::fmt::Write;

/// Lines of one box below its title.
const MOST: usize = 12;

/// Draws a `flowchart LR`; findings stand in boxes of their own behind the names that they are about.
pub fn mermaid(flow: &Flow) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(text, "%% {}", comment(&flow.title));
    for note in &flow.notes {
        let _ = writeln!(text, "%% {}", comment(note));
    }
    text.push_str("flowchart LR\n");
    for node in &flow.nodes {
        let (open, close) = shape(node.column);
        let label = lines_of(node, MOST).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
        let _ = writeln!(text, "  {}{open}\"{label}\"{close}:::{}", node.id, class(node));
    }
    for edge in &flow.edges {
        let arrow = match edge.state {
            State::Plain | State::Fault => "-->",
            State::Derived | State::Undecided | State::Missing => "-.->",
        };
        let label = if edge.label.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(&edge.label)) };
        let _ = writeln!(text, "  {} {arrow}{label} {}", edge.from, edge.to);
    }
    for (number, finding) in flow.findings.iter().enumerate() {
        let _ = writeln!(text, "  f{number}[\"{}\"]:::finding", escaped_finding(finding));
        if let Some(node) = about(flow, finding) {
            let _ = writeln!(text, "  f{number} -.- {}", node.id);
        }
    }
    for (at, edge) in flow.edges.iter().enumerate() {
        match edge.state {
            State::Fault => drop(writeln!(text, "  linkStyle {at} stroke:#c62828,stroke-width:3px,color:#c62828")),
            State::Missing => drop(writeln!(text, "  linkStyle {at} stroke:#8a8a8a,color:#6b6b6b")),
            _ => {}
        }
    }
    text.push_str(CLASSES);
    text
}

/// Colours that are legible on light and dark pages: each box brings its own ground.
const CLASSES: &str = "  classDef client fill:#eceff1,stroke:#607d8b,color:#102027
  classDef horizon fill:#e3f2fd,stroke:#1565c0,color:#0d2b4e
  classDef name fill:#ffffff,stroke:#546e7a,color:#111111,text-align:left
  classDef address fill:#f1f8e9,stroke:#558b2f,color:#1b2e0a
  classDef silence fill:#f3f4f5,stroke:#78909c,color:#263238
  classDef guest fill:#fff8e1,stroke:#ef6c00,color:#3e2400
  classDef hop fill:#f3e5f5,stroke:#6a1b9a,color:#2a0a3d
  classDef derived fill:#fafafa,stroke:#757575,color:#333333,stroke-dasharray:5 4
  classDef undecided fill:#fff3c4,stroke:#b26a00,color:#3e2400,stroke-dasharray:5 4
  classDef missing fill:#f5f5f5,stroke:#9e9e9e,color:#555555,stroke-dasharray:3 4
  classDef fault fill:#ffebee,stroke:#c62828,color:#5f0f0f,stroke-width:3px
  classDef finding fill:#ffffff,stroke:#c62828,color:#5f0f0f,text-align:left
";

fn shape(column: Column) -> (&'static str, &'static str) {
    match column {
        Column::Client => ("([", "])"),
        Column::Horizon => ("{{", "}}"),
        _ => ("[", "]"),
    }
}

fn class(node: &Node) -> &'static str {
    match (node.state, node.column) {
        (State::Fault, _) => "fault",
        (State::Missing, _) => "missing",
        (State::Undecided, _) => "undecided",
        (State::Derived, _) => "derived",
        (_, Column::Client) => "client",
        (_, Column::Horizon) => "horizon",
        (_, Column::Name) => "name",
        (_, Column::Address) if node.is_silence() => "silence",
        (_, Column::Address) => "address",
        (_, Column::Guest) => "guest",
        (_, Column::NextHop) => "hop",
    }
}

/// The box of the name that a finding is about: the first that is wrong.
fn about<'a>(flow: &'a Flow, finding: &Finding) -> Option<&'a Node> {
    let names = flow.nodes.iter().filter(|node| node.column == Column::Name && node.state > State::Derived);
    let mut named = names.filter(|node| node.lines.iter().any(|line| line.split(' ').next() == Some(&finding.subject)));
    // The same name may be wrong in several horizons: the arrow's label tells which finding is meant.
    let marked = |node: &&Node| flow.leaving(&node.id).any(|edge| edge.label == finding.code);
    named.clone().find(marked).or_else(|| named.next())
}

fn escaped_finding(finding: &Finding) -> String {
    let head = format!("{} {}", finding.code, finding.subject);
    let cause = finding.cause.iter().map(String::as_str);
    let parts = std::iter::once(finding.what.as_str()).chain(cause).chain([finding.remedy.as_str()]);
    let lines = parts.flat_map(|part| super::wrap::wrap(part, 60));
    std::iter::once(head).chain(lines).map(|line| escaped(&plain(&line))).collect::<Vec<_>>().join("<br/>")
}

/// A label for quotes: every character that Mermaid, Markdown or HTML could take for its own is written by its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = plain(text);
    for (at, c) in text.char_indices() {
        match c {
            // `1. ` would begin a list.
            '.' if text[at..].starts_with(". ") => escaped.push_str("#46;"),
            ' ' | '.' | ',' | ':' | '/' | '(' | ')' | '=' => escaped.push(c),
            c if c.is_alphanumeric() => escaped.push(c),
            // A hyphen or an underscore between letters and digits says nothing to Markdown.
            '-' | '_' if text[..at].ends_with(char::is_alphanumeric) => escaped.push(c),
            c => drop(write!(escaped, "#{};", u32::from(c))),
        }
    }
    escaped
}

/// A comment: `%%{` would be a directive.
fn comment(text: &str) -> String {
    plain(text).replace(['%', '{', '}'], "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a name or a guest is called, the label stays a label.
    #[test]
    fn odd_names_stay_labels() {
        let table = [
            ("ca.internal.thinkheads.ai.", "ca.internal.thinkheads.ai."),
            ("_acme-challenge.app.", "#95;acme-challenge.app."),
            ("*.dyn.example.", "#42;.dyn.example."),
            ("a\"]; click n0 \"x", "a#34;#93;#59; click n0 #34;x"),
            ("<script>&amp;</script>", "#60;script#62;#38;amp#59;#60;/script#62;"),
            ("`md` **b** #1;", "#96;md#96; #42;#42;b#42;#42; #35;1#59;"),
            ("x\\032y|z{{w}}", "x#92;032y#124;z#123;#123;w#125;#125;"),
            ("--> end", "#45;#45;#62; end"),
            ("1. list", "1#46; list"),
            ("line\nbreak\u{202e}", "line#63;break#63;"),
        ];
        for (written, expected) in table {
            assert_eq!(escaped(written), expected, "{written}");
        }
        assert_eq!(comment("%%{init: {}}%%"), "???init: ?????");
    }
}
