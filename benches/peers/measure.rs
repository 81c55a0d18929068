//! The measurements in rounds: what servers are compared in side by side, then what is done with one server after the other.

use crate::asking::{Asking, Edns};
use crate::change;
use crate::figures::{Results, Sample, figure};
use crate::forwarded;
use crate::kernel::interrupted;
use crate::load::Tally;
use crate::options::Options;
use crate::process::{Manner, Running};
use crate::program::Program;
use crate::scenario::{IDLE, STREAMS, Scenario, Task};
use crate::streams::{Streams, idle};
use crate::turns;
use crate::world::{Kind, World};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which core does what.
#[derive(Debug, Clone)]
pub(crate) struct Cores {
    /// The server's.
    pub(crate) server: Vec<usize>,
    /// That of the load.
    pub(crate) load: Vec<usize>,
    /// The server's when it has two workers.
    pub(crate) two: Vec<usize>,
}

/// One world with all questions that its scenarios ask.
pub(crate) struct Prepared {
    pub(crate) world: World,
    pub(crate) askings: BTreeMap<&'static str, Vec<Asking>>,
    /// Whom forwarders ask, and why there is nobody.
    upstream: Option<Result<Running, String>>,
}

/// Measures everything that the options ask for. Ends early, with what there is, at Ctrl-C.
pub(crate) fn all(options: &Options, cores: &Cores, folder: &Path, results: &mut Results) -> io::Result<()> {
    let mut kinds: Vec<Kind> = options.scenarios.iter().map(|scenario| scenario.world).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for round in 0..options.rounds {
        for kind in &kinds {
            let scenarios: Vec<_> = options.scenarios.iter().filter(|scenario| scenario.world == *kind).collect();
            let place = folder.join(format!("{kind:?}"));
            let mut prepared = prepare(*kind, &place, &scenarios, options, cores)?;
            let (compared, alone): (Vec<_>, Vec<_>) =
                scenarios.into_iter().partition(|scenario| scenario.task.is_compared());
            // First of all: what is done with one server alone may change the zones.
            turns::compare(options, cores, round, &compared, &prepared, results);
            if alone.is_empty() {
                continue;
            }
            // Every round begins with another server, so that none always comes after the same one.
            for turn in 0..options.programs.len() {
                let program = options.programs[(turn + round) % options.programs.len()];
                if interrupted() {
                    return Ok(());
                }
                eprintln!("round {} of {}, {kind:?}, {}", round + 1, options.rounds, program.name());
                serve(options, cores, program, round, &alone, &mut prepared, results);
            }
        }
    }
    Ok(())
}

fn prepare(
    kind: Kind,
    folder: &Path,
    scenarios: &[&Scenario],
    options: &Options,
    cores: &Cores,
) -> io::Result<Prepared> {
    fs::create_dir_all(folder)?;
    let world = World::write(kind, folder)?;
    let mut askings = BTreeMap::new();
    let enough = MISSES * (options.time.as_secs() as u32 + 1);
    for scenario in scenarios {
        let asking: Vec<Asking> = match scenario.task {
            Task::Hits => (0..world.zones.len()).map(|horizon| world.hits(horizon, Edns::None)).collect(),
            Task::Mix => vec![world.mix()],
            Task::Flood => vec![world.flood()],
            Task::Secure => vec![world.hits(0, Edns::Secure)],
            Task::Special(special) => vec![world.of_kind(special)],
            Task::Streams | Task::Idle | Task::Reloads | Task::Workers => vec![world.hits(0, Edns::None)],
            Task::CachedMemory | Task::Cached => vec![world.hits(0, Edns::None)],
            Task::Misses => vec![world.misses('m', enough)],
            Task::MissLatency => vec![world.misses('l', enough)],
            Task::Memory | Task::Start | Task::Change | Task::Edits => Vec::new(),
        };
        if scenario.by_dnsperf() {
            fs::write(questions(&world.folder, scenario), asking[0].text(100_000))?;
        }
        askings.insert(scenario.name, asking);
    }
    let upstream = kind.forwarded().then(|| {
        let manner = Manner { workers: 1, cores: &cores.load, upstream: None, horizond: None };
        Running::start(Program::Knot, &world, manner).map_err(|error| format!("n/a: no upstream: {error}"))
    });
    Ok(Prepared { world, askings, upstream })
}

/// What dnsperf asks.
fn questions(folder: &Path, scenario: &Scenario) -> PathBuf {
    folder.join(format!("{}.dnsperf", scenario.name))
}

impl Prepared {
    /// How one server is run on its core.
    ///
    /// # Errors
    /// Why there is no upstream to forward to.
    pub(crate) fn manner<'a>(&self, options: &'a Options, cores: &'a Cores) -> Result<Manner<'a>, String> {
        let upstream = self.upstream.as_ref().map(Result::as_ref).transpose().map_err(Clone::clone)?;
        Ok(Manner {
            workers: 1,
            cores: &cores.server,
            upstream: upstream.map(|upstream| upstream.address),
            horizond: options.horizond.as_deref(),
        })
    }

    /// What dnsperf asks in this scenario.
    pub(crate) fn questions(&self, scenario: &Scenario) -> PathBuf {
        questions(&self.world.folder, scenario)
    }
}

/// Runs these scenarios of one world with one server.
fn serve(
    options: &Options,
    cores: &Cores,
    program: Program,
    round: usize,
    scenarios: &[&Scenario],
    prepared: &mut Prepared,
    results: &mut Results,
) {
    let takes_part: Vec<_> = scenarios.iter().filter(|scenario| scenario.takes_part(program, results)).collect();
    let manner = match prepared.manner(options, cores) {
        Ok(manner) => manner,
        Err(why) => return takes_part.iter().for_each(|scenario| results.note(scenario.name, program, why.clone())),
    };
    let mut running: Option<Running> = None;
    for scenario in takes_part {
        let measured = if scenario.task == Task::Workers {
            // It starts its own servers, on the same files.
            running = None;
            turns::workers(options, cores, program, &prepared.world, &prepared.askings[scenario.name])
        } else {
            if running.is_none() {
                running = match Running::start(program, &prepared.world, manner) {
                    Ok(started) => Some(started),
                    Err(error) => return results.note(scenario.name, program, format!("did not start: {error}")),
                };
            }
            let Some(server) = running.as_mut() else { return };
            alone(options, scenario, server, prepared).map(|(sample, fault)| (vec![sample], fault))
        };
        match measured {
            Ok((samples, fault)) => {
                let first = round * samples.len();
                for (at, sample) in samples.into_iter().enumerate() {
                    results.add(scenario.name, program, first + at, sample);
                }
                fault.iter().for_each(|fault| results.note_fault(scenario.name, program, fault));
            }
            Err(error) => {
                results.note(scenario.name, program, format!("failed: {error}"));
                // Whatever state it is in, the next scenario begins with a new one.
                running = None;
            }
        }
    }
}

/// Figures, and the first wrong answer if there was one.
pub(crate) type Measured = io::Result<(Sample, Option<String>)>;

fn alone(options: &Options, scenario: &Scenario, server: &mut Running, prepared: &mut Prepared) -> Measured {
    let askings = &prepared.askings[scenario.name];
    match scenario.task {
        Task::Streams => {
            let mut streams = Streams::new(&askings[0], server.address, STREAMS)?;
            streams.run(WARM_UP)?;
            let before = server.tree.cpu();
            let tally = streams.run(options.time)?;
            sample(server, before, tally)
        }
        Task::Idle => {
            let before = server.tree.memory();
            let open = idle(&askings[0], server.address, IDLE)?;
            let after = server.tree.memory();
            drop(open);
            let added = after.resident.saturating_sub(before.resident);
            Ok((Sample::from([(figure::IDLE, added as f64), (figure::RESIDENT, after.resident as f64)]), None))
        }
        Task::Start => Ok((Sample::from([(figure::START, server.started_in.as_secs_f64())]), None)),
        Task::Memory => {
            let memory = server.tree.memory();
            let names = prepared.world.kind.names() as f64;
            let sample = Sample::from([
                (figure::RESIDENT, memory.resident as f64),
                (figure::PROPORTIONAL, memory.proportional as f64),
                (figure::PER_NAME, memory.proportional as f64 / names),
            ]);
            Ok((sample, None))
        }
        Task::Change => Ok((change::one_record(server, &mut prepared.world, options.changes)?, None)),
        Task::Edits => Ok((change::one_record(server, &mut prepared.world, EDITS)?, None)),
        Task::Reloads => {
            let load = change::UnderLoad {
                askings,
                time: options.time,
                window: options.window,
                reloads: options.reloads.div_ceil(options.rounds),
            };
            load.run(server, &mut prepared.world)
        }
        Task::CachedMemory => {
            let sample = forwarded::memory(&askings[0], server, &prepared.world, options.window)?;
            Ok((sample, None))
        }
        Task::MissLatency => forwarded::latency(&askings[0], server, options.time),
        // What costs less is told by turns.
        _ => Err(io::Error::other("is not measured with one server alone")),
    }
}

/// What a load that was answered tells.
///
/// # Errors
/// No answer.
pub(crate) fn sample(server: &Running, cpu_before: Duration, tally: Tally) -> Measured {
    if tally.answered == 0 {
        return Err(io::Error::other(format!("no answer in {:?}, {} questions lost", tally.elapsed, tally.lost)));
    }
    let spent = server.tree.cpu().saturating_sub(cpu_before);
    let memory = server.tree.memory();
    let sample = Sample::from([
        (figure::CPU, per_query(spent, tally.answered)),
        (figure::RATE, tally.answered as f64 / tally.elapsed.as_secs_f64()),
        (figure::LOST, tally.lost as f64),
        (figure::WRONG, tally.wrong as f64),
        (figure::BUSY, spent.as_secs_f64() / tally.elapsed.as_secs_f64()),
        (figure::P999, tally.latency.quantile(0.999).as_secs_f64() * 1e6),
        (figure::RESIDENT, memory.resident as f64),
        (figure::PROPORTIONAL, memory.proportional as f64),
        (figure::START, server.started_in.as_secs_f64()),
    ]);
    Ok((sample, tally.first_fault))
}

/// Microseconds.
pub(crate) fn per_query(spent: Duration, answered: u64) -> f64 {
    spent.as_secs_f64() * 1e6 / answered.max(1) as f64
}

/// Before anything is counted: caches and socket queues fill.
const WARM_UP: Duration = Duration::from_millis(300);

/// Names that nobody asked before, for each second: more than any server is asked for, so that none comes twice.
const MISSES: u32 = 250_000;

/// Edits of the scenario that is named after them.
const EDITS: usize = 200;
