//! The end of a question: its answer is validated and kept, aliases are followed, and whoever waits is answered.

use super::limits::Limit;
use super::question::{Asked, Chain, Failures, Purpose, Question, TryState, reason};
use super::queue::Delivery;
use super::slab::Id;
use super::wire::OwnQuery;
use super::work::{LATELY, Work};
use crate::config::Dnssec;
use crate::counters::Event;
use crate::forward::ask::Note;
use crate::forward::cache::Entry;
use crate::forward::compose::Age;
use crate::forward::validation::{Suspect, Validity};
use std::sync::Arc;

/// How many aliases are followed that an upstream did not follow itself.
const ALIASES: usize = 12;

impl Work {
    /// An answer that is of use, as it came.
    pub(super) fn good(&mut self, id: Id, entry: Entry, message: &[u8]) {
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        if !asked.validates() {
            return self.stage_done(id, entry);
        }
        let suspect = Suspect {
            plan: Arc::clone(&asked.plan),
            horizon: asked.horizon,
            name: asked.stage_name().into(),
            rtype: asked.rtype,
            message: message.to_vec(),
        };
        asked.validating = Some(entry);
        self.release(id);
        let Some(question) = self.questions.find(id) else { return };
        question.serial = question.serial.wrapping_add(1);
        let serial = question.serial;
        self.set_due(id);
        let queue = Arc::clone(&self.queue);
        let done = Box::new(move |_, validity| queue.deliver(Delivery::Validated { question: id, serial, validity }));
        self.tools.validator.validate(suspect, &self.asking, done);
    }

    /// What validation has found.
    pub(super) fn validated(&mut self, id: Id, serial: u32, validity: Validity) {
        let Some(question) = self.questions.find(id).filter(|question| question.serial == serial) else { return };
        let Some(asked) = question.asked() else { return };
        let Some(mut entry) = asked.validating.take() else { return };
        let validate = asked.plan.settings.dnssec == Dnssec::Validate;
        entry.set_authentic(validity == Validity::Secure);
        match validity {
            Validity::Bogus(note) | Validity::Indeterminate(note) if validate => {
                asked.failures.own(note);
                // Another upstream may have a better copy.
                self.ask_next(id);
            }
            _ => self.stage_done(id, entry),
        }
    }

    /// What was asked for in this stage is answered; an alias that leads on begins another stage.
    pub(super) fn stage_done(&mut self, id: Id, mut entry: Entry) {
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        let mut targets = Vec::new();
        if let Some(chain) = asked.chain.take() {
            let limits = &asked.plan.settings.cache;
            let filtered = entry.note();
            let joined = self.reader.joined(&asked.key(), &chain.so_far, &entry, limits);
            let Ok(mut joined) = joined else { return self.endless(id) };
            joined.set_authentic(chain.so_far.is_authentic() && entry.is_authentic());
            if let Some(note) = filtered {
                joined.set_note(note);
            }
            entry = joined;
            targets = chain.targets;
        }
        let Some(target) = entry.target().map(Box::<[u8]>::from) else { return self.finish(id, entry, Age::Fresh) };
        if targets.len() >= ALIASES || targets.contains(&target) || target == asked.name {
            return self.endless(id);
        }
        self.follow(id, entry, targets, target);
    }

    /// Asks for what an alias leads to.
    fn follow(&mut self, id: Id, so_far: Entry, mut targets: Vec<Box<[u8]>>, target: Box<[u8]>) {
        self.release(id);
        let now = self.now;
        let Some(question) = self.questions.find(id) else { return };
        let Purpose::Ask(asked) = &mut question.purpose else { return };
        let may_leave = asked.plan.may_leave(asked.horizon, &target, asked.rtype);
        let Some(group) = asked.plan.group(asked.horizon, &target).filter(|_| may_leave).cloned() else {
            // It leads to a name of ours, or nobody knows where: the alias is all there is to say.
            return self.finish(id, so_far, Age::Fresh);
        };
        asked.servers = self.servers.of(&group, now);
        asked.group = group;
        let dnssec_ok = asked.dnssec_ok || asked.validates();
        question.query = OwnQuery::new(&target, asked.rtype, dnssec_ok, asked.checking_disabled, &mut self.random);
        targets.push(target);
        asked.chain = Some(Chain { so_far, targets });
        asked.failures = Failures::default();
        asked.round = 0;
        question.tries.clear();
        self.ask_next(id);
    }

    fn endless(&mut self, id: Id) {
        if let Some(asked) = self.questions.find(id).and_then(Question::asked) {
            asked.failures.own(Note::new(reason::OTHER, "the aliases of this name lead in a circle, or on and on"));
        }
        self.give_up(id, None);
    }

    /// No upstream can answer: an answer that has ended stands in, or the failure is all there is to say.
    pub(super) fn give_up(&mut self, id: Id, limit: Option<Limit>) {
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else {
            return self.drop_question(id);
        };
        if let Some(limit) = limit {
            asked.failures.own(limit.note());
            self.tools.counters.count(Event::ForwardRefused);
            let client = asked.waiters.first().map(|waiter| waiter.client);
            self.complaints.say(limit, client, self.now);
        }
        let looping = asked.servers.iter().any(|id| self.servers.find(*id).is_some_and(|server| server.loops));
        if looping {
            asked.failures.own(Note::new(reason::OTHER, "an upstream leads back to this server"));
        }
        let failure = Entry::servfail(&asked.name, Some(asked.failures.note()));
        let cache = asked.plan.cache();
        let now = cache.at(self.now);
        let stale = match limit {
            // What a limit kept from being asked has not failed.
            Some(_) => cache.stale(&asked.key(), now),
            None => cache.failed(&asked.key(), failure.clone(), asked.era, now),
        };
        match stale {
            Some(stale) => self.finish(id, stale, Age::Stale),
            None => self.finish(id, failure, Age::Fresh),
        }
    }

    /// Tells those who wait that there will be no answer.
    pub(super) fn abandon(&mut self, id: Id, why: &str) {
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else {
            return self.drop_question(id);
        };
        let failure = Entry::servfail(&asked.name, Some(Note::new(reason::OTHER, why)));
        self.finish(id, failure, Age::Fresh);
    }

    /// Keeps the answer and gives it to all who wait.
    fn finish(&mut self, id: Id, entry: Entry, age: Age) {
        self.release(id);
        let Some(Question { purpose: Purpose::Ask(asked), .. }) = self.questions.remove(id) else { return };
        if self.marks.get(&asked.mark) == Some(&id) {
            self.marks.remove(&asked.mark);
        }
        self.lately[asked.mark as usize % LATELY] = asked.mark;
        let mut asked = *asked;
        let mut waiters = std::mem::take(&mut asked.waiters);
        // Before anybody is told: who asks again at once finds it there. Most have one who waits, and the entry goes on.
        let last = waiters.pop().map(|waiter| (self.written(&waiter, &entry, age), waiter));
        let others = (!waiters.is_empty()).then(|| entry.clone());
        self.keep(&asked, entry, age);
        if let Some((length, last)) = last {
            self.clients.give(last.client);
            last.back.send(&self.buffer[..length]);
        }
        for (waiter, entry) in waiters.into_iter().zip(others.iter().cycle()) {
            self.reply(waiter, entry, age);
        }
    }

    /// Keeps what just came.
    fn keep(&self, asked: &Asked, entry: Entry, age: Age) {
        if age == Age::Fresh && !entry.is_failure() {
            let cache = asked.plan.cache();
            cache.store(&asked.key(), entry, asked.era, cache.at(self.now));
        }
    }

    /// A question of nobody's ends.
    pub(super) fn drop_question(&mut self, id: Id) {
        self.release(id);
        self.questions.remove(id);
    }

    /// Nothing more is waited for from upstreams.
    fn release(&mut self, id: Id) {
        let Some(question) = self.questions.find(id) else { return };
        let pending: Vec<_> =
            question.tries.iter().filter(|tried| tried.state.is_pending()).map(|tried| tried.way).collect();
        for way in pending {
            self.settle_try(id, way, TryState::Abandoned);
        }
    }
}
