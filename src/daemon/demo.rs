//! `horizond demo`: the worked example on a port of its own, with lines to try.

use super::serve::Server;
use super::source::Source;
use super::table::{is_shown, table};
use crate::config::Prefix;
use crate::finding::{Finding, Place, Severity};
use std::env;
use std::fmt::Write;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What the demo serves when nothing else is said.
pub const DEMO_CONFIG: &str = "zones/horizon.toml";

/// Where the demo listens when nothing else is said.
pub const DEMO_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5300);

/// Clients of the demo and the horizon that each belongs to.
const CLIENTS: [(Ipv4Addr, &str); 2] =
    [(Ipv4Addr::new(127, 0, 0, 1), "internal"), (Ipv4Addr::new(127, 0, 0, 2), "external")];

/// The demo's settings: the config file with its own address, control socket and clients.
///
/// # Errors
/// The default config is not in the working folder.
pub(super) fn demo_source(
    config: Option<PathBuf>,
    listen: SocketAddr,
    control: PathBuf,
) -> Result<Source, Vec<Finding>> {
    let config = match config {
        Some(config) => config,
        None if Path::new(DEMO_CONFIG).is_file() => PathBuf::from(DEMO_CONFIG),
        None => {
            return Err(vec![
                Finding::new(
                    "NO_DEMO",
                    Severity::Error,
                    DEMO_CONFIG,
                    "the worked example is not in this folder",
                    "run the demo in the folder that holds Horizon's source (it has `zones/horizon.toml`), or name a config \
                     with `--config FILE`",
                )
                .seen_at(Place::file(DEMO_CONFIG)),
            ]);
        }
    };
    let clients = CLIENTS.map(|(client, horizon)| (Prefix::new(IpAddr::V4(client), 32), horizon.to_owned()));
    Ok(Source { config, listen: Some(vec![listen]), control: Some(control), clients: clients.to_vec() })
}

/// A folder for the control socket of this process alone, which goes with it: two demos do not meet, and nobody else's
/// socket is taken for ours.
#[derive(Debug)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes one below `XDG_RUNTIME_DIR`, or where temporary files are.
    ///
    /// # Errors
    /// NO_RUN_FOLDER: nothing can be made there.
    pub(super) fn make() -> Result<Self, Vec<Finding>> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
        let above = runtime.unwrap_or_else(env::temp_dir);
        let mut number = 0;
        loop {
            let folder = above.join(format!("horizon-demo-{}-{number}", std::process::id()));
            number += 1;
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => return Ok(RunFolder(folder)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let what = format!("no folder for the control socket can be made: {error}");
                    let remedy = "set XDG_RUNTIME_DIR or TMPDIR to a folder that you may write to";
                    let finding =
                        Finding::new("NO_RUN_FOLDER", Severity::Error, folder.display().to_string(), what, remedy);
                    return Err(vec![finding]);
                }
            }
        }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // Nothing but the socket and its lock is in it; what cannot be removed goes with the next boot.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the demo prints once it serves: the table of names, and commands to try.
pub(super) fn greeting(server: &Server) -> String {
    let status = server.status();
    let serving = &status.serving;
    let horizons = &serving.settings.horizons;
    let clients: Vec<(IpAddr, String)> = CLIENTS
        .iter()
        .filter(|(_, name)| horizons.iter().any(|horizon| horizon.name == *name))
        .map(|(client, name)| (IpAddr::V4(*client), (*name).to_owned()))
        .collect();
    let names = serving.zones.iter().flat_map(|zone| zone.records.iter());
    let names = names.filter(|record| is_shown(record.rtype)).map(|record| record.owner);
    let mut text = table(&serving.published.snapshot, names, &clients);
    let Some(address) = server.addresses().first().copied() else { return text };
    let example = example_name(&text, clients.len()).to_owned();
    let at = format!("@{} -p {}", address.ip(), address.port());
    text.push_str("\nTry, in another terminal:\n");
    for (client, horizon) in &clients {
        // Writing into a string does not fail.
        let _ = writeln!(text, "  dig -b {client} {at} {example}    # as a client of {horizon}");
    }
    let control = &serving.settings.server.control;
    let _ = writeln!(text, "  dig +tcp {at} {example} AAAA");
    let zonectl = env::current_exe().map_or_else(|_| "zonectl".to_owned(), |own| zonectl_beside(&own));
    let _ = writeln!(text, "  {zonectl} --socket {} status", control.display());
    let _ = writeln!(text, "  {zonectl} --socket {} explain {example} A --from 127.0.0.2", control.display());
    let _ =
        writeln!(text, "\nEdit a file below {} and ask again; Ctrl-C ends the demo.", serving.settings.zones.display());
    text
}

/// How to call the `zonectl` of the same build: its path from here, the way to build it, or just its name.
fn zonectl_beside(own: &Path) -> String {
    let beside = own.with_file_name("zonectl");
    let here = env::current_dir().unwrap_or_default();
    if beside.exists() {
        return beside.strip_prefix(&here).unwrap_or(&beside).display().to_string();
    }
    let profile = own.parent().and_then(Path::file_name).map(|folder| folder.to_string_lossy().into_owned());
    match profile.as_deref() {
        Some("release") => "cargo run --release --bin zonectl --".to_owned(),
        Some("debug") => "cargo run --bin zonectl --".to_owned(),
        _ => "zonectl".to_owned(),
    }
}

/// A name that differs between the horizons shows best what this is about.
fn example_name(table: &str, horizons: usize) -> &str {
    let rows = || table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let whole =
        |row: &Vec<&str>| row.len() == 1 + horizons && row[1..].iter().all(|cell| cell.parse::<IpAddr>().is_ok());
    let differs = |row: &Vec<&str>| row[1..].windows(2).any(|pair| pair[0] != pair[1]);
    let best = rows().filter(whole).find(differs).or_else(|| rows().next());
    best.and_then(|row| row.first().copied()).unwrap_or(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads the hint can type it: the program is there, or is built by the line.
    #[test]
    fn the_hint_names_a_program_that_can_be_called() {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("release");
        fs::create_dir(&built).unwrap();
        assert_eq!(zonectl_beside(&built.join("horizond")), "cargo run --release --bin zonectl --");
        fs::write(built.join("zonectl"), "").unwrap();
        assert_eq!(zonectl_beside(&built.join("horizond")), built.join("zonectl").display().to_string());
        assert_eq!(zonectl_beside(Path::new("/usr/sbin/horizond")), "zonectl");
    }

    /// The example is a name with one address in each horizon that are not the same, if there is one.
    #[test]
    fn the_example_shows_two_horizons() {
        let table = "name internal external\na. 10.0.0.1 10.0.0.1\nb. 10.0.0.2 REFUSED\nc. 10.0.0.3 192.0.2.3\n";
        assert_eq!(example_name(table, 2), "c.");
        assert_eq!(example_name("name internal external\na. 10.0.0.1 -\n", 2), "a.");
        assert_eq!(example_name("name\n", 0), ".");
    }
}
