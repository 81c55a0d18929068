//! The picture as a tree for a terminal: one line for each way from an address on.

use super::model::{Column, Edge, Flow, Node, State};
use super::wrap::{lines_of, plain};
use std::fmt::Write;

/// Names of one box.
const MOST: usize = 24;

/// A line, and how what it shows is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// Without its line break.
    pub text: String,
    /// The worst of what stands in it.
    pub state: State,
    /// True for the head of a horizon.
    pub head: bool,
}

/// Draws the trees and the notes; findings are not among them.
pub fn text(flow: &Flow) -> Vec<TextLine> {
    let mut lines = vec![TextLine { text: plain(&flow.title), state: State::Plain, head: true }];
    for client in flow.nodes.iter().filter(|node| node.column == Column::Client) {
        for horizon in flow.leaving(&client.id).filter_map(|edge| flow.node(&edge.to)) {
            let text = plain(&format!("horizon {}, clients {}", horizon.title, client.lines.join(", ")));
            lines.push(TextLine { text: String::new(), state: State::Plain, head: false });
            lines.push(TextLine { text, state: State::Plain, head: true });
            below(flow, horizon, "", &mut lines);
        }
    }
    if !flow.notes.is_empty() {
        lines.push(TextLine { text: String::new(), state: State::Plain, head: false });
        lines.extend(flow.notes.iter().map(|note| TextLine { text: plain(note), state: State::Derived, head: false }));
    }
    lines
}

fn below(flow: &Flow, node: &Node, indent: &str, lines: &mut Vec<TextLine>) {
    let edges: Vec<&Edge> = flow.leaving(&node.id).collect();
    for (at, edge) in edges.iter().enumerate() {
        let Some(next) = flow.node(&edge.to) else { continue };
        let last = at + 1 == edges.len();
        let (branch, stem) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let deeper = format!("{indent}{stem}");
        if next.column == Column::Name {
            let mut branch = branch;
            for line in lines_of(next, MOST) {
                lines.push(TextLine { text: format!("{indent}{branch}{line}"), state: next.state, head: false });
                branch = stem;
            }
            below(flow, next, &deeper, lines);
        } else {
            let mut line = format!("{indent}{branch}");
            let state = along(flow, edge, &mut line);
            lines.push(TextLine { text: line, state, head: false });
        }
    }
}

/// Writes the way that begins with an arrow on one line; says the worst state on it.
fn along(flow: &Flow, edge: &Edge, line: &mut String) -> State {
    let Some(node) = flow.node(&edge.to) else { return edge.state };
    if !edge.label.is_empty() {
        // Writing into a string does not fail.
        let _ = write!(line, "{}: ", plain(&edge.label));
    }
    let joined = node.lines.join("; ");
    line.push_str(&plain(&match (node.title.as_str(), joined.as_str()) {
        ("", joined) => joined.to_owned(),
        (title, "") => title.to_owned(),
        (title, joined) => format!("{title} ({joined})"),
    }));
    let mut state = edge.state;
    for next in flow.leaving(&node.id) {
        line.push_str(" → ");
        state = state.max(along(flow, next, line));
    }
    state
}
