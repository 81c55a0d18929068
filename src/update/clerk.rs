//! The clerk: carries out updates, one after the other, and answers each when it is durable.

use super::answering::Verified;
use super::desk::extended;
use super::editor::{EditRefused, Editor};
use super::message::{Update, number, read_update};
use super::plan::{Plan, plan};
use super::prerequisites::check_prerequisites;
use super::refused::Refused;
use super::replay::{Replays, Stamp};
use super::standing::Standing;
use super::voice::Voice;
use crate::counters::{Event, Worker};
use crate::dns::{Name, Rcode};
use crate::edit::Order;
use crate::plugin::acme::{ChallengeChange, ChallengeError, Challenges, Token};
use crate::snapshot::Live;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The clerk's tools.
pub(super) struct Clerk {
    pub(super) live: Arc<Live>,
    pub(super) challenges: Arc<Challenges>,
    pub(super) editor: Box<dyn Editor>,
    pub(super) counters: Arc<Worker>,
    pub(super) replays: Arc<Mutex<Replays>>,
    pub(super) voice: Voice,
}

/// One update, rightly signed and not seen before.
pub(super) struct Job {
    pub(super) verified: Verified,
    pub(super) stamp: Stamp,
}

/// Updates that wait; each takes the time of a write to the disk.
const QUEUE: usize = 64;

/// How often an update is looked over again because the zone files changed meanwhile.
const TRIES: usize = 5;

impl Clerk {
    /// Starts the thread; it ends when nobody can send any more.
    pub(super) fn start(mut clerk: Clerk) -> io::Result<SyncSender<Job>> {
        let (sender, receiver) = sync_channel::<Job>(QUEUE);
        thread::Builder::new().name("updates".to_owned()).spawn(move || {
            while let Ok(job) = receiver.recv() {
                clerk.work(job);
            }
        })?;
        Ok(sender)
    }

    fn work(&mut self, job: Job) {
        let Job { verified, stamp } = job;
        let done = catch_unwind(AssertUnwindSafe(|| self.make(&verified.plain, &verified.key)));
        let done = done.unwrap_or_else(|_| {
            tracing::error!("an update failed inside the server; this is a fault of the program, please report it");
            Err(Refused::new(Rcode::SERVFAIL, "a fault of the server"))
        });
        let outcome = done.as_ref().err().map_or(Rcode::NOERROR, |refused| refused.rcode);
        self.replays.lock().unwrap_or_else(PoisonError::into_inner).done(&stamp, outcome);
        match done {
            Ok(told) => {
                self.counters.count(Event::UpdateMade);
                tracing::info!("update by key `{}` from {}: {told}", verified.key.name, stamp.client);
                verified.reply_bare(Rcode::NOERROR.to_int(), None);
            }
            Err(refused) => {
                self.counters.count(Event::UpdateRefused);
                let name = &verified.key.name;
                self.voice.warn(format_args!("update by key `{name}` from {}: {refused}", stamp.client));
                verified.reply_bare(refused.rcode.to_int(), Some(extended(&refused)));
            }
        }
    }

    /// RFC 2136 section 3, from the zone section on. Returns what was done, in words.
    fn make(&self, plain: &[u8], key: &Token) -> Result<String, Refused> {
        let update = read_update(plain)?;
        check_zone(&update)?;
        for _ in 0..TRIES {
            match self.planned(&update, key)? {
                Plan::Values(changes) => {
                    self.challenges.apply(&changes).map_err(|error| not_kept(&error))?;
                    return Ok(told_of_values(&changes));
                }
                Plan::Records(orders) => {
                    if self.edit(&update, key, &orders)? {
                        return Ok(told_of_orders(&orders));
                    }
                }
            }
        }
        Err(Refused::new(Rcode::SERVFAIL, "the zone files changed again and again during the update; try again"))
    }

    /// Zone, prerequisites and scope on what serves now.
    fn planned(&self, update: &Update, key: &Token) -> Result<Plan, Refused> {
        let snapshot = self.live.load_full();
        let standing = Standing::new(&snapshot, &update.zone, key.horizons.as_deref())
            .ok_or_else(|| not_our_zone(&update.zone))?;
        if standing.horizons().len() == 0 {
            let why = format!("the zone {} is in none of the key's horizons", update.zone);
            return Err(Refused::new(Rcode::REFUSED, why));
        }
        check_prerequisites(&standing, &update.prerequisites, key)?;
        plan(&standing, update, key)
    }

    /// Records of zone files. The edit is planned first, then the update is looked over once more, and the edit is made
    /// only if the files are still those of its plan: so prerequisites hold at the moment of the change. False when
    /// something has changed meanwhile.
    fn edit(&self, update: &Update, key: &Token, orders: &[Order]) -> Result<bool, Refused> {
        let planned = match self.editor.plan(orders, &key.name) {
            Ok(planned) => planned,
            Err(EditRefused::Moved) => return Ok(false),
            Err(refused) => return Err(not_made(refused)),
        };
        if !planned.warnings.is_empty() {
            let why = format!("a person would be asked first: {}", planned.warnings.join("; "));
            return Err(Refused::new(Rcode::REFUSED, why));
        }
        let same = matches!(self.planned(update, key)?, Plan::Records(again) if again == orders);
        if !same {
            return Ok(false);
        }
        match self.editor.make(orders, &key.name, planned.base) {
            Ok(()) => Ok(true),
            Err(EditRefused::Moved) => Ok(false),
            Err(refused) => Err(not_made(refused)),
        }
    }
}

/// The zone section (RFC 2136 section 3.1).
fn check_zone(update: &Update) -> Result<(), Refused> {
    if update.zone_type != number::SOA {
        let why = format!("the zone section has type {} and not SOA", update.zone_type);
        return Err(Refused::new(Rcode::FORMERR, why));
    }
    if update.zone_class != number::IN {
        return Err(Refused::new(Rcode::NOTAUTH, format!("class {} is not served", update.zone_class)));
    }
    Ok(())
}

fn not_our_zone(zone: &Name) -> Refused {
    Refused::new(Rcode::NOTAUTH, format!("{zone} is not the apex of a zone of this server; name the zone itself"))
}

fn not_kept(error: &ChallengeError) -> Refused {
    let rcode = match error {
        ChallengeError::NotKept(_) => Rcode::SERVFAIL,
        ChallengeError::TooLong { .. } | ChallengeError::OwnerFull { .. } | ChallengeError::Full { .. } => {
            Rcode::REFUSED
        }
    };
    Refused::new(rcode, error.to_string())
}

fn not_made(refused: EditRefused) -> Refused {
    match refused {
        EditRefused::Moved => Refused::new(Rcode::SERVFAIL, "the zone files changed during the update; try again"),
        EditRefused::NotAllowed(why) => Refused::new(Rcode::REFUSED, why),
        EditRefused::Failed(why) => Refused::new(Rcode::SERVFAIL, why),
    }
}

fn told_of_values(changes: &[ChallengeChange]) -> String {
    let told = changes.iter().map(|change| match change {
        ChallengeChange::Add { owner, .. } => format!("a challenge value at {owner}"),
        ChallengeChange::Remove { owner, .. } => format!("a challenge value less at {owner}"),
        ChallengeChange::RemoveAll { owner } => format!("no challenge values any more at {owner}"),
    });
    few(told)
}

fn told_of_orders(orders: &[Order]) -> String {
    let told = orders.iter().filter_map(|order| match order {
        Order::Set { name, rtype, .. } => Some(format!("{name} {rtype} is set")),
        Order::Add { name, rtype, .. } => Some(format!("{name} {rtype} is added to")),
        Order::Remove { name, rtype, .. } => Some(format!("{name} {} is removed", rtype.as_deref().unwrap_or("ANY"))),
        _ => None,
    });
    few(told)
}

/// The first of many.
fn few(told: impl Iterator<Item = String>) -> String {
    const MOST: usize = 8;
    let mut told: Vec<String> = told.collect();
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    match (told.is_empty(), more) {
        (true, _) => "nothing to change".to_owned(),
        (false, 0) => told.join(", "),
        (false, more) => format!("{}, and {more} more", told.join(", ")),
    }
}
