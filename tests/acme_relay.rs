//! Promise: with `relay = true` a challenge that the CA sends to the wrong host reaches the right one, by one hop, over the
//! addresses that our own zones tell and no others. In network namespaces of its own; without the right to make them it is
//! skipped, and says so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli_program;
mod update_program;

use cli_program::{CONFIG, Folder, run};
use std::fs;
use std::process::{Command, Stdio};
use update_program::{Running, wait_until};

const GATEWAY: &str = "10.77.0.153";
const WEB: &str = "10.77.0.12";
const CA: &str = "10.77.0.10";
const PATH: &str = "/.well-known/acme-challenge/abc";
/// Names a file that gets one line for each test that could not run.
const SKIPPED: &str = "HORIZON_TESTS_SKIPPED";

/// Three namespaces on one bridge, gone when it is dropped.
struct Network {
    prefix: String,
}

impl Network {
    fn new() -> Result<Self, String> {
        let network = Network { prefix: format!("hzrelay{}", std::process::id()) };
        let gateway = network.name("gw");
        for guest in ["gw", "web", "ca"] {
            ip(&format!("netns add {}", network.name(guest)))?;
            ip(&format!("-n {} link set lo up", network.name(guest)))?;
        }
        ip(&format!("-n {gateway} link add br0 type bridge"))?;
        ip(&format!("-n {gateway} addr add {GATEWAY}/24 dev br0"))?;
        ip(&format!("-n {gateway} link set br0 up"))?;
        for (guest, address) in [("web", WEB), ("ca", CA)] {
            let inside = network.name(guest);
            ip(&format!("-n {gateway} link add to-{guest} type veth peer name eth0 netns {inside}"))?;
            ip(&format!("-n {gateway} link set to-{guest} master br0 up"))?;
            ip(&format!("-n {inside} addr add {address}/24 dev eth0"))?;
            ip(&format!("-n {inside} link set eth0 up"))?;
        }
        Ok(network)
    }

    fn name(&self, guest: &str) -> String {
        format!("{}{guest}", self.prefix)
    }

    /// A command inside of a namespace, in the folder.
    fn inside(&self, guest: &str, folder: &Folder, program: &str) -> Command {
        let mut command = folder.command("ip");
        command.args(["netns", "exec", &self.name(guest), program]);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for guest in ["gw", "web", "ca"] {
            let _ = ip(&format!("netns del {}", self.name(guest)));
        }
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// The relay brings the answer of the right host, marks what it sends, follows no mark, and calls nobody else.
#[test]
fn a_challenge_at_the_wrong_host_reaches_the_right_one() {
    let network = match Network::new() {
        Ok(network) => network,
        Err(reason) => {
            eprintln!("skipped: a_challenge_at_the_wrong_host_reaches_the_right_one: {reason}");
            if let Some(file) = std::env::var_os(SKIPPED) {
                fs::write(file, format!("a_challenge_at_the_wrong_host_reaches_the_right_one: {reason}\n")).unwrap();
            }
            return;
        }
    };
    let folder = Folder::new();
    let config = CONFIG.replace("127.0.0.1:0", &format!("{GATEWAY}:53")).replace("10.0.0.0/24", "10.77.0.0/24");
    let acme = format!(
        "[acme]\nlisten = [\"{GATEWAY}:80\"]\nca_addresses = [\"{CA}\"]\nrelay = true\nprobe_allow = [\"{WEB}/32\"]\n"
    );
    folder.write("horizon.toml", &format!("{config}\n{acme}"));
    let zone = format!(
        "$TTL 60\n@ SOA ns admin 1 3600 600 86400 60\n@ NS ns\nns A {GATEWAY}\napp A {WEB}\nout A 10.77.0.14\nhere A {GATEWAY}\n\
         both A {WEB}\nboth A {GATEWAY}\n"
    );
    folder.write("zones/internal/corp.example.zone", &zone);
    let log = folder.path().join("log");
    let mut server = network.inside("gw", &folder, env!("CARGO_BIN_EXE_horizond"));
    let server = server.arg("serve").stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    let _server = Running(server);
    let web_log = folder.path().join("web.log");
    let mut web = network.inside("web", &folder, "caddy");
    web.args(["respond", "--listen", &format!("{WEB}:80"), "--body", "abc.thumb", "--access-log"]);
    let web = web.env("HOME", folder.path()).stdout(Stdio::null()).stderr(fs::File::create(&web_log).unwrap());
    let _web = Running(web.spawn().unwrap());
    let ask = |guest: &str, address: &str, host: &str, further: &[&str]| {
        let mut command = network.inside(guest, &folder, "curl");
        command.args(["-q", "-s", "-m", "10", "--noproxy", "*", "-w", " %{http_code}", "-H", &format!("Host: {host}")]);
        run(command.args(further).arg(format!("http://{address}{PATH}"))).stdout
    };
    wait_until("the responder answers", || ask("ca", WEB, "app.corp.example", &[]) == "abc.thumb 200");
    wait_until("the gateway answers", || ask("web", GATEWAY, "app.corp.example", &[]).ends_with("404"));
    let before = fs::read_to_string(&web_log).unwrap().matches("handled request").count();

    assert_eq!(ask("ca", GATEWAY, "app.corp.example", &[]), "abc.thumb 200", "{}", fs::read_to_string(&log).unwrap());
    let seen = fs::read_to_string(&web_log).unwrap();
    assert!(seen.contains("Horizon-Relayed"), "marked: {seen}");
    for (guest, host, further, why) in [
        ("ca", "app.corp.example", &["-H", "Horizon-Relayed: 1"][..], "one hop"),
        ("web", "app.corp.example", &[], "not the CA"),
        ("ca", "out.corp.example", &[], "outside of probe_allow"),
        ("ca", "here.corp.example", &[], "this host is meant"),
        ("ca", "both.corp.example", &[], "this host is meant, too"),
        ("ca", "www.example.org", &[], "no name of ours"),
        ("ca", WEB, &[], "no name"),
    ] {
        assert!(ask(guest, GATEWAY, host, further).ends_with(" 404"), "{why}");
    }
    let after = fs::read_to_string(&web_log).unwrap().matches("handled request").count();
    assert_eq!(after - before, 1, "one request was passed on");
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("HOSTS_BYPASS app.corp.example") && log.contains("was relayed to 10.77.0.12"), "{log}");
    assert!(log.contains(GATEWAY), "the host that the CA came to: {log}");
}
