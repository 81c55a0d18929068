//! The command line.

use crate::program::{self, Program};
use crate::scenario::{self, Scenario};
use std::path::PathBuf;
use std::time::Duration;

/// What to run and how.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) programs: Vec<Program>,
    pub(crate) rounds: usize,
    /// Of one measurement.
    pub(crate) time: Duration,
    /// Questions under way.
    pub(crate) window: usize,
    pub(crate) reloads: usize,
    pub(crate) changes: usize,
    pub(crate) dnsperf: bool,
    pub(crate) horizond: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Wish {
    Run(Box<Options>),
    List,
    Help,
}

pub(crate) const USAGE: &str = "\
cargo bench --bench peers -- [SCENARIO...] [OPTION...]
  --list            scenarios and servers
  --only A,B        only these servers (echo, horizon, nsd, knot, bind, unbound, dnsmasq)
  --rounds N        rounds, interleaved over all servers (5)
  --seconds S       length of each measurement (5)
  --window N        questions under way (160: fits every server's default socket buffer)
  --reloads N       reloads under load, over all rounds; at most 2 a round of a peer (100)
  --changes N       single changes in the large zone, each round; at most 2 of a server that has to read it all again (100)
  --no-dnsperf      do not drive a second time with dnsperf
  --quick           1 round, 1 second, 5 reloads, 5 changes
  --horizond PATH   another horizond than the one built here
  --json FILE       all figures
  --svg FILE        the plot
";

impl Options {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// A text that says which argument is wrong.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Wish, String> {
        let mut options = Options {
            scenarios: Vec::new(),
            programs: program::ALL.to_vec(),
            rounds: 5,
            time: Duration::from_secs(5),
            window: 160,
            reloads: 100,
            changes: 100,
            dnsperf: true,
            horizond: None,
            json: None,
            svg: None,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                // `cargo bench` says so to every bench.
                "--bench" => {}
                "--list" => return Ok(Wish::List),
                "--help" | "-h" => return Ok(Wish::Help),
                "--quick" => {
                    (options.rounds, options.time) = (1, Duration::from_secs(1));
                    (options.reloads, options.changes) = (5, 5);
                }
                "--no-dnsperf" => options.dnsperf = false,
                "--rounds" => options.rounds = number(&argument, &value()?)?,
                "--window" => options.window = number(&argument, &value()?)?,
                "--reloads" => options.reloads = number(&argument, &value()?)?,
                "--changes" => options.changes = number(&argument, &value()?)?,
                "--seconds" => {
                    let seconds: f64 = value()?.parse().map_err(|_| format!("{argument}: not a number"))?;
                    options.time =
                        Duration::try_from_secs_f64(seconds).map_err(|error| format!("{argument}: {error}"))?;
                }
                "--only" => options.programs = programs(&value()?)?,
                "--horizond" => options.horizond = Some(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                "--svg" => options.svg = Some(value()?.into()),
                name => {
                    let found = scenario::all().find(|scenario| scenario.name == name);
                    options.scenarios.push(found.ok_or_else(|| format!("no scenario or option `{name}`; try --list"))?);
                }
            }
        }
        // In the order of the table, whatever was typed: what changes a server comes last.
        let asked: Vec<_> = options.scenarios.iter().map(|scenario| scenario.name).collect();
        options.scenarios =
            scenario::all().filter(|scenario| asked.is_empty() || asked.contains(&scenario.name)).collect();
        Ok(Wish::Run(Box::new(options)))
    }
}

fn number(name: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{name}: `{text}` is no number above 0")),
    }
}

fn programs(text: &str) -> Result<Vec<Program>, String> {
    let find = |name: &str| program::ALL.into_iter().find(|program| program.name().eq_ignore_ascii_case(name));
    text.split(',').map(|name| find(name).ok_or_else(|| format!("no server `{name}`; try --list"))).collect()
}
