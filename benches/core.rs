//! The core without sockets: time of each step, and its instructions under valgrind.
//!
//! `cargo bench --bench core` prints the times. `cargo bench --profile counts --bench core -- --check` compares instructions
//! with `benches/instructions.txt` and fails when one grew by more than 5 %; `-- --update` writes that file. Instructions are
//! the difference of two run lengths, so that start and end of the program are not counted.

#[path = "core/count.rs"]
mod count;
#[path = "core/forwarded.rs"]
mod forwarded;
#[path = "core/kept.rs"]
mod kept;
#[path = "core/work.rs"]
mod work;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["--run", name, times] => run(name, times),
        ["--check"] => kept::check(),
        ["--update"] => kept::update(),
        [] => time(),
        _ => Err("arguments: nothing, --check or --update".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("core: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What valgrind runs: one kind of work, so many times.
fn run(name: &str, times: &str) -> Result<(), String> {
    let times = times.parse().map_err(|_| format!("`{times}` is no number"))?;
    let work = work::all().into_iter().find(|work| work.name == name).ok_or_else(|| format!("no work `{name}`"))?;
    (work.prepare)()(times);
    Ok(())
}

/// Nanoseconds of each kind of work: the median of rounds, with least and most.
fn time() -> Result<(), String> {
    println!("{:<22} {:>10} {:>10} {:>10}", "nanoseconds", "median", "least", "most");
    for work in work::all() {
        let mut repeat = (work.prepare)();
        repeat(work.times);
        let mut rounds: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                repeat(work.times);
                begun.elapsed().as_nanos() as f64 / (work.times * work.units) as f64
            })
            .collect();
        rounds.sort_by(f64::total_cmp);
        let (median, least, most) = (rounds[ROUNDS / 2], rounds[0], rounds[ROUNDS - 1]);
        println!("{:<22} {median:>10.1} {least:>10.1} {most:>10.1}  for each {}", work.name, work.unit);
    }
    Ok(())
}

const ROUNDS: usize = 15;
