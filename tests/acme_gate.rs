//! Promise: with `gate = "refuse"` no reload and no edit breaks the way of a challenge that worked, and `zonectl acme` says how it
//! is with each name, with and without a server.

mod cli_program;

use cli_program::{CONFIG, Folder, Ran, run};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const ZONE: &str = "zones/internal/corp.example.zone";

/// Two names that need a certificate: `app` is well, `old` has no address from the start.
fn folder(gate: &str) -> Folder {
    let folder = Folder::new();
    folder.write("horizon.toml", &config(gate));
    folder.write(
        ZONE,
        "$TTL 300\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\napp A 10.0.0.12\nca A 10.0.0.10\n",
    );
    folder
}

fn config(gate: &str) -> String {
    format!(
        "{CONFIG}\n[acme]\ndirectory = \"https://ca.corp.example:9000/acme/acme/directory\"\nca_addresses = [\"10.0.0.10\"]\n\
         gate = \"{gate}\"\nnames = [\"app.corp.example\", \"old.corp.example\"]\n\
         [acme.name.\"app.corp.example\"]\ntargets = [\"10.0.0.12\"]\n\
         [acme.name.\"old.corp.example\"]\ntargets = [\"10.0.0.13\"]\n"
    )
}

fn zonectl(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.command(env!("CARGO_BIN_EXE_zonectl"));
    run(command.env("USER", "ana").env_remove("SUDO_USER").args(arguments))
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// `app: blocked blocked plausible`, one for each name.
fn matrix(answer: &Value) -> Vec<String> {
    let names = answer["names"].as_array().unwrap();
    let states = |name: &Value| {
        let challenges = name["challenges"].as_array().unwrap();
        challenges.iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    names.iter().map(|name| format!("{}: {}", name["name"].as_str().unwrap(), states(name))).collect()
}

fn app(folder: &Folder) -> Vec<String> {
    let got = json(&zonectl(folder, &["get", "app", "A", "--horizon", "internal", "-o", "json"]));
    let records = got["horizons"][0]["records"].as_array().unwrap().clone();
    records.iter().map(|record| record["data"].as_str().unwrap().to_owned()).collect()
}

/// An edit that would send the CA to the gateway is refused in the plan already, by name, change and remedy.
#[test]
fn an_edit_that_breaks_a_challenge_is_refused() {
    let folder = folder("refuse");
    let server = folder.serve();
    let wrong = ["set", "app", "A", "10.0.0.153", "--horizon", "internal"];
    let before = folder.files();
    for more in [&["--yes"][..], &["--dry-run"], &["--yes", "--offline"], &[]] {
        let ran = zonectl(&folder, &[&wrong[..], more].concat());
        if more.contains(&"--offline") {
            assert_ne!(ran.exit, 0, "{ran:?}");
            continue;
        }
        assert_eq!(ran.exit, 3, "{more:?}: {ran:?}");
        for part in [
            "CHALLENGE_WAY_BREAKS app.corp.example",
            "http-01 and tls-alpn-01 would fail",
            "the CA would be told 10.0.0.153 in the place of 10.0.0.12",
            "zonectl set app.corp.example. A 10.0.0.12 --horizon internal",
        ] {
            assert!(ran.stderr.contains(part), "{more:?}: `{part}` is not in {}", ran.stderr);
        }
    }
    assert_eq!(app(&folder), ["10.0.0.12"]);
    assert_eq!(
        folder.read(ZONE),
        String::from_utf8(before.iter().find(|(name, _)| name == ZONE).unwrap().1.clone()).unwrap()
    );
    let gone = zonectl(&folder, &["rm", "app", "A", "--all", "--horizon", "internal", "--yes"]);
    assert_eq!(gone.exit, 3, "{gone:?}");
    assert!(gone.stderr.contains("NO_ADDRESS"), "{}", gone.stderr);

    // What was broken before may be mended in steps, and other names are nobody's business.
    let step = zonectl(&folder, &["set", "old", "A", "10.0.0.153", "--horizon", "internal", "--yes"]);
    assert_eq!(step.exit, 0, "{step:?}");
    let mended = zonectl(&folder, &["set", "old", "A", "10.0.0.13", "--horizon", "internal", "--yes"]);
    assert_eq!(mended.exit, 0, "{mended:?}");
    let other = zonectl(&folder, &["set", "other", "A", "10.0.0.153", "--horizon", "internal"]);
    assert_eq!(other.exit, 0, "{other:?}");
    let broken = zonectl(&folder, &["set", "old", "A", "10.0.0.153", "--horizon", "internal", "--yes"]);
    assert_eq!(broken.exit, 3, "mended, it is guarded, too: {broken:?}");
    drop(server);
}

/// Without a server the same edit on the files is refused the same way.
#[test]
fn an_edit_on_files_is_refused_the_same_way() {
    let folder = folder("refuse");
    let ran = zonectl(&folder, &["set", "app", "A", "10.0.0.153", "--horizon", "internal", "--yes"]);
    assert_eq!(ran.exit, 3, "{ran:?}");
    assert!(ran.stderr.contains("CHALLENGE_WAY_BREAKS app.corp.example"), "{}", ran.stderr);
    let warned = folder_with_gate(&folder, "warn", &["set", "app", "A", "10.0.0.153", "--horizon", "internal"]);
    assert_eq!(warned.exit, 3, "{warned:?}");
    assert!(warned.stderr.contains("TARGET_NOT_EXPECTED") && warned.stderr.contains("--yes"), "{}", warned.stderr);
    let made = folder_with_gate(&folder, "warn", &["set", "app", "A", "10.0.0.153", "--horizon", "internal", "--yes"]);
    assert_eq!(made.exit, 0, "{made:?}");
    let off = folder_with_gate(&folder, "off", &["set", "app", "A", "10.0.0.154", "--horizon", "internal"]);
    assert_eq!(off.exit, 0, "{off:?}");
}

fn folder_with_gate(folder: &Folder, gate: &str, arguments: &[&str]) -> Ran {
    folder.write("horizon.toml", &config(gate));
    zonectl(folder, arguments)
}

/// A file that somebody saves does not go live, the state before serves on, and `check` says it before the reload does.
#[test]
fn a_reload_that_breaks_a_challenge_is_refused() {
    let folder = folder("refuse");
    let server = folder.serve();
    let well = folder.read(ZONE);
    folder.write(ZONE, &well.replace("app A 10.0.0.12", "app A 10.0.0.153"));
    let check = zonectl(&folder, &["check"]);
    assert_eq!(check.exit, 3, "{check:?}");
    assert!(check.stdout.contains("CHALLENGE_WAY_BREAKS app.corp.example"), "{}", check.stdout);
    let reload = zonectl(&folder, &["reload", "--wait"]);
    assert_eq!(reload.exit, 3, "{reload:?}");
    let said = reload.stdout.clone() + &reload.stderr;
    assert!(said.contains("CHALLENGE_WAY_BREAKS") && said.contains("zones/internal/corp.example.zone:5:1"), "{said}");
    assert_eq!(app(&folder), ["10.0.0.12"]);
    assert_eq!(zonectl(&folder, &["status"]).exit, 1);
    folder.write(ZONE, &well);
    assert_eq!(zonectl(&folder, &["reload", "--wait"]).exit, 0);
    assert_eq!(zonectl(&folder, &["status"]).exit, 0);
    drop(server);
}

/// What is broken from the start is served: names matter more. `check` is an error all the same.
#[test]
fn a_server_starts_with_a_name_that_is_broken() {
    let folder = folder("refuse");
    let check = zonectl(&folder, &["check"]);
    assert_eq!(check.exit, 3, "{check:?}");
    assert!(check.stdout.contains("error NO_ADDRESS old.corp.example"), "{}", check.stdout);
    let warned = folder_with_gate(&folder, "warn", &["check"]);
    assert_eq!(warned.exit, 0, "{warned:?}");
    assert!(warned.stdout.contains("warning NO_ADDRESS old.corp.example"), "{}", warned.stdout);
    folder.write("horizon.toml", &config("refuse"));
    let server = folder.serve();
    assert_eq!(app(&folder), ["10.0.0.12"]);
    let check = zonectl(&folder, &["check"]);
    assert_eq!(check.exit, 0, "beside the server nothing is newly broken: {check:?}");
    drop(server);
}

/// The matrix, with a server and without one, and its exit code.
#[test]
fn status_shows_each_name_and_challenge() {
    let folder = folder("warn");
    let expected = ["app.corp.example: plausible plausible plausible", "old.corp.example: blocked blocked plausible"];
    let files = zonectl(&folder, &["acme", "status", "-o", "json"]);
    assert_eq!(files.exit, 3, "{files:?}");
    assert!(files.stderr.contains("the answer comes from the files"), "{}", files.stderr);
    let answer = json(&files);
    assert_eq!((matrix(&answer), &answer["live"]), (expected.map(str::to_owned).to_vec(), &Value::Bool(false)));
    let server = folder.serve();
    let live = zonectl(&folder, &["acme", "status", "-o", "json"]);
    let answer = json(&live);
    assert_eq!((matrix(&answer), &answer["live"]), (expected.map(str::to_owned).to_vec(), &Value::Bool(true)));
    assert_eq!(answer["names"][1]["hint"], "use dns-01");
    assert_eq!(answer["ca"]["horizon"], "internal");

    let text = zonectl(&folder, &["acme", "status"]);
    assert_eq!(text.exit, 3, "{text:?}");
    for part in [
        "https://ca.corp.example:9000/acme/acme/directory",
        "10.0.0.10, horizon `internal`",
        "blocked NO_ADDRESS",
        "plausible by dns-01; use dns-01",
    ] {
        assert!(text.stdout.contains(part), "`{part}` is not in {}", text.stdout);
    }
    assert_eq!(zonectl(&folder, &["acme", "status", "app"]).exit, 0, "of one name that is well");
    let unknown = zonectl(&folder, &["acme", "status", "apq.corp.example"]);
    assert_eq!(unknown.exit, 1, "{unknown:?}");
    assert!(unknown.stderr.contains("did you mean `app.corp.example`?"), "{}", unknown.stderr);

    let explained = zonectl(&folder, &["acme", "explain", "old"]);
    assert_eq!(explained.exit, 3, "{explained:?}");
    for part in [
        "the CA 10.0.0.10 is told no address by zone corp.example. in horizon `internal`, rule no-name",
        "meant to be answered at 10.0.0.13:80",
        "zonectl set old.corp.example. A 10.0.0.13 --horizon internal",
        "NO_ADDRESS as for http-01",
        "wanted   `names` of [acme]",
    ] {
        assert!(explained.stdout.contains(part), "`{part}` is not in {}", explained.stdout);
    }
    assert_eq!(zonectl(&folder, &["set", "old", "A", "10.0.0.13", "--horizon", "internal"]).exit, 0);
    let mended = zonectl(&folder, &["acme", "status", "-o", "json"]);
    assert_eq!(
        (mended.exit, matrix(&json(&mended))[1].as_str()),
        (0, "old.corp.example: plausible plausible plausible")
    );
    let nothing = zonectl(&folder, &["acme", "ack", "old"]);
    assert_eq!(nothing.exit, 1, "{nothing:?}");
    assert!(nothing.stderr.contains("nothing of old.corp.example is contradicted"), "{}", nothing.stderr);
    drop(server);
}

/// `check` looks at any name, and from any seat.
#[test]
fn check_looks_from_any_seat_at_any_name() {
    let folder = folder("warn");
    let table: [(&[&str], i32, &[&str]); 5] = [
        (&["app"], 0, &["plausible"]),
        (&["app", "--as", "192.0.2.9"], 3, &["blocked", "10.0.0.153", "WRONG_HORIZON"]),
        (&["--all"], 3, &["app.corp.example", "old.corp.example", "NO_ADDRESS"]),
        (&["ns"], 0, &["ns.corp.example", "plausible"]),
        (&["missing.corp.example."], 3, &["NO_ADDRESS"]),
    ];
    for (arguments, exit, parts) in table {
        let ran = zonectl(&folder, &[&["acme", "check"], arguments].concat());
        assert_eq!(ran.exit, exit, "{arguments:?}: {ran:?}");
        for part in parts {
            assert!(ran.stdout.contains(part), "{arguments:?}: `{part}` is not in {}", ran.stdout);
        }
    }
}

/// In the CA's guest there is no server and no config: the system is asked, and a DNS server beside it.
#[test]
fn here_needs_neither_server_nor_config() {
    let folder = folder("warn");
    let server = folder.serve();
    let elsewhere = tempfile::tempdir().unwrap();
    let here = |name: &str, more: &[&str]| {
        let dns = server.address.to_string();
        let mut command = folder.command(env!("CARGO_BIN_EXE_zonectl"));
        command
            .current_dir(elsewhere.path())
            .args(["acme", "check", name, "--here", "--dns", &dns, "-o", "json"])
            .args(more);
        run(&mut command)
    };
    // The system's resolver of a test machine knows nothing of the zone: what it says is not what the DNS says.
    let ran = here("app.corp.example", &[]);
    assert_eq!(ran.exit, 3, "{ran:?}");
    let answer = json(&ran);
    assert_eq!(answer["names"][0]["told"], serde_json::json!(["10.0.0.12"]));
    assert_eq!(answer["names"][0]["problems"][0]["code"], "CA_NOT_ASKING");
    // `localhost` is in the hosts file of every machine, and this server answers it by itself (RFC 6761 section 6.3).
    if Path::new("/etc/hosts").exists() && fs::read_to_string("/etc/hosts").unwrap().contains("localhost") {
        let local = json(&here("localhost", &[]));
        assert!(local["names"][0]["system"].as_array().unwrap().contains(&Value::from("127.0.0.1")), "{local}");
        assert_eq!(local["names"][0]["told"], serde_json::json!(["127.0.0.1", "::1"]));
    }
    // The server hears of it through its socket, and a contradiction is shown and kept until it is settled.
    let socket = folder.path().join("control.sock").display().to_string();
    assert_eq!(here("app.corp.example", &["--socket", &socket]).exit, 3);
    let status = zonectl(&folder, &["acme", "status", "app", "-o", "json"]);
    assert_eq!(
        (status.exit, matrix(&json(&status))[0].as_str()),
        (3, "app.corp.example: contradicted contradicted plausible")
    );
    let kept = folder.path().join("zones/.acme/reach.json");
    let until = Instant::now() + Duration::from_secs(20);
    while !kept.exists() {
        assert!(Instant::now() < until, "what the CA's guest said is not kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.terminate(), 0);
    let server = folder.serve();
    let status = zonectl(&folder, &["acme", "status", "app"]);
    assert!(status.exit == 3 && status.stdout.contains("contradicted CA_NOT_ASKING"), "{status:?}");
    let ack = zonectl(&folder, &["acme", "ack", "app"]);
    assert_eq!((ack.exit, ack.stdout.as_str()), (0, "app.corp.example: http-01 and tls-alpn-01 settled\n"), "{ack:?}");
    assert_eq!(zonectl(&folder, &["acme", "status", "app"]).exit, 0);
    drop(server);
}

/// What a remedy says to type can be typed, and mends what it was said for.
#[test]
fn a_remedy_mends_what_it_was_said_for() {
    let table = [
        ("app A 10.0.0.153", "TARGET_NOT_EXPECTED"),
        ("other A 10.0.0.12", "NO_ADDRESS"),
        ("app CNAME b\nb CNAME app", "CNAME_LOOP"),
        ("app CNAME x.elsewhere.example.", "CNAME_LEAVES_ZONE"),
        ("* A 10.0.0.12\n_acme-challenge.app TXT old", "WILDCARD_ENT"),
        ("app.corp.example A 10.0.0.12", "DOUBLED_LABEL"),
        ("app A 10.0.0.12\n_acme-challenge.app TXT old", "STALE_TXT"),
        ("app A 10.0.0.12\n_acme-challenge.app.corp.example TXT old", "DOUBLED_LABEL"),
        ("app A 10.0.0.12\n_acme-challenge.app CNAME x.elsewhere.example.", "CNAME_LEAVES_ZONE"),
        ("app A 10.0.0.12\n@ CAA 0 issue \"letsencrypt.org\"", "CAA_FORBIDS"),
    ];
    for (lines, code) in table {
        let folder = folder("warn");
        let head = "$TTL 300\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A 10.0.0.153\nca A 10.0.0.10\n";
        folder.write(ZONE, &format!("{head}{lines}\n"));
        let problems = |folder: &Folder| -> Vec<Value> {
            let answer = json(&zonectl(folder, &["acme", "check", "app", "-o", "json"]));
            let challenges = answer["names"][0]["challenges"].as_array().unwrap().clone();
            challenges.iter().flat_map(|one| one["problems"].as_array().unwrap().clone()).collect()
        };
        let before = problems(&folder);
        let problem =
            before.iter().find(|problem| problem["code"] == code).unwrap_or_else(|| panic!("{lines}: {before:#?}"));
        let commands = problem["remedy"]["commands"].as_array().unwrap();
        let typed: Vec<&str> = commands.iter().map(|command| command.as_str().unwrap()).collect();
        assert!(!typed.is_empty(), "{problem}");
        for command in &typed {
            let line = command.replacen("zonectl", env!("CARGO_BIN_EXE_zonectl"), 1) + " --yes";
            let ran = run(folder.command("sh").env("USER", "ana").args(["-c", &line]));
            assert_eq!(ran.exit, 0, "{lines}: {line}: {ran:?}");
        }
        let after = problems(&folder);
        assert!(!after.iter().any(|problem| problem["code"] == code), "{lines}: {typed:?} mended nothing: {after:#?}");
    }
}

/// The seed failure, seen by the server itself: the CA's request comes to this host, and the name is meant elsewhere. Nothing
/// but the CA's side or a person ends that.
#[test]
fn a_request_of_the_ca_that_comes_here_contradicts_the_zones() {
    let folder = folder("warn");
    let here = config("warn")
        .replace("ca_addresses = [\"10.0.0.10\"]", "ca_addresses = [\"127.0.0.1\"]\nlisten = [\"127.0.0.1:0\"]");
    folder.write("horizon.toml", &here);
    let server = folder.serve();
    let status = json(&zonectl(&folder, &["status", "-o", "json"]));
    let url = status["acme_listen"][0].as_str().unwrap_or_else(|| panic!("{status:#}"));
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    write!(
        stream,
        "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: app.corp.example\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
    let until = Instant::now() + Duration::from_secs(20);
    let contradicted = loop {
        let ran = zonectl(&folder, &["acme", "explain", "app"]);
        if ran.stdout.contains("HOSTS_BYPASS") {
            break ran;
        }
        assert!(Instant::now() < until, "{ran:?}");
    };
    assert_eq!(contradicted.exit, 3);
    for part in [
        "fatal HOSTS_BYPASS the CA goes to 127.0.0.1 for app.corp.example, and this server tells it 10.0.0.12",
        "getent ahosts app.corp.example",
        "hint     use dns-01",
    ] {
        assert!(contradicted.stdout.contains(part), "`{part}` is not in {}", contradicted.stdout);
    }
    let matrix_now = || matrix(&json(&zonectl(&folder, &["acme", "status", "app", "-o", "json"])))[0].clone();
    assert_eq!(matrix_now(), "app.corp.example: contradicted contradicted plausible");
    assert_eq!(zonectl(&folder, &["reload", "--wait"]).exit, 0);
    assert_eq!(zonectl(&folder, &["set", "other", "A", "10.0.0.9", "--horizon", "internal"]).exit, 0);
    assert_eq!(matrix_now(), "app.corp.example: contradicted contradicted plausible", "a reload ends nothing");
    assert_eq!(zonectl(&folder, &["acme", "ack", "app"]).exit, 0);
    assert_eq!(matrix_now(), "app.corp.example: plausible plausible plausible");
    drop(server);
}
