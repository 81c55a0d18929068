//! Follows a configuration through its files: `conf-file`, `conf-dir`, `servers-file`, hosts files and resolv.conf.

use super::hosts;
use super::hosts::HostsLine;
use super::line;
use super::line::Line;
use super::line::Origin;
use super::line::Wrong;
use super::value::Value;
use crate::files;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Octets of one file: a list of a million blocked names has 40 MB.
const LARGEST: u64 = 64 << 20;
/// Files of one configuration.
const MOST_FILES: usize = 10_000;
/// How many errors are told one by one.
const MOST_ERRORS: usize = 1_000;
/// How deep files may name each other.
const DEEPEST: usize = 32;

/// Which files stand for those that dnsmasq would read.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Configuration files and folders of them.
    pub paths: Vec<PathBuf>,
    /// Stands for `/etc/hosts`; without it that file is not read.
    pub hosts: Option<PathBuf>,
    /// Stands for `/etc/resolv.conf`; without it that file is not read.
    pub resolv: Option<PathBuf>,
    /// Absolute paths in the files count from here: for a copy of another machine's files.
    pub root: Option<PathBuf>,
}

/// A configuration as it was read.
#[derive(Debug, Default)]
pub struct Reading {
    pub(super) lines: Vec<Line>,
    pub(super) hosts: Vec<HostsLine>,
    /// The nameservers of resolv.conf files.
    pub(super) nameservers: Vec<(IpAddr, Origin)>,
    /// Every file that was read, in that order.
    pub files: Vec<PathBuf>,
    /// What could not be read.
    pub findings: Vec<Finding>,
    /// Lines that say something: each has a verdict or a finding in the end.
    pub counted: usize,
    hidden: usize,
}

impl Reading {
    /// Reads all that was given and what it names.
    pub fn of(given: &Given) -> Self {
        let mut reader = Reader { reading: Reading::default(), root: given.root.clone(), seen: BTreeSet::new() };
        for path in &given.paths {
            if path.is_dir() {
                reader.folder(path, &[], 0, None);
            } else {
                reader.config(path, 0, false, None);
            }
        }
        reader.others(given);
        let mut reading = reader.reading;
        if reading.hidden > 0 {
            let what = format!("{} more errors are not shown", reading.hidden);
            reading.findings.push(Finding::new(
                "IMPORT_MORE",
                Severity::Error,
                "import",
                what,
                "correct those above first",
            ));
        }
        reading
    }

    /// True when a line has this option.
    pub(super) fn has(&self, option: &str) -> bool {
        self.lines.iter().any(|line| line.known.name == option)
    }

    fn fault(&mut self, finding: Finding) {
        if self.findings.len() < MOST_ERRORS {
            self.findings.push(finding);
        } else {
            self.hidden += 1;
        }
    }
}

struct Reader {
    reading: Reading,
    root: Option<PathBuf>,
    /// dnsmasq reads no file twice.
    seen: BTreeSet<PathBuf>,
}

impl Reader {
    /// Reads a configuration file; `servers` allows `server` and `rev-server` only.
    fn config(&mut self, path: &Path, depth: usize, servers: bool, named: Option<&Origin>) {
        let Some((file, text)) = self.open(path, depth, named) else { return };
        for (text, number) in text.lines().zip(1u32..) {
            let origin = Origin { file: Arc::clone(&file), line: number };
            match line::read(text, &origin) {
                Ok(None) => {}
                Ok(Some(line)) => {
                    self.reading.counted += 1;
                    if servers && !matches!(line.known.name, "server" | "rev-server") {
                        let what = format!("`{}` in a file of servers", line.known.name);
                        let wrong = Wrong::new(1, what, "only `server` and `rev-server` may stand there: move it");
                        self.reading.fault(wrong.finding(&origin, &shown(text)));
                        continue;
                    }
                    self.reading.lines.push(line.clone());
                    self.follow(&line, depth);
                }
                Err(wrong) => {
                    self.reading.counted += 1;
                    self.reading.fault(wrong.finding(&origin, &shown(text)));
                }
            }
        }
    }

    /// Reads at once what a line names, for its options stand in its place.
    fn follow(&mut self, line: &Line, depth: usize) {
        let Some(value) = line.value.as_ref().filter(|value| !value.is_empty()) else { return };
        match line.known.name {
            "conf-file" => {
                let path = self.found(&value.text(), line);
                self.config(&path, depth + 1, false, Some(&line.origin));
            }
            "conf-dir" => {
                let mut parts = value.split(',');
                let path = self.found(&parts.remove(0).text(), line);
                let rules: Vec<String> = parts.iter().map(Value::text).filter(|rule| !rule.is_empty()).collect();
                self.folder(&path, &rules, depth + 1, Some(&line.origin));
            }
            _ => {}
        }
    }

    /// The files of a folder in the order of their names: those with a suffix `*..` only, without those with another one.
    fn folder(&mut self, path: &Path, rules: &[String], depth: usize, named: Option<&Origin>) {
        let kept: Vec<&str> =
            rules.iter().filter_map(|rule| rule.strip_prefix('*')).filter(|rule| !rule.is_empty()).collect();
        let skipped: Vec<&str> = rules.iter().filter(|rule| !rule.starts_with('*')).map(String::as_str).collect();
        let ends = |name: &str, suffixes: &[&str]| {
            suffixes.iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
        };
        for (name, path) in self.entries(path, named) {
            if (kept.is_empty() || ends(&name, &kept)) && !ends(&name, &skipped) {
                self.config(&path, depth, false, named);
            }
        }
    }

    /// The plain files of a folder, sorted; those of editors and hidden ones left out.
    fn entries(&mut self, folder: &Path, named: Option<&Origin>) -> Vec<(String, PathBuf)> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable(format!("cannot read the folder {}: {error}", folder.display()), folder, named);
                return Vec::new();
            }
        };
        let mut found: Vec<(String, PathBuf)> = entries
            .flatten()
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
            .filter(|(name, path)| {
                let editors =
                    name.ends_with('~') || name.starts_with('.') || (name.starts_with('#') && name.ends_with('#'));
                !editors && path.is_file()
            })
            .collect();
        found.sort();
        found
    }

    /// What is read after all options are known.
    fn others(&mut self, given: &Given) {
        let lines = self.reading.lines.clone();
        let of = |options: &'static [&'static str]| {
            let named = lines.iter().filter(move |line| options.contains(&line.known.name));
            named.filter_map(|line| Some((line, line.value.as_ref().filter(|value| !value.is_empty())?.text())))
        };
        // dnsmasq reads the last one only.
        if let Some((line, path)) = of(&["servers-file"]).next_back() {
            let path = self.found(&path, line);
            self.config(&path, 1, true, Some(&line.origin));
        }
        if !self.reading.has("no-hosts") {
            match &given.hosts {
                Some(hosts) => self.hosts(hosts, None),
                None => self.unread(
                    "/etc/hosts",
                    "the names in it are missing",
                    "name it with `--hosts /etc/hosts`, or write `no-hosts`",
                ),
            }
        }
        for (line, path) in of(&["addn-hosts", "hostsdir"]) {
            let path = self.found(&path, line);
            if path.is_dir() {
                for (_, file) in self.entries(&path, Some(&line.origin)) {
                    self.hosts(&file, Some(&line.origin));
                }
            } else {
                self.hosts(&path, Some(&line.origin));
            }
        }
        if self.reading.has("no-resolv") {
            return;
        }
        let named: Vec<_> = of(&["resolv-file"]).collect();
        match (named.as_slice(), &given.resolv) {
            ([], None) => self.unread(
                "/etc/resolv.conf",
                "the upstreams in it are missing",
                "name it with `--resolv FILE`, or write `no-resolv`",
            ),
            ([], Some(path)) => self.resolv(path, None),
            (named, _) => {
                for (line, path) in named {
                    let path = self.found(path, line);
                    self.resolv(&path, Some(&line.origin));
                }
            }
        }
    }

    fn hosts(&mut self, path: &Path, named: Option<&Origin>) {
        let Some((file, text)) = self.open(path, 0, named) else { return };
        for (text, number) in text.lines().zip(1u32..) {
            let origin = Origin { file: Arc::clone(&file), line: number };
            match hosts::read(text, &origin) {
                Ok(None) => {}
                Ok(Some(line)) => {
                    self.reading.counted += 1;
                    self.reading.hosts.push(line);
                }
                Err(wrong) => {
                    self.reading.counted += 1;
                    self.reading.fault(wrong.finding(&origin, &shown(text)));
                }
            }
        }
    }

    fn resolv(&mut self, path: &Path, named: Option<&Origin>) {
        let Some((file, text)) = self.open(path, 0, named) else { return };
        for (text, number) in text.lines().zip(1u32..) {
            let mut words = text.split_whitespace();
            let (Some("nameserver"), Some(word)) = (words.next(), words.next()) else { continue };
            self.reading.counted += 1;
            let origin = Origin { file: Arc::clone(&file), line: number };
            match word.parse() {
                Ok(address) => self.reading.nameservers.push((address, origin)),
                Err(_) => {
                    let wrong = Wrong::new(1, format!("`{}` is not an address", word.escape_debug()), "write one");
                    self.reading.fault(wrong.finding(&origin, &shown(text)));
                }
            }
        }
    }

    /// A path as a line names it: absolute ones below the root that was given, relative ones from the line's own folder.
    fn found(&self, text: &str, line: &Line) -> PathBuf {
        let path = Path::new(text);
        match (&self.root, path.strip_prefix("/")) {
            (Some(root), Ok(below)) => root.join(below),
            _ => line.origin.file.parent().unwrap_or(Path::new("")).join(path),
        }
    }

    fn open(&mut self, path: &Path, depth: usize, named: Option<&Origin>) -> Option<(Arc<Path>, String)> {
        if depth > DEEPEST || self.reading.files.len() >= MOST_FILES {
            self.unreadable("too many files, or too deep in each other".to_owned(), path, named);
            return None;
        }
        if !self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_path_buf())) {
            return None;
        }
        match files::read(path, LARGEST) {
            Ok(octets) => {
                self.reading.files.push(path.to_path_buf());
                Some((Arc::from(path), String::from_utf8_lossy(&octets).into_owned()))
            }
            Err(error) => {
                self.unreadable(error.to_string(), path, named);
                None
            }
        }
    }

    fn unreadable(&mut self, what: String, path: &Path, named: Option<&Origin>) {
        let remedy = "name a readable file; for a copy of another machine's files say `--root FOLDER`";
        let finding = Finding::new("IMPORT_FILE", Severity::Error, path.display().to_string(), what, remedy);
        self.reading.fault(finding.seen_at(named.map_or_else(|| Place::file(path), |named| named.at(1))));
    }

    fn unread(&mut self, path: &str, what: &str, remedy: &str) {
        let what = format!("dnsmasq reads it and this import did not: {what}");
        self.reading.fault(Finding::new("IMPORT_UNREAD", Severity::Warning, path, what, remedy));
    }
}

/// A line as a finding shows it.
fn shown(text: &str) -> String {
    let short: String =
        text.trim().chars().take(80).map(|letter| if letter.is_control() { '?' } else { letter }).collect();
    format!("`{short}`")
}
