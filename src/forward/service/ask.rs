//! Whom to ask next, and the asking.

use super::limits::Limit;
use super::question::{Asked, Purpose, Question, Try, TryState, TryWay};
use super::queue::Delivery;
use super::server::Server;
use super::slab::Id;
use super::sockets::{Route, Waiting};
use super::work::Work;
use crate::config::Policy;
use crate::counters::Event;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What to do about a question.
enum Next {
    Ask(Vec<Id>),
    AskOne(Id),
    /// Somebody may still answer.
    Wait,
    /// Go through those again who did not answer.
    Again,
    /// Nobody is left.
    GiveUp(Option<Limit>),
}

/// How an upstream is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) stream: bool,
    pub(super) edns: bool,
    pub(super) for_case: bool,
}

/// How often all upstreams are gone through for one question.
const ROUNDS: u8 = 3;

/// The same, when nobody else has an answer from them either.
const ROUNDS_DOWN: u8 = 2;

/// One of so many questions goes to an upstream that does not look like the best, to see whether it is better now.
const CURIOSITY: usize = 32;

/// A stream that must be opened first takes some round trips.
const STREAM_PATIENCE: Duration = Duration::from_millis(1500);

impl Work {
    /// True when one of these answers questions, as far as is known.
    pub(super) fn any_up(&mut self, servers: &[Id]) -> bool {
        servers.iter().any(|id| self.servers.find(*id).is_some_and(|server| server.health.is_up() && !server.loops))
    }

    /// Somebody wants to know whether these answer again.
    pub(super) fn want(&mut self, servers: &[Id]) {
        for id in servers {
            if let Some(server) = self.servers.find(*id) {
                server.health.wanted(self.now);
                self.arm_probe(*id);
            }
        }
    }

    /// Asks the next upstreams in turn, waits for those asked, or gives the question up.
    pub(super) fn ask_next(&mut self, id: Id) {
        // Each turn asks somebody, begins another round or ends it.
        for _ in 0..1000 {
            match self.choose(id) {
                Next::AskOne(server) => {
                    if self.ask(id, server) {
                        return self.set_due(id);
                    }
                }
                Next::Ask(servers) => {
                    let mut sent = false;
                    for server in servers {
                        sent |= self.ask(id, server);
                    }
                    if sent {
                        return self.set_due(id);
                    }
                }
                Next::Again => {
                    if let Some(asked) = self.questions.find(id).and_then(Question::asked) {
                        asked.round += 1;
                    }
                }
                Next::Wait => return self.set_due(id),
                Next::GiveUp(limit) => return self.give_up(id, limit),
            }
        }
        self.give_up(id, None);
    }

    fn choose(&mut self, id: Id) -> Next {
        let Some(question) = self.questions.find(id) else { return Next::Wait };
        let tries = &question.tries;
        let Purpose::Ask(asked) = &question.purpose else { return Next::Wait };
        let Asked { servers, round, plan, group, .. } = &**asked;
        let limit = plan.settings.per_upstream;
        let any_up = servers.iter().any(|id| self.servers.find(*id).is_some_and(|s| s.health.is_up() && !s.loops));
        let mut busy = false;
        let mut candidates: Vec<(Id, bool, Duration)> = Vec::with_capacity(servers.len());
        let mut overdue = false;
        for id in servers.iter() {
            let Some(server) = self.servers.find(*id) else { continue };
            if server.loops || (any_up && !server.health.is_up()) {
                continue;
            }
            let mut own = tries.iter().filter(|tried| tried.server == *id && tried.state != TryState::Abandoned);
            if own.clone().any(|tried| tried.round == *round || tried.state == TryState::Useless) {
                overdue |= own.all(|tried| tried.state == TryState::Late);
                continue;
            }
            if server.in_flight >= limit {
                busy = true;
                continue;
            }
            candidates.push((*id, server.health.is_failing(), server.health.srtt().unwrap_or_default()));
        }
        let curious = candidates.len() > 1 && self.random.below(CURIOSITY) == 0;
        let best = match (group.policy, any_up) {
            // Nobody is known to answer: who does is the best.
            (_, false) | (Policy::Parallel, _) => {
                let good = candidates.iter().any(|(_, failing, _)| !failing);
                let chosen = candidates.iter().filter(|(_, failing, _)| !(good && *failing) || curious);
                return match chosen.map(|(id, ..)| *id).collect::<Vec<_>>() {
                    chosen if chosen.is_empty() => self.without(id, overdue, busy, limit, any_up),
                    chosen => Next::Ask(chosen),
                };
            }
            (Policy::Ordered, _) if curious => candidates.first(),
            (Policy::Ordered, _) => candidates.iter().min_by_key(|(_, failing, _)| *failing),
            (Policy::Fastest, _) if curious => candidates.get(self.random.below(candidates.len())),
            (Policy::Fastest, _) => candidates.iter().min_by_key(|(_, failing, srtt)| (*failing, *srtt)),
        };
        match best {
            Some((best, ..)) => Next::AskOne(*best),
            None => self.without(id, overdue, busy, limit, any_up),
        }
    }

    /// Everybody has been asked in this round.
    fn without(&mut self, id: Id, overdue: bool, busy: bool, limit: usize, any_up: bool) -> Next {
        let now = self.now;
        let Some(question) = self.questions.find(id) else { return Next::Wait };
        let open = question.tries.iter().any(|tried| tried.state == TryState::Open);
        let late = question.tries.iter().any(|tried| tried.state == TryState::Late);
        let in_time = question.deadline > now;
        let Some(asked) = question.asked() else { return Next::Wait };
        let rounds = if any_up { ROUNDS } else { ROUNDS_DOWN };
        if open {
            Next::Wait
        } else if overdue && asked.round + 1 < rounds && in_time {
            Next::Again
        } else if late && any_up && in_time {
            // Nobody else can be asked, and a late answer is better than none.
            Next::Wait
        } else {
            Next::GiveUp((busy && question.tries.is_empty()).then_some(Limit::Upstream(limit)))
        }
    }

    /// Asks one upstream as it likes best. False when it could not be asked.
    fn ask(&mut self, id: Id, server: Id) -> bool {
        let now = self.now;
        let Some(found) = self.servers.find(server) else { return false };
        let manner = Manner { stream: found.address().is_none(), edns: found.wants_edns(now), for_case: false };
        self.ask_so(id, server, manner)
    }

    /// Asks one upstream in this manner. False when it could not be asked; then that is noted.
    pub(super) fn ask_so(&mut self, id: Id, server_id: Id, manner: Manner) -> bool {
        let now = self.now;
        let upstreams = self.servers.len();
        let (Some(question), Some(server)) = (self.questions.find(id), self.servers.find(server_id)) else {
            return false;
        };
        if !server.keeps_case(now) {
            question.query.spell_small();
        }
        let (round, longest) = match &question.purpose {
            Purpose::Ask(asked) => (asked.round, Duration::from_millis(asked.plan.settings.timeout.into())),
            Purpose::Probe(_) | Purpose::LoopCheck(_) => (0, PROBE_PATIENCE),
        };
        let patience = patience(server, manner, longest, round);
        let until = (now + patience).min(question.deadline);
        server.tally.asked += 1;
        server.in_flight += 1;
        self.tools.counters.count(Event::UpstreamAsked);
        let mut tried = Try {
            server: server_id,
            way: TryWay::Stream(question.serial),
            sent: now,
            until,
            round,
            state: TryState::Open,
            wrong: 0,
            edns: manner.edns,
            for_case: manner.for_case,
        };
        let address = server.address();
        if let (Some(address), false) = (address, manner.stream) {
            let route = Route { pool: &mut server.pool, owner: server_id, address, upstreams, now };
            let mut refused = Vec::new();
            let query = &mut question.query;
            let edns = manner.edns;
            let sent = self.sockets.send(route, id, &mut self.random, move |own| query.octets(own, edns), &mut refused);
            let outcome = match sent {
                Ok(spot) => {
                    tried.way = TryWay::Udp(spot);
                    question.tries.push(tried);
                    true
                }
                Err(error) => {
                    tried.state = TryState::Useless;
                    server.in_flight -= 1;
                    question.tries.push(tried);
                    self.unsent(id, server_id, &error);
                    false
                }
            };
            self.refused(&refused, id);
            return outcome;
        }
        question.serial = question.serial.wrapping_add(1);
        let serial = question.serial;
        tried.way = TryWay::Stream(serial);
        question.tries.push(tried);
        let message = question.query.octets(self.random.id(), manner.edns).to_vec();
        let queue = Arc::clone(&self.queue);
        let deadline = question.deadline;
        let done = Box::new(move |outcome| queue.deliver(Delivery::Stream { question: id, serial, outcome }));
        self.tools.streams.ask(&server.upstream, message, deadline, done);
        true
    }

    /// These waited at a socket that says that nobody is there.
    fn refused(&mut self, waiting: &[Waiting], asking: Id) {
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        for Waiting { id, question } in waiting {
            if *question != asking {
                self.nobody_there(*question, *id, &error);
            }
        }
    }

    /// When to look after a question again.
    pub(super) fn set_due(&mut self, id: Id) {
        let Some(question) = self.questions.find(id) else { return };
        let open = question.tries.iter().filter(|tried| tried.state == TryState::Open).map(|tried| tried.until).min();
        let deadline = question.deadline;
        let stale = question.asked().and_then(|asked| Work::stale_time(asked));
        question.due = [open, stale].into_iter().flatten().fold(deadline, Instant::min);
        self.arm(id);
    }
}

/// How long a probe is waited for at most.
const PROBE_PATIENCE: Duration = Duration::from_millis(800);

/// How long this try is waited for before others are asked; twice as long each round.
fn patience(server: &Server, manner: Manner, longest: Duration, round: u8) -> Duration {
    let patience = server.health.patience(longest);
    let patience = if manner.stream { patience.max(STREAM_PATIENCE.min(2 * longest)) } else { patience };
    patience * (1 << round.min(4))
}
