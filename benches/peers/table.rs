//! What a person reads on stdout.

use crate::bound::Verdict;
use crate::figures::{Better, Results, Spread, figure};
use crate::options::Options;
use crate::program::{self, Program};
use crate::scenario;
use crate::turns::turns;
use std::fmt::Write as _;

/// Scenarios and servers.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for scenario in scenario::all() {
        let _ = writeln!(text, "{:<12} {}", scenario.name, scenario.title);
    }
    text.push('\n');
    for program in program::ALL {
        let state = program.absent().unwrap_or_else(|| program.version());
        let _ = writeln!(text, "{:<12} {state}", program.name());
    }
    text
}

/// A table for each scenario, then what was noted.
pub(crate) fn figures(results: &Results, options: &Options) -> String {
    let mut text = String::new();
    let (rounds, time, turns) = (options.rounds, options.time, turns(options.time));
    let _ = writeln!(text, "medians (least-most) of {rounds} rounds of {time:?}; us/query in {turns} turns a round");
    for scenario in scenario::all().filter(|scenario| results.has(scenario.name)) {
        let _ = writeln!(text, "\n{}: {}", scenario.name, scenario.title);
        let known: Vec<_> = COLUMNS
            .iter()
            .filter(|column| {
                program::ALL.iter().any(|program| cell(results, scenario.name, *program, column).is_some())
            })
            .collect();
        let mut row = format!("  {:<9}", "");
        for column in &known {
            let _ = write!(row, " {:>width$}", column.title, width = column.width);
        }
        let _ = writeln!(text, "{}", row.trim_end());
        for program in options.programs.iter().copied() {
            let Some(outcome) = results.outcome(scenario.name, program) else { continue };
            let mut row = format!("  {:<9}", program.name());
            if !outcome.samples.is_empty() {
                for column in &known {
                    let cell = cell(results, scenario.name, program, column).unwrap_or_else(|| "-".to_owned());
                    let _ = write!(row, " {cell:>width$}", width = column.width);
                }
            }
            let notes: Vec<_> = outcome.notes.iter().map(|note| note.chars().take(300).collect::<String>()).collect();
            let _ = writeln!(text, "{}", format!("{row} {}", notes.join("; ")).trim_end());
        }
    }
    text
}

/// Every bound with its figure.
pub(crate) fn bounds(verdicts: &[Verdict]) -> String {
    let mut text = format!("\n{:<13} {:<58} {:>8}  {:<11}\n", "bounds", "", "Horizon", "95 % within");
    for verdict in verdicts {
        let word = match verdict.met {
            Some(true) => "MET",
            Some(false) => "NOT MET",
            None => "not measured",
        };
        let floor = verdict.floor.map_or(String::new(), |floor| format!("the echo: {floor:.2} x"));
        let sure = verdict.sure.map_or(String::new(), |(least, most)| format!("{least:.2}-{most:.2}"));
        let Verdict { scenario, bound, figure, .. } = verdict;
        let row = format!("{scenario:<13} {bound:<58} {figure:>8}  {sure:<11}  {word:<12}  {floor}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

struct Column {
    title: &'static str,
    width: usize,
    show: Show,
}

enum Show {
    /// A figure, what to multiply it with, digits behind the point, and whether with least and most.
    Figure(&'static str, f64, usize, bool),
    ByEcho,
    ByPeer,
}

const COLUMNS: [Column; 25] = [
    Column { title: "us/query", width: 18, show: Show::Figure(figure::CPU, 1.0, 2, true) },
    Column { title: "x echo", width: 7, show: Show::ByEcho },
    Column { title: "x best peer", width: 11, show: Show::ByPeer },
    Column { title: "q/s", width: 9, show: Show::Figure(figure::RATE, 1.0, 0, false) },
    Column { title: "busy", width: 5, show: Show::Figure(figure::BUSY, 1.0, 2, false) },
    Column { title: "lost", width: 6, show: Show::Figure(figure::LOST, 1.0, 0, false) },
    Column { title: "wrong", width: 6, show: Show::Figure(figure::WRONG, 1.0, 0, false) },
    Column { title: "mixed", width: 6, show: Show::Figure(figure::MIXED, 1.0, 0, false) },
    Column { title: "p50 us", width: 7, show: Show::Figure(figure::P50, 1.0, 0, false) },
    Column { title: "p99 us", width: 18, show: Show::Figure(figure::P99, 1.0, 0, true) },
    Column { title: "p99.9 us", width: 9, show: Show::Figure(figure::P999, 1.0, 0, false) },
    Column { title: "x without", width: 9, show: Show::Figure(figure::P999_RATIO, 1.0, 2, false) },
    Column { title: "reload ms", width: 9, show: Show::Figure(figure::RELOAD, 1.0, 0, false) },
    Column { title: "dnsperf us", width: 10, show: Show::Figure(figure::DNSPERF_CPU, 1.0, 2, false) },
    Column { title: "RSS MB", width: 8, show: Show::Figure(figure::RESIDENT, 1e-6, 1, false) },
    Column { title: "octets/name", width: 11, show: Show::Figure(figure::PER_NAME, 1.0, 0, false) },
    Column { title: "added MB", width: 8, show: Show::Figure(figure::ADDED, 1e-6, 1, false) },
    Column { title: "idle MB", width: 8, show: Show::Figure(figure::IDLE, 1e-6, 1, false) },
    Column { title: "start s", width: 18, show: Show::Figure(figure::START, 1.0, 3, true) },
    Column { title: "p50 ms", width: 18, show: Show::Figure(figure::CHANGE_P50, 1.0, 2, true) },
    Column { title: "p99 ms", width: 18, show: Show::Figure(figure::CHANGE_P99, 1.0, 2, true) },
    Column { title: "ack p50 ms", width: 18, show: Show::Figure(figure::ACK_P50, 1.0, 2, true) },
    Column { title: "ack p99 ms", width: 18, show: Show::Figure(figure::ACK_P99, 1.0, 2, true) },
    Column { title: "x q/s of 1", width: 10, show: Show::Figure(figure::RATE_RATIO, 1.0, 2, false) },
    Column { title: "x CPU of 1", width: 10, show: Show::Figure(figure::CPU_RATIO, 1.0, 2, false) },
];

fn cell(results: &Results, scenario: &'static str, program: Program, column: &Column) -> Option<String> {
    match column.show {
        Show::Figure(name, scale, digits, spread) => {
            let Spread { median, least, most, .. } = results.spread(scenario, program, name)?;
            let [median, least, most] = [median, least, most].map(|value| format!("{:.digits$}", value * scale));
            Some(if spread { format!("{median} ({least}-{most})") } else { median })
        }
        Show::ByEcho => {
            let ratio = results.ratio((scenario, program), (scenario, Program::Echo), figure::CPU)?.median;
            Some(format!("{ratio:.2}"))
        }
        Show::ByPeer => {
            let (_, ratio) = results.against_best(scenario, program, figure::CPU, Better::Less)?;
            Some(format!("{:.2}", ratio.median))
        }
    }
}
