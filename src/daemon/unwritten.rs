//! Writing what was generated, and what serves when that cannot be done.

use super::pipeline::{Candidate, Failure, without_generation};
use super::source::Source;
use crate::finding::{Finding, Place, Severity};
use crate::generate::{ApplyError, Plan, apply};

/// Writes generated zone files: all or none.
pub(super) fn write(plan: &Plan) -> Result<(), Vec<Finding>> {
    let failed = |error: ApplyError| {
        let place = match &error {
            ApplyError::Changed(path) => Some(path.clone()),
            ApplyError::File(error) => Some(error.path().to_path_buf()),
            ApplyError::Refused | ApplyError::Brake => None,
        };
        let subject = place.as_ref().map_or_else(|| "generation".to_owned(), |path| path.display().to_string());
        let finding = Finding::new(
            "ZONE_FILE_NOT_WRITTEN",
            Severity::Error,
            subject,
            format!("generated zone files cannot be written: {error}"),
            "see that there is room on the disk and that the server may write to the zones directory",
        );
        vec![place.into_iter().map(Place::file).fold(finding, Finding::seen_at)]
    };
    apply(plan)
        .map(|written| written.iter().for_each(|path| tracing::info!("wrote {}", path.display())))
        .map_err(failed)
}

/// What serves in the place of `wanted`, whose zone files could not be written: the files as they are, so that what a
/// person wrote goes live all the same. A generated zone that has no file is not given up for that: a start serves it out
/// of memory.
///
/// # Errors
/// The files as they are must not go live, or miss a generated zone of `previous`.
pub(super) fn unwritten(
    source: &Source,
    previous: Option<&Candidate>,
    mut wanted: Candidate,
    withheld: Vec<Finding>,
) -> Result<Candidate, Failure> {
    let present = without_generation(source, previous, withheld.clone())?;
    let served = |file| previous.is_none_or(|previous| previous.zone(file).is_some());
    let lost = wanted.zones.iter().any(|zone| present.zone(&zone.file).is_none() && served(&zone.file));
    match previous {
        _ if !lost => Ok(present),
        Some(_) => Err(Failure { findings: withheld, inputs: present.inputs }),
        None => {
            wanted.withheld.extend(withheld);
            Ok(wanted)
        }
    }
}
