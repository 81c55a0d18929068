//! Changes in the form in which they go over the control socket.

use super::super::pipeline::Candidate;
use super::lint::Touched;
use crate::control::{FileShown, SetChange, source_of};
use crate::dns::{Name, Rtype, present_data, present_name, present_rtype, serial_at};
use crate::edit::ZoneChange;
use crate::generate::differing_lines;
use crate::zone::RrSet;
use crate::zone::store::NewText;

/// The sets that differ, in the order of the changes; a SOA that differs in its serial only is left out.
pub(super) fn touched(changes: &[ZoneChange]) -> Vec<Touched<'_>> {
    let mut sets = Vec::new();
    for change in changes {
        for name in &change.names {
            let mut types: Vec<Rtype> = name.before.iter().chain(&name.after).map(|set| set.rtype).collect();
            types.sort_by_key(|rtype| rtype.to_int());
            types.dedup();
            for rtype in types {
                let of = |sets: &'_ [RrSet]| sets.iter().position(|set| set.rtype == rtype);
                let before = of(&name.before).map(|at| &name.before[at]);
                let after = of(&name.after).map(|at| &name.after[at]);
                if before == after || (rtype == Rtype::SOA && only_serial(before, after)) {
                    continue;
                }
                let (horizon, origin, owner) = (change.horizon.as_str(), &change.origin, &name.owner);
                sets.push(Touched { horizon, origin, owner, rtype, before, after });
            }
        }
    }
    sets
}

fn only_serial(before: Option<&RrSet>, after: Option<&RrSet>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let rest = |set: &RrSet| {
        set.data.first().and_then(|data| {
            let serial = serial_at(data)?;
            Some((data[..serial].to_vec(), data[serial + 4..].to_vec()))
        })
    };
    before.ttl == after.ttl && rest(before).is_some() && rest(before) == rest(after)
}

/// The sets as they are told; `serving` says which of them the generator wrote.
pub(super) fn sets(serving: &Candidate, touched: &[Touched<'_>]) -> Vec<SetChange> {
    touched
        .iter()
        .map(|set| SetChange {
            horizon: set.horizon.to_owned(),
            zone: present_name(set.origin.as_slice()),
            name: present_name(set.owner.as_slice()),
            rtype: present_rtype(set.rtype),
            before: lines(set.before),
            after: lines(set.after),
            overrides: set.after.and_then(|_| generated(serving, set)),
        })
        .collect()
}

/// The generator's source of a set as it is now.
pub(super) fn generated(serving: &Candidate, set: &Touched<'_>) -> Option<String> {
    let before = set.before?;
    before.data.iter().find_map(|data| source_of(&serving.published, set.horizon, set.owner, set.rtype, data))
}

fn lines(set: Option<&RrSet>) -> Vec<String> {
    let data = set.iter().flat_map(|set| set.data.iter().map(|data| (set.ttl, present_data(set.rtype, data))));
    data.map(|(ttl, data)| format!("{ttl} {data}")).collect()
}

/// The files that change, with their diffs.
pub(super) fn files(texts: &[NewText]) -> Vec<FileShown> {
    let changed = texts.iter().filter(|text| text.before != text.after);
    changed
        .map(|text| FileShown {
            file: text.path.display().to_string(),
            diff: diff(text.before.as_deref().unwrap_or_default(), text.after.as_deref().unwrap_or_default()),
        })
        .collect()
}

/// The lines that differ, in the unified form without context.
fn diff(before: &[u8], after: &[u8]) -> String {
    let mut shown = String::new();
    let mut next: Option<(u32, u32)> = None;
    for line in differing_lines(before, after) {
        let joins = next.is_some_and(|(gone, come)| line.number == if line.added { come } else { gone });
        if !joins {
            shown.push_str(&format!("@@ line {} @@\n", line.number));
        }
        shown.push(if line.added { '+' } else { '-' });
        shown.push_str(&line.text);
        shown.push('\n');
        let (gone, come) = next.filter(|_| joins).unwrap_or((line.number, line.number));
        next = Some(if line.added { (gone, line.number + 1) } else { (line.number + 1, come) });
    }
    shown
}

/// The name and type of each set, once.
pub(in crate::daemon) fn questions(changes: &[ZoneChange]) -> Vec<(Name, Rtype)> {
    let touched = touched(changes);
    let mut questions: Vec<(Name, Rtype)> = Vec::new();
    for set in &touched {
        if !questions.iter().any(|(name, rtype)| name == set.owner && *rtype == set.rtype) {
            questions.push((set.owner.clone(), set.rtype));
        }
    }
    questions
}
