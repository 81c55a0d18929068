//! Orders and errands for tests, over the control socket of a running server.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::reload_lab::Lab;
use horizon_dns::control::{self, AskError, Author, ChangeAnswer, ChangeRequest, Errand, Refusal, Request};
use horizon_dns::edit::{Order, Place};
use serde::de::DeserializeOwned;
use std::time::Duration;

pub(crate) fn by() -> Author {
    Author { user: "alice".to_owned(), host: "desk".to_owned() }
}

/// Runs an errand; what is no refusal must not happen.
pub(crate) fn errand<T: DeserializeOwned>(lab: &Lab, errand: Errand) -> Result<T, Refusal> {
    let socket = lab.path("run/control.sock");
    match control::ask(&socket, &Request::Errand(errand), Duration::from_secs(60)) {
        Ok(answer) => Ok(answer),
        Err(AskError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

/// Makes a change as alice.
pub(crate) fn change(lab: &Lab, orders: Vec<Order>) -> Result<ChangeAnswer, Refusal> {
    errand(lab, Errand::Change(ChangeRequest { dry: false, ..ChangeRequest::dry(orders, by()) }))
}

/// Why a change is not made.
pub(crate) fn refusal(lab: &Lab, orders: Vec<Order>) -> Refusal {
    change(lab, orders).unwrap_err()
}

pub(crate) fn set(name: &str, rtype: &str, data: &[&str]) -> Order {
    Order::Set {
        name: name.to_owned(),
        rtype: rtype.to_owned(),
        data: data.iter().map(|word| (*word).to_owned()).collect(),
        ttl: None,
        place: Place::Unsaid,
        condition: Vec::new(),
        reverse: false,
    }
}

pub(crate) fn set_in(horizon: &str, name: &str, rtype: &str, data: &[&str]) -> Order {
    let mut order = set(name, rtype, data);
    if let Order::Set { place, .. } = &mut order {
        *place = Place::Horizon(horizon.to_owned());
    }
    order
}

pub(crate) fn add(horizon: &str, name: &str, rtype: &str, data: &[&str]) -> Order {
    Order::Add {
        name: name.to_owned(),
        rtype: rtype.to_owned(),
        data: data.iter().map(|word| (*word).to_owned()).collect(),
        ttl: None,
        place: Place::Horizon(horizon.to_owned()),
        condition: Vec::new(),
        reverse: false,
    }
}

/// Removes all records of a name, or those of one type.
pub(crate) fn remove(horizon: &str, name: &str, rtype: Option<&str>) -> Order {
    Order::Remove {
        name: name.to_owned(),
        rtype: rtype.map(str::to_owned),
        data: Vec::new(),
        all: true,
        place: Place::Horizon(horizon.to_owned()),
        condition: Vec::new(),
        reverse: false,
    }
}
