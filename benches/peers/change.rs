//! What happens while the data changes: one record in a large zone, and full reloads under load.

use crate::asking::Asking;
use crate::figures::{Sample, figure};
use crate::kernel::{give_way, interrupted, take_turns};
use crate::load::{Judge, Load};
use crate::process::Running;
use crate::world::World;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a change may take to be served.
const PATIENCE: Duration = Duration::from_secs(60);

/// Changes of a server that reads the whole zone again for each: there is no tail to find in that.
const OF_A_READER: usize = 2;

/// Reloads of a peer in a round: none of the bounds is about them.
const OF_A_PEER: usize = 2;

/// Changes one record so many times; from the command to the first answer with it.
pub(crate) fn one_record(server: &mut Running, world: &mut World, changes: usize) -> io::Result<Sample> {
    let mut took = Vec::new();
    let mut acknowledged = Vec::new();
    let changes = if server.edits() { changes } else { changes.min(OF_A_READER) };
    for _ in 0..changes {
        if interrupted() {
            break;
        }
        let (name, address) = world.one(world.version() + 1);
        let begun = Instant::now();
        let editing = server.edit(&name, &address);
        let begun = match editing {
            Some(_) => begun,
            None => {
                world.change_one(world.version())?;
                let begun = Instant::now();
                server.read_again()?;
                begun
            }
        };
        server.await_answer(&world.probe(), true, PATIENCE)?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        if let Some(editing) = editing {
            editing.join().map_err(|_| io::Error::other("the edit panicked"))??;
            acknowledged.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    let mut sample =
        Sample::from([(figure::CHANGE_P50, quantile(&mut took, 0.5)), (figure::CHANGE_P99, quantile(&mut took, 0.99))]);
    if !acknowledged.is_empty() {
        sample.insert(figure::ACK_P50, quantile(&mut acknowledged, 0.5));
        sample.insert(figure::ACK_P99, quantile(&mut acknowledged, 0.99));
    }
    Ok(sample)
}

fn quantile(took: &mut [f64], share: f64) -> f64 {
    took.sort_by(f64::total_cmp);
    took.get(((took.len() as f64 * share) as usize).min(took.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// Full reloads while questions come as fast as they are answered.
pub(crate) struct UnderLoad<'a> {
    pub(crate) askings: &'a [Asking],
    pub(crate) time: Duration,
    pub(crate) window: usize,
    pub(crate) reloads: usize,
}

impl UnderLoad<'_> {
    /// Measures with reloads, then as long without them: rare waits that are nobody's doing weigh the same in both.
    pub(crate) fn run(&self, server: &mut Running, world: &mut World) -> io::Result<(Sample, Option<String>)> {
        let mut load = Load::new(self.askings, Judge::Pair, server.address, &world.clients(), self.window)?;
        load.run(Duration::from_millis(300))?;
        let done = AtomicBool::new(false);
        let (stirred, reloading) = thread::scope(|scope| {
            let asker = scope.spawn(|| load.run_until(LONGEST, || done.load(Ordering::Relaxed)));
            let reloading = scope.spawn(|| self.reload(server, world));
            let reloading = reloading.join();
            done.store(true, Ordering::Relaxed);
            (asker.join(), reloading)
        });
        let stirred = stirred.map_err(|_| io::Error::other("the load panicked"))??;
        let mut took = reloading.map_err(|_| io::Error::other("the reloads panicked"))??;
        took.sort_by(f64::total_cmp);
        let calm = load.run(stirred.elapsed.min(LONGEST_CALM).max(self.time))?;
        let before = calm.latency.quantile(0.999).as_secs_f64() * 1e6;
        let during = stirred.latency.quantile(0.999).as_secs_f64() * 1e6;
        let sample = Sample::from([
            (figure::RATE, stirred.answered as f64 / stirred.elapsed.as_secs_f64()),
            (figure::LOST, stirred.lost as f64),
            (figure::WRONG, stirred.wrong as f64),
            (figure::MIXED, stirred.mixed as f64),
            (figure::P999, during),
            (figure::P999_RATIO, during / before),
            (figure::RELOAD, took.get(took.len() / 2).copied().unwrap_or(f64::NAN)),
            (figure::RESIDENT, server.tree.memory().resident as f64),
        ]);
        Ok((sample, stirred.first_fault))
    }

    /// Milliseconds that each reload took until it was served.
    fn reload(&self, server: &mut Running, world: &mut World) -> io::Result<Vec<f64>> {
        let mut took = Vec::new();
        let reloads = if server.edits() { self.reloads } else { self.reloads.min(OF_A_PEER) };
        for _ in 0..reloads {
            if interrupted() {
                break;
            }
            // The load is on the same core: files written there would keep answers waiting, and that is not the server's
            // doing.
            give_way()?;
            world.rewrite(world.version() + 1)?;
            // A command is started as an operator would start it.
            take_turns()?;
            let begun = Instant::now();
            server.read_again()?;
            server.await_answer(&world.probe(), true, PATIENCE)?;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Ok(took)
    }
}

/// Without reloads nothing new comes after that.
const LONGEST_CALM: Duration = Duration::from_secs(20);

/// However slow the reloads are.
const LONGEST: Duration = Duration::from_secs(1800);
