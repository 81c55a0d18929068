//! All figures for programs.

use crate::bound::Verdict;
use crate::figures::Results;
use crate::options::Options;
use crate::program;
use crate::scenario;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;

/// The whole run as one object.
pub(crate) fn text(results: &Results, verdicts: &[Verdict], options: &Options) -> String {
    let mut scenarios = Map::new();
    for scenario in scenario::all().filter(|scenario| results.has(scenario.name)) {
        let mut servers = Map::new();
        for program in program::ALL {
            let Some(outcome) = results.outcome(scenario.name, program) else { continue };
            let names: BTreeSet<_> = outcome.samples.values().flat_map(|sample| sample.keys().copied()).collect();
            let figures: Map<String, Value> = names
                .into_iter()
                .filter_map(|name| {
                    let spread = results.spread(scenario.name, program, name)?;
                    let samples: Vec<_> = outcome.samples.values().filter_map(|sample| sample.get(name)).collect();
                    let value = json!({
                        "median": spread.median, "least": spread.least, "most": spread.most, "samples": samples,
                    });
                    Some((name.to_owned(), value))
                })
                .collect();
            servers.insert(program.name().to_owned(), json!({ "figures": figures, "notes": outcome.notes }));
        }
        scenarios.insert(scenario.name.to_owned(), json!({ "title": scenario.title, "servers": servers }));
    }
    let bounds: Vec<_> = verdicts
        .iter()
        .map(|verdict| {
            json!({
                "scenario": verdict.scenario, "bound": verdict.bound, "figure": verdict.figure, "met": verdict.met,
                "echo": verdict.floor, "sure": verdict.sure,
            })
        })
        .collect();
    let versions: Map<String, Value> =
        program::ALL.iter().map(|program| (program.name().to_owned(), Value::from(program.version()))).collect();
    let run = json!({
        "rounds": options.rounds,
        "seconds": options.time.as_secs_f64(),
        "window": options.window,
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "versions": versions,
        "scenarios": scenarios,
        "bounds": bounds,
    });
    format!("{run:#}\n")
}
