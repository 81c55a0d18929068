//! The picture itself, whatever it is drawn with: boxes in columns and arrows between them.

use crate::finding::Finding;
use serde::Serialize;
use std::net::IpAddr;

/// One picture: a tree for each horizon, from its clients to what stands behind each address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Flow {
    /// What it shows, one line.
    pub title: String,
    /// True when it shows what is answered, false when it shows what the inventory wants.
    pub actual: bool,
    /// In the order of a walk through the trees, so that each stands behind the one that leads to it.
    pub nodes: Vec<Node>,
    /// In the order of the nodes that they lead to.
    pub edges: Vec<Edge>,
    /// Where the answers are not what the inventory wants, in the order of the picture.
    pub findings: Vec<Finding>,
    /// What a reader of the picture should know.
    pub notes: Vec<String>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// `n0`, `n1` ..: its place in [`Flow::nodes`].
    pub id: String,
    /// The column it stands in.
    pub column: Column,
    /// The first line. Empty where names or services stand, which are all in `lines`.
    pub title: String,
    /// What stands below it.
    pub lines: Vec<String>,
    /// How it is drawn.
    pub state: State,
}

/// An arrow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The id of the box it comes from.
    pub from: String,
    /// The id of the box it leads to.
    pub to: String,
    /// What stands beside it: a route, or the code of a finding; may be empty.
    pub label: String,
    /// How it is drawn.
    pub state: State,
}

/// The columns from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// Who asks.
    Client,
    /// The horizon that they are in.
    Horizon,
    /// Names that take the same way.
    Name,
    /// The address they lead to, or why there is none.
    Address,
    /// The guest that has the address.
    Guest,
    /// What stands behind it: the service itself, or what a proxy passes on to; there may be several in a row.
    NextHop,
}

/// How a box or an arrow is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As the inventory wants it.
    Plain,
    /// Not said by the inventory: known from records, or concluded from another horizon.
    Derived,
    /// Nobody can say: claims contradict each other, or the guest of a route is not known.
    Undecided,
    /// Wanted by the inventory, and not answered.
    Missing,
    /// Answered, and not what the inventory wants.
    Fault,
}

impl Node {
    /// True where clients get no address, but a reason for it.
    pub fn is_silence(&self) -> bool {
        self.column == Column::Address && self.title.parse::<IpAddr>().is_err()
    }
}

impl Flow {
    /// The box with this id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        let index: usize = id.strip_prefix('n')?.parse().ok()?;
        self.nodes.get(index)
    }

    /// The arrows that leave a box, in the order of the picture.
    pub fn leaving<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Edge> {
        self.edges.iter().filter(move |edge| edge.from == id)
    }

    /// Adds a box behind another one and returns its id.
    pub(super) fn add(&mut self, from: Option<(&str, &str, State)>, node: Node) -> String {
        let id = format!("n{}", self.nodes.len());
        if let Some((from, label, state)) = from {
            self.edges.push(Edge { from: from.to_owned(), to: id.clone(), label: label.to_owned(), state });
        }
        self.nodes.push(Node { id: id.clone(), ..node });
        id
    }
}
