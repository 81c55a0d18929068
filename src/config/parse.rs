//! From a path or a text to settings or to every error in it.

use super::ConfigError;
use super::Settings;
use super::acme;
use super::block;
use super::forward;
use super::horizons;
use super::notes::Notes;
use super::routes;
use super::section::Section;
use super::server;
use super::tls;
use super::web;
use crate::files;
use crate::files::FileError;
use crate::finding::Place;
use std::path::Path;
use std::path::PathBuf;
use toml::de::DeTable;

/// Where the file is looked for when none is named, in this order.
pub const DEFAULT_FILES: [&str; 2] = ["horizon.toml", "/etc/horizon/horizon.toml"];

/// Octets; a file of this size has some 50,000 routes.
const LARGEST_FILE: u64 = 4 << 20;
const SECTIONS: [&str; 11] =
    ["server", "zones", "horizon", "forward", "block", "inventory", "routes", "acme", "tls", "web", "log"];

/// Finds the file: the one named, else the first of [`DEFAULT_FILES`] that exists.
///
/// # Errors
/// None is named and none exists.
pub fn find(named: Option<&Path>) -> Result<PathBuf, ConfigError> {
    if let Some(named) = named {
        return Ok(named.to_path_buf());
    }
    DEFAULT_FILES.iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| ConfigError {
        place: Place::file(DEFAULT_FILES[0]),
        what: format!("no config here and none at {}", DEFAULT_FILES[1]),
        remedy: "name one with `--config FILE`".to_owned(),
    })
}

/// Reads a file into settings; relative paths in it count from its own folder.
///
/// # Errors
/// Every error of the file in its order, or the one reason why it could not be read.
pub fn load(path: impl AsRef<Path>) -> Result<Settings, Vec<ConfigError>> {
    let path = path.as_ref();
    match files::read_text(path, LARGEST_FILE) {
        Ok(text) => parse(&text, path),
        Err(error) => Err(vec![unreadable(path, &error)]),
    }
}

/// Where the control socket is when no file says otherwise.
pub const DEFAULT_CONTROL: &str = server::DEFAULT_CONTROL;

/// The control socket that a file names, or the default, as far as it can be told: the file may be broken otherwise.
///
/// For those who ask a server that serves on although its file was broken since.
pub fn control_socket(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    let text = files::read_text(path, LARGEST_FILE).unwrap_or_default();
    let (root, _) = DeTable::parse_recoverable(&text);
    let server = root.get_ref().get("server").and_then(|server| server.get_ref().as_table());
    let control = server.and_then(|server| server.get("control")).and_then(|control| control.get_ref().as_str());
    server::path(path.parent().unwrap_or(Path::new("")), control.unwrap_or(server::DEFAULT_CONTROL))
}

/// Resolves the text of a file that stands at `path`; no file is touched.
///
/// # Errors
/// Every error of the text in its order.
pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<Settings, Vec<ConfigError>> {
    let path = path.as_ref();
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut notes = Notes::new(path, text);
    let (root, faults) = DeTable::parse_recoverable(text);
    for fault in &faults {
        syntax(&mut notes, text, fault);
    }
    let root = Section::open(&mut notes, &root, "the file", &SECTIONS);

    let section = root.section(&mut notes, "server", "[server]", &server::KEYS);
    let server = server::read(&mut notes, section, folder);
    let section = root.section(&mut notes, "zones", "[zones]", &["directory"]);
    let directory = section.and_then(|section| section.text(&mut notes, "directory"));
    let sections = root.sections(&mut notes, "horizon", "[[horizon]]", &horizons::KEYS);
    if sections.is_empty() && root.key_at("horizon") == root.at {
        notes.missing(
            0,
            "there is no [[horizon]]",
            "add one, such as `[[horizon]]` with `name = \"internal\"` and `clients = [\"10.0.0.0/24\"]`",
        );
    }
    let horizons = horizons::read(&mut notes, &sections);
    let section = root.section(&mut notes, "forward", "[forward]", &forward::KEYS);
    let forward = forward::read(&mut notes, section, folder);
    let sections = root.sections(&mut notes, "block", "[[block]]", &block::KEYS);
    let blocks = block::read(&mut notes, &sections, &horizons, folder);
    let section = root.section(&mut notes, "inventory", "[inventory]", &["phoenix"]);
    let inventory = section.and_then(|section| section.text(&mut notes, "phoenix"));
    let section = root.open_section(&mut notes, "routes", "[routes]");
    let routes = routes::read(&mut notes, section, &horizons);
    let section = root.section(&mut notes, "acme", "[acme]", &acme::KEYS);
    let zones = server::path(folder, directory.map_or("zones", |text| text.text));
    let acme = acme::read(&mut notes, section, folder, &zones);
    let section = root.section(&mut notes, "tls", "[tls]", &tls::KEYS);
    let tls = tls::read(&mut notes, section, folder, &server, &acme);
    let section = root.section(&mut notes, "web", "[web]", &web::KEYS);
    let web = web::read(&mut notes, section, &horizons);
    let section = root.section(&mut notes, "log", "[log]", &web::LOG_KEYS);
    let query_log = web::read_log(&mut notes, section);

    if !notes.is_empty() {
        return Err(notes.into_errors());
    }
    Ok(Settings {
        file: path.to_path_buf(),
        server,
        zones,
        horizons,
        forward,
        blocks,
        inventory: inventory.map(|text| server::path(folder, text.text)),
        routes,
        acme,
        tls,
        web,
        query_log,
    })
}

/// Says a fault of the TOML parser in our words: its message holds what was expected after a comma.
fn syntax(notes: &mut Notes<'_>, text: &str, fault: &toml::de::Error) {
    let span = fault.span().unwrap_or(text.len()..text.len());
    let at = span.start;
    let message = fault.message();
    let seen = text.get(span).unwrap_or("").trim();
    let is_word = !seen.is_empty() && seen.chars().all(char::is_alphanumeric);
    match message.split_once(", expected ") {
        _ if message == "duplicate key" => notes.syntax(at, format!("`{seen}` is written twice"), "keep one"),
        Some((what, _)) if what.starts_with("missing comma") => notes.syntax(at, what, "write `,` or `]` before this"),
        Some((what, _)) if what.starts_with("string values must be quoted") && seen.is_empty() => {
            notes.syntax(at, "a value is missing", "write one after `=`");
        }
        Some((what, _)) if is_word && (what.starts_with("invalid") || what.starts_with("string values")) => {
            notes.syntax(at, format!("`{seen}` is not a value"), format!("write a text in quotes: `\"{seen}\"`"));
        }
        Some((what, "nothing")) => notes.syntax(at, what, "remove it"),
        Some((what, expected)) => notes.syntax(at, what, format!("expected {expected}")),
        None => notes.syntax(at, message, "correct the TOML here"),
    }
}

fn unreadable(path: &Path, error: &FileError) -> ConfigError {
    let (place, what, remedy) = match error {
        FileError::NotText { line, column, .. } => {
            (Place::at(path, *line, *column), "the text is not UTF-8".to_owned(), "save the file as UTF-8")
        }
        FileError::TooLarge { limit, .. } => {
            (Place::file(path), format!("larger than {limit} octets"), "name the right file with `--config FILE`")
        }
        FileError::NotPlain { .. } => {
            (Place::file(path), "not a plain file".to_owned(), "name the right file with `--config FILE`")
        }
        FileError::System { source, .. } if error.is_missing() => (
            Place::file(path),
            format!("cannot be opened: {source}"),
            "create it, or name another with `--config FILE`",
        ),
        FileError::System { source, .. } => {
            (Place::file(path), format!("cannot be read: {source}"), "let this user read it")
        }
        other => (Place::file(path), other.to_string(), "try again"),
    };
    ConfigError { place, what, remedy: remedy.to_owned() }
}
