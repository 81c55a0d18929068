//! Reads the inventory's files, all faults at once.
//!
//! The three files under `etc` that hold guests and zones must be there and whole: a file that is half-written refuses
//! generation, so that it never takes a name away. The manifest and the stacks may be missing.

use super::certificate::read_manifest;
use super::guest::{read_containers, read_machines};
use super::hypervisor::read_hypervisor;
use super::json::{At, Json, repeated_keys};
use super::model::Inventory;
use super::stack::read_stacks;
use crate::files;
use crate::finding::{Finding, Place, Severity};
use std::path::Path;

/// The most octets that a file of the inventory may have.
const LIMIT: u64 = 64 << 20;

/// Reads the inventory below `root` (`etc/*.json`, `stacks/*/phoenix.json`) with everything that is wrong in it.
///
/// A finding that refuses makes [`Inventory::complete`] false. Unknown fields are passed over; a field that is read and
/// has another type than it should is a finding with its JSON pointer, a syntax error one with line and column.
pub fn read(root: &Path) -> (Inventory, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut inventory = Inventory::default();
    let etc = root.join("etc");
    read_main(&etc.join("phoenix_hypervisor_config.json"), &mut inventory, read_hypervisor, &mut findings);
    read_main(&etc.join("phoenix_lxc_configs.json"), &mut inventory, read_containers, &mut findings);
    read_main(&etc.join("phoenix_vm_configs.json"), &mut inventory, read_machines, &mut findings);
    if findings.is_empty() && inventory.guests.is_empty() {
        findings.push(no_guests(&etc));
    }
    read_manifest(&etc.join("certificate-manifest.json"), &mut inventory, &mut findings);
    read_stacks(&root.join("stacks"), &mut inventory, &mut findings);
    let mut told: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    inventory.complete = !told.iter().any(|finding| finding.refuses);
    (inventory, told)
}

type Reader = fn(&At<'_>, &mut Inventory, &mut Vec<Finding>);

fn read_main(file: &Path, inventory: &mut Inventory, reader: Reader, findings: &mut Vec<Finding>) {
    match load(file, findings) {
        Loaded::Json(json) => reader(&At { json: &json, file, pointer: String::new() }, inventory, findings),
        Loaded::Missing => findings.push(
            Finding::new(
                "FILE_MISSING",
                Severity::Error,
                name_of(file),
                "the file is not there",
                "put it back, or correct `phoenix` under [inventory]; until then the zones stay as they are",
            )
            .seen_at(Place::file(file)),
        ),
        Loaded::Refused => {}
    }
}

/// What came of reading a file.
pub(super) enum Loaded {
    /// Well-formed JSON.
    Json(Json),
    /// No such file.
    Missing,
    /// A finding says why not.
    Refused,
}

/// Reads one file of JSON; keys that stand twice are noted.
pub(super) fn load(file: &Path, findings: &mut Vec<Finding>) -> Loaded {
    let text = match files::read_text(file, LIMIT) {
        Ok(text) => text,
        Err(error) if error.is_missing() => return Loaded::Missing,
        Err(error) => {
            findings.push(
                Finding::new(
                    "FILE_UNREADABLE",
                    Severity::Error,
                    name_of(file),
                    error.to_string(),
                    "make it readable; until then the zones stay as they are",
                )
                .seen_at(Place::file(file)),
            );
            return Loaded::Refused;
        }
    };
    match serde_json::from_str::<Json>(&text) {
        Ok(json) => {
            repeated_keys(file, &json, findings);
            Loaded::Json(json)
        }
        Err(error) => {
            findings.push(syntax(file, &text, &error));
            Loaded::Refused
        }
    }
}

fn syntax(file: &Path, text: &str, error: &serde_json::Error) -> Finding {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
    let column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
    let whole = error.to_string();
    let reason = whole.split(" at line ").next().unwrap_or_default();
    let finding = Finding::new(
        "JSON_SYNTAX",
        Severity::Error,
        name_of(file),
        if text.trim().is_empty() { "the file is empty".to_owned() } else { format!("not JSON: {reason}") },
        "correct it; until then the zones stay as they are",
    )
    .seen_at(Place::at(file, line, column));
    if error.is_eof() { finding.because("it is half-written, or was cut short") } else { finding }
}

/// The last part of a path.
pub(super) fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn no_guests(etc: &Path) -> Finding {
    Finding::new(
        "EMPTY_INVENTORY",
        Severity::Error,
        "guests",
        "neither a container nor a machine is in the inventory",
        "put the guests back; until then the zones stay as they are",
    )
    .seen_at(Place::pointer(etc.join("phoenix_lxc_configs.json"), "/lxc_configs"))
    .seen_at(Place::pointer(etc.join("phoenix_vm_configs.json"), "/vms"))
}
