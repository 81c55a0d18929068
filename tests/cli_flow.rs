//! Promise: `zonectl flow` draws from a running server or from files, says what it could not know, and tells scripts by its
//! exit code whether something is answered that nobody wants.

mod cli_program;
mod xml;

use cli_program::Folder;
use serde_json::Value;
use std::fs;

const ZONE: &str = "zones/internal/corp.example.zone";

/// From a server whose zone a person changed: picture, finding, exit code, files, and the same without the server.
#[test]
fn a_server_is_drawn_as_it_answers() {
    let folder = Folder::with_inventory(3);
    let server = folder.serve();
    let well = folder.zonectl("flow --actual");
    assert_eq!(well.exit, 0, "{well:?}");
    assert!(well.stdout.contains("└─ 10.0.0.2 → lxc/201 g1"), "{well:?}");

    let zone = folder.read(ZONE);
    let line = zone.lines().find(|line| line.starts_with("g1 ")).unwrap();
    folder.write(ZONE, &zone.replace(line, "g1 A 10.0.0.153"));
    assert_eq!(folder.zonectl("reload --wait").exit, 0);
    for scope in ["", "--socket control.sock ", "--offline "] {
        let drawn = folder.zonectl(&format!("{scope}flow g1 --actual"));
        assert_eq!(drawn.exit, 3, "{scope}: {drawn:?}");
        assert!(
            drawn.stdout.contains("├─ LEADS_ELSEWHERE: 10.0.0.153 (by hand, corp.example.zone:"),
            "{scope}: {drawn:?}"
        );
        assert!(drawn.stdout.contains("└─ wanted: 10.0.0.2 (from lxc/201 name) → lxc/201 g1"), "{scope}: {drawn:?}");
        assert!(drawn.stderr.contains("not as the inventory wants it: 1 error, 0 warnings"), "{scope}: {drawn:?}");
    }
    let wanted = folder.zonectl("flow g1");
    assert_eq!(wanted.exit, 0);
    assert!(wanted.stdout.contains("10.0.0.2 (from lxc/201 name)") && !wanted.stdout.contains("LEADS"), "{wanted:?}");
    let only = folder.zonectl("flow --horizon external");
    assert!(only.stdout.contains("horizon external") && !only.stdout.contains("horizon internal"), "{only:?}");

    assert_eq!(folder.zonectl("flow --actual --out all.svg").exit, 3);
    let elements = xml::elements(&folder.read("all.svg")).unwrap();
    assert!(elements.iter().any(|one| one.starts_with("path class=\"arrow arrow-fault\"")), "{elements:#?}");
    let mermaid = folder.zonectl("flow g1 --actual --format mermaid");
    assert!(
        mermaid.stdout.contains("flowchart LR\n") && mermaid.stdout.contains("|\"LEADS_ELSEWHERE\"|"),
        "{mermaid:?}"
    );
    let json: Value = serde_json::from_str(&folder.zonectl("flow g1 --actual -o json").stdout).unwrap();
    assert_eq!(
        (&json["findings"][0]["code"], &json["nodes"][0]["column"]),
        (&"LEADS_ELSEWHERE".into(), &"client".into())
    );
    assert_eq!(json["edges"].as_array().unwrap().len() + 2, json["nodes"].as_array().unwrap().len());
    assert_eq!(folder.zonectl("flow -o json --format svg").exit, 1);
    assert_eq!(folder.zonectl("flow --out no/such/folder.svg").exit, 1);
    assert_eq!(folder.zonectl("flow --horizon extern").exit, 1);
    assert_eq!(server.terminate(), 0);

    // An inventory that cannot be read is said, and the records are drawn.
    fs::remove_dir_all(folder.path().join("phoenix")).unwrap();
    let blind = folder.zonectl("flow --actual");
    assert!(blind.stderr.contains("no guest can be read from the inventory here"), "{blind:?}");
    assert!(blind.stdout.contains("no inventory: drawn from the records alone"), "{blind:?}");
}
