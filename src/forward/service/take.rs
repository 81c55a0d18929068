//! A miss comes in: it joins a question that is under way, or becomes one.

use super::health::Health;
use super::limits::{Limit, QUESTIONS, WAITERS};
use super::question::{Asked, Failures, Purpose, Question, reason};
use super::slab::Id;
use super::wire::OwnQuery;
use super::work::{LATELY, Timer, Work};
use crate::config::Dnssec;
use crate::counters::Event;
use crate::dns::HEADER;
use crate::forward::ask::Note;
use crate::forward::cache::{Entry, Key};
use crate::forward::compose::{Age, compose, compose_known};
use crate::forward::miss::{Miss, Waiter};
use crate::forward::plan::Group;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a client waits for an answer at most: stub resolvers ask again after five seconds.
const PATIENCE: Duration = Duration::from_millis(4500);

/// After how long a client gets an answer that has ended, if there is one (RFC 8767 section 5 has 1.8 seconds at most).
const STALE_AFTER: Duration = Duration::from_secs(1);

impl Work {
    /// Takes a miss; its waiter is answered now or later.
    pub(super) fn take(&mut self, mut miss: Miss) {
        if self.came_back(&miss) {
            return self.refuse(miss, Note::new(reason::OTHER, "this question was sent out by the server itself"));
        }
        let (Some(group), Some(tag)) =
            (miss.plan.group(miss.horizon, &miss.name).cloned(), miss.plan.tag(miss.horizon))
        else {
            return self.refuse(miss, Note::new(reason::OTHER, "no upstream is written for this name"));
        };
        let per_client = miss.plan.settings.per_client;
        // What validation asks for is bounded where it is asked.
        let is_full = |client: IpAddr| !client.is_unspecified() && !self.clients.has_room(client, per_client);
        if miss.waiter.as_ref().is_some_and(|waiter| is_full(waiter.client)) {
            return self.limited(miss, Limit::Client(per_client));
        }
        let mark = self.hashes.hash_one((
            Arc::as_ptr(&group).addr(),
            tag,
            &miss.name,
            miss.rtype,
            miss.dnssec_ok,
            miss.checking_disabled,
        ));
        let known = self.marks.get(&mark).copied();
        if let Some(id) = known
            && self.is_same(id, &miss, tag, &group)
        {
            return self.join(id, miss);
        }
        if self.lately[mark as usize % LATELY] == mark
            && let Some(waiter) = miss.waiter.take()
        {
            match compose_known(&miss, &waiter, &mut self.buffer) {
                Some(length) => return waiter.back.send(&self.buffer[..length]),
                None => miss.waiter = Some(waiter),
            }
        }
        self.begin(miss, group, tag, mark);
    }

    /// A question that is not under way.
    fn begin(&mut self, mut miss: Miss, group: Arc<Group>, tag: u32, mark: u64) {
        let servers = self.servers.of(&group, self.now);
        if !self.any_up(&servers) || self.servers.all(&servers, Health::is_quiet) {
            // Nobody shall wait for those who did not answer others, if there is something else to say.
            miss = match self.stand_in(miss, tag) {
                Some(miss) => miss,
                None => return self.want(&servers),
            };
        }
        if self.questions.len() >= QUESTIONS {
            if let Some(miss) = self.stand_in(miss, tag) {
                self.limited(miss, Limit::All);
            }
            return;
        }
        let Miss { plan, horizon, name, rtype, dnssec_ok, checking_disabled, waiter } = miss;
        let validates = plan.settings.dnssec != Dnssec::Off && !checking_disabled;
        let query = OwnQuery::new(&name, rtype, dnssec_ok || validates, checking_disabled, &mut self.random);
        if let Some(waiter) = &waiter {
            self.clients.take(waiter.client);
        }
        let asked = Asked {
            era: plan.cache().era(),
            plan,
            horizon,
            tag,
            group,
            servers,
            name,
            rtype,
            dnssec_ok,
            checking_disabled,
            mark,
            started: self.now,
            waiters: Vec::from_iter(waiter),
            failures: Failures::default(),
            chain: None,
            validating: None,
            stale: None,
            stale_looked_for: false,
            round: 0,
        };
        let deadline = self.now + PATIENCE;
        let id = self.start(Purpose::Ask(Box::new(asked)), query, deadline);
        self.marks.entry(mark).or_insert(id);
        self.ask_next(id);
    }

    /// Answers with what has ended, if there is such an answer, and lets the workers do so for a while; else gives the miss
    /// back.
    fn stand_in(&mut self, miss: Miss, tag: u32) -> Option<Miss> {
        let Miss { rtype, dnssec_ok, checking_disabled, .. } = miss;
        let cache = miss.plan.cache();
        let key = Key { tag, name: &miss.name, rtype, dnssec_ok, checking_disabled };
        let now = cache.at(self.now);
        let Some(entry) = cache.stale(&key, now) else { return Some(miss) };
        cache.failed(&key, Entry::servfail(&miss.name, None), cache.era(), now);
        if let Some(waiter) = miss.waiter {
            self.send_reply(waiter, &entry, Age::Stale);
        }
        None
    }

    /// A new question, nobody asked yet.
    pub(super) fn start(&mut self, purpose: Purpose, query: OwnQuery, deadline: Instant) -> Id {
        let tries = Vec::with_capacity(2);
        let question = Question { purpose, query, tries, serial: 0, due: deadline, armed: None, deadline };
        self.questions.insert(question)
    }

    /// When a client has waited long enough for an answer that it may have had before.
    pub(super) fn stale_time(asked: &Asked) -> Option<Instant> {
        let looks = !asked.stale_looked_for && !asked.waiters.is_empty() && asked.plan.settings.cache.stale > 0;
        looks.then(|| asked.started + STALE_AFTER)
    }

    /// Gives those who wait an answer that has ended, if there is one; the question goes on without them.
    pub(super) fn give_stale(&mut self, id: Id) {
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        asked.stale_looked_for = true;
        let cache = asked.plan.cache();
        let key = asked.key();
        let Some(entry) = cache.stale(&key, cache.at(self.now)) else { return };
        let waiters = std::mem::take(&mut asked.waiters);
        asked.stale = Some(entry.clone());
        for waiter in waiters {
            self.reply(waiter, &entry, Age::Stale);
        }
    }

    /// After a client has waited so long that it got an answer that had ended, while no upstream of its question said
    /// anything: nobody else who waits for the same ones waits as long, and nobody begins to, where there is such an answer.
    pub(super) fn spread_silence(&mut self, id: Id) {
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        let (servers, started) = (Arc::clone(&asked.servers), asked.started);
        let silent = self.servers.all(&servers, |health| health.is_silent_since(started));
        if !silent || self.servers.all(&servers, Health::is_quiet) {
            return;
        }
        for id in servers.iter() {
            if let Some(server) = self.servers.find(*id) {
                server.health.hush();
            }
        }
        for other in self.questions.ids() {
            let asked = self.questions.find(other).and_then(Question::asked);
            if asked.is_some_and(|asked| asked.servers == servers && Work::stale_time(asked).is_some()) {
                self.give_stale(other);
            }
        }
    }

    /// Sets the timer of a question to its due time.
    pub(super) fn arm(&mut self, id: Id) {
        let Some(question) = self.questions.find(id) else { return };
        if question.armed.is_none_or(|armed| armed > question.due) {
            question.armed = Some(question.due);
            self.wheel.set(question.due, Timer::Question(id));
        }
    }

    /// Answers one who waits.
    pub(super) fn reply(&mut self, waiter: Waiter, entry: &Entry, age: Age) {
        self.clients.give(waiter.client);
        self.send_reply(waiter, entry, age);
    }

    fn send_reply(&mut self, waiter: Waiter, entry: &Entry, age: Age) {
        let length = self.written(&waiter, entry, age);
        waiter.back.send(&self.buffer[..length]);
    }

    /// Writes the reply to one who waits into the buffer, and counts it. Returns its length.
    pub(super) fn written(&mut self, waiter: &Waiter, entry: &Entry, age: Age) -> usize {
        if age == Age::Stale {
            self.tools.counters.count(Event::ForwardStale);
        } else if entry.is_failure() {
            self.tools.counters.count(Event::ForwardFailed);
        }
        compose(waiter, entry, age, &mut self.buffer)
    }

    /// True when the question under way is the very same one: a mark is only a hash.
    fn is_same(&mut self, id: Id, miss: &Miss, tag: u32, group: &Arc<Group>) -> bool {
        let Miss { name, rtype, dnssec_ok, checking_disabled, .. } = miss;
        let key = Key { tag, name, rtype: *rtype, dnssec_ok: *dnssec_ok, checking_disabled: *checking_disabled };
        let asked = self.questions.find(id).and_then(Question::asked);
        // In a later stage it is the group of an alias's target that is asked.
        asked.is_some_and(|asked| asked.key() == key && (asked.chain.is_some() || Arc::ptr_eq(&asked.group, group)))
    }

    fn join(&mut self, id: Id, mut miss: Miss) {
        let Some(waiter) = miss.waiter.take() else { return };
        if self.is_echo(id, &waiter) {
            self.suspect_loop(id);
        }
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        self.tools.counters.count(Event::ForwardMerged);
        if let Some(stale) = asked.stale.clone() {
            return self.send_reply(waiter, &stale, Age::Stale);
        }
        if asked.waiters.len() < WAITERS {
            self.clients.take(waiter.client);
            return asked.waiters.push(waiter);
        }
        miss.waiter = Some(waiter);
        self.limited(miss, Limit::Question);
    }

    /// True when a client's query is spelled as ours: that is no chance, it is ours.
    fn is_echo(&mut self, id: Id, waiter: &Waiter) -> bool {
        const LETTERS: usize = 8;
        let Some(question) = self.questions.find(id) else { return false };
        let spelled = question.query.spelled();
        let letters = spelled.iter().filter(|octet| octet.is_ascii_alphabetic()).count();
        let large = spelled.iter().filter(|octet| octet.is_ascii_uppercase()).count();
        let theirs = waiter.query.get(HEADER..HEADER + spelled.len());
        letters >= LETTERS && large > 0 && large < letters && theirs == Some(spelled)
    }

    fn limited(&mut self, miss: Miss, limit: Limit) {
        self.tools.counters.count(Event::ForwardRefused);
        self.complaints.say(limit, miss.waiter.as_ref().map(|waiter| waiter.client), self.now);
        self.refuse(miss, limit.note());
    }

    /// SERVFAIL to one who was not counted among those who wait.
    fn refuse(&mut self, miss: Miss, note: Note) {
        if let Some(waiter) = miss.waiter {
            self.send_reply(waiter, &Entry::servfail(&miss.name, Some(note)), Age::Fresh);
        }
    }
}
