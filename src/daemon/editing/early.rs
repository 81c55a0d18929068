//! Large zones: the new records are served before the zone text is written, which takes its time there.
//!
//! Such a change is not acknowledged before it is on the disk; when that fails, what served before serves again.

use super::super::pipeline::Candidate;
use super::plan::zone_of;
use crate::dns::{Rtype, serial_at};
use crate::edit::ZoneChange;
use crate::snapshot::{Patch, Snapshot};
use crate::zone::RrSet;
use std::sync::Arc;

/// Records of a zone file from which on it is worth it.
pub(super) const LARGE: usize = 20_000;

/// What clients are to get, ahead of the files; none when no touched zone is large or one needs to be compiled as a whole.
pub(super) fn early(serving: &Candidate, changes: &[ZoneChange]) -> Option<Snapshot> {
    let mut patches = Vec::with_capacity(changes.len());
    let mut large = false;
    for change in changes {
        let zone = zone_of(serving, change).ok()?;
        large |= zone.records.len() >= LARGE;
        let mut names: Vec<_> = change.names.iter().map(|name| (name.owner.clone(), name.after.clone())).collect();
        if !names.iter().any(|(owner, _)| *owner == change.origin) {
            let view = serving.published.snapshot.view(&change.horizon)?;
            let (_, mut apex) = view.zones.zone(&change.origin)?.zone.records_at(&change.origin)?;
            raise(apex.iter_mut().find(|set| set.rtype == Rtype::SOA)?)?;
            names.push((change.origin.clone(), apex));
        }
        patches.push(Patch { before: Arc::clone(&zone.records), after: Arc::clone(&zone.records), names });
    }
    if large { serving.published.snapshot.patched(&patches) } else { None }
}

/// The next serial, as the zone text will have it unless somebody wrote a higher one.
fn raise(soa: &mut RrSet) -> Option<()> {
    let data = soa.data.first_mut()?;
    let at = serial_at(data)?;
    let serial = data.get(at..)?.first_chunk::<4>().map(|octets| u32::from_be_bytes(*octets))?;
    data[at..at + 4].copy_from_slice(&serial.checked_add(1).unwrap_or(1).to_be_bytes());
    Some(())
}
