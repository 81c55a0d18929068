//! What the answer of one address means for a challenge.

use super::super::reach::{Gravity, Problem, Remedy};
use super::judge_alpn::judge_alpn;
use super::judge_http::judge_http;
use super::seen::{Answer, Program, Seen, Silence};
use crate::config::Challenge;
use std::net::SocketAddr;

/// How it is with one address; the order is from well to dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// What is expected there is there.
    Good,
    /// A challenge may be answered there, with a fault.
    Faulty,
    /// No challenge can be answered there.
    Bad,
}

/// What one address means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it is.
    pub mark: Mark,
    /// In half a sentence.
    pub outcome: String,
    /// What is wrong.
    pub problem: Option<Problem>,
}

impl Judgement {
    pub(super) fn good(outcome: impl Into<String>) -> Self {
        Judgement { mark: Mark::Good, outcome: outcome.into(), problem: None }
    }

    pub(super) fn faulty(outcome: impl Into<String>, problem: Problem) -> Self {
        Judgement { mark: Mark::Faulty, outcome: outcome.into(), problem: Some(problem) }
    }

    pub(super) fn bad(outcome: impl Into<String>, problem: Problem) -> Self {
        Judgement { mark: Mark::Bad, outcome: outcome.into(), problem: Some(problem) }
    }
}

/// Judges what was seen of `name` at one address. `expected` is the program that answers challenges of the name, where that
/// is known: another one is the wrong machine.
pub fn judge(name: &str, challenge: Challenge, expected: Option<Program>, seen: &Seen) -> Judgement {
    match &seen.answer {
        Answer::Http(http) => judge_http(name, expected, seen.target, http),
        Answer::Alpn(alpn) => judge_alpn(name, seen.target, alpn),
        Answer::None(silence, why) => judge_silence(name, challenge, seen.target, *silence, why),
    }
}

fn judge_silence(name: &str, challenge: Challenge, target: SocketAddr, silence: Silence, why: &str) -> Judgement {
    let (address, port) = (target.ip(), target.port());
    match silence {
        Silence::Refused => {
            let summary = format!("nobody listens at {target}, where the CA is sent for {name}");
            let remedy = Remedy::new(format!(
                "start the program that answers {} on {address} port {port}, or have the name lead to where it runs",
                challenge.name()
            ))
            .run(format!("ss -ltnp 'sport = :{port}'"));
            Judgement::bad("refused", problem("PORT_CLOSED", Gravity::Error, summary, why, remedy))
        }
        Silence::Dropped => {
            let summary = format!("{target} does not answer, where the CA is sent for {name}");
            let remedy = Remedy::new(format!(
                "let port {port} of {address} through in its firewall, at least for the CA and for this server; see that the \
                 machine runs"
            ));
            Judgement::bad("no answer", problem("PORT_TIMEOUT", Gravity::Error, summary, why, remedy))
        }
        Silence::Unreachable => {
            let summary = format!("this server has no way to {address}, where the CA is sent for {name}");
            let remedy = Remedy::new("see the routes of this machine, and whether the address is right")
                .run(format!("ip route get {address}"));
            Judgement::bad("unreachable", problem("NO_ROUTE", Gravity::Error, summary, why, remedy))
        }
        // Traefik up to 2.10.5 looks for an unknown token for up to 60 seconds before it says 404.
        Silence::Slow => {
            let summary = format!("{target} takes the request for {name} and does not finish an answer");
            let remedy = Remedy::new(
                "nothing where Traefik before 2.10.6 answers, which waits long for a token that it does not know; else see \
                 what keeps the program there",
            );
            Judgement::faulty("slow", problem("SLOW_ANSWER", Gravity::Warning, summary, why, remedy))
        }
        Silence::Garbled => {
            let summary = format!("what {target} says for {name} is not what {} needs", challenge.name());
            let remedy = match challenge {
                Challenge::Http01 => Remedy::new(format!("have plain HTTP served on port {port} of {address}")),
                _ => Remedy::new(format!("have TLS served on port {port} of {address}")),
            };
            Judgement::bad("no such protocol", problem("GARBLED", Gravity::Error, summary, why, remedy))
        }
    }
}

pub(super) fn problem(
    code: &'static str,
    gravity: Gravity,
    summary: impl Into<String>,
    detail: impl Into<String>,
    remedy: Remedy,
) -> Problem {
    Problem::new(code, gravity, summary, remedy).detailed(detail)
}
