//! The measurements of forwarders: what a cached answer, a miss and 100,000 kept answers take, and how long a miss lasts.

use crate::asking::Asking;
use crate::figures::{Sample, figure};
use crate::kernel::interrupted;
use crate::load::{Judge, Load};
use crate::paced::Paced;
use crate::process::Running;
use crate::world::World;
use std::io;
use std::slice;
use std::time::Duration;

/// Questions a second of the measurement of latency, whatever the server does.
pub(crate) const RATE: u32 = 5_000;

/// How long latency is measured at least: of fewer questions the last hundredth is the affair of one or two waits that are
/// nobody's doing.
const STEADY: Duration = Duration::from_secs(12);

/// How long it may take until all names are in the cache.
const PATIENCE: Duration = Duration::from_secs(120);

/// Has every name asked for and kept.
pub(crate) fn prime(asking: &Asking, server: &Running, world: &World, window: usize) -> io::Result<()> {
    // One socket goes through the questions in order; twice, for what got no answer the first time.
    let mut load = Load::new(slice::from_ref(asking), Judge::Answer, server.address, &world.clients()[..1], window)?;
    let (mut answered, mut spent) = (0, Duration::ZERO);
    while answered < 2 * asking.len() as u64 {
        let tally = load.run(Duration::from_millis(100))?;
        answered += tally.answered;
        spent += tally.elapsed;
        if interrupted() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        if spent > PATIENCE {
            return Err(io::Error::other(format!("{answered} answers in {PATIENCE:?}: the cache is not full")));
        }
    }
    Ok(())
}

/// Memory that the answers to all names add.
pub(crate) fn memory(asking: &Asking, server: &Running, world: &World, window: usize) -> io::Result<Sample> {
    let before = server.tree.memory();
    prime(asking, server, world, window)?;
    let after = server.tree.memory();
    let added = after.resident.saturating_sub(before.resident) as f64;
    Ok(Sample::from([
        (figure::ADDED, added),
        (figure::RESIDENT, after.resident as f64),
        (figure::PROPORTIONAL, after.proportional as f64),
        (figure::PER_NAME, added / asking.len() as f64),
    ]))
}

/// How long misses last when they come at a steady rate, from the moment at which each was to be asked.
pub(crate) fn latency(asking: &Asking, server: &Running, time: Duration) -> io::Result<(Sample, Option<String>)> {
    let mut paced = Paced::new(asking, server.address, RATE)?;
    paced.run(Duration::from_millis(500))?;
    let tally = paced.run(time.max(STEADY))?;
    let quantile = |share| tally.latency.quantile(share).as_secs_f64() * 1e6;
    let sample = Sample::from([
        (figure::RATE, tally.answered as f64 / tally.elapsed.as_secs_f64()),
        (figure::LOST, tally.lost as f64),
        (figure::WRONG, tally.wrong as f64),
        (figure::P50, quantile(0.5)),
        (figure::P99, quantile(0.99)),
        (figure::P999, quantile(0.999)),
        (figure::RESIDENT, server.tree.memory().resident as f64),
    ]);
    Ok((sample, tally.first_fault))
}
