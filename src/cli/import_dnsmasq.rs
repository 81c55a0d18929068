//! `import dnsmasq`: config and zones out of a dnsmasq configuration, written or only told, and compared with it.

use super::arguments::Dnsmasq;
use super::arguments::Scope;
use super::check::line;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::import_text;
use super::import_verify::verify;
use super::screen::Output;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use crate::config;
use crate::dns::present_name;
use crate::files;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::import::Given;
use crate::import::Imported;
use crate::import::ImportedZone;
use crate::import::Reading;
use crate::import::Stand;
use crate::import::Verdict;
use crate::import::Wishes;
use crate::import::import;
use crate::import::proof::Tally;
use crate::snapshot;
use crate::snapshot::Snapshot;
use crate::snapshot::ZoneSource;
use crate::zone;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// The horizon when none is named.
const HORIZON: &str = "internal";

/// What `import dnsmasq -o json` says.
#[derive(Debug, Serialize)]
struct ImportAnswer {
    /// True when the files were written.
    written: bool,
    /// `horizon.toml`.
    config: FileShown,
    /// Its zones.
    zones: Vec<ZoneShown>,
    /// Lists of blocked names.
    lists: Vec<FileShown>,
    /// What became of each line.
    verdicts: Vec<Verdict>,
    /// Errors of the files, and what is worth a look.
    findings: Vec<Finding>,
    /// The comparison with the old server.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Tally>,
}

#[derive(Debug, Serialize)]
struct FileShown {
    path: PathBuf,
    text: String,
}

#[derive(Debug, Serialize)]
struct ZoneShown {
    /// The apex, with its final dot.
    origin: String,
    /// SOA and NS counted.
    records: usize,
    #[serde(flatten)]
    file: FileShown,
}

/// Reads, tells, writes and compares.
pub(super) fn import_dnsmasq(scope: &Scope, verb: &Dnsmasq) -> Result<Exit, Failure> {
    let given = Given {
        paths: verb.paths.clone(),
        hosts: verb.hosts.clone(),
        resolv: verb.resolv.clone(),
        root: verb.root.clone(),
    };
    let horizon = scope.horizon.clone().unwrap_or_else(|| HORIZON.to_owned());
    let reading = Reading::of(&given);
    let wishes = Wishes { horizon: horizon.clone(), clients: verb.clients.clone(), listen: verb.listen.clone() };
    let mut imported = import(&reading, &wishes);
    let folder = verb.out.clone().unwrap_or_default();
    let zones = folder.join("zones").join(&horizon);
    let memory = loaded(&imported, &folder.join("horizon.toml"), &zones, &horizon);
    let memory = memory.map_err(|mut findings| imported.findings.append(&mut findings)).ok();
    let errors = imported.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let may = memory.is_some() && (errors == 0 || verb.keep_going);
    tell(&imported.findings, scope.output);

    let answer = shown(imported, &folder, &zones);
    let written = match &verb.out {
        Some(out) if may => {
            write(&answer, out, &zones, verb.force)?;
            true
        }
        _ => false,
    };
    let (imported, mut answer) = (answer.imported, answer.answer);
    answer.written = written;
    if let (Some(old), Some(memory), true) = (verb.verify_against, &memory, may) {
        answer.verified = Some(verify(verb, old, &imported, memory)?);
    }
    let wide = scope.output == Output::Wide;
    show(scope.output, &answer, |answer| {
        let compared = answer.verified.as_ref().map(|tally| import_text::tally(tally, wide)).unwrap_or_default();
        import_text::verdicts(&answer.verdicts, wide) + &compared
    })?;
    Ok(conclude(&answer, verb, reading.counted, errors, may))
}

/// The answer, and what it was made of.
struct Shown {
    imported: Imported,
    answer: ImportAnswer,
}

fn shown(mut imported: Imported, folder: &Path, zones: &Path) -> Shown {
    let zone = |zone: &ImportedZone| ZoneShown {
        origin: present_name(zone.origin.as_slice()),
        records: zone.records,
        file: FileShown { path: zones.join(file_name(zone)), text: zone.text.clone() },
    };
    let answer = ImportAnswer {
        written: false,
        config: FileShown { path: folder.join("horizon.toml"), text: imported.config.clone() },
        zones: imported.zones.iter().map(zone).collect(),
        lists: imported
            .lists
            .iter()
            .map(|list| FileShown { path: folder.join(&list.path), text: list.text.clone() })
            .collect(),
        verdicts: std::mem::take(&mut imported.verdicts),
        findings: imported.findings.clone(),
        verified: None,
    };
    Shown { imported, answer }
}

fn file_name(zone: &ImportedZone) -> String {
    if zone.origin.is_root() { "root.zone".to_owned() } else { format!("{}.zone", zone.origin) }
}

/// The import as a server would load it.
fn loaded(imported: &Imported, config: &Path, zones: &Path, horizon: &str) -> Result<Snapshot, Vec<Finding>> {
    let settings = config::parse(&imported.config, config)
        .map_err(|errors| errors.into_iter().map(Finding::from).collect::<Vec<_>>())?;
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for zone in &imported.zones {
        let file = zones.join(file_name(zone));
        match zone::parse_zone(zone.text.as_bytes(), &file, &zone.origin) {
            Ok(loaded) => {
                let records = Arc::new(loaded.records);
                sources.push(ZoneSource { horizon: horizon.to_owned(), file: Some(file), records });
            }
            Err(mut errors) => findings.append(&mut errors),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    snapshot::build(&settings, &sources, None)
}

/// Writes all files; nothing that exists is overwritten unless `force`.
fn write(shown: &Shown, out: &Path, zones: &Path, force: bool) -> Result<(), Failure> {
    let failed = |error: files::FileError| Failure::new(Exit::Error, error.to_string());
    let config = [&shown.answer.config];
    let all = || config.into_iter().chain(shown.answer.zones.iter().map(|zone| &zone.file)).chain(&shown.answer.lists);
    let there: Vec<&Path> = all().map(|file| file.path.as_path()).filter(|path| path.exists()).collect();
    let (ours, others): (Vec<PathBuf>, Vec<PathBuf>) =
        zone_files(zones).into_iter().partition(|path| there.contains(&path.as_path()));
    if !force && (!there.is_empty() || !others.is_empty()) {
        let mut lines: Vec<String> = there
            .iter()
            .filter(|path| !ours.iter().any(|known| known == **path))
            .map(|path| format!("  {}", path.display()))
            .collect();
        lines.extend(ours.iter().chain(&others).map(|path| format!("  {}", path.display())));
        lines.truncate(20);
        lines.insert(0, format!("{}: files are there already; name another folder, or say `--force`", out.display()));
        return Err(Failure { exit: Exit::Conflict, lines, code: None });
    }
    for other in &others {
        say(&format!("{}: no zone of this import; it stays and is served as well", other.display()));
    }
    files::create_folder(zones).map_err(failed)?;
    for folder in shown.answer.lists.iter().filter_map(|list| list.path.parent()) {
        files::create_folder(folder).map_err(failed)?;
    }
    let contents: Vec<(&Path, &str)> = all().map(|file| (file.path.as_path(), file.text.as_str())).collect();
    files::replace_all(&contents).map_err(failed)
}

/// Zone files that are in a folder already.
fn zone_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "zone"))
        .collect();
    found.sort();
    found
}

fn tell(findings: &[Finding], output: Output) {
    if output != Output::Json {
        findings.iter().for_each(|finding| say(line(finding).trim_end()));
    }
}

/// The last words, and the exit code.
fn conclude(answer: &ImportAnswer, verb: &Dnsmasq, lines: usize, errors: usize, may: bool) -> Exit {
    let count = |stand| answer.verdicts.iter().filter(|verdict| verdict.stand == stand).count();
    let records: usize = answer.zones.iter().map(|zone| zone.records).sum();
    say(&format!(
        "{}: {} understood, {} done otherwise, {} refused, {}; {} with {}",
        many(lines, "line"),
        count(Stand::Understood),
        count(Stand::Otherwise),
        count(Stand::Refused),
        many(errors, "error"),
        many(answer.zones.len(), "zone"),
        many(records, "record")
    ));
    let faults = answer.verified.as_ref().is_some_and(Tally::has_fault);
    if !may {
        say(
            "nothing was written or compared: correct what is named above, or say `--keep-going` to leave those lines out",
        );
    } else if answer.written {
        say(&format!("written: {} and {}", answer.config.path.display(), many(answer.zones.len(), "zone file")));
        hint(&format!("`horizond check --config {}`, then `horizond serve`", answer.config.path.display()));
    } else if verb.out.is_none() {
        hint("nothing is written without `--out DIR`");
    }
    if faults {
        say("the comparison found faults: see above");
    }
    if may && verb.verify_against.is_none() {
        hint("`--verify-against ADDRESS` of the old server compares all answers");
    }
    if errors > 0 || !may || faults { Exit::CheckFailed } else { Exit::Done }
}
