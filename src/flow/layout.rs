//! Where each box of the picture stands, in pixels. Ways are trees, so that no arrow ever crosses another.

use super::model::{Column, Flow, Node};
use super::wrap::{lines_of, wrap};

/// Width of a character of the monospaced face at its size, rounded up.
pub(super) const CHAR: f64 = 7.9;
/// From one line to the next.
pub(super) const LINE: f64 = 18.0;
/// Between a box and its text.
pub(super) const PAD: f64 = 9.0;
/// Round the whole picture.
pub(super) const MARGIN: f64 = 24.0;
/// For the title, and the heads of the columns below it.
pub(super) const HEAD: f64 = 78.0;
/// Between boxes one below the other.
const GAP: f64 = 12.0;
/// Between horizons.
const LANE: f64 = 36.0;
/// Between columns: for a trunk and an arrow head.
const STEP: f64 = 52.0;
/// Characters of the longest line in a box.
const WIDEST: usize = 46;
/// Lines of one box below its title, before they are broken.
const MOST: usize = 12;

/// A box with its place.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub lines: Vec<String>,
    pub depth: usize,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Placed {
    /// Where arrows leave and arrive: the middle, but the first line of what stands at the top of its children.
    pub(super) fn anchor(&self, node: &Node) -> f64 {
        if is_high(node) { self.y + PAD + LINE / 2.0 } else { self.y + self.height / 2.0 }
    }
}

/// All boxes, and the size of the picture without what stands below it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// As [`Flow::nodes`].
    pub boxes: Vec<Placed>,
    /// The left side of each column.
    pub columns: Vec<f64>,
    /// Between one horizon and the next.
    pub lanes: Vec<f64>,
    pub width: f64,
    pub height: f64,
}

/// Clients and horizons stand beside the first name: a reader begins at the top.
fn is_high(node: &Node) -> bool {
    node.column <= Column::Horizon
}

/// Places every box.
pub(super) fn layout(flow: &Flow) -> Layout {
    let index = |id: &str| id.strip_prefix('n').and_then(|number| number.parse::<usize>().ok());
    let mut parents: Vec<Option<usize>> = vec![None; flow.nodes.len()];
    let mut labels: Vec<usize> = vec![0; flow.nodes.len()];
    for edge in &flow.edges {
        if let Some(to) = index(&edge.to).filter(|to| *to < parents.len()) {
            parents[to] = index(&edge.from);
            labels[to] = edge.label.chars().count();
        }
    }
    let mut boxes: Vec<Placed> = Vec::with_capacity(flow.nodes.len());
    for (at, node) in flow.nodes.iter().enumerate() {
        let lines: Vec<String> = lines_of(node, MOST).iter().flat_map(|line| wrap(line, WIDEST)).collect();
        let longest = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
        boxes.push(Placed {
            depth: parents[at].map_or(0, |parent| boxes[parent].depth + 1),
            x: 0.0,
            y: 0.0,
            width: longest as f64 * CHAR + 2.0 * PAD,
            height: lines.len() as f64 * LINE + 2.0 * PAD,
            lines,
        });
    }
    let columns = column_sides(&mut boxes, &labels);
    let (lanes, bottom) = place_rows(flow, &mut boxes, &parents);
    let right = boxes.iter().map(|one| one.x + one.width).fold(MARGIN, f64::max);
    Layout { boxes, columns, lanes, width: right + MARGIN, height: bottom }
}

/// Columns as wide as their widest box, and so far apart that labels fit between them. Says the left side of each.
fn column_sides(boxes: &mut [Placed], labels: &[usize]) -> Vec<f64> {
    let depths = boxes.iter().map(|one| one.depth + 1).max().unwrap_or(0);
    let mut sides = Vec::with_capacity(depths);
    let mut x = MARGIN;
    for depth in 0..depths {
        let here = || boxes.iter().zip(labels).filter(|(one, _)| one.depth == depth);
        let label = here().map(|(_, label)| *label).max().unwrap_or(0);
        if depth > 0 {
            x += STEP + label as f64 * CHAR;
        }
        let width = here().map(|(one, _)| one.width).fold(0.0, f64::max);
        sides.push(x);
        for one in boxes.iter_mut().filter(|one| one.depth == depth) {
            one.x = x;
            one.width = width;
        }
        x += width;
    }
    sides
}

/// Each subtree below the one before. Says where horizons part, and where the last one ends.
fn place_rows(flow: &Flow, boxes: &mut [Placed], parents: &[Option<usize>]) -> (Vec<f64>, f64) {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); boxes.len()];
    for (at, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(at);
        }
    }
    let stack = |heights: &[f64], children: &[usize]| {
        let sum: f64 = children.iter().map(|child| heights[*child]).sum();
        sum + GAP * children.len().saturating_sub(1) as f64
    };
    // Children stand behind their parent in the list, so that backwards each finds theirs measured.
    let mut heights = vec![0.0; boxes.len()];
    for at in (0..boxes.len()).rev() {
        heights[at] = stack(&heights, &children[at]).max(boxes[at].height);
    }
    let mut tops = vec![0.0; boxes.len()];
    let mut lanes = Vec::new();
    let mut y = HEAD;
    for at in 0..boxes.len() {
        if parents[at].is_none() {
            if at > 0 {
                y += LANE;
                lanes.push(y - LANE / 2.0);
            }
            tops[at] = y;
            y += heights[at];
        }
        let node = &flow.nodes[at];
        let below = stack(&heights, &children[at]);
        boxes[at].y = tops[at] + if is_high(node) { 0.0 } else { (heights[at] - boxes[at].height) / 2.0 };
        let mut top = tops[at] + if is_high(node) { 0.0 } else { (heights[at] - below) / 2.0 };
        for child in &children[at] {
            tops[*child] = top;
            top += heights[*child] + GAP;
        }
    }
    (lanes, y)
}

/// Columns of the monospaced face that a text takes; what is not ASCII may be wide.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
