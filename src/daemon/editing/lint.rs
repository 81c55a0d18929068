//! What a change deserves to be asked about, beyond the checks of a zone as a whole: it looks at what clients of every horizon
//! saw before and see afterwards.

use super::hidden::hidden;
use super::reverse_left::reverse_left;
use crate::answer::Rule;
use crate::control::Published;
use crate::dns::{Name, Rtype, name_from_wire, present_name, present_rtype, wire_len};
use crate::finding::{Finding, Severity};
use crate::query;
use crate::snapshot::{Snapshot, View};
use crate::zone::RrSet;
use std::collections::HashSet;
use std::net::IpAddr;

/// One RRset of one zone file that a change leaves there; `after` is none when it goes.
#[derive(Debug)]
pub(super) struct Touched<'a> {
    pub(super) horizon: &'a str,
    pub(super) origin: &'a Name,
    pub(super) owner: &'a Name,
    pub(super) rtype: Rtype,
    pub(super) before: Option<&'a RrSet>,
    pub(super) after: Option<&'a RrSet>,
}

/// Warnings about the sets that a change leaves.
pub(super) fn lint(serving: &Published, after: &Snapshot, sets: &[Touched<'_>]) -> Vec<Finding> {
    let before = &serving.snapshot;
    let mut findings = Vec::new();
    for set in sets {
        findings.extend(ttl_zero(set));
        findings.extend(not_ascii(set));
        findings.extend(targets(after, set));
        findings.extend(reverse_left(serving, after, set));
    }
    let mut told: HashSet<(&str, &Name)> = HashSet::new();
    for set in sets.iter().filter(|set| set.after.is_some()) {
        for view in &after.views {
            let known = (view.name.as_str(), set.owner);
            if told.insert(known) {
                findings.extend(before.view(&view.name).and_then(|old| hides(old, view, set.owner)));
            }
        }
    }
    findings.extend(hidden(before, after, sets));
    findings
}

/// A name as people write it and nobody asks for it (RFC 5890 section 2.3.2.1).
fn not_ascii(set: &Touched<'_>) -> Option<Finding> {
    if set.before.is_some() || set.after.is_none() || set.owner.as_slice().is_ascii() {
        return None;
    }
    let what = "it has letters beyond ASCII; browsers and resolvers ask for such names in their `xn--` form only";
    let remedy = "write that form, as `idn2 NAME` prints it";
    Some(Finding::new("NAME_NOT_ASCII", Severity::Warning, set.owner.to_string(), what, remedy))
}

fn ttl_zero(set: &Touched<'_>) -> Option<Finding> {
    let new = set.after.filter(|after| after.ttl == 0)?;
    if set.before.is_some_and(|before| before.ttl == 0) {
        return None;
    }
    let what = format!("its {} has a TTL of 0, so every client asks every time", present_rtype(new.rtype));
    Some(Finding::new("TTL_ZERO", Severity::Warning, set.owner.to_string(), what, "use 60 or more seconds"))
}

/// Names that a record leads to and that do not exist for clients of its horizon, where this server has to know.
fn targets(after: &Snapshot, set: &Touched<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for data in set.after.iter().flat_map(|set| &set.data) {
        if set.before.is_some_and(|before| before.data.contains(data)) {
            continue;
        }
        let Some(target) = target(set.rtype, data) else { continue };
        // Within its zone the check of the zone tells these.
        let told = matches!(set.rtype, Rtype::NS | Rtype::MX | Rtype::SRV) && target.ends_with(set.origin);
        if !told && missing(after, set.horizon, &target) {
            let what = format!(
                "its {} leads to {}, which does not exist in horizon `{}`",
                present_rtype(set.rtype),
                present_name(target.as_slice()),
                set.horizon
            );
            let remedy = "make that name first, or correct the target";
            findings.push(Finding::new("TARGET_MISSING", Severity::Warning, set.owner.to_string(), what, remedy));
        }
    }
    findings
}

/// True when clients of a horizon get `no such name`, told by a zone of it.
pub(super) fn missing(snapshot: &Snapshot, horizon: &str, name: &Name) -> bool {
    let Some(client) = seat(snapshot, horizon) else { return false };
    let explanation = query::explain(snapshot, client, name, Rtype::A);
    explanation.steps.first().is_some_and(|step| step.rule == Rule::NxDomain && !step.special)
}

fn seat(snapshot: &Snapshot, horizon: &str) -> Option<IpAddr> {
    snapshot.horizons.client_of(snapshot.views.iter().position(|view| view.name == horizon)?)
}

fn target(rtype: Rtype, data: &[u8]) -> Option<Name> {
    let at = match rtype {
        Rtype::CNAME | Rtype::DNAME | Rtype::PTR | Rtype::NS => 0,
        Rtype::MX | Rtype::SVCB | Rtype::HTTPS => 2,
        Rtype::SRV => 6,
        _ => return None,
    };
    let rest = data.get(at..)?;
    let name = name_from_wire(&rest[..wire_len(rest).ok()?]).ok()?;
    // A lone dot means none, or the owner itself (RFC 7505, RFC 2782, RFC 9460 section 2.5).
    (!name.is_root()).then_some(name)
}

/// A name that a horizon begins to own hides all that it had of the name from the horizon it inherits from.
fn hides(before: &View, after: &View, owner: &Name) -> Option<Finding> {
    let lost: Vec<String> = {
        let (inherited, old) = records_at(before, owner)?;
        let (still, new) = records_at(after, owner)?;
        if !inherited || still {
            return None;
        }
        let gone = old.iter().filter(|set| !new.iter().any(|new| new.rtype == set.rtype));
        gone.map(|set| present_rtype(set.rtype)).collect()
    };
    if lost.is_empty() {
        return None;
    }
    let what =
        format!("horizon `{}` owns the name now and no longer sees the inherited {}", after.name, lost.join(", "));
    let remedy = "write those records in this horizon, too, if its clients need them";
    Some(Finding::new("HIDES_INHERITED", Severity::Warning, owner.to_string(), what, remedy))
}

/// The records of a name in the nearest zone of a horizon, and whether they are inherited.
pub(super) fn records_at(view: &View, owner: &Name) -> Option<(bool, Vec<RrSet>)> {
    let nearest = view
        .zones
        .iter()
        .filter(|seen| owner.ends_with(seen.zone.origin()))
        .max_by_key(|seen| seen.zone.origin().label_count())?;
    let (inherited, sets) = nearest.zone.records_at(owner)?;
    Some((inherited || nearest.inherited, sets))
}
