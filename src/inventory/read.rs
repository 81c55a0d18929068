//! Reads the inventory's files, all faults at once.
//!
//! The three files under `etc` that hold guests and zones must be there and whole: a file that is half-written refuses
//! generation, so that it never takes a name away. The manifest and the stacks may be missing.

use super::certificate::read_manifest;
use super::guest::{read_containers, read_machines};
use super::hypervisor::read_hypervisor;
use super::json::At;
use super::load::{Loaded, load, name_of};
use super::model::Inventory;
use super::stack::read_stacks;
use crate::finding::{Finding, Place, Severity};
use std::path::Path;

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
