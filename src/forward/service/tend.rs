//! What is done when time has passed: overdue tries, probes of upstreams, and the look for those that lead back to us.

use super::question::{Purpose, Question, TryState};
use super::slab::Id;
use super::wire::OwnQuery;
use super::work::{Timer, Work};
use crate::counters::Event;
use crate::forward::miss::Miss;
use std::time::Duration;

/// What a probe asks for: every resolver knows it (`. NS`).
const PROBE: (&[u8], u16) = (b"\0", 2);

/// How long a probe may take.
const PROBE_TIME: Duration = Duration::from_secs(2);

/// The last label of names that are asked for to see whether they come back; nobody has it. It is no label of RFC 6761:
/// those are answered on the way, and would never come back.
const LOOP_LABEL: &[u8] = b"\x12horizon-loop-check\0";

/// How often an upstream that leads back to us is looked at again.
const LOOP_PAUSE: Duration = Duration::from_secs(60);

impl Work {
    /// A question's timer has run out.
    pub(super) fn question_due(&mut self, id: Id) {
        let now = self.now;
        let Some(question) = self.questions.find(id) else { return };
        question.armed = None;
        if question.due > now {
            return self.arm(id);
        }
        let mut overdue = Vec::new();
        for tried in &mut question.tries {
            if tried.state == TryState::Open && tried.until <= now {
                tried.state = TryState::Late;
                overdue.push((tried.server, tried.sent));
            }
        }
        let ended = question.deadline <= now;
        let probe = match &question.purpose {
            Purpose::Ask(_) => None,
            Purpose::Probe(server) | Purpose::LoopCheck(server) => Some(*server),
        };
        for (server_id, sent) in &overdue {
            self.tools.counters.count(Event::UpstreamTimeout);
            let Some(server) = self.servers.find(*server_id) else { continue };
            server.tally.timeouts += 1;
            server.failed("no answer in time");
            // One that answers probes and nothing else is no better than one that answers with failures.
            server.health.judge(false);
            let change = server.health.timed_out(*sent, now);
            server.tell(change, "no answer in time");
            if let Some(asked) = self.questions.find(id).and_then(Question::asked) {
                asked.failures.unreachable(&server.upstream.text, "no answer in time");
            }
            self.arm_probe(*server_id);
        }
        if let Some(server) = probe {
            return if ended || !overdue.is_empty() { self.probe_unanswered(id, server) } else { self.set_due(id) };
        }
        if ended {
            return self.give_up(id, None);
        }
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        let validating = asked.validating.is_some();
        if Work::stale_time(asked).is_some_and(|time| time <= now) {
            self.give_stale(id);
            self.spread_silence(id);
        }
        if overdue.is_empty() || validating {
            self.set_due(id);
        } else {
            self.ask_next(id);
        }
    }

    /// Sets the timer for the next probe of an upstream, if there shall be one.
    pub(super) fn arm_probe(&mut self, id: Id) {
        if let Some(server) = self.servers.find(id)
            && let (Some(at), false) = (server.health.probe_at, server.probing)
        {
            self.wheel.set(at, Timer::Probe(id));
        }
    }

    /// An upstream is to be probed, unless that was done meanwhile.
    pub(super) fn probe_due(&mut self, id: Id) {
        let now = self.now;
        let Some(server) = self.servers.find(id) else { return };
        if server.loops && !server.probing {
            return self.check_for_loop(id);
        }
        match server.health.probe_at {
            Some(at) if !server.probing && at <= now => {}
            Some(at) if !server.probing => return self.wheel.set(at, Timer::Probe(id)),
            _ => return,
        }
        server.probing = true;
        let query = OwnQuery::new(PROBE.0, PROBE.1, false, false, &mut self.random);
        let probe = self.start(Purpose::Probe(id), query, now + PROBE_TIME);
        self.send_probe(probe, id);
    }

    fn send_probe(&mut self, probe: Id, id: Id) {
        let now = self.now;
        let Some(server) = self.servers.find(id) else { return };
        let stream = server.address().is_none();
        let manner = super::ask::Manner { stream, edns: server.wants_edns(now), for_case: false };
        if self.ask_so(probe, id, manner) {
            self.set_due(probe);
        } else {
            self.probe_unanswered(probe, id);
        }
    }

    /// The upstream is there.
    pub(super) fn probe_answered(&mut self, probe: Id, id: Id) {
        let check = matches!(self.questions.find(probe).map(|question| &question.purpose), Some(Purpose::LoopCheck(_)));
        self.drop_question(probe);
        let Some(server) = self.servers.find(id) else { return };
        server.probing = false;
        if check {
            self.loop_checks.retain(|(_, checked)| *checked != id);
            if server.loops {
                server.loops = false;
                tracing::info!("the upstream {} does not lead back to this server any more", server.upstream);
            }
        }
    }

    /// The upstream is not there, or not in time.
    pub(super) fn probe_unanswered(&mut self, probe: Id, id: Id) {
        let now = self.now;
        let check = matches!(self.questions.find(probe).map(|question| &question.purpose), Some(Purpose::LoopCheck(_)));
        self.drop_question(probe);
        let Some(server) = self.servers.find(id) else { return };
        server.probing = false;
        if check {
            self.loop_checks.retain(|(_, checked)| *checked != id);
            if server.loops {
                self.wheel.set(now + LOOP_PAUSE, Timer::Probe(id));
            }
            return;
        }
        let change = server.health.probe_failed(now);
        let why = server.last_error.clone().unwrap_or_else(|| "no answer in time".to_owned());
        server.tell(change, &why);
        self.arm_probe(id);
    }

    /// Whoever is asked for this question may have sent it back to us: a name that nobody else knows will tell.
    pub(super) fn suspect_loop(&mut self, id: Id) {
        let Some(question) = self.questions.find(id) else { return };
        let pending: Vec<Id> =
            question.tries.iter().filter(|tried| tried.state.is_pending()).map(|tried| tried.server).collect();
        for server in pending {
            self.check_for_loop(server);
        }
    }

    fn check_for_loop(&mut self, id: Id) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let now = self.now;
        if self.loop_checks.iter().any(|(_, checked)| *checked == id) {
            return;
        }
        let Some(server) = self.servers.find(id) else { return };
        server.probing = true;
        let mut name = vec![32];
        for octet in self.random.octets::<16>() {
            name.extend([HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        }
        name.extend_from_slice(LOOP_LABEL);
        let query = OwnQuery::new(&name, 1, false, false, &mut self.random);
        self.loop_checks.push((name.into(), id));
        let probe = self.start(Purpose::LoopCheck(id), query, now + PROBE_TIME);
        self.send_probe(probe, id);
    }

    /// True when this is a question of [`Work::suspect_loop`]: the upstream that got it leads back to us.
    pub(super) fn came_back(&mut self, miss: &Miss) -> bool {
        let Some(place) = self.loop_checks.iter().position(|(name, _)| *name == miss.name) else { return false };
        let id = self.loop_checks[place].1;
        if let Some(server) = self.servers.find(id)
            && !server.loops
        {
            server.loops = true;
            server.failed("it leads back to this server");
            tracing::error!(
                "the upstream {} leads back to this server: questions to it would go round for ever, so it is not asked; \
                 take it out of `upstreams`, or take this server out of its own",
                server.upstream
            );
        }
        true
    }
}
