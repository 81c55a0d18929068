//! Ways become a picture: names with the same way stand in one box.

use super::compare::Sight;
use super::known::Known;
use super::model::{Column, Flow, Node, State};
use super::path::{End, Path};
use super::seen::{Seen, SeenHorizon};
use crate::dns::parse_name;
use std::collections::{BTreeMap, BTreeSet};

/// Draws the names of `seen`, one horizon below the other.
///
/// Without `actual` each name goes where the inventory wants it; with it, where its answers lead, and what is not wanted is
/// marked with a finding. `known` is none when there is no inventory: then the answers are all there is. With `one` there is
/// a single name, drawn in every horizon with its sources and also where it has no address; else names with the same way
/// are put together, and those without an address left out.
pub fn flow(seen: &Seen, known: Option<&Known<'_>>, actual: bool, one: Option<&str>) -> Flow {
    let sight = Sight { known, actual, sources: one.is_some() };
    let what = match (one, actual, known.is_some()) {
        (Some(_), true, _) => "as it is answered now",
        (None, true, _) => "as they are answered now",
        (Some(_), false, true) => "as the inventory wants it",
        (None, false, true) => "as the inventory wants them",
        (_, false, false) => "as the records say",
    };
    let title = format!("{}, {what}", one.unwrap_or("All names"));
    let mut flow = Flow { title, actual, ..Flow::default() };
    for horizon in &seen.horizons {
        let paths: Vec<Path> = horizon
            .names
            .iter()
            .filter_map(|name| {
                let asked = parse_name(&name.name).ok()?;
                Some(sight.path(&horizon.name, &asked, name))
            })
            .collect();
        draw(&mut flow, horizon, paths, one.is_some());
    }
    if seen.left_out > 0 {
        flow.notes.push(format!("{} more names are not drawn: name one of them", seen.left_out));
    }
    match known {
        None => flow.notes.push("no inventory: drawn from the records alone".to_owned()),
        Some(known) if !known.inventory.complete => {
            flow.notes.push(
                "the inventory cannot be read whole: only its addresses are used; see `zonectl check`".to_owned(),
            );
        }
        Some(_) => {}
    }
    let states: BTreeSet<State> = flow.edges.iter().map(|edge| edge.state).collect();
    if known.is_some() && states.contains(&State::Derived) {
        flow.notes.push("dashed: not said by the inventory; taken from records or from another horizon".to_owned());
    }
    flow
}

fn draw(flow: &mut Flow, horizon: &SeenHorizon, paths: Vec<Path>, alone: bool) {
    let boxed = |column, title: &str, lines: Vec<String>, state| Node {
        id: String::new(),
        column,
        title: title.to_owned(),
        lines,
        state,
    };
    let mut rows: BTreeMap<Way, Vec<Path>> = BTreeMap::new();
    for path in paths {
        if alone || !is_nothing(&path) {
            rows.entry(Way::of(&path)).or_default().push(path);
        }
    }
    let client = flow.add(None, boxed(Column::Client, "clients", horizon.clients.clone(), State::Plain));
    let below = Some((client.as_str(), "", State::Plain));
    let own = flow.add(below, boxed(Column::Horizon, &horizon.name, Vec::new(), State::Plain));
    let from_horizon = Some((own.as_str(), "", State::Plain));
    if rows.is_empty() {
        let lines = vec!["no name has an address here".to_owned()];
        flow.add(from_horizon, boxed(Column::Name, "", lines, State::Plain));
    }
    for row in rows.into_values() {
        let state = worst(&row);
        let lines = row.iter().map(spelled).collect();
        let name = flow.add(from_horizon, boxed(Column::Name, "", lines, state));
        for end in together(&row) {
            let arrow = |state| if state == State::Plain { State::Plain } else { state };
            let mut from = flow.add(
                Some((&name, &end.label, arrow(end.state))),
                boxed(Column::Address, &end.title, end.lines, end.state),
            );
            let last = end.hops.len().saturating_sub(1);
            let mut endpoints: Vec<String> = end.endpoints.into_iter().collect();
            let mut state = end.state;
            for (at, hop) in end.hops.into_iter().enumerate() {
                let column = if at == 0 { Column::Guest } else { Column::NextHop };
                let mut lines = hop.lines;
                if at == last && at > 0 {
                    lines.append(&mut endpoints);
                }
                state = hop.state;
                from = flow.add(Some((&from, &hop.label, hop.state)), boxed(column, &hop.title, lines, hop.state));
            }
            if !endpoints.is_empty() {
                flow.add(Some((&from, &end.route, state)), boxed(Column::NextHop, "", endpoints, state));
            }
        }
        flow.findings.extend(row.into_iter().flat_map(|path| path.findings));
    }
}

/// What rows are put together and sorted by: what is wrong comes first, then addresses as numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    well: bool,
    addresses: Vec<Option<std::net::IpAddr>>,
    ends: Vec<End>,
    aliased: bool,
}

impl Way {
    fn of(path: &Path) -> Way {
        let ends = path.ends.iter();
        Way {
            well: path.findings.is_empty(),
            addresses: ends.clone().map(|end| end.title.parse().ok()).collect(),
            ends: ends.map(End::way).collect(),
            aliased: !path.aliases.is_empty(),
        }
    }
}

/// The ends that all paths of a row share, with what answers for any of them.
fn together(row: &[Path]) -> Vec<End> {
    let mut ends = row.first().map(|path| path.ends.clone()).unwrap_or_default();
    for path in row {
        for (end, other) in ends.iter_mut().zip(&path.ends) {
            end.endpoints.extend(other.endpoints.iter().cloned());
            if end.route.is_empty() {
                end.route.clone_from(&other.route);
            }
        }
    }
    ends
}

/// True when there is nothing to draw: no address, no alias, and nothing wrong.
fn is_nothing(path: &Path) -> bool {
    path.aliases.is_empty()
        && path.ends.iter().all(|end| {
            end.hops.is_empty() && end.state == State::Plain && end.title.parse::<std::net::IpAddr>().is_err()
        })
}

fn worst(row: &[Path]) -> State {
    let states = row.iter().flat_map(|path| &path.ends).map(|end| end.state);
    match states.max() {
        Some(State::Missing | State::Fault) => State::Fault,
        other => other.unwrap_or(State::Plain),
    }
}

/// The name, and where its aliases lead.
fn spelled(path: &Path) -> String {
    std::iter::once(&path.name).chain(&path.aliases).map(String::as_str).collect::<Vec<_>>().join(" = ")
}
