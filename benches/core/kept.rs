//! The instruction counts that are kept in the repository, and the comparison with them.

use crate::count::instructions;
use crate::work;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Growth beyond this share fails the check.
const TOLERATED: f64 = 0.05;

/// Growth by no more than so many instructions is none: counts are rounded, and one of twenty would be 5 %.
const ROUNDING: u64 = 2;

/// What a flood may ask for beside what clients ask for, and how much more it may cost: names that nobody asked before, missing
/// ones and ones that a wildcard covers, beside names that exist. Their replies hold an SOA, or a name found at a second look.
const FLOODS: [(&str, &str, f64); 3] =
    [("missing", "hit", 1.0), ("wildcard", "hit", 1.5), ("note_flood", "note_known", 1.0)];

/// Fails when a count grew by more than 5 %, or is not kept yet, or a flood costs more than it may.
pub(crate) fn check() -> Result<(), String> {
    built_for_counting()?;
    let wrong = compare()?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nfind what made it so, or accept it: {UPDATE}, and say why in the commit", wrong.join("\n")))
}

/// Counts all and keeps the counts.
pub(crate) fn update() -> Result<(), String> {
    built_for_counting()?;
    let mut text = format!("# Instructions for each query or record, by {UPDATE} (x86_64, valgrind).\n");
    for work in work::all() {
        let _ = writeln!(text, "{:<22} {:>8}", work.name, instructions(&work)?);
    }
    fs::write(path(), &text).map_err(|error| format!("{}: {error}", path().display()))?;
    print!("{text}");
    Ok(())
}

const UPDATE: &str = "cargo bench --profile counts --bench core -- --update";

/// Counts of another profile are other counts. Cargo puts what it builds into a folder that is called after the profile.
fn built_for_counting() -> Result<(), String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    if program.components().any(|part| part.as_os_str() == "counts") {
        return Ok(());
    }
    Err("the counts are kept for one profile: cargo bench --profile counts --bench core -- ...".to_owned())
}

fn compare() -> Result<Vec<String>, String> {
    let kept = read()?;
    let mut wrong = Vec::new();
    let mut counted = BTreeMap::new();
    println!("{:<22} {:>10} {:>10} {:>8}", "instructions", "now", "kept", "change");
    for work in work::all() {
        let now = instructions(&work)?;
        counted.insert(work.name, now);
        let Some(before) = kept.get(work.name).copied() else {
            println!("{:<22} {now:>10} {:>10}", work.name, "-");
            wrong.push(format!("{}: {now} instructions for each {}, none kept", work.name, work.unit));
            continue;
        };
        let change = now as f64 / before as f64 - 1.0;
        println!("{:<22} {now:>10} {before:>10} {:>+7.1}%", work.name, change * 100.0);
        if change > TOLERATED && now > before + ROUNDING {
            let percent = change * 100.0;
            wrong.push(format!(
                "{}: {now} instructions for each {}, kept are {before}: {percent:+.1} %",
                work.name, work.unit
            ));
        }
    }
    for (flood, plain, bound) in FLOODS {
        let (Some(flooded), Some(usual)) = (counted.get(flood), counted.get(plain)) else { continue };
        let ratio = *flooded as f64 / *usual as f64;
        println!("{:<22} {ratio:>10.2} {bound:>10.2} at most", format!("{flood} / {plain}"));
        if ratio > bound {
            wrong.push(format!("{flood} costs {ratio:.2} x {plain}, at most {bound:.2} x is allowed"));
        }
    }
    Ok(wrong)
}

fn read() -> Result<BTreeMap<String, u64>, String> {
    let text = fs::read_to_string(path()).unwrap_or_default();
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|(line, number)| {
            let (name, count) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let count = count.trim().parse();
            count.map(|count| (name.to_owned(), count)).map_err(|_| format!("{}:{number}: no count", path().display()))
        })
        .collect()
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt")
}
