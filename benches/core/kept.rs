//! The instruction counts that are kept in the repository, and the comparison with them.

use crate::count::instructions;
use crate::work;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Growth beyond this share fails the check.
const TOLERATED: f64 = 0.05;

/// Prints every count beside the one kept.
pub(crate) fn show() -> Result<(), String> {
    compare().map(|_| ())
}

/// Fails when a count grew by more than 5 %, or is not kept yet.
pub(crate) fn check() -> Result<(), String> {
    let wrong = compare()?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nfind what made it so, or accept it: cargo bench --bench core -- --update, and say why in the commit",
        wrong.join("\n")
    ))
}

/// Counts all and keeps the counts.
pub(crate) fn update() -> Result<(), String> {
    let mut text =
        "# Instructions for each query or record, by cargo bench --bench core -- --update (x86_64, valgrind).\n"
            .to_owned();
    for work in work::all() {
        let _ = writeln!(text, "{:<22} {:>8}", work.name, instructions(&work)?);
    }
    fs::write(path(), &text).map_err(|error| format!("{}: {error}", path().display()))?;
    print!("{text}");
    Ok(())
}

fn compare() -> Result<Vec<String>, String> {
    let kept = read()?;
    let mut wrong = Vec::new();
    println!("{:<22} {:>10} {:>10} {:>8}", "instructions", "now", "kept", "change");
    for work in work::all() {
        let now = instructions(&work)?;
        let Some(before) = kept.get(work.name).copied() else {
            println!("{:<22} {now:>10} {:>10}", work.name, "-");
            wrong.push(format!("{}: {now} instructions for each {}, none kept", work.name, work.unit));
            continue;
        };
        let change = now as f64 / before as f64 - 1.0;
        println!("{:<22} {now:>10} {before:>10} {:>+7.1}%", work.name, change * 100.0);
        if change > TOLERATED {
            let percent = change * 100.0;
            wrong.push(format!(
                "{}: {now} instructions for each {}, kept are {before}: {percent:+.1} %",
                work.name, work.unit
            ));
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
