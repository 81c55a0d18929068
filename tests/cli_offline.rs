//! Promise: `zonectl` works on the files when no server runs; stdout is data, stderr is talk, exit codes are fixed.

mod cli_program;

use cli_program::{Folder, run};
use serde_json::Value;
use std::fs;
use std::io::pipe;
use std::process::{Command, Stdio};

/// Each verb ends with the code that scripts rely on, and only data goes to stdout.
#[test]
fn exit_codes_and_streams_are_fixed() {
    let folder = Folder::new();
    // Arguments; exit code; what stdout begins with (nothing else is allowed when empty); what stderr holds.
    let table: [(&str, &str, i32, &str, &str); 21] = [
        ("nothing found", "check", 0, "", "horizon.toml: may go live; 2 zones, 0 errors, 0 warnings"),
        ("records", "get app", 0, "HORIZON   NAME", "no server at control.sock: the answer comes from the files"),
        (
            "no such name is an answer",
            "get nope",
            0,
            "HORIZON",
            "hint: `zonectl explain nope.corp.example. A --from IP`",
        ),
        (
            "no such horizon",
            "get app --horizon extern",
            1,
            "",
            "there is no horizon `extern`; did you mean `external`?",
        ),
        ("no such type", "get app ADDR", 1, "", "`ADDR` is not a record type"),
        ("explained", "explain app A --from 10.0.0.7", 0, "question  app.corp.example. A asked by 10.0.0.7", "files"),
        ("matched", "horizon match 10.0.0.7", 0, "10.0.0.7 is in internal: 10.0.0.0/24 is the longest", "files"),
        ("compared", "diff internal external", 0, "   HORIZON", "1 difference, 3 record sets the same"),
        ("nobody to ask", "status", 1, "", "zonectl: no server at control.sock; start horizond, or name its socket"),
        ("nobody to order", "reload --wait", 1, "", "no server at control.sock"),
        ("a socket that is named is not replaced by files", "--socket s get app", 1, "", "no server at s"),
        ("files wanted from a socket", "--socket s check", 1, "", "name them with `--config`"),
        ("both named", "--socket s --config c check", 1, "", "cannot be used with"),
        ("no inventory", "generate", 1, "", "horizon.toml: there is no inventory to generate from"),
        ("no config", "--config none.toml check", 3, "none.toml: error BAD_CONFIG", "must not go live"),
        ("wrong usage is not `changes pending`", "bogus", 1, "", "unrecognized subcommand"),
        ("no verb", "", 1, "", "Usage: zonectl"),
        ("not an address", "horizon match ten", 1, "", "invalid value 'ten'"),
        ("help is data", "--help", 0, "Looks inside a Horizon server", ""),
        ("version is data", "--version", 0, "zonectl ", ""),
        ("a script", "completions bash", 0, "_zonectl() {", ""),
    ];
    for (why, arguments, exit, stdout, stderr) in table {
        let ran = folder.zonectl(arguments);
        assert_eq!(ran.exit, exit, "{why}: {ran:?}");
        assert!(ran.stdout.starts_with(stdout) && ran.stdout.is_empty() == stdout.is_empty(), "{why}: {ran:?}");
        assert!(ran.stderr.contains(stderr) && (!stderr.is_empty() || ran.stderr.is_empty()), "{why}: {ran:?}");
        assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "no colour without a terminal: {why}");
    }
    let ran = folder.horizond("check -o json");
    assert_eq!((ran.exit, serde_json::from_str::<Value>(&ran.stdout).unwrap()["ok"].clone()), (0, Value::Bool(true)));
    assert_eq!(folder.horizond("check --config none.toml").exit, 3);
    assert_eq!(folder.horizond("").exit, 1);
    assert_eq!(folder.horizond("--help").exit, 0);
}

/// Columns stand under each other, names are whole, and each record says where it comes from.
#[test]
fn get_reads_like_a_table() {
    let folder = Folder::new();
    let expected = "\
HORIZON   NAME               TTL  TYPE  DATA        FROM
internal  app.corp.example.  300  A     10.0.0.12   lxc/102 traefik_service
external  app.corp.example.  300  A     10.0.0.153  zones/external/corp.example.zone:5
";
    assert_eq!(folder.zonectl("get app").stdout, expected);
    assert_eq!(folder.zonectl("get APP.corp.example. A --offline").stdout, expected.replace("app.corp", "APP.corp"));
    let colour = run(folder.command(env!("CARGO_BIN_EXE_zonectl")).args(["get", "app"]).env("CLICOLOR_FORCE", "1"));
    assert!(colour.stdout.contains("\x1b[36m10.0.0.12\x1b[0m"), "{:?}", colour.stdout);
    let plain = run(folder
        .command(env!("CARGO_BIN_EXE_zonectl"))
        .args(["get", "app"])
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1"));
    assert_eq!(plain.stdout, expected);
}

/// A record of an included file names that file and its line.
#[test]
fn included_files_are_named() {
    let folder = Folder::new();
    let zone = folder.read("zones/internal/corp.example.zone");
    folder.write("zones/internal/corp.example.zone", &format!("{zone}$INCLUDE hosts.inc\n"));
    folder.write("zones/internal/hosts.inc", "; hosts\n\nprinter A 10.0.0.99 ; second floor\n");
    let got = folder.zonectl("get printer -o wide --horizon internal").stdout;
    assert!(got.contains("\"second floor\"  zones/internal/hosts.inc:3\n"), "{got}");
}

/// The JSON of each verb has the fields that programs were promised.
#[test]
fn json_has_a_stable_shape() {
    let folder = Folder::new();
    let table: [(&str, &[&str]); 6] = [
        ("get app A", &["/name", "/type", "/horizons/0/horizon", "/horizons/0/outcome", "/horizons/0/zone"]),
        (
            "get app A",
            &[
                "/horizons/0/records/0/name",
                "/horizons/0/records/0/ttl",
                "/horizons/0/records/0/type",
                "/horizons/0/records/0/data",
                "/horizons/0/records/0/from/file",
                "/horizons/0/records/0/from/line",
                "/horizons/0/records/0/from/source",
            ],
        ),
        (
            "explain app A --from 10.0.0.7",
            &[
                "/client/horizon",
                "/client/prefix",
                "/steps/0/zone",
                "/steps/0/rule",
                "/steps/0/why",
                "/rcode",
                "/answer/0/data",
            ],
        ),
        ("horizon match 10.0.0.7", &["/address", "/horizon", "/prefix", "/forward", "/inherits", "/also/0/prefix"]),
        (
            "diff internal external",
            &["/left", "/right", "/same", "/rows/0/name", "/rows/0/left/0", "/rows/0/right_ttl"],
        ),
        ("check", &["/ok", "/config", "/zones", "/findings", "/pending"]),
    ];
    for (arguments, pointers) in table {
        let ran = folder.zonectl(&format!("{arguments} -o json"));
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        for pointer in pointers {
            assert!(json.pointer(pointer).is_some_and(|value| !value.is_null()), "{arguments}: {pointer} in {json:#}");
        }
    }
}

/// All faults come at once, each with its place, and the files are not touched.
#[test]
fn check_says_every_fault_with_its_place() {
    let folder = Folder::new();
    folder.write(
        "horizon.toml",
        "[server]\nworkers = 1000\nlisten = [\"x\"]\n[[horizon]]\nname = \"a\"\nclients = [\"any\"]\n",
    );
    let before = folder.files();
    let ran = folder.zonectl("check");
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(ran.exit, 3);
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(lines[0].starts_with("horizon.toml:2:11: error BAD_CONFIG horizon.toml: `workers` is 1000; "), "{lines:?}");
    assert!(lines[1].starts_with("horizon.toml:3:11: error BAD_CONFIG"), "{lines:?}");

    folder.write("horizon.toml", cli_program::CONFIG);
    folder.write(
        "zones/internal/corp.example.zone",
        "$TTL 60\n@ SOA ns admin 1 1 1 1 1\n@ NS ns\nns A 10.0.0.300\nx FOO y\n",
    );
    let ran = folder.zonectl("check");
    assert_eq!(ran.exit, 3);
    for place in ["corp.example.zone:4:", "corp.example.zone:5:"] {
        assert!(ran.stdout.contains(place), "{place}: {}", ran.stdout);
    }
    let ran = folder.zonectl("get app");
    assert_eq!((ran.exit, ran.stdout.as_str()), (3, ""), "no answer out of broken files");
    folder.write("horizon.toml", std::str::from_utf8(&before[0].1).unwrap());
}

/// A plan changes nothing and says so by its exit code; a run writes; a second run has nothing to do.
#[test]
fn generation_is_planned_then_written_then_done() {
    let folder = Folder::with_inventory(3);
    let before = folder.files();
    let plan = folder.zonectl("generate --plan");
    assert_eq!(plan.exit, 2, "{plan:?}");
    assert!(plan.stdout.contains("zones/internal/corp.example.zone (new: "), "{}", plan.stdout);
    assert!(plan.stdout.lines().any(|line| line.starts_with("+g1 ") && line.contains("10.0.0.2")), "{}", plan.stdout);
    assert_eq!(folder.files(), before, "a plan writes nothing");
    let got = folder.zonectl("get g1 A --horizon internal");
    assert!(
        got.stdout.contains("10.0.0.2") && got.stdout.contains("lxc/201 name"),
        "what would be written is shown: {got:?}"
    );

    let json: Value = serde_json::from_str(&folder.zonectl("generate -o json").stdout).unwrap();
    assert_eq!((&json["written"], &json["files"][0]["state"]), (&Value::Bool(true), &Value::from("new")));
    let written = folder.files();
    assert!(written.len() > before.len());
    for arguments in ["generate --plan", "generate"] {
        let again = folder.zonectl(arguments);
        assert_eq!((again.exit, again.stdout.as_str()), (0, ""), "{again:?}");
    }
    assert_eq!(folder.files(), written, "a second run changes no octet");
}

/// Too many records at once need `--force`; a half-written inventory changes nothing at all.
#[test]
fn the_brake_and_a_broken_inventory_stop_generation() {
    let folder = Folder::with_inventory(30);
    assert_eq!(folder.zonectl("generate").exit, 0);
    folder.guests(5);
    let before = folder.files();
    for arguments in ["generate", "generate --plan"] {
        let ran = folder.zonectl(arguments);
        assert_eq!(ran.exit, 5, "{ran:?}");
        assert!(ran.stderr.contains("BRAKE") && ran.stderr.contains("zonectl generate --force"), "{ran:?}");
    }
    assert_eq!(folder.files(), before);
    assert_eq!(folder.zonectl("generate --plan --force").exit, 2);
    assert_eq!(folder.zonectl("generate --force").exit, 0);
    assert!(!folder.read("zones/internal/corp.example.zone").contains("g20"));

    let whole = folder.read("phoenix/etc/phoenix_lxc_configs.json");
    let before = folder.files();
    for half in ["", &whole[..whole.len() / 2], "[]", "{}"] {
        folder.write("phoenix/etc/phoenix_lxc_configs.json", half);
        let ran = folder.zonectl("generate");
        assert!([3, 5].contains(&ran.exit), "{half:?}: {ran:?}");
        assert_ne!(folder.zonectl("check").exit, 0, "{half:?}");
    }
    folder.write("phoenix/etc/phoenix_lxc_configs.json", &whole);
    assert_eq!(folder.files(), before, "no zone was touched");
}

/// A disk that is full half-way changes no zone and leaves nothing behind.
#[test]
fn a_full_disk_changes_nothing() {
    let folder = Folder::with_inventory(200);
    let before = folder.files();
    // A limit on file sizes fails a write like a full disk does; the signal that goes with it is ignored by this shell.
    let script =
        format!("trap '' XFSZ; ulimit -f 1; exec {} generate -o json >/dev/null", env!("CARGO_BIN_EXE_zonectl"));
    let ran = run(folder.command("bash").args(["-c", &script]));
    assert_eq!(ran.exit, 1, "{ran:?}");
    assert!(ran.stderr.contains("cannot write") && ran.stderr.contains(".zone"), "{ran:?}");
    assert_eq!(folder.files(), before);
    assert_eq!(folder.zonectl("generate").exit, 0, "and it can be done again");
}

/// A reader that goes away early (`| head -1`) is no error and no panic.
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command: Command = folder.command(env!("CARGO_BIN_EXE_zonectl"));
    let child = command.args(["get", "app", "-o", "json"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panic"), "{output:?}");
    assert!(fs::exists(folder.path().join("horizon.toml")).unwrap());
}

/// With `-o json` a refusal is JSON too, and an answer is one document even when it ends badly.
#[test]
fn a_refusal_has_a_json_form() {
    let folder = Folder::new();
    let table = [
        ("get bad..name", 1),
        ("get app ADDR", 1),
        ("get app --horizon extern", 1),
        ("diff internal extern", 1),
        ("status", 1),
        ("reload --wait", 1),
        ("generate", 1),
        ("--config none.toml get app", 3),
    ];
    for (arguments, exit) in table {
        let ran = folder.zonectl(&format!("{arguments} -o json"));
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.exit, json["exit"].as_i64()), (exit, Some(i64::from(exit))), "{arguments}: {ran:?}");
        let mut lines = json["error"].as_str().unwrap().lines();
        assert!(lines.all(|line| ran.stderr.contains(line)), "{arguments}: {ran:?}");
    }
}

/// A name that two guests claim keeps nothing else from going live, and yet the check fails.
#[test]
fn a_conflict_fails_the_check() {
    let folder = Folder::with_inventory(3);
    assert_eq!(folder.zonectl("check").exit, 0);
    let containers = folder.read("phoenix/etc/phoenix_lxc_configs.json").replace("\"g2\"", "\"g1\"");
    folder.write("phoenix/etc/phoenix_lxc_configs.json", &containers);
    let ran = folder.zonectl("check");
    assert!(ran.stdout.contains("error CONFLICT g1.corp.example"), "{ran:?}");
    assert_eq!(ran.exit, 3, "{ran:?}");
    assert!(ran.stderr.contains("may go live; "), "{ran:?}");
}
