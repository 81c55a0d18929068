//! Lists over HTTP, from a server that says what such servers say, and what they should not.

use super::FetchLimits;
use super::Fetched;
use super::Kept;
use super::fetch;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

const LIMITS: FetchLimits = FetchLimits { time: Duration::from_secs(20), octets: 1 << 20 };

/// Serves on a thread until the test ends.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let known = headers.iter().any(|line| line == "if-none-match: \"v1\"");
    let whole = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let reply = match path.as_str() {
        "/list" if known => whole("304 Not Modified", "ETag: \"v1\"\r\n", ""),
        "/list" => whole("200 OK", "ETag: \"v1\"\r\n", "0.0.0.0 ads.example\n"),
        "/moved" => whole("302 Found", "Location: /list\r\n", ""),
        "/loop" => whole("302 Found", "Location: /loop\r\n", ""),
        "/page" => whole("200 OK", "", "<html>\n<p>Please log in.\n"),
        "/cut" => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nads.example\n".to_owned(),
        "/endless" | "/stalled" => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nads.example\n".to_owned(),
        _ => whole("404 Not Found", "", "ads.example\n"),
    };
    stream.write_all(reply.as_bytes()).ok()?;
    match path.as_str() {
        "/endless" => while stream.write_all(&b"more.example\n".repeat(1000)).is_ok() {},
        // Until the client goes away.
        "/stalled" => drop(BufReader::new(stream).lines().count()),
        _ => {}
    }
    Some(())
}

fn kept(folder: &Path, url: String) -> Kept {
    Kept { url, refresh: 3600, copy: folder.join(".block/a.list"), state: folder.join(".block/a.json") }
}

/// A list is taken once and then only asked after; a copy that vanished is fetched anew.
#[test]
fn a_list_is_fetched_when_it_changed() {
    let (folder, address) = (tempfile::tempdir().unwrap(), server());
    let kept = kept(folder.path(), format!("http://{address}/list"));
    assert!(fetch(&kept, LIMITS, 100).unwrap(), "new");
    assert_eq!(std::fs::read_to_string(&kept.copy).unwrap(), "0.0.0.0 ads.example\n");
    assert_eq!(kept.fetched(), Fetched { good: 100, etag: Some("\"v1\"".into()), ..Fetched::default() });
    assert!(!fetch(&kept, LIMITS, 200).unwrap(), "the same");
    assert_eq!(kept.fetched().good, 200);
    std::fs::remove_file(&kept.copy).unwrap();
    assert!(fetch(&kept, LIMITS, 300).unwrap(), "it is gone here");
    let moved = Kept { url: format!("http://{address}/moved"), ..kept };
    std::fs::remove_file(&moved.copy).unwrap();
    assert!(fetch(&moved, LIMITS, 400).unwrap(), "behind a redirect");
}

/// Whatever a server does, the old copy stays, nothing else is left behind, and the reason is written down.
#[test]
fn a_failure_keeps_the_old_copy() {
    let (folder, address) = (tempfile::tempdir().unwrap(), server());
    let list = kept(folder.path(), format!("http://{address}/list"));
    fetch(&list, LIMITS, 100).unwrap();
    let short = FetchLimits { time: Duration::from_millis(300), ..LIMITS };
    let table = [
        ("/gone", LIMITS, "the server says 404"),
        ("/page", LIMITS, "what came is no list of names"),
        ("/loop", LIMITS, "redirect"),
        ("/cut", LIMITS, ""),
        ("/endless", LIMITS, "more than 1048576 octets"),
        ("/stalled", short, "timeout"),
    ];
    for (path, limits, expected) in table {
        let kept = Kept { url: format!("http://{address}{path}"), ..list.clone() };
        let error = fetch(&kept, limits, 200).unwrap_err().to_string();
        assert!(error.contains(expected), "{path}: {error}");
        assert_eq!(std::fs::read_to_string(&kept.copy).unwrap(), "0.0.0.0 ads.example\n", "{path}");
        assert_eq!(kept.fetched().failed, Some(error), "{path}");
        assert_eq!(std::fs::read_dir(folder.path().join(".block")).unwrap().count(), 2, "{path}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let kept = Kept { url: format!("http://{nobody}/list"), ..list.clone() };
    assert!(fetch(&kept, LIMITS, 200).is_err(), "nobody listens");
    assert!(!fetch(&list, LIMITS, 300).unwrap());
    assert_eq!(list.fetched().failed, None, "well again");
}
