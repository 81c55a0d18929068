//! The static checks of `plugin::acme` on a candidate, and its gate.

use super::loading::LoadedZone;
use crate::config::{Gate, Settings};
use crate::dns::{Name, Rtype, parse_name};
use crate::finding::{Finding, Place};
use crate::inventory::Inventory;
use crate::pace::breathe_at;
use crate::plugin::acme::check::{Assessment, Ground, assess, newly_broken, standing_findings};
use crate::plugin::acme::{Token, Tokens};
use crate::snapshot::Snapshot;
use crate::zone::Record;
use std::cell::Cell;
use std::sync::Arc;

/// What the checks say of a candidate.
pub(super) struct Assessed {
    pub(super) assessment: Assessment,
    /// What does not keep it from going live.
    pub(super) findings: Vec<Finding>,
    /// What does.
    pub(super) refusing: Vec<Finding>,
}

/// Assesses a candidate; what it breaks of that which worked in `before` refuses it where the gate says so. Where nothing was
/// before nothing is refused: a server that starts has names to serve.
pub(super) fn assessed(
    snapshot: &Snapshot,
    inventory: Option<&Inventory>,
    zones: &[LoadedZone],
    before: Option<&Assessment>,
) -> Assessed {
    let settings = &snapshot.settings;
    let left = Cell::new(MOST_WALKED);
    let place_of = |horizon: &str, owner: &Name, rtype| place_of(settings, zones, &left, horizon, owner, rtype);
    // A token file that cannot be read is told by the doors.
    let tokens = Tokens::open(&settings.acme.state).map(|tokens| tokens.list()).ok();
    let may = |name: &Name| {
        let owner = parse_name(&format!("_acme-challenge.{name}"));
        let writes = |token: &Arc<Token>| owner.as_ref().is_ok_and(|owner| token.may_write(owner, Rtype::TXT));
        tokens.iter().flatten().any(writes)
    };
    let covered: Option<&dyn Fn(&Name) -> bool> = if tokens.is_some() { Some(&may) } else { None };
    let assessment = assess(&Ground { place_of: Some(&place_of), covered, ..Ground::new(snapshot, inventory) });
    let gate = settings.acme.gate;
    let refusing = match before.filter(|_| gate == Gate::Refuse) {
        Some(before) => newly_broken(before, &assessment, gate),
        None => Vec::new(),
    };
    Assessed { findings: standing_findings(&assessment, gate), refusing, assessment }
}

/// Records that may be walked over to find where those at fault are written.
const MOST_WALKED: usize = 4_000_000;

/// Where the first record of a name and type is written that clients of a horizon see.
fn place_of(
    settings: &Settings,
    zones: &[LoadedZone],
    left: &Cell<usize>,
    horizon: &str,
    owner: &Name,
    rtype: Rtype,
) -> Option<Place> {
    let mut next = settings.horizons.iter().find(|known| known.name == horizon);
    for _ in 0..settings.horizons.len() {
        let own = next?;
        let holding = zones.iter().filter(|zone| zone.file.horizon == own.name && owner.ends_with(&zone.file.origin));
        for zone in holding {
            let rest = left.get().checked_sub(zone.records.len())?;
            left.set(rest);
            let same = |(index, record): &(usize, Record<'_>)| {
                breathe_at(*index);
                record.rtype == rtype && record.owner.eq_ignore_ascii_case(owner.as_slice())
            };
            if let Some((_, record)) = zone.records.iter().enumerate().find(same) {
                let file = zone.files.get(usize::from(record.line.file)).unwrap_or(&zone.file.path);
                return Some(Place::at(file, record.line.number, 1));
            }
        }
        next = own.inherits.as_ref().and_then(|outer| settings.horizons.iter().find(|known| known.name == *outer));
    }
    None
}
