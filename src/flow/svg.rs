//! The picture as SVG: one file without scripts, fonts or anything else from elsewhere, for light and dark pages.

use super::layout::{CHAR, HEAD, LINE, Layout, MARGIN, PAD, Placed, columns, layout};
use super::model::{Column, Edge, Flow, Node, State};
use super::wrap::{plain, wrap};
use std::fmt::Write;

/// Characters of a line below the picture, if the picture is narrower.
const NARROWEST: usize = 84;
const WIDEST: usize = 150;
/// Of what a finding says behind `what`, `why` and `do`, in characters.
const INDENT: usize = 6;
const HEADS: [&str; 6] = ["clients", "horizon", "name", "address", "guest", "next hop"];

/// Draws the picture, with findings and notes below it.
pub fn svg(flow: &Flow) -> String {
    let layout = layout(flow);
    let below = below(flow, &layout);
    let text =
        below.iter().map(|line| INDENT + columns(&line.text)).max().unwrap_or(0).max(columns(&flow.title) * 5 / 4);
    let width = layout.width.max(text as f64 * CHAR + 2.0 * MARGIN);
    let gap = if below.is_empty() { 0.0 } else { LINE };
    let height = layout.height + gap + below.len() as f64 * LINE + MARGIN;
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-labelledby=\"title\">"
    );
    let _ = writeln!(out, "<title id=\"title\">{}</title>", escaped(&flow.title));
    let _ = writeln!(out, "<style>\n{STYLE}</style>");
    let _ = writeln!(out, "<rect class=\"page\" width=\"100%\" height=\"100%\"/>");
    text_line(&mut out, "title", MARGIN, MARGIN + 14.0, &flow.title);
    for (depth, x) in layout.columns.iter().enumerate() {
        // What stands behind the next hop is a next hop, too.
        if let Some(head) = HEADS.get(depth) {
            text_line(&mut out, "head", x + PAD, HEAD - 12.0, head);
        }
    }
    for y in &layout.lanes {
        let right = width - MARGIN;
        let _ = writeln!(out, "<path class=\"lane\" d=\"M{MARGIN:.1} {y:.1}H{right:.1}\"/>");
    }
    // What is wrong is drawn last, so that nothing lies over it where arrows share a trunk.
    let (wrong, right): (Vec<&Edge>, Vec<&Edge>) = flow.edges.iter().partition(|edge| edge.state == State::Fault);
    for edge in right.into_iter().chain(wrong) {
        arrow(&mut out, flow, &layout, edge);
    }
    for (node, placed) in flow.nodes.iter().zip(&layout.boxes) {
        boxed(&mut out, node, placed);
    }
    let mut y = layout.height + gap + LINE;
    for line in &below {
        text_line(&mut out, "note", MARGIN, y, line.word);
        let indent = if line.class == "talk" { INDENT as f64 * CHAR } else { 0.0 };
        text_line(&mut out, line.class, MARGIN + indent, y, &line.text);
        y += LINE;
    }
    out.push_str("</svg>\n");
    out
}

/// Plain rules and one media query: viewers that know no variables show the light colours.
const STYLE: &str = "\
text{font:13px 'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;fill:#1a1a1a}
.title{font-size:16px;font-weight:bold}
.head{fill:#666}
.note{fill:#666}
.code,.fault-label{fill:#c62828;font-weight:bold}
.doubt-label{fill:#8a5300;font-weight:bold}
.strong{font-weight:bold}
.page{fill:#fff}
.lane{stroke:#ccc;fill:none}
.box{stroke-width:1.2;fill:#fff;stroke:#546e7a}
.client{fill:#eceff1;stroke:#607d8b}
.horizon{fill:#e3f2fd;stroke:#1565c0}
.address{fill:#f1f8e9;stroke:#558b2f}
.silence{fill:#f3f4f5;stroke:#78909c}
.guest{fill:#fff8e1;stroke:#ef6c00}
.hop{fill:#f3e5f5;stroke:#6a1b9a}
.derived{stroke-dasharray:6 4}
.undecided{fill:#fff3c4;stroke:#b26a00;stroke-dasharray:6 4}
.missing{fill:#f7f7f7;stroke:#9e9e9e;stroke-dasharray:3 4}
.fault{fill:#ffebee;stroke:#c62828;stroke-width:2.4}
.arrow{fill:none;stroke:#546e7a;stroke-width:1.4}
.arrow-missing{stroke:#9e9e9e;stroke-dasharray:3 4}
.arrow-derived,.arrow-undecided{stroke-dasharray:6 4}
.arrow-fault{stroke:#c62828;stroke-width:2.4}
.tip{fill:#546e7a}
.tip-missing{fill:#9e9e9e}
.tip-fault{fill:#c62828}
@media (prefers-color-scheme:dark){
text{fill:#eee}
.head,.note{fill:#aaa}
.code,.fault-label{fill:#ff8a80}
.doubt-label{fill:#ffca28}
.page{fill:#16191d}
.lane{stroke:#3a4047}
.box{fill:#20252b;stroke:#90a4ae}
.client{fill:#263238;stroke:#90a4ae}
.horizon{fill:#102a43;stroke:#64b5f6}
.address{fill:#1f2d14;stroke:#9ccc65}
.silence{fill:#1c2126;stroke:#78909c}
.guest{fill:#33260c;stroke:#ffb74d}
.hop{fill:#2c1938;stroke:#ce93d8}
.undecided{fill:#3a2f0b;stroke:#ffca28}
.missing{fill:#1d2024;stroke:#757575}
.fault{fill:#3b1215;stroke:#ff5252}
.arrow{stroke:#90a4ae}
.arrow-missing{stroke:#757575}
.arrow-fault{stroke:#ff5252}
.tip{fill:#90a4ae}
.tip-missing{fill:#757575}
.tip-fault{fill:#ff5252}
}
";

/// A line below the picture: a word on the left of it, and what it says.
struct Line {
    class: &'static str,
    word: &'static str,
    text: String,
}

/// Findings and notes.
fn below(flow: &Flow, layout: &Layout) -> Vec<Line> {
    let room = ((layout.width - 2.0 * MARGIN) / CHAR) as usize;
    let room = room.clamp(NARROWEST, WIDEST);
    let mut lines = Vec::new();
    for finding in &flow.findings {
        let head = plain(&format!("{} {}", finding.code, finding.subject));
        lines.push(Line { class: "code", word: "", text: head });
        let parts = [("what", Some(&finding.what)), ("why", finding.cause.as_ref()), ("do", Some(&finding.remedy))];
        for (word, part) in parts {
            for (at, text) in part.iter().flat_map(|part| wrap(&plain(part), room - INDENT)).enumerate() {
                lines.push(Line { class: "talk", word: if at == 0 { word } else { "" }, text });
            }
        }
        lines.push(Line { class: "talk", word: "", text: String::new() });
    }
    let notes = flow.notes.iter().flat_map(|note| wrap(&plain(note), room));
    lines.extend(notes.map(|text| Line { class: "note", word: "", text }));
    lines
}

fn boxed(out: &mut String, node: &Node, placed: &Placed) {
    let Placed { x, y, width, height, .. } = placed;
    let round = if matches!(node.column, Column::Client | Column::Address) { height.min(28.0) / 2.0 } else { 4.0 };
    let _ = writeln!(
        out,
        "<rect class=\"box {}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round:.1}\"/>",
        class(node)
    );
    for (at, line) in placed.lines.iter().enumerate() {
        let strong = if at == 0 && !node.title.is_empty() { "strong" } else { "line" };
        text_line(out, strong, x + PAD, y + PAD + at as f64 * LINE + 13.0, line);
    }
}

fn class(node: &Node) -> String {
    let column = match node.column {
        Column::Client => "client",
        Column::Horizon => "horizon",
        Column::Name => "name",
        Column::Address if node.is_silence() => "silence",
        Column::Address => "address",
        Column::Guest => "guest",
        Column::NextHop => "hop",
    };
    match word(node.state) {
        "" => column.to_owned(),
        state => format!("{column} {state}"),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Plain => "",
        State::Derived => "derived",
        State::Undecided => "undecided",
        State::Missing => "missing",
        State::Fault => "fault",
    }
}

/// From the right side of one box along a trunk that its siblings share to the left side of the other.
fn arrow(out: &mut String, flow: &Flow, layout: &Layout, edge: &Edge) {
    let place = |id: &str| {
        let node = flow.node(id)?;
        let index = id.strip_prefix('n')?.parse::<usize>().ok()?;
        Some((node, layout.boxes.get(index)?))
    };
    let (Some((from, start)), Some((to, end))) = (place(&edge.from), place(&edge.to)) else { return };
    let (x1, y1, x2, y2) = (start.x + start.width, start.anchor(from), end.x, end.anchor(to));
    let state = match word(edge.state) {
        "" => String::new(),
        state => format!(" arrow-{state}"),
    };
    let trunk = x1 + 16.0;
    let stop = x2 - 7.0;
    let line = if (y1 - y2).abs() < 0.5 {
        format!("M{x1:.1} {y1:.1}H{stop:.1}")
    } else {
        format!("M{x1:.1} {y1:.1}H{trunk:.1}V{y2:.1}H{stop:.1}")
    };
    let _ = writeln!(out, "<path class=\"arrow{state}\" d=\"{line}\"/>");
    let tip = state.replace("arrow", "tip");
    let _ = writeln!(out, "<path class=\"tip{tip}\" d=\"M{x2:.1} {y2:.1}l-8 -4.5v9z\"/>");
    if !edge.label.is_empty() {
        let class = match edge.state {
            State::Fault => "fault-label",
            State::Undecided => "doubt-label",
            _ => "note",
        };
        text_line(out, class, trunk + 8.0, y2 - 5.0, &edge.label);
    }
}

fn text_line(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    if text.is_empty() {
        return;
    }
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
}

/// Text for XML 1.0: its own signs by name, and no character that it forbids.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
