//! `set`, `add`, `rm`, `mv`: edits of single records, made at once or added to the open draft.

use super::arguments::Condition;
use super::arguments::Everywhere;
use super::arguments::Making;
use super::arguments::Records;
use super::arguments::Scope;
use super::draft;
use super::exit::Exit;
use super::exit::Failure;
use super::make::Wish;
use super::make::make;
use crate::edit::Order;
use crate::edit::Place;

/// Makes an edit of records.
pub(super) fn records(scope: &Scope, verb: &Records) -> Result<Exit, Failure> {
    let (order, making) = order(scope, verb)?;
    match draft::open(scope)? {
        None => make(scope, making, &Wish { orders: vec![order], ..Wish::default() }),
        // What would come of it, the draft before it.
        Some(_) if making.dry_run => make(scope, making, &Wish { orders: vec![order], draft: true, base: None }),
        Some(_) => draft::add(scope, making, order),
    }
}

/// The order that the arguments of a verb mean.
pub(super) fn order<'v>(scope: &Scope, verb: &'v Records) -> Result<(Order, &'v Making), Failure> {
    Ok(match verb {
        Records::Set { name, rtype, data, ttl, reverse, everywhere, condition, making } => {
            let (place, condition) = (place(scope, everywhere)?, conditions(condition));
            let (name, rtype, data) = (name.clone(), rtype.clone(), data.clone());
            (Order::Set { name, rtype, data, ttl: *ttl, place, condition, reverse: *reverse }, making)
        }
        Records::Add { name, rtype, data, ttl, reverse, everywhere, condition, making } => {
            let (place, condition) = (place(scope, everywhere)?, conditions(condition));
            let (name, rtype, data) = (name.clone(), rtype.clone(), data.clone());
            (Order::Add { name, rtype, data, ttl: *ttl, place, condition, reverse: *reverse }, making)
        }
        Records::Rm { name, rtype, data, all, reverse, everywhere, condition, making } => {
            let (place, condition) = (place(scope, everywhere)?, conditions(condition));
            let (name, rtype, data) = (name.clone(), rtype.clone(), data.clone());
            (Order::Remove { name, rtype, data, all: *all, place, condition, reverse: *reverse }, making)
        }
        Records::Mv { from, to, keep_cname, everywhere, making } => {
            let place = place(scope, everywhere)?;
            (Order::Move { from: from.clone(), to: to.clone(), keep_cname: *keep_cname, place }, making)
        }
    })
}

fn place(scope: &Scope, everywhere: &Everywhere) -> Result<Place, Failure> {
    match (&scope.horizon, everywhere.all_horizons) {
        (None, false) => Ok(Place::Unsaid),
        (None, true) => Ok(Place::All),
        (Some(horizon), false) => Ok(Place::Horizon(horizon.clone())),
        (Some(_), true) => {
            Err(Failure::new(Exit::Error, "either `--horizon` or `--all-horizons`; leave one of them out"))
        }
    }
}

fn conditions(condition: &Condition) -> Vec<String> {
    condition.condition.clone()
}
