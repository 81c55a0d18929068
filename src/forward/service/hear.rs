//! What comes from upstreams: to which question it belongs, and whether it is of use.

use super::ask::Manner;
use super::question::{Purpose, Question, Try, TryState, TryWay};
use super::slab::Id;
use super::sockets::Spot;
use super::wire::Fit;
use super::work::Work;
use crate::counters::Event;
use crate::dns::HEADER;
use crate::forward::ask::Note;
use crate::forward::cache::{Entry, Unfit};
use crate::forward::judge::Judged;
use crate::forward::stream::StreamError;
use std::io;

/// After so many messages that fit nothing, somebody is guessing: the question is asked over TCP, where guessing is no use.
/// Replies that come late look the same, so one or two mean nothing.
const GUESSES: u8 = 16;

/// How often in a row an upstream must give another case over UDP, and nothing over TCP, to be believed.
const CASE_STRIKES: u8 = 3;

const FORMERR: u16 = 1;
const SERVFAIL: u16 = 2;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const BADVERS: u16 = 16;

impl Work {
    /// Takes one message that came to a socket and stands in the buffer.
    pub(super) fn hear(&mut self, place: u32, length: usize) {
        let id = self.buffer[..length].first_chunk::<2>().map(|id| u16::from_be_bytes(*id));
        let Some((id, question)) = id.and_then(|id| Some((id, self.sockets.find(place, id)?))) else {
            return self.unmatched(place);
        };
        let way = TryWay::Udp(Spot { socket: place, id });
        let Some(found) = self.questions.find(question) else { return self.unmatched(place) };
        match found.query.fit(&self.buffer[..length]) {
            Fit::Other => self.unmatched(place),
            Fit::OtherCase => self.guard(Some(question), |work| work.other_case(question, way)),
            Fit::Reply | Fit::Bare => {
                let mut message = std::mem::take(&mut self.message);
                message.clear();
                message.extend_from_slice(&self.buffer[..length]);
                self.guard(Some(question), |work| work.heard(question, way, &mut message));
                self.message = message;
            }
        }
    }

    /// Takes what a socket says in place of a message: nobody is there.
    pub(super) fn hear_error(&mut self, place: u32, error: &io::Error) {
        for waiting in self.sockets.waiting(place).to_vec() {
            self.guard(Some(waiting.question), |work| work.nobody_there(waiting.question, waiting.id, error));
        }
    }

    /// Takes what came over a stream.
    pub(super) fn hear_stream(&mut self, id: Id, serial: u32, outcome: Result<Vec<u8>, StreamError>) {
        let way = TryWay::Stream(serial);
        let Some(question) = self.questions.find(id) else { return };
        let for_case = question.tries.iter().any(|tried| tried.way == way && tried.for_case);
        let fit = outcome.as_ref().ok().map(|message| question.query.fit(message));
        match (outcome, fit) {
            (Ok(mut message), Some(fit @ (Fit::Reply | Fit::Bare | Fit::OtherCase))) => {
                if for_case {
                    self.case_heard(id, way, fit == Fit::OtherCase);
                }
                self.heard(id, way, &mut message);
            }
            (Ok(_), _) => self.stream_failed(id, way, &StreamError::Malformed("a reply to another question")),
            (Err(error), _) => {
                if for_case {
                    self.case_unheard(id, way);
                }
                self.stream_failed(id, way, &error);
            }
        }
    }

    /// A reply to one of our tries.
    fn heard(&mut self, id: Id, way: TryWay, message: &mut Vec<u8>) {
        let Some(tried) = self.settle_try(id, way, TryState::Useless) else { return };
        let now = self.now;
        if let Some(server) = self.servers.find(tried.0) {
            server.tally.answered += 1;
            let change = server.health.answered(tried.1, now);
            server.tell(change, "");
        }
        let Some(question) = self.questions.find(id) else { return };
        let asked = match &mut question.purpose {
            Purpose::Ask(asked) => asked,
            Purpose::Probe(server) | Purpose::LoopCheck(server) => {
                let server = *server;
                return self.probe_answered(id, server);
            }
        };
        // Another answer is being validated already.
        if asked.validating.is_some() {
            return;
        }
        let (server, _, manner) = tried;
        let [_, _, high, low, ..] = *message.as_slice() else { return };
        if high & 0x02 != 0 && !manner.stream {
            return self.ask_again(id, way, server, Manner { stream: true, ..manner });
        }
        if message.get(4..6) == Some(&[0, 0]) {
            let failure = Entry::failure(&asked.name, u16::from(low & 0x0F), None);
            return self.useless(id, way, manner, &failure);
        }
        let stage = asked.stage_name();
        let mut judged = Judged::Clean;
        if matches!(low & 0x0F, 0 | 3) {
            judged = asked.plan.judge(asked.horizon, stage, asked.rtype, message);
        }
        match self.reader.read(message, &asked.stage_key(), &asked.plan.settings.cache) {
            Err(unfit) => self.unfit(id, server, unfit),
            Ok(_) if judged == Judged::Clean && resolves_nothing(message) => self.unfit(id, server, Unfit::Referral),
            Ok(entry) if entry.is_failure() => self.useless(id, way, manner, &entry),
            Ok(mut entry) => {
                if let Some(found) = self.servers.find(server) {
                    found.health.judge(true);
                    if !manner.edns && found.wants_edns(now) {
                        found.without_edns(now);
                    }
                }
                match judged {
                    Judged::Clean => self.good(id, entry, message),
                    Judged::Changed(note) => {
                        entry.set_note(note);
                        entry.set_filtered();
                        entry.set_authentic(false);
                        self.stage_done(id, entry);
                    }
                }
            }
        }
    }

    /// A message that fits nothing that is waited for at its socket.
    fn unmatched(&mut self, place: u32) {
        self.tools.counters.count(Event::UpstreamUnmatched);
        if let Some(server) = self.sockets.owner(place).and_then(|id| self.servers.find(id)) {
            server.tally.unmatched += 1;
        }
        for waiting in self.sockets.waiting(place).to_vec() {
            let way = TryWay::Udp(Spot { socket: place, id: waiting.id });
            let Some(question) = self.questions.find(waiting.question) else { continue };
            let Some(tried) = question.tries.iter_mut().find(|tried| tried.way == way) else { continue };
            tried.wrong = tried.wrong.saturating_add(1);
            if tried.wrong == GUESSES {
                self.guard(Some(waiting.question), |work| work.over_tcp(waiting.question, way, false));
            }
        }
    }

    /// A reply whose letters are not spelled as the question's: forged, or from a server that does not keep the case.
    fn other_case(&mut self, id: Id, way: TryWay) {
        self.over_tcp(id, way, true);
    }

    fn over_tcp(&mut self, id: Id, way: TryWay, for_case: bool) {
        let Some((server, _, manner)) = self.settle_try(id, way, TryState::Abandoned) else { return };
        self.ask_again(id, way, server, Manner { stream: true, for_case, ..manner });
    }

    /// Asks the same upstream once more, in another manner; the try before does not count.
    fn ask_again(&mut self, id: Id, way: TryWay, server: Id, manner: Manner) {
        if let Some(tried) = self.find_try(id, way) {
            tried.state = TryState::Abandoned;
        }
        if self.ask_so(id, server, manner) {
            self.set_due(id);
        } else {
            self.ask_next(id);
        }
    }

    fn case_heard(&mut self, id: Id, way: TryWay, other: bool) {
        let now = self.now;
        let Some(server) = self.find_try(id, way).map(|tried| tried.server) else { return };
        let Some(server) = self.servers.find(server) else { return };
        // Nobody forges what comes over TCP: it is the server that does so.
        if other {
            server.without_case(now);
        } else {
            server.case_strikes = 0;
        }
    }

    fn case_unheard(&mut self, id: Id, way: TryWay) {
        let now = self.now;
        let Some(server) = self.find_try(id, way).map(|tried| tried.server) else { return };
        let Some(server) = self.servers.find(server) else { return };
        server.case_strikes += 1;
        if server.case_strikes >= CASE_STRIKES {
            server.without_case(now);
        }
    }

    /// An RCODE that is no answer.
    fn useless(&mut self, id: Id, way: TryWay, manner: Manner, entry: &Entry) {
        let Some(server_id) = self.find_try(id, way).map(|tried| tried.server) else { return };
        let rcode = entry.rcode();
        if manner.edns && matches!(rcode, FORMERR | NOTIMP | BADVERS) {
            return self.ask_again(id, way, server_id, Manner { edns: false, ..manner });
        }
        let what = match rcode {
            FORMERR => "answers FORMERR",
            SERVFAIL => "answers SERVFAIL",
            NOTIMP => "answers NOTIMP",
            REFUSED => "answers REFUSED",
            _ => "answers with an RCODE that is of no use",
        };
        if let Some(server) = self.servers.find(server_id) {
            match rcode {
                SERVFAIL => server.tally.servfail += 1,
                REFUSED => server.tally.refused += 1,
                _ => server.tally.useless += 1,
            }
        }
        self.no_use(id, server_id, what, entry.note());
    }

    fn unfit(&mut self, id: Id, server_id: Id, unfit: Unfit) {
        if let Some(server) = self.servers.find(server_id) {
            server.tally.useless += 1;
        }
        self.no_use(id, server_id, &unfit.to_string(), None);
    }

    fn no_use(&mut self, id: Id, server_id: Id, what: &str, note: Option<Note>) {
        self.tools.counters.count(Event::UpstreamUseless);
        let Some(asked) = self.questions.find(id).and_then(Question::asked) else { return };
        if let Some(server) = self.servers.find(server_id) {
            server.health.judge(false);
            server.failed(what);
            asked.failures.useless(&server.upstream.text, what, note);
        }
        self.ask_next(id);
    }

    fn stream_failed(&mut self, id: Id, way: TryWay, error: &StreamError) {
        let now = self.now;
        let Some((server_id, sent, _)) = self.settle_try(id, way, TryState::Useless) else { return };
        let what = error.to_string();
        let Some(server) = self.servers.find(server_id) else { return };
        server.failed(&what);
        // TCP that fails says nothing of a server that answers over UDP.
        if server.address().is_none() {
            let change = match error {
                StreamError::Connect(_) | StreamError::Tls(_) | StreamError::Unresolved(_) => {
                    server.health.refused(now)
                }
                StreamError::TimedOut(_) | StreamError::Broken(_) => server.health.timed_out(sent, now),
                StreamError::Http(_) | StreamError::Malformed(_) | StreamError::Busy(_) | StreamError::Stopping => {
                    server.health.judge(false);
                    super::health::Change::None
                }
            };
            server.tell(change, &what);
            self.arm_probe(server_id);
        }
        self.unreachable(id, server_id, &what);
    }

    /// ICMP says that nobody is there.
    pub(super) fn nobody_there(&mut self, id: Id, wire_id: u16, error: &io::Error) {
        let Some(question) = self.questions.find(id) else { return };
        let own = |tried: &&Try| matches!(tried.way, TryWay::Udp(spot) if spot.id == wire_id);
        let Some(way) = question.tries.iter().filter(|tried| tried.state.is_pending()).find(own).map(|tried| tried.way)
        else {
            return;
        };
        let Some((server, ..)) = self.settle_try(id, way, TryState::Useless) else { return };
        self.unsent(id, server, error);
        self.after_failure(id);
    }

    /// A message to this upstream could not be sent, or not be received there.
    pub(super) fn unsent(&mut self, id: Id, server_id: Id, error: &io::Error) {
        let now = self.now;
        let what = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
            _ => error.to_string(),
        };
        let Some(server) = self.servers.find(server_id) else { return };
        server.failed(&what);
        let local = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM));
        if !local {
            let change = server.health.refused(now);
            server.tell(change, &what);
        }
        if let Some(asked) = self.questions.find(id).and_then(Question::asked) {
            asked.failures.unreachable(&server.upstream.text, &what);
        }
        self.arm_probe(server_id);
    }

    fn unreachable(&mut self, id: Id, server_id: Id, what: &str) {
        if let Some(server) = self.servers.find(server_id)
            && let Some(asked) = self.questions.find(id).and_then(Question::asked)
        {
            asked.failures.unreachable(&server.upstream.text, what);
        }
        self.after_failure(id);
    }

    fn after_failure(&mut self, id: Id) {
        match self.questions.find(id).map(|question| &question.purpose) {
            Some(Purpose::Ask(asked)) if asked.validating.is_none() => self.ask_next(id),
            Some(Purpose::Probe(server) | Purpose::LoopCheck(server)) => {
                let server = *server;
                self.probe_unanswered(id, server);
            }
            Some(Purpose::Ask(_)) | None => {}
        }
    }

    fn find_try(&mut self, id: Id, way: TryWay) -> Option<&mut Try> {
        self.questions.find(id)?.tries.iter_mut().find(|tried| tried.way == way)
    }

    /// Nothing more is waited for from this try. None when that was so before; else its server, when it left, and how.
    pub(super) fn settle_try(
        &mut self,
        id: Id,
        way: TryWay,
        state: TryState,
    ) -> Option<(Id, std::time::Instant, Manner)> {
        let tried = self.questions.find(id)?.tries.iter_mut().find(|tried| tried.way == way)?;
        if !tried.state.is_pending() {
            return None;
        }
        tried.state = state;
        let stream = matches!(tried.way, TryWay::Stream(_));
        let settled = (tried.server, tried.sent, Manner { stream, edns: tried.edns, for_case: tried.for_case });
        if let Some(server) = self.servers.find(settled.0) {
            server.in_flight = server.in_flight.saturating_sub(1);
        }
        if let TryWay::Udp(spot) = way {
            self.sockets.forget(spot);
        }
        Some(settled)
    }
}

/// NOERROR without any record, neither authoritative nor from a resolver: the server has nothing to do with the name and
/// does not look it up.
fn resolves_nothing(message: &[u8]) -> bool {
    let Some(header) = message.first_chunk::<HEADER>() else { return false };
    header[2] & 0x04 == 0 && header[3] & 0x8F == 0 && header[6..10] == [0; 4]
}
