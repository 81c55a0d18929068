//! The measurements: rounds over all servers in turn, each scenario with a server that was started for its zones.

use crate::asking::{Asking, Edns};
use crate::change;
use crate::dnsperf;
use crate::figures::{Results, Sample, figure};
use crate::forwarded;
use crate::kernel::interrupted;
use crate::load::{Judge, Load, Tally};
use crate::options::Options;
use crate::process::{Manner, Running};
use crate::program::Program;
use crate::scenario::{IDLE, STREAMS, Scenario, Task};
use crate::streams::{Streams, idle};
use crate::world::{Kind, World};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
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
struct Prepared {
    world: World,
    askings: BTreeMap<&'static str, Vec<Asking>>,
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
            // Every round begins with another server, so that none always comes after the same one.
            for turn in 0..options.programs.len() {
                let program = options.programs[(turn + round) % options.programs.len()];
                if interrupted() {
                    return Ok(());
                }
                eprintln!("round {} of {}, {kind:?}, {}", round + 1, options.rounds, program.name());
                serve(options, cores, program, round, &scenarios, &mut prepared, results);
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
            fs::write(questions(&world, scenario), asking[0].text(100_000))?;
        }
        askings.insert(scenario.name, asking);
    }
    let upstream = kind.forwarded().then(|| {
        let manner = Manner { workers: 1, cores: &cores.load, upstream: None, horizond: None };
        Running::start(Program::Knot, &world, manner).map_err(|error| format!("n/a: no upstream: {error}"))
    });
    Ok(Prepared { world, askings, upstream })
}

fn questions(world: &World, scenario: &Scenario) -> std::path::PathBuf {
    world.folder.join(format!("{}.dnsperf", scenario.name))
}

/// Runs all scenarios of one world with one server.
fn serve(
    options: &Options,
    cores: &Cores,
    program: Program,
    round: usize,
    scenarios: &[&Scenario],
    prepared: &mut Prepared,
    results: &mut Results,
) {
    let mut takes_part = Vec::new();
    for scenario in scenarios {
        match program.absent().or_else(|| scenario.out(program).map(str::to_owned)) {
            Some(reason) => results.note(scenario.name, program, format!("n/a: {reason}")),
            None => takes_part.push(**scenario),
        }
    }
    let upstream = match &prepared.upstream {
        Some(Ok(upstream)) => Some(upstream.address),
        Some(Err(reason)) => {
            takes_part.iter().for_each(|scenario| results.note(scenario.name, program, reason.clone()));
            return;
        }
        None => None,
    };
    let manner = Manner { workers: 1, cores: &cores.server, upstream, horizond: options.horizond.as_deref() };
    let bench = Bench { options, cores, program };
    let mut running: Option<Running> = None;
    for scenario in takes_part {
        let measured = if scenario.task == Task::Workers {
            // It starts its own servers, on the same files.
            running = None;
            bench.workers(&prepared.world, &prepared.askings[scenario.name])
        } else {
            if running.is_none() {
                running = match Running::start(program, &prepared.world, manner) {
                    Ok(started) => Some(started),
                    Err(error) => return results.note(scenario.name, program, format!("did not start: {error}")),
                };
            }
            let Some(server) = running.as_mut() else { return };
            bench.scenario(&scenario, server, prepared)
        };
        match measured {
            Ok((sample, fault)) => {
                results.add(scenario.name, program, round, sample);
                if let Some(fault) = fault {
                    results.note(scenario.name, program, format!("first fault: {fault}"));
                }
            }
            Err(error) => {
                results.note(scenario.name, program, format!("failed: {error}"));
                // Whatever state it is in, the next scenario begins with a new one.
                running = None;
            }
        }
    }
}

/// One server in one round.
struct Bench<'a> {
    options: &'a Options,
    cores: &'a Cores,
    program: Program,
}

/// Figures, and the first wrong answer if there was one.
type Measured = io::Result<(Sample, Option<String>)>;

impl Bench<'_> {
    fn scenario(&self, scenario: &Scenario, server: &mut Running, prepared: &mut Prepared) -> Measured {
        let askings = &prepared.askings[scenario.name];
        match scenario.task {
            Task::Hits | Task::Mix | Task::Flood | Task::Secure | Task::Special(_) => {
                let clients = prepared.world.clients();
                let load = Load::new(askings, self.judge(), server.address, &clients, self.options.window)?;
                let (mut sample, fault) = self.datagrams(load, server)?;
                if scenario.by_dnsperf() && self.options.dnsperf && dnsperf::is_here() && !interrupted() {
                    let file = questions(&prepared.world, scenario);
                    let edns = scenario.task == Task::Secure;
                    let before = server.tree.cpu();
                    let counted = dnsperf::drive(server.address, &file, edns, self.options.time, &self.cores.load)?;
                    let spent = server.tree.cpu().saturating_sub(before);
                    sample.insert(figure::DNSPERF_CPU, per_query(spent, counted.answered));
                    sample.insert(figure::DNSPERF_LOST, counted.lost as f64);
                }
                Ok((sample, fault))
            }
            Task::Streams => {
                let mut streams = Streams::new(&askings[0], server.address, STREAMS)?;
                streams.run(WARM_UP)?;
                let before = server.tree.cpu();
                let tally = streams.run(self.options.time)?;
                self.sample(server, before, tally)
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
            Task::Change => Ok((change::one_record(server, &mut prepared.world, self.options.changes)?, None)),
            Task::Edits => Ok((change::one_record(server, &mut prepared.world, EDITS)?, None)),
            Task::Reloads => {
                let load = change::UnderLoad {
                    askings,
                    time: self.options.time,
                    window: self.options.window,
                    reloads: self.options.reloads.div_ceil(self.options.rounds),
                };
                load.run(server, &mut prepared.world)
            }
            Task::CachedMemory => {
                let sample = forwarded::memory(&askings[0], server, &prepared.world, self.options.window)?;
                Ok((sample, None))
            }
            Task::Cached => {
                forwarded::prime(&askings[0], server, &prepared.world, self.options.window)?;
                let clients = prepared.world.clients();
                let load = Load::new(askings, self.judge(), server.address, &clients, self.options.window)?;
                self.datagrams(load, server)
            }
            Task::Misses => {
                let clients = prepared.world.clients();
                let load = Load::new(askings, self.judge(), server.address, &clients, self.options.window)?;
                self.datagrams(load, server)
            }
            Task::MissLatency => forwarded::latency(&askings[0], server, self.options.time),
            Task::Workers => Err(io::Error::other("starts its own servers")),
        }
    }

    /// One worker and two, both free to use the same two cores, in an order in which a machine that gets slower or faster
    /// meanwhile weighs on both alike.
    fn workers(&self, world: &World, askings: &[Asking]) -> Measured {
        let run = |workers| {
            let manner =
                Manner { workers, cores: &self.cores.two, upstream: None, horizond: self.options.horizond.as_deref() };
            let server = Running::start(self.program, world, manner)?;
            // Sixteen ports, so that the kernel spreads them over both workers.
            let clients = [world.clients(), world.clients()].concat();
            let load = Load::new(askings, self.judge(), server.address, &clients, self.options.window)?;
            self.datagrams_for(load, &server, self.options.time.max(STEADY))
        };
        let [(one, _), (mut two, fault), (other_two, _), (other_one, _)] = [run(1)?, run(2)?, run(2)?, run(1)?];
        let ratio = |figure| (two[figure] + other_two[figure]) / (one[figure] + other_one[figure]);
        let (rate, cpu) = (ratio(figure::RATE), ratio(figure::CPU));
        two.extend([(figure::RATE_RATIO, rate), (figure::CPU_RATIO, cpu)]);
        Ok((two, fault))
    }

    fn judge(&self) -> Judge {
        if self.program == Program::Echo { Judge::Id } else { Judge::Answer }
    }

    fn datagrams(&self, load: Load<'_>, server: &Running) -> Measured {
        self.datagrams_for(load, server, self.options.time)
    }

    fn datagrams_for(&self, mut load: Load<'_>, server: &Running, time: Duration) -> Measured {
        load.run(WARM_UP)?;
        let before = server.tree.cpu();
        let tally = load.run(time)?;
        self.sample(server, before, tally)
    }

    fn sample(&self, server: &Running, cpu_before: Duration, tally: Tally) -> Measured {
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
}

/// Microseconds.
fn per_query(spent: Duration, answered: u64) -> f64 {
    spent.as_secs_f64() * 1e6 / answered.max(1) as f64
}

/// How long each of two servers is measured at least that are to differ by less than a tenth.
const STEADY: Duration = Duration::from_secs(2);

/// Before anything is counted: caches and socket queues fill.
const WARM_UP: Duration = Duration::from_millis(300);

/// Names that nobody asked before, for each second: more than any server is asked for, so that none comes twice.
const MISSES: u32 = 250_000;

/// Edits of the scenario that is named after them.
const EDITS: usize = 200;
