//! Promise: `zonectl diff` shows what zone files and the past differ in from what is served, record set by record set.

mod cli_program;

use cli_program::Folder;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::thread;

const INSIDE: &str = "zones/internal/corp.example.zone";
const OUTSIDE: &str = "zones/external/corp.example.zone";

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Files that the server refuses because another one is broken are compared all the same, and the broken one is named.
#[test]
fn files_are_compared_with_what_is_served() {
    let folder = Folder::new();
    let (inside, outside) = (folder.read(INSIDE), folder.read(OUTSIDE));
    let _server = folder.serve();
    let same = folder.zonectl("diff --files");
    assert_eq!((same.exit, same.stdout.as_str()), (0, ""), "{same:?}");
    assert!(same.stderr.contains("0 differences, 8 record sets the same in served and files"), "{same:?}");

    folder.write(OUTSIDE, &outside.replace("10.0.0.153\napp", "10.0.0.999\napp"));
    assert_eq!(folder.zonectl("reload --wait").exit, 3);
    let broken = folder.zonectl("diff --files");
    assert_eq!((broken.exit, broken.stdout.as_str()), (3, ""), "{broken:?}");
    assert!(broken.stderr.contains("external/corp.example.zone:4:"), "{broken:?}");

    // Serial, comments and order do not count; a TTL, data, a name that comes and one that goes do.
    let changed =
        inside.replace("10.0.0.12 ; from lxc/102 traefik_service", "10.0.0.77").replace("admin 1 ", "admin 9 ")
            + "new 60 TXT \"a b\" ; to come\n";
    folder.write(INSIDE, &changed.replace("@ NS ns\n", "; moved\n").replace("ns A", "@ NS ns\nns 60 A"));
    folder.write("zones/internal/new.example.zone", "$TTL 60\n@ SOA ns admin 1 60 60 60 60\n@ NS ns\nns A 10.0.0.1\n");
    assert_eq!(folder.zonectl("reload --wait").exit, 3);
    let diff = folder.zonectl("diff --files");
    assert_eq!(diff.exit, 2, "{diff:?}");
    let expected = [
        "HORIZON NAME TTL TYPE DATA",
        "- internal app.corp.example. 300 A 10.0.0.12",
        "+ internal app.corp.example. 300 A 10.0.0.77",
        "- internal new.corp.example. TXT nothing",
        "+ internal new.corp.example. 60 TXT \"a b\"",
        "- internal ns.corp.example. 300 A 10.0.0.153",
        "+ internal ns.corp.example. 60 A 10.0.0.153",
        "- internal new.example. NS nothing",
        "+ internal new.example. 60 NS ns.new.example.",
        "- internal new.example. SOA nothing",
        "+ internal new.example. 60 SOA ns.new.example. admin.new.example. 1 60 60 60 60",
        "- internal ns.new.example. A nothing",
        "+ internal ns.new.example. 60 A 10.0.0.1",
    ];
    assert_eq!(lines(&diff.stdout), expected, "{diff:?}");
    assert!(
        diff.stderr.contains("external/corp.example.zone:4:") && diff.stderr.contains("until the files"),
        "{diff:?}"
    );
    assert_eq!(folder.zonectl("diff --files --zone new.example --horizon internal").stdout.lines().count(), 7);
    assert_eq!(folder.zonectl("diff --files --zone corp.example. --horizon external").exit, 3);
    assert_eq!(folder.zonectl("diff --files --zone other.example").exit, 1);
    let json: Value = serde_json::from_str(&folder.zonectl("diff --files -o json").stdout).unwrap();
    assert_eq!((&json["left"], &json["right"], &json["same"]), (&json!("served"), &json!("files"), &json!(2)));
    assert_eq!(json["rows"][0]["horizon"], "internal");

    folder.write(OUTSIDE, &outside);
    assert_eq!(folder.zonectl("reload --wait").exit, 0);
    assert_eq!(folder.zonectl("diff --files").exit, 0);
    assert_eq!(folder.zonectl("diff --files --offline").exit, 1, "there is nobody to compare with");
    // Two horizons are compared as before.
    let two = folder.zonectl("diff internal external");
    assert!(lines(&two.stdout).contains(&"- internal app.corp.example. 300 A 10.0.0.77".to_owned()), "{two:?}");
}

/// What is asked of the server's history, and what is made of it: texts are compared with what serves now.
#[test]
fn the_past_is_compared_with_now() {
    let folder = Folder::new();
    let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
    stand_in(UnixListener::bind(folder.path().join("control.sock")).unwrap(), Arc::clone(&asked));

    let diff = folder.zonectl("diff --since 17 --zone Corp.Example");
    let expected = [
        "HORIZON NAME TTL TYPE DATA",
        "- internal APP.corp.example. 300 A 10.0.0.5",
        "+ internal APP.corp.example. 300 A 10.0.0.6",
        "- internal gone.corp.example. 300 A 10.0.0.7",
        "+ internal gone.corp.example. A nothing",
    ];
    assert_eq!((diff.exit, lines(&diff.stdout)), (0, expected.map(str::to_owned).to_vec()), "{diff:?}");
    assert!(diff.stderr.contains("the same in after change 17 and now"), "{diff:?}");
    let texts: Vec<Value> = asked.lock().unwrap().drain(..).filter(|one| one["errand"] == "text").collect();
    assert_eq!(texts.len(), 1);
    assert_eq!((&texts[0]["after"], &texts[0]["horizon"]), (&json!(17), &json!("internal")), "{texts:?}");

    // A zone without that past is left out and named; the time goes to the server in seconds.
    let dated = folder.zonectl("diff --since 2026-11-01");
    assert_eq!((dated.exit, lines(&dated.stdout)), (0, expected.map(str::to_owned).to_vec()), "{dated:?}");
    assert!(dated.stderr.contains("young.example. in internal is left out: it is younger"), "{dated:?}");
    assert!(asked.lock().unwrap().iter().any(|one| one["at"] == json!(1_793_491_200)));
    assert_eq!(folder.zonectl("diff --since 17 --zone young.example").exit, 1);
    for wrong in
        ["diff --since yesterday", "diff --since 1 --files", "diff a b --files", "diff --zone corp.example", "diff a"]
    {
        assert_eq!(folder.zonectl(wrong).exit, 1, "{wrong}");
    }
}

/// The real history, asked of the server and of the files after its end.
#[test]
fn a_change_is_seen_since_the_one_before() {
    let folder = Folder::new();
    let server = folder.serve();
    for address in ["10.0.0.5", "10.0.0.6"] {
        let set = folder.zonectl(&format!("set app A {address} --horizon internal --yes"));
        assert_eq!(set.exit, 0, "{set:?}");
    }
    let expected = ["- internal app.corp.example. 300 A 10.0.0.5", "+ internal app.corp.example. 300 A 10.0.0.6"];
    let since = || folder.zonectl("diff --since 1 --zone corp.example --horizon internal");
    let online = since();
    assert_eq!((online.exit, &lines(&online.stdout)[1..]), (0, &expected.map(str::to_owned)[..]), "{online:?}");
    assert_eq!(folder.zonectl("diff --since 2 --horizon internal").stdout, "");
    assert_eq!(server.terminate(), 0);
    assert_eq!(lines(&since().stdout)[1..], expected);
}

/// A zone that went or came since is in the comparison with all its records.
#[test]
fn zones_that_went_or_came_are_compared() {
    let folder = Folder::new();
    let server = folder.serve();
    folder.write("db.lab", "$TTL 300\n@ SOA ns a 1 1 1 1 1\n@ NS ns\nns A 10.0.0.1\n");
    let id = |ran: &cli_program::Ran| ran.stdout.trim().trim_start_matches("change ").parse::<u64>().unwrap();
    let came = folder.zonectl("import db.lab --zone lab.example --horizon internal --yes");
    assert_eq!(came.exit, 0, "{came:?}");
    let went = folder.zonectl(&format!("undo {} --yes", id(&came)));
    assert_eq!(went.exit, 0, "{went:?}");
    let gone = folder.zonectl(&format!("diff --since {} --horizon internal", id(&came)));
    assert!(lines(&gone.stdout).contains(&"- internal ns.lab.example. 300 A 10.0.0.1".to_owned()), "{gone:?}");
    let named = folder.zonectl(&format!("diff --since {} --zone lab.example", id(&came)));
    assert_eq!((named.exit, lines(&named.stdout).len()), (0, 1 + 2 * 3), "{named:?}");
    let back = folder.zonectl(&format!("undo {} --yes", id(&went)));
    assert_eq!(back.exit, 0, "{back:?}");
    let come = folder.zonectl(&format!("diff --since {} --horizon internal", id(&went)));
    assert!(lines(&come.stdout).contains(&"+ internal ns.lab.example. 300 A 10.0.0.1".to_owned()), "{come:?}");
    assert_eq!(folder.zonectl("diff --since 1 --zone nowhere.example").exit, 1);
    drop(server);
}

/// A server that knows two zones and the past of one of them; it ends with the test.
fn stand_in(socket: UnixListener, asked: Arc<Mutex<Vec<Value>>>) {
    thread::spawn(move || {
        for stream in socket.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let request: Value = serde_json::from_str(&line).unwrap();
            let zone = |name: &str, text: Value| json!({"horizon": "internal", "zone": name, "mark": "", "text": text});
            let named = request["zone"].as_str().map(str::to_owned);
            let head = "corp.example. 300 SOA ns.corp.example. a.corp.example. 8 1 1 1 1\ncorp.example. 300 NS ns.corp.example.\n";
            let reply = match (request["verb"].as_str().unwrap(), named.as_deref()) {
                ("records", None) => {
                    json!({"answer": {"zones": [zone("corp.example.", Value::Null), zone("young.example.", Value::Null)]}})
                }
                ("records", Some(name)) => {
                    json!({"answer": {"zones": [zone(name, json!(format!("{head}app.corp.example. 300 A 10.0.0.6\n")))]}})
                }
                ("errand", Some("corp.example.")) => {
                    let text = "$TTL 300\n@ SOA ns a 7 1 1 1 1 ; from then\n@ NS ns\nAPP A 10.0.0.5\ngone A 10.0.0.7\n";
                    json!({"answer": {"zone": "corp.example.", "horizon": "internal", "file": "f.zone", "text": text, "mark": "", "exact": true}})
                }
                _ => json!({"refusal": {"code": "UNKNOWN_PAST", "what": "it is younger", "remedy": "ask for later"}}),
            };
            asked.lock().unwrap().push(request);
            let mut reply = reply;
            reply["version"] = json!(1);
            let _ = writeln!(stream, "{reply}");
        }
    });
}
