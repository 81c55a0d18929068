//! What a query costs, server beside server: all that are compared run at once and are asked in turns of a few tenths of a
//! second, so that what makes the machine faster or slower for seconds or minutes weighs on all of them alike.

use crate::asking::Asking;
use crate::dnsperf;
use crate::figures::{Results, Sample, figure};
use crate::forwarded;
use crate::kernel::interrupted;
use crate::load::{Judge, Load};
use crate::measure::{Cores, Prepared, per_query, sample};
use crate::options::Options;
use crate::process::{Manner, Running};
use crate::program::Program;
use crate::scenario::{Scenario, Task};
use crate::world::World;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::time::Duration;

/// Turns of each server in each round, at least.
const TURNS: usize = 5;

/// A turn is no longer: more turns tell more than longer ones, since what slows a machine lasts about as long.
const TURN: Duration = Duration::from_millis(200);

/// Turns of each server in a round in which each is measured for so long.
pub(crate) fn turns(time: Duration) -> usize {
    TURNS.max((time.as_millis() / TURN.as_millis()) as usize)
}

/// Before the first turn: caches and socket queues fill.
const WARM_UP: Duration = Duration::from_millis(300);

/// Before each turn: the caches of the processor hold what the server before left there.
const AGAIN: Duration = Duration::from_millis(100);

/// The least of all turns of one worker or two in a round: the two are to differ by less than a tenth.
const STEADY: Duration = Duration::from_secs(4);

/// How long a turn of theirs is.
const LONGER_TURN: Duration = Duration::from_millis(400);

/// One server that is asked, and a load for it that goes on where it stopped.
struct Contender<'a> {
    program: Program,
    load: Load<'a>,
    samples: Vec<Sample>,
    fault: Option<String>,
    failed: Option<io::Error>,
}

impl<'a> Contender<'a> {
    fn new(program: Program, load: Load<'a>) -> Self {
        Contender { program, load, samples: Vec::new(), fault: None, failed: None }
    }

    /// Asks for so long; what comes of it is one sample.
    fn turn(&mut self, server: &Running, time: Duration) {
        let warm_up = if self.samples.is_empty() { WARM_UP } else { AGAIN };
        let mut measure = || {
            self.load.run(warm_up)?;
            let before = server.tree.cpu();
            let tally = self.load.run(time)?;
            sample(server, before, tally)
        };
        match measure() {
            Ok((sample, fault)) => {
                self.samples.push(sample);
                self.fault = self.fault.take().or(fault);
            }
            Err(error) => self.failed = Some(error),
        }
    }
}

/// Runs these scenarios of one world with all servers that take part in any of them.
pub(crate) fn compare(
    options: &Options,
    cores: &Cores,
    round: usize,
    scenarios: &[&Scenario],
    prepared: &Prepared,
    results: &mut Results,
) {
    let mut servers = BTreeMap::new();
    for scenario in scenarios {
        eprintln!("round {} of {}, {}, all servers in turns", round + 1, options.rounds, scenario.name);
        let mut contenders = Vec::new();
        for at in 0..options.programs.len() {
            // Every round begins with another server, so that none always comes after the same one.
            let program = options.programs[(at + round) % options.programs.len()];
            if interrupted() {
                return;
            }
            if !scenario.takes_part(program, results) {
                continue;
            }
            match enter(options, cores, program, scenario, prepared, &mut servers) {
                Ok(contender) => contenders.push(contender),
                Err(why) => results.note(scenario.name, program, why),
            }
        }
        let turns = turns(options.time);
        for _ in 0..turns {
            for contender in contenders.iter_mut().filter(|contender| contender.failed.is_none()) {
                if interrupted() {
                    return;
                }
                contender.turn(&servers[&contender.program], options.time / turns as u32);
            }
        }
        for mut contender in contenders {
            if let Err(error) = by_dnsperf(options, cores, scenario, prepared, &mut contender, &servers) {
                contender.failed.get_or_insert(error);
            }
            let program = contender.program;
            for (at, sample) in contender.samples.into_iter().enumerate() {
                results.add(scenario.name, program, round * turns + at, sample);
            }
            contender.fault.iter().for_each(|fault| results.note_fault(scenario.name, program, fault));
            if let Some(error) = contender.failed {
                results.note(scenario.name, program, format!("failed: {error}"));
                // Whatever state it is in, the next scenario begins with a new one.
                servers.remove(&program);
            }
        }
    }
}

/// Starts the server, unless it runs, and opens the load's sockets.
fn enter<'a>(
    options: &Options,
    cores: &Cores,
    program: Program,
    scenario: &Scenario,
    prepared: &'a Prepared,
    servers: &mut BTreeMap<Program, Running>,
) -> Result<Contender<'a>, String> {
    let world = &prepared.world;
    if let Entry::Vacant(place) = servers.entry(program) {
        let manner = prepared.manner(options, cores)?;
        let started = Running::start(program, world, manner).map_err(|error| format!("did not start: {error}"))?;
        place.insert(started);
    }
    let server = &servers[&program];
    let askings = &prepared.askings[scenario.name];
    let open = || {
        if scenario.task == Task::Cached {
            forwarded::prime(&askings[0], server, world, options.window)?;
        }
        Load::new(askings, judge(program), server.address, &world.clients(), options.window)
    };
    let load = open().map_err(|error| format!("failed: {error}"))?;
    Ok(Contender::new(program, load))
}

/// What is checked of a server's answers.
fn judge(program: Program) -> Judge {
    if program == Program::Echo { Judge::Id } else { Judge::Answer }
}

/// The same questions once more, with dnsperf as driver.
fn by_dnsperf(
    options: &Options,
    cores: &Cores,
    scenario: &Scenario,
    prepared: &Prepared,
    contender: &mut Contender<'_>,
    servers: &BTreeMap<Program, Running>,
) -> io::Result<()> {
    let wanted = scenario.by_dnsperf() && options.dnsperf && dnsperf::is_here() && !interrupted();
    let Some(sample) = contender.samples.last_mut().filter(|_| wanted) else { return Ok(()) };
    let server = &servers[&contender.program];
    let file = prepared.questions(scenario);
    let before = server.tree.cpu();
    let counted = dnsperf::drive(server.address, &file, scenario.task == Task::Secure, options.time, &cores.load)?;
    let spent = server.tree.cpu().saturating_sub(before);
    sample.insert(figure::DNSPERF_CPU, per_query(spent, counted.answered));
    sample.insert(figure::DNSPERF_LOST, counted.lost as f64);
    Ok(())
}

/// One worker and two, both free to use the same two cores, in turns: first the one, then the other.
///
/// # Errors
/// A server that does not start or does not answer.
pub(crate) fn workers(
    options: &Options,
    cores: &Cores,
    program: Program,
    world: &World,
    askings: &[Asking],
) -> io::Result<(Vec<Sample>, Option<String>)> {
    // Sixteen ports, so that the kernel spreads them over both workers.
    let clients = [world.clients(), world.clients()].concat();
    let enter = |workers| {
        let manner = Manner { workers, cores: &cores.two, upstream: None, horizond: options.horizond.as_deref() };
        let server = Running::start(program, world, manner)?;
        let load = Load::new(askings, judge(program), server.address, &clients, options.window)?;
        Ok::<_, io::Error>((server, Contender::new(program, load)))
    };
    let (mut one, mut two) = (enter(1)?, enter(2)?);
    let time = options.time.max(STEADY);
    let turns = (time.as_millis() / LONGER_TURN.as_millis()) as usize;
    for turn in 0..turns {
        let pair = if turn % 2 == 0 { [&mut one, &mut two] } else { [&mut two, &mut one] };
        for (server, contender) in pair {
            if interrupted() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            contender.turn(server, time / turns as u32);
            if let Some(error) = contender.failed.take() {
                return Err(error);
            }
        }
    }
    let mut samples = two.1.samples;
    for (sample, one) in samples.iter_mut().zip(&one.1.samples) {
        let ratio = |figure| sample[figure] / one[figure];
        let (rate, cpu) = (ratio(figure::RATE), ratio(figure::CPU));
        sample.extend([(figure::RATE_RATIO, rate), (figure::CPU_RATIO, cpu)]);
    }
    Ok((samples, two.1.fault))
}
