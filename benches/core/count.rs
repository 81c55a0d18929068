//! Instructions of a kind of work, counted by valgrind: exact, whatever else the machine does.

use crate::work::Work;
use std::env;
use std::process::{Command, Stdio};

/// Instructions for each unit.
///
/// # Errors
/// Valgrind is missing, fails, or says something unknown.
pub(crate) fn instructions(work: &Work) -> Result<u64, String> {
    let (short, long) = (work.times / 10, work.times / 2);
    let spent = total(work.name, long)?.saturating_sub(total(work.name, short)?);
    let units = ((long - short) * work.units) as u64;
    Ok((spent + units / 2) / units)
}

fn total(name: &str, times: usize) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .args(["--run", name, &times.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}; install the Debian package valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind of {name} ended with {}:\n{text}", output.status));
    }
    let line = text.lines().find(|line| line.contains("I   refs:") || line.contains("I refs:"));
    line.and_then(|line| line.rsplit(':').next())
        .and_then(|count| count.trim().replace(',', "").parse().ok())
        .ok_or_else(|| format!("valgrind of {name} counted nothing:\n{text}"))
}
