//! Promise: the programs that people have update challenge values and records here as they do elsewhere: nsupdate and
//! knsupdate over UDP and TCP; lego and certbot get certificates by dns-01.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod update_program;

use cli_program::Folder;
use rcgen::{CertificateParams, KeyPair, SanType};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use update_program::{Running, client, folder, free_port, kdig, key, run_client, secret, wait_until};

const OWNER: &str = "_acme-challenge.app.corp.example";

/// Adds, the set replaced, one record deleted, the set deleted; over UDP and TCP, with each hash; visible in both horizons at
/// once.
#[test]
fn nsupdate_and_knsupdate_write_challenge_values() {
    let folder = folder();
    let server = folder.serve();
    for (program, transport) in
        [("nsupdate", None), ("nsupdate", Some("-v")), ("knsupdate", None), ("knsupdate", Some("-v"))]
    {
        let arguments: Vec<&str> = transport.into_iter().collect();
        let update = |lines: &[&str]| {
            let said = client(program, &arguments, &key("hmac-sha256", "acme"), server.address, lines);
            assert!(said.done, "{program} {transport:?} {lines:?}: {}", said.text);
        };
        let add = |value: &str| format!("update add {OWNER}. 60 TXT \"{value}\"");
        let txt = || {
            let mut lines: Vec<String> =
                kdig(server.address, &format!("+short TXT {OWNER}")).lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        update(&[&add("one")]);
        assert_eq!(txt(), ["\"one\""], "{program}");
        update(&[&add("two")]);
        assert_eq!(txt(), ["\"one\"", "\"two\""], "{program}");
        update(&[&format!("update delete {OWNER}. TXT \"one\"")]);
        assert_eq!(txt(), ["\"two\""], "{program}");
        update(&[&format!("update delete {OWNER}. TXT"), &add("three")]);
        assert_eq!(txt(), ["\"three\""], "{program}");
        update(&[&format!("update delete {OWNER}. TXT")]);
        assert!(txt().is_empty(), "{program}: {:?}", txt());
    }
    assert!(!folder.read("zones/internal/corp.example.zone").contains("challenge"), "no zone file knows of it");
}

/// What a client that is wrong is told, and what the log tells the operator.
#[test]
fn clients_that_are_wrong_hear_why() {
    let folder = folder();
    let mut command = folder.command(env!("CARGO_BIN_EXE_horizond"));
    let log = folder.path().join("log");
    let mut child =
        command.args(["serve"]).stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let _running = Running(child);
    let address: SocketAddr = line.split_whitespace().find_map(|word| word.trim_matches(',').parse().ok()).unwrap();
    let add = format!("update add {OWNER}. 60 TXT v");
    let other = "update add _acme-challenge.mail.corp.example. 60 TXT v";
    let wrong_secret = "hmac-sha256:acme:d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmc=".to_owned();
    let table = [
        (key("hmac-sha256", "nobody"), &*add, "NOTAUTH(BADKEY)", "TSIG_KEY_UNKNOWN key nobody"),
        (key("hmac-sha512", "acme"), &*add, "NOTAUTH(BADKEY)", "set hmac-sha256 in the client"),
        (key("hmac-sha1", "acme"), &*add, "NOTAUTH(BADKEY)", "hmac-sha1, and SHA-1 is not taken here"),
        (key("hmac-md5", "acme"), &*add, "NOTAUTH(BADKEY)", "MD5 is not taken here"),
        (wrong_secret, &*add, "NOTAUTH(BADSIG)", "TSIG_SECRET_WRONG key acme"),
        (key("hmac-sha256", "narrow"), other, "REFUSED", "may write TXT for the challenges of app.corp.example"),
    ];
    for (key, line, told, logged) in table {
        let said = client("nsupdate", &[], &key, address, &[line]);
        assert!(!said.done && said.text.contains(told), "{key} {line}: {}", said.text);
        wait_until(logged, || fs::read_to_string(&log).unwrap().contains(logged));
    }
    let head = format!("server {} {}\n", address.ip(), address.port());
    let said = run_client(
        "nsupdate",
        &[],
        &key("hmac-sha256", "acme"),
        &format!("{head}zone app.corp.example.\n{add}\nsend\n"),
    );
    assert!(said.text.contains("NOTAUTH"), "{}", said.text);
    assert_eq!(kdig(address, &format!("+short TXT {OWNER}")), "");
}

/// An update that was acknowledged is there after a kill -9, the last one as all before; and so are records of zone files.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = folder();
    for round in 0..4 {
        let server = folder.serve();
        let said = client(
            "nsupdate",
            &[],
            &key("hmac-sha256", "acme"),
            server.address,
            &[&format!("update add _acme-challenge.n{round}.corp.example. 60 TXT v{round}")],
        );
        assert!(said.done, "{}", said.text);
        let host = format!("update add n{round}.corp.example. 60 A 10.0.0.{}", 20 + round);
        let said = client("nsupdate", &[], &key("hmac-sha512", "ops"), server.address, &[&host]);
        assert!(said.done, "{}", said.text);
        // Dropping it is SIGKILL.
        drop(server);
        let server = folder.serve();
        for old in 0..=round {
            let value = kdig(server.address, &format!("+short TXT _acme-challenge.n{old}.corp.example"));
            assert_eq!(value, format!("\"v{old}\""));
            assert_eq!(kdig(server.address, &format!("+short A n{old}.corp.example")), format!("10.0.0.{}", 20 + old));
        }
    }
    let log = folder.zonectl("log");
    assert!(log.stdout.contains("ops@rfc2136"), "the history names the key: {log:?}");
}

/// Records of other types by a key scoped to them: in the key's horizon, with their history, not past the checks.
#[test]
fn other_records_go_into_the_zone_file() {
    let folder = folder();
    let server = folder.serve();
    let ops = |lines: &[&str]| client("nsupdate", &[], &key("hmac-sha512", "ops"), server.address, lines);
    let said = ops(&["prereq nxdomain new.corp.example.", "update add new.corp.example. 120 A 10.0.0.77"]);
    assert!(said.done, "{}", said.text);
    assert_eq!(kdig(server.address, "+short A new.corp.example"), "10.0.0.77");
    assert!(folder.read("zones/internal/corp.example.zone").contains("10.0.0.77"));
    assert!(!folder.read("zones/external/corp.example.zone").contains("10.0.0.77"), "only in the key's horizon");
    let said = ops(&["prereq nxdomain new.corp.example.", "update add new.corp.example. 120 A 10.0.0.78"]);
    assert!(said.text.contains("YXDOMAIN"), "{}", said.text);
    let said = ops(&["update add dangling.corp.example. 120 CNAME nowhere.corp.example."]);
    assert!(said.text.contains("REFUSED"), "what `zonectl` would ask about is refused: {}", said.text);
    let undone = folder.zonectl("undo 1 --yes");
    assert_eq!(undone.exit, 0, "{undone:?}");
    assert_eq!(kdig(server.address, "+short A new.corp.example"), "");
}

/// Signed queries are answered signed, as kdig checks them, NXDOMAIN and truncation too.
#[test]
fn kdig_takes_our_signatures() {
    let folder = folder();
    let server = folder.serve();
    for (algorithm, name) in [("hmac-sha256", "acme"), ("hmac-sha512", "ops")] {
        for transport in ["+notcp", "+tcp"] {
            for question in ["SOA corp.example", "SOA nope.corp.example", "TXT corp.example"] {
                let said = kdig(server.address, &format!("-y {} {transport} {question}", key(algorithm, name)));
                assert!(
                    said.contains("TSIG PSEUDOSECTION") && !said.contains("WARNING"),
                    "{algorithm} {question}: {said}"
                );
            }
        }
    }
    let said = kdig(server.address, &format!("-y {} SOA corp.example", key("hmac-sha256", "nobody")));
    assert!(said.contains("BADKEY"), "{said}");
}

/// Eight clients at once over both transports: each value is there, and those of one name stand beside each other.
#[test]
fn updates_at_once_all_count() {
    let folder = folder();
    let server = folder.serve();
    thread::scope(|scope| {
        for number in 0..8 {
            let address = server.address;
            scope.spawn(move || {
                let arguments: &[&str] = if number % 2 == 0 { &[] } else { &["-v"] };
                let own = format!("update add _acme-challenge.n{number}.corp.example. 60 TXT own");
                let shared = format!("update add {OWNER}. 60 TXT v{number}");
                for line in [own, shared] {
                    let said = client("nsupdate", arguments, &key("hmac-sha256", "acme"), address, &[&line]);
                    assert!(said.done, "{line}: {}", said.text);
                }
            });
        }
    });
    assert_eq!(kdig(server.address, &format!("+short TXT {OWNER}")).lines().count(), 8);
    for number in 0..8 {
        assert_eq!(kdig(server.address, &format!("+short TXT _acme-challenge.n{number}.corp.example")), "\"own\"");
    }
}

/// A test CA that asks this server; its own certificate is in `root.pem`.
fn pebble(folder: &Folder, dns: SocketAddr) -> (Running, u16) {
    let port = free_port();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let certificate = params.self_signed(&key).unwrap();
    folder.write("root.pem", &certificate.pem());
    folder.write("ca.key", &key.serialize_pem());
    let [http, tls, management] = [free_port(), free_port(), free_port()];
    let config = format!(
        r#"{{"pebble": {{"listenAddress": "127.0.0.1:{port}", "managementListenAddress": "127.0.0.1:{management}",
        "certificate": "root.pem", "privateKey": "ca.key", "httpPort": {http}, "tlsPort": {tls}, "ocspResponderURL": ""}}}}"#
    );
    folder.write("pebble.json", &config);
    let mut command = folder.command("pebble");
    command.args(["-config", "pebble.json", "-dnsserver", &dns.to_string()]);
    command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0");
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = Running(child);
    wait_until("pebble listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    (running, port)
}

/// lego, as Traefik has it built in: a plain name, and apex with wildcard in one order, whose two values share a name.
#[test]
fn lego_gets_certificates() {
    let folder = folder();
    let server = folder.serve();
    let (_pebble, port) = pebble(&folder, server.address);
    let lego = |path: &str, secret: &str, name: &str, domains: &[&str]| {
        let mut command = folder.command("lego");
        command.env("LEGO_CA_CERTIFICATES", folder.path().join("root.pem"));
        command.env("RFC2136_NAMESERVER", server.address.to_string()).env("RFC2136_TSIG_ALGORITHM", "hmac-sha256.");
        command.env("RFC2136_TSIG_KEY", name).env("RFC2136_TSIG_SECRET", secret);
        command.env("RFC2136_POLLING_INTERVAL", "1").env("RFC2136_PROPAGATION_TIMEOUT", "10").env("RFC2136_TTL", "10");
        command.env("RFC2136_SEQUENCE_INTERVAL", "1");
        let directory = format!("https://127.0.0.1:{port}/dir");
        command.args(["--path", path, "--server", &directory, "-a", "-m", "a@corp.example", "--dns", "rfc2136"]);
        command.args(["--dns.resolvers", &server.address.to_string(), "--dns.disable-cp"]);
        domains.iter().for_each(|domain| {
            command.args(["-d", domain]);
        });
        cli_program::run(command.arg("run"))
    };
    let plain = lego("plain", &secret(), "acme", &["app.corp.example"]);
    assert_eq!(plain.exit, 0, "{plain:?}");
    assert!(folder.read("plain/certificates/app.corp.example.crt").contains("BEGIN CERTIFICATE"));
    let wild = lego("wild", &secret(), "acme", &["corp.example", "*.corp.example"]);
    assert_eq!(wild.exit, 0, "{wild:?}");
    let refused = lego("refused", &secret(), "narrow", &["mail.corp.example"]);
    assert!(refused.exit != 0 && format!("{refused:?}").contains("REFUSED"), "out of scope: {refused:?}");
    assert_eq!(kdig(server.address, &format!("+short TXT {OWNER}")), "", "it cleaned up");
}

/// certbot 2.1 signs its SOA queries, and asks over TCP: apex and wildcard in one order, both values at one name.
#[test]
fn certbot_gets_certificates() {
    let folder = folder();
    let server = folder.serve();
    let (_pebble, port) = pebble(&folder, server.address);
    let ini = format!(
        "dns_rfc2136_server = 127.0.0.1\ndns_rfc2136_port = {}\ndns_rfc2136_name = acme.\ndns_rfc2136_secret = {}\n\
         dns_rfc2136_algorithm = HMAC-SHA256\n",
        server.address.port(),
        secret()
    );
    folder.write("rfc2136.ini", &ini);
    assert!(Command::new("chmod").arg("600").arg(folder.path().join("rfc2136.ini")).status().unwrap().success());
    let mut command = folder.command("certbot");
    command.env("REQUESTS_CA_BUNDLE", folder.path().join("root.pem"));
    let directory = format!("https://127.0.0.1:{port}/dir");
    command.args(["certonly", "--non-interactive", "--agree-tos", "-m", "a@corp.example", "--server", &directory]);
    command.args(["--config-dir", "cb", "--work-dir", "cbw", "--logs-dir", "cbl", "--dns-rfc2136"]);
    command.args(["--dns-rfc2136-credentials", "rfc2136.ini", "--dns-rfc2136-propagation-seconds", "1"]);
    let said = cli_program::run(command.args(["-d", "corp.example", "-d", "*.corp.example"]));
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(folder.read("cb/live/corp.example/fullchain.pem").contains("BEGIN CERTIFICATE"));
    assert_eq!(kdig(server.address, "+short TXT _acme-challenge.corp.example"), "", "it cleaned up");
}
