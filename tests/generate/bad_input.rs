//! Half-written, truncated and wrong-typed inventories: every fault is told with its place, nothing panics, no zone loses a
//! record by it.

use crate::scene::{Scene, coded, guest, plan_of};
use crate::states::{STATES, State};
use horizon_dns::inventory;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// A generated scene with twelve guests more, and its zone.
fn generated() -> (Scene, String) {
    let mut scene = Scene::new();
    for number in 0..4 {
        scene.container(
            &format!("2{number:02}"),
            guest(&format!("g{number}"), &format!("10.0.0.{}/24", 20 + number), &[]),
        );
    }
    scene.machines["vms"][0]["docker_stacks"] = json!(["shop"]);
    let labels = ["traefik.http.routers.web.rule=Host(`shop.example.org`)"];
    scene.stacks =
        vec![("shop", json!({"environments": {"production": {"services": {"web": {"traefik_labels": labels}}}}}))];
    scene.manifest = Some(json!([{"common_name": "g1.example.org", "sans": ["g2.example.org"]}]));
    scene.generate();
    let zone = scene.zone("internal", "example.org");
    (scene, zone)
}

fn files(scene: &Scene) -> Vec<PathBuf> {
    let phoenix = scene.root().join("phoenix");
    let etc = ["phoenix_hypervisor_config", "phoenix_lxc_configs", "phoenix_vm_configs"];
    let mut files: Vec<PathBuf> = etc.iter().map(|name| phoenix.join(format!("etc/{name}.json"))).collect();
    files.push(phoenix.join("stacks/shop/phoenix.json"));
    files
}

/// Each file cut at every 7th octet: generation is refused, with the file and the line.
#[test]
fn a_truncated_file_takes_no_name_away() {
    let (scene, zone) = generated();
    let settings = scene.write();
    let mut tried = 0;
    for file in files(&scene) {
        let whole = fs::read(&file).unwrap();
        for length in (0..whole.len() - 1).step_by(7) {
            fs::write(&file, &whole[..length]).unwrap();
            let (plan, findings) = plan_of(&settings);
            assert!(plan.refused() && plan.is_empty(), "{} at {length}", file.display());
            let found = coded(&findings, "JSON_SYNTAX");
            assert_eq!((found.len(), &found[0].places[0].file), (1, &file), "{length}");
            assert!(found[0].places[0].line.is_some() && found[0].places[0].column.is_some());
            tried += 1;
        }
        fs::write(&file, &whole).unwrap();
    }
    println!("{tried} truncations");
    assert_eq!(scene.zone("internal", "example.org"), zone);
    assert!(plan_of(&settings).0.is_empty());
}

/// A main file that is missing, empty, of another shape, or without a guest refuses; a missing manifest or stack does not.
#[test]
fn a_main_file_must_be_there_and_whole() {
    let (scene, _) = generated();
    let settings = scene.write();
    for file in &files(&scene)[..3] {
        let whole = fs::read(file).unwrap();
        for (text, code) in [
            ("", "JSON_SYNTAX"),
            ("[]", "WRONG_TYPE"),
            ("{}", "MISSING_FIELD"),
            ("null", "WRONG_TYPE"),
            ("\u{feff}{}", "MISSING_FIELD"),
        ] {
            fs::write(file, text).unwrap();
            let (plan, findings) = plan_of(&settings);
            assert!(plan.refused() && plan.is_empty(), "{} {text:?}", file.display());
            assert_eq!(coded(&findings, code).len(), 1, "{} {text:?} {findings:#?}", file.display());
        }
        fs::remove_file(file).unwrap();
        let (plan, findings) = plan_of(&settings);
        assert!(plan.refused() && plan.is_empty());
        assert_eq!(coded(&findings, "FILE_MISSING").len(), 1);
        fs::write(file, whole).unwrap();
    }
    fs::remove_file(scene.root().join("phoenix/etc/certificate-manifest.json")).unwrap();
    assert!(plan_of(&settings).0.is_empty());
    fs::write(&files(&scene)[1], "{\"lxc_configs\": {}}").unwrap();
    fs::write(&files(&scene)[2], "{\"vms\": []}").unwrap();
    let (plan, findings) = plan_of(&settings);
    assert!(plan.refused() && coded(&findings, "EMPTY_INVENTORY").len() == 1);
}

/// Every value of every file in turn replaced by one of each other type: nothing panics; a plan that is not refused takes no
/// more than the brake lets, and whatever is refused for its type says the very place.
#[test]
fn wrong_types_anywhere_are_told_with_their_place() {
    let (scene, _) = generated();
    let settings = scene.write();
    let mut tried = 0;
    let mut all = files(&scene);
    all.push(scene.root().join("phoenix/etc/certificate-manifest.json"));
    for file in all {
        let whole: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for pointer in pointers(&whole) {
            for wrong in [json!(null), json!(true), json!(7.5), json!("text"), json!([[1]]), json!({"a": {"b": 1}})] {
                let mut mutant = whole.clone();
                *mutant.pointer_mut(&pointer).unwrap() = wrong.clone();
                fs::write(&file, mutant.to_string()).unwrap();
                let (plan, findings) = plan_of(&settings);
                for finding in coded(&findings, "WRONG_TYPE") {
                    let place = finding.places[0].pointer.as_deref().unwrap();
                    assert!(place.starts_with(&pointer), "{pointer} {wrong} is told at {place}");
                }
                let removed: usize = plan.files.iter().map(|file| file.removed).sum();
                // Another domain is another zone: that is meant, or the brake's.
                let renamed = pointer == "/domain_name";
                assert!(plan.refused() || renamed || removed <= 4, "{pointer} = {wrong} takes {removed} records away");
                let emptied = plan.files.iter().any(|file| file.horizon == "internal" && file.after.is_none());
                assert!(renamed || !emptied, "{pointer} = {wrong}");
                tried += 1;
            }
        }
        fs::write(&file, whole.to_string()).unwrap();
    }
    println!("{tried} wrong types");
}

/// The same on the real states, without looking further than that nothing panics and nothing is emptied.
#[test]
fn the_real_states_survive_wrong_types() {
    let mut tried = 0;
    for name in STATES {
        let Some(state) = State::open(name) else { continue };
        state.generate();
        let folder = tempfile::tempdir().unwrap();
        copy(state.settings.inventory.as_ref().unwrap(), folder.path());
        let mut settings = state.settings.clone();
        settings.inventory = Some(folder.path().to_path_buf());
        for file in ["phoenix_hypervisor_config", "phoenix_lxc_configs", "phoenix_vm_configs"] {
            let file = folder.path().join(format!("etc/{file}.json"));
            let whole: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            for (index, pointer) in
                pointers(&whole).into_iter().enumerate().filter(|(_, pointer)| !pointer.contains("rules/"))
            {
                let wrong = [json!(null), json!(3), json!("x y"), json!([]), json!({})][index % 5].clone();
                let mut mutant = whole.clone();
                *mutant.pointer_mut(&pointer).unwrap() = wrong;
                fs::write(&file, mutant.to_string()).unwrap();
                let (plan, _) = plan_of(&settings);
                let removed: usize = plan.files.iter().map(|file| file.removed).sum();
                assert!(plan.refused() || plan.brake() || removed < 10, "{name} {pointer}: {removed}");
                tried += 1;
            }
            fs::write(&file, whole.to_string()).unwrap();
        }
    }
    println!("{tried} mutants of the real states");
}

/// All faults of a file come at once, each with its pointer; keys that stand twice are noticed.
#[test]
fn all_faults_come_at_once() {
    let scene = Scene::new();
    let settings = scene.write();
    let containers = r#"{"lxc_configs": {
        "1": {"name": 7, "network_config": {"ip": "10.0.0.300/24"}},
        "a/b": {"name": "x", "name": "y", "features": "nginx", "is_template": "no", "docker_stacks": [3]},
        "2": {"name": "z"}, "2": {"name": "w"}
    }}"#;
    fs::write(scene.root().join("phoenix/etc/phoenix_lxc_configs.json"), containers).unwrap();
    let (inventory, findings) = inventory::read(settings.inventory.as_ref().unwrap());
    assert!(!inventory.complete);
    let mut seen: Vec<String> = findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.places[0].pointer.as_deref().unwrap_or_default()))
        .collect();
    seen.sort();
    let expected = [
        "BAD_ADDRESS /lxc_configs/1/network_config/ip",
        "DUPLICATE_KEY /lxc_configs/2",
        "DUPLICATE_KEY /lxc_configs/a~1b/name",
        "WRONG_TYPE /lxc_configs/1/name",
        "WRONG_TYPE /lxc_configs/a~1b/docker_stacks/0",
        "WRONG_TYPE /lxc_configs/a~1b/features",
        "WRONG_TYPE /lxc_configs/a~1b/is_template",
    ];
    assert_eq!(seen, expected);
}

/// Depth and length have bounds: a deep file and a long one are refused in words.
#[test]
fn deep_and_long_files_are_refused() {
    let (scene, _) = generated();
    let settings = scene.write();
    let file = &files(&scene)[1];
    for text in ["[".repeat(200_000), format!("{{\"a\": \"{}\"}}", "x".repeat(100 << 20))] {
        fs::write(file, text).unwrap();
        let (plan, findings) = plan_of(&settings);
        assert!(plan.refused() && plan.is_empty());
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}

/// A folder without rights to write, and a zone file that is a folder: nothing changes.
#[test]
fn what_cannot_be_written_changes_nothing() {
    let (mut scene, zone) = generated();
    scene.hypervisor["dns_server"]["authoritative_zones"] =
        json!([{"zone_name": "example.net", "records": [{"hostname": "www", "ip": "10.0.0.9"}]}]);
    let (plan, _) = scene.plan();
    fs::create_dir_all(scene.zone_path("internal", "example.net")).unwrap();
    assert!(horizon_dns::generate::apply(&plan).is_err());
    assert_eq!(scene.zone("internal", "example.org"), zone);
    let (_, findings) = scene.plan();
    assert_eq!(coded(&findings, "ZONE_READ").len(), 1);
}

/// Every pointer of a value, the root left out.
fn pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = vec![(String::new(), value)];
    while let Some((pointer, value)) = rest.pop() {
        let below: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
            Value::Object(entries) => entries.iter().map(|(key, item)| (key.clone(), item)).collect(),
            _ => Vec::new(),
        };
        for (key, item) in below {
            rest.push((format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), item));
        }
        if !pointer.is_empty() {
            found.push(pointer);
        }
    }
    found
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A v4-mapped address is none of a host: the text is refused with the address that is meant.
#[test]
fn an_ipv4_address_in_ipv6_dress_is_refused() {
    let mut scene = Scene::new();
    scene.container("300", guest("x", "::ffff:10.0.0.9/128", &[]));
    let (plan, findings) = scene.plan();
    assert!(plan.refused());
    assert!(coded(&findings, "BAD_ADDRESS")[0].what.ends_with("write `10.0.0.9`"), "{findings:#?}");
}
