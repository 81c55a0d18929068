//! Promise: `zonectl` sees what the running server serves, also while the files are broken.

mod cli_program;

use cli_program::{CONFIG, Folder};
use serde_json::Value;
use std::time::{Duration, Instant};

/// From the start to the end of a server: status, answers, a refused reload, its mending, a second server, the end.
#[test]
fn a_running_server_is_asked_and_told() {
    let folder = Folder::new();
    let server = folder.serve();
    let status = folder.zonectl("status");
    assert_eq!(status.exit, 0, "{status:?}");
    for part in ["serves what the files say", "horizon internal", "corp.example.", "zones/internal/corp.example.zone"] {
        assert!(status.stdout.contains(part), "{part}: {}", status.stdout);
    }
    let got = folder.zonectl("get app A");
    assert!(got.stdout.contains("10.0.0.12") && got.stderr.is_empty(), "the server answers, not the files: {got:?}");
    assert!(folder.zonectl("--socket control.sock explain app A --from 10.0.0.7").stdout.contains("rule exact"));

    let second = folder.horizond("serve");
    assert_eq!(second.exit, 1);
    assert!(second.stderr.contains("belongs to a running server"), "{second:?}");
    assert_eq!(folder.zonectl("status").exit, 0, "the first one is unharmed");

    let zone = folder.read("zones/internal/corp.example.zone");
    folder.write("zones/internal/corp.example.zone", &zone.replace("10.0.0.12", "10.0.0.999"));
    let refused = folder.zonectl("reload --wait");
    assert_eq!(refused.exit, 3, "{refused:?}");
    assert!(refused.stdout.contains("corp.example.zone:5:"), "{refused:?}");
    let status = folder.zonectl("status -o json");
    let json: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!((status.exit, &json["healthy"]), (1, &Value::Bool(false)));
    assert!(folder.zonectl("get app A").stdout.contains("10.0.0.12"), "the state before serves on");

    folder.write("horizon.toml", "[server]\ncontrol = \"control.sock\"\nlisten = [");
    assert_eq!(folder.zonectl("reload --wait").exit, 3);
    let status = folder.zonectl("status");
    assert_eq!(status.exit, 1, "a broken config still leads to the server: {status:?}");
    assert!(status.stdout.contains("does not serve all that the files say"), "{status:?}");
    assert!(!status.stdout.contains("loaded"), "it was tried, not loaded: {status:?}");
    assert!(status.stdout.contains("horizon.toml:3:"), "{status:?}");

    folder.write("horizon.toml", CONFIG);
    folder.write("zones/internal/corp.example.zone", &zone.replace("10.0.0.12", "10.0.0.77"));
    let mended = folder.zonectl("reload --wait");
    assert_eq!(mended.exit, 0, "{mended:?}");
    assert!(folder.zonectl("get app A").stdout.contains("10.0.0.77"));
    assert_eq!(folder.zonectl("status").exit, 0);

    assert_eq!(server.terminate(), 0);
    assert!(!folder.path().join("control.sock").exists(), "the socket goes with the server");
    assert_eq!(folder.zonectl("status").exit, 1);
}

/// What `generate` writes beside a running server is served without another word.
#[test]
fn generated_zones_are_taken_up() {
    let folder = Folder::with_inventory(3);
    let _server = folder.serve();
    assert!(folder.zonectl("get g2 A --horizon internal").stdout.contains("10.0.0.3"));
    folder.guests(4);
    let begun = Instant::now();
    while !folder.zonectl("get g3.corp.example. A --horizon internal").stdout.contains("10.0.0.4") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", folder.zonectl("status"));
    }
    assert_eq!(folder.zonectl("generate --plan").exit, 0, "the server has written them");
    assert_eq!(folder.zonectl("status").exit, 0);
}
