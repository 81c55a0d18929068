//! Blocked names and guards over the real server: files and URLs in, replies out.

mod reload_lab;

use hickory_proto::op::Message;
use horizon_dns::dns::Rtype;
use reload_lab::{Lab, query, wait_until};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CONFIG: &str = r#"
[server]
listen = ["127.0.0.1:0"]
workers = 1
control = "run/control.sock"

[zones]
directory = "zones"

[[horizon]]
name = "internal"
clients = ["127.0.0.0/8", "::1/128"]
forward = true

[forward]
upstreams = ["127.0.0.1:9"]
[forward.guard]
filter_aaaa = ["four.example"]

[[block]]
name = "ads"
files = ["ads.txt"]
[[block]]
name = "games"
files = ["games.txt"]
answer = "zero"
"#;

const ZONE: (&str, &str) =
    ("internal/ours.example.zone", "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n");

/// RCODE, answers, records of the authority section, and the text of the extended error.
fn ask(server: SocketAddr, name: &str, rtype: u16) -> Option<(String, usize, usize, String)> {
    let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut octets = query(7, name, Rtype::from_int(rtype));
    // RD, and an OPT record.
    octets[2] |= 1;
    octets[11] = 1;
    octets.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    socket.send_to(&octets, server).ok()?;
    let mut reply = [0; 1232];
    let length = socket.recv(&mut reply).ok()?;
    let read = Message::from_vec(&reply[..length]).ok()?;
    let text = String::from_utf8_lossy(&reply[..length]);
    let told = ["blocked by the list `ads`", "blocked by the list `games`", "plain_names", "filter_aaaa"];
    let told = told.into_iter().find(|words| text.contains(words)).unwrap_or_default();
    let rcode = format!("{:?}", read.metadata.response_code);
    Some((rcode, read.answers.len(), read.authorities.len(), told.to_owned()))
}

fn says(server: SocketAddr, name: &str, rtype: u16, rcode: &str, answers: usize, told: &str) -> bool {
    let expected = (rcode.to_owned(), answers, 1 - answers, told.to_owned());
    ask(server, name, rtype) == Some(expected)
}

/// What a list names is answered here with the reason, a changed list is live whole, and our own names are never blocked.
#[test]
fn blocked_names_are_answered_with_the_reason() {
    let lab = Lab::prepared(CONFIG, |folder| {
        std::fs::create_dir_all(folder.join("zones/internal")).unwrap();
        std::fs::write(folder.join("zones").join(ZONE.0), ZONE.1).unwrap();
        std::fs::write(folder.join("ads.txt"), "0.0.0.0 ads.example\n*.track.example\n||ours.example^\n").unwrap();
        std::fs::write(folder.join("games.txt"), "games.example\n").unwrap();
    });
    let server = lab.address();
    let (ads, games) = ("blocked by the list `ads`", "blocked by the list `games`");
    let table = [
        ("an exact name", "ads.example", 1, "NXDomain", 0, ads),
        ("whatever the type", "ads.example", 16, "NXDomain", 0, ads),
        ("a subtree, in any case", "A.b.TRACK.example", 1, "NXDomain", 0, ads),
        ("as the unspecified address", "games.example", 1, "NoError", 1, games),
        ("and its other family", "games.example", 28, "NoError", 1, games),
        ("other types have no data", "games.example", 65, "NoError", 0, games),
        ("a name of one label", "printer", 1, "NXDomain", 0, "plain_names"),
        ("AAAA that is filtered", "www.four.example", 28, "NoError", 0, "filter_aaaa"),
    ];
    for (why, name, rtype, rcode, answers, told) in table {
        assert!(says(server, name, rtype, rcode, answers, told), "{why}: {:?}", ask(server, name, rtype));
    }
    let own = ask(server, "ns.ours.example", 1).unwrap();
    assert_eq!((own.0.as_str(), own.1, own.3.as_str()), ("NoError", 1, ""), "ours");

    lab.write("games.txt", "other.example\n");
    wait_until("the new list", || says(server, "other.example", 1, "NoError", 1, games));
    std::fs::remove_file(lab.path("ads.txt")).unwrap();
    let told = || lab.status().serving.findings.iter().any(|finding| finding.code == "BLOCKLIST_UNREADABLE");
    wait_until("the finding", told);
    assert!(says(server, "ads.example", 1, "NXDomain", 0, ads), "still blocked");
}

/// A list from a URL is live as soon as it is fetched, and after a restart without network.
#[test]
fn a_list_from_a_url_outlives_its_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let open = Arc::new(AtomicBool::new(true));
    let serving = Arc::clone(&open);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            if !serving.load(Ordering::Relaxed) {
                return;
            }
            let _ = stream.read(&mut [0; 2048]);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nads.example\n");
        }
    });
    let config = CONFIG.replace("files = [\"ads.txt\"]", &format!("urls = [\"http://{address}/\"]"));
    let mut lab = Lab::prepared(&config, |folder| {
        std::fs::create_dir_all(folder.join("zones/internal")).unwrap();
        std::fs::write(folder.join("zones").join(ZONE.0), ZONE.1).unwrap();
        std::fs::write(folder.join("games.txt"), "games.example\n").unwrap();
    });
    let blocked = "blocked by the list `ads`";
    wait_until("the list is live", || says(lab.address(), "ads.example", 1, "NXDomain", 0, blocked));
    open.store(false, Ordering::Relaxed);
    drop(std::net::TcpStream::connect(address));
    lab.stop();
    lab.restart();
    assert!(says(lab.address(), "ads.example", 1, "NXDomain", 0, blocked), "from the copy");
}
