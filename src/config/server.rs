//! `[server]`

use super::Server;
use super::notes::Notes;
use super::section::Section;
use super::section::Text;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

pub(super) const KEYS: [&str; 3] = ["listen", "workers", "control"];

const DNS_PORT: u16 = 53;
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), DNS_PORT);
pub(super) const DEFAULT_CONTROL: &str = "/run/horizon/control.sock";
/// More threads than any machine this runs on has cores; a larger number is a slip.
const MOST_WORKERS: usize = 256;
/// `sun_path` holds 108 octets, the last one NUL.
const LONGEST_SOCKET_PATH: usize = 107;

/// Reads `[server]`; `folder` is what relative paths count from.
pub(super) fn read(notes: &mut Notes<'_>, section: Option<Section<'_>>, folder: &Path) -> Server {
    let listen = section
        .and_then(|section| section.some_texts(notes, "listen", "listen = [\"127.0.0.1:53\"]"))
        .map(|texts| listen_addresses(notes, &texts, Some(DNS_PORT)));
    let workers = section.and_then(|section| section.number(notes, "workers", 0, MOST_WORKERS)).unwrap_or(0);
    let control = section.and_then(|section| section.text(notes, "control"));
    let socket = path(folder, control.map_or(DEFAULT_CONTROL, |text| text.text));
    if let Some(text) = control
        && socket.as_os_str().len() > LONGEST_SOCKET_PATH
    {
        let length = socket.as_os_str().len();
        notes.wrong(
            text.at,
            format!("the control socket's path has {length} octets; the system takes {LONGEST_SOCKET_PATH}"),
            format!("write a shorter path, such as `{DEFAULT_CONTROL}`"),
        );
    }
    Server {
        listen: listen.unwrap_or_else(|| vec![DEFAULT_LISTEN]),
        workers: resolve_workers(workers),
        control: socket,
    }
}

/// Addresses to listen on, each once; those without a port get `port`.
pub(super) fn listen_addresses(notes: &mut Notes<'_>, texts: &[Text<'_>], port: Option<u16>) -> Vec<SocketAddr> {
    let mut listen: Vec<(SocketAddr, usize)> = Vec::new();
    for text in texts {
        let bare = || Some(SocketAddr::new(text.text.parse().ok()?, port?));
        let Some(address) = text.text.parse().ok().or_else(bare) else {
            notes.wrong(
                text.at,
                format!("`{}` is not an address to listen on", text.text),
                match port {
                    Some(_) => "write IP:port, such as `10.0.0.153:53` or `[::1]:53`",
                    None => "write IP:port, such as `10.0.0.153:8053` or `[::1]:8053`",
                },
            );
            continue;
        };
        match listen.iter().find(|(other, _)| *other == address) {
            Some((_, first)) => {
                let line = notes.line(*first);
                notes.wrong(text.at, format!("`{}` is listed twice, first on line {line}", text.text), "keep one");
            }
            None => listen.push((address, text.at)),
        }
    }
    listen.into_iter().map(|(address, _)| address).collect()
}

fn resolve_workers(written: usize) -> usize {
    match written {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_WORKERS)),
        many => many,
    }
}

/// A path as written, counted from the folder of the file; `.` in the middle is left out, for it will be shown.
pub(super) fn path(folder: &Path, text: &str) -> PathBuf {
    folder.join(text).components().collect()
}
