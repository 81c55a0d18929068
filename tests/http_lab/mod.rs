//! The real server with its HTTP doors open, and requests to them: by curl, and octet by octet.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::cli_program::{CONFIG, Folder, Ran, Server, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A challenge value.
pub(crate) const VALUE: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

/// Another one for each number below 10.
pub(crate) fn other_value(number: usize) -> String {
    VALUE.replace("Loq", &format!("L{number}q"))
}

/// A server that hears ACME clients.
pub(crate) struct Door {
    pub(crate) folder: Folder,
    pub(crate) server: Server,
    /// Where it hears them.
    pub(crate) http: SocketAddr,
    pub(crate) url: String,
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A server with these keys in [acme]; the zone has `here`, which leads to this machine.
pub(crate) fn door(acme: &str) -> Door {
    door_with(acme, &[])
}

/// The same with further files.
pub(crate) fn door_with(acme: &str, files: &[(&str, &str)]) -> Door {
    let folder = Folder::new();
    folder.write("horizon.toml", &format!("{CONFIG}\n[acme]\nlisten = [\"127.0.0.1:0\"]\n{acme}"));
    let zone = folder.read("zones/internal/corp.example.zone");
    folder.write("zones/internal/corp.example.zone", &format!("{zone}here A 127.0.0.1\napps A 10.0.0.12\n"));
    files.iter().for_each(|(file, text)| folder.write(file, text));
    let server = folder.serve_logged();
    let status = shown(&folder.zonectl("status -o json"));
    let url = status["acme_listen"][0].as_str().unwrap_or_else(|| panic!("nobody is heard: {status}")).to_owned();
    let http = url.split("//").nth(1).unwrap().parse().unwrap();
    Door { folder, server, http, url }
}

/// The JSON that a program showed.
pub(crate) fn shown(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// What the server has logged so far.
pub(crate) fn log_of(door: &Door) -> String {
    fs::read_to_string(door.folder.path().join("log")).unwrap()
}

impl Door {
    /// A new token for a client, as JSON.
    pub(crate) fn token(&self, client: &str, names: &str, further: &str) -> Value {
        let arguments = format!("acme token create --for {client} --names {names} -o json {further}");
        let made = self.folder.zonectl(&arguments);
        assert_eq!(made.exit, 0, "{made:?}");
        shown(&made)
    }

    /// A request by curl with these arguments.
    pub(crate) fn curl(&self, path: &str, arguments: &[&str]) -> Said {
        let mut command = self.folder.command("curl");
        command.args(["-q", "-s", "-m", "30", "--noproxy", "*", "-w", "\n%{http_code}"]).args(arguments);
        let ran = run(command.arg(format!("{}{path}", self.url)));
        let (body, status) = ran.stdout.rsplit_once('\n').unwrap_or_else(|| panic!("{ran:?}"));
        Said { status: status.parse().unwrap(), body: body.to_owned() }
    }

    /// A counter of `status`.
    pub(crate) fn count(&self, name: &str) -> u64 {
        shown(&self.folder.zonectl("status -o json"))["counters"][name].as_u64().unwrap()
    }
}

/// Basic credentials as they go over the wire.
pub(crate) fn basic(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

/// Sends these octets, and reads until the server closes or says nothing for two seconds.
pub(crate) fn raw(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    // It may close before it has read all.
    let _ = stream.write_all(octets);
    let mut said = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut part) {
        said.extend_from_slice(&part[..length]);
    }
    String::from_utf8_lossy(&said).into_owned()
}
