//! `horizon match`: the horizon of a client.

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::show;
use super::seat::answer;
use super::style::BAD;
use super::style::MAIN;
use super::style::painted;
use crate::control::MatchAnswer;
use crate::control::Request;
use std::net::IpAddr;

/// Shows the horizon and the prefix that decided.
pub(super) fn horizon_match(scope: &Scope, address: IpAddr) -> Result<Exit, Failure> {
    let answer: MatchAnswer = answer(scope, &Request::HorizonMatch { address })?;
    show(scope.output, &answer, |answer| format!("{} is in {}\n", answer.address, sentence(answer)))?;
    if answer.horizon.is_none() {
        hint("a [[horizon]] with `clients = [\"any\"]` takes everyone whom no other horizon covers");
    }
    Ok(Exit::Done)
}

/// `internal: 10.0.0.0/24 is the longest prefix that holds it (before 0.0.0.0/0 of external)`.
pub(super) fn sentence(answer: &MatchAnswer) -> String {
    let (Some(horizon), Some(prefix)) = (&answer.horizon, &answer.prefix) else {
        return format!("{}: no client prefix holds it, so it is refused", painted(BAD, "no horizon"));
    };
    let mut text = format!("{}: {prefix} is the longest prefix that holds it", painted(MAIN, horizon));
    let others: Vec<_> = answer.also.iter().map(|other| format!("{} of {}", other.prefix, other.horizon)).collect();
    if !others.is_empty() {
        text.push_str(&format!(" (before {})", others.join(", ")));
    }
    if !answer.inherits.is_empty() {
        text.push_str(&format!("; names it does not own come from {}", answer.inherits.join(", then ")));
    }
    text
}
