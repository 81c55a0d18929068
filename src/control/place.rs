//! Orders as they are typed become edits of single zone files: names, horizons and data are decided here.

use super::Published;
use super::Refusal;
use super::meant;
use super::record_words::expectations;
use super::record_words::record_data;
use super::record_words::record_type;
use super::reverse::follow;
use super::reverse::lead_on;
use super::standing::Sets;
use super::standing::Standing;
use super::standing::ZoneKey;
use super::standing::is_reverse;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::edit::Expectation;
use crate::edit::Order;
use crate::edit::Place;
use crate::edit::Placed;
use crate::edit::RecordEdit;

/// Decides name, zone file and data of each order, in their order; each sees what those before it leave.
///
/// An order with several horizons or records becomes several edits, and reverse records follow the edit that asks for them.
/// `Order::Text` and `Order::Undo` are no edits of records and are passed over. Costs a few look-ups an order; a move also a
/// walk over the horizon's reverse zones.
///
/// # Errors
/// The refusal of the first order that cannot be placed: `BAD_NAME`, `AMBIGUOUS_NAME`, `NO_ZONE`, `NO_SUCH_NAME`,
/// `UNKNOWN_HORIZON`, `SEVERAL_HORIZONS`, `BAD_TYPE`, `BAD_DATA`, `BAD_CONDITION`, `NEEDS_ALL`, `OTHER_ZONE`,
/// `NO_REVERSE_ZONE`.
pub fn place(published: &Published, orders: &[Order]) -> Result<Vec<Placed>, Refusal> {
    let mut standing = Standing::new(published);
    let mut placed = Vec::new();
    for order in orders {
        let edits = edits_of(&standing, order)?;
        for edit in &edits {
            standing.apply(edit);
        }
        placed.extend(edits);
    }
    Ok(placed)
}

/// The same orders with the full names and the horizons that they mean now, so that they mean the same later.
///
/// # Errors
/// As for [`place`].
pub fn settled(published: &Published, orders: &[Order]) -> Result<Vec<Order>, Refusal> {
    let mut standing = Standing::new(published);
    let mut settled = Vec::new();
    for order in orders {
        let edits = edits_of(&standing, order)?;
        settled.push(edits.first().map_or_else(|| order.clone(), |edit| whole(order, edit)));
        for edit in &edits {
            standing.apply(edit);
        }
    }
    Ok(settled)
}

/// An order with the name and the horizon of the first edit that it comes to.
fn whole(order: &Order, edit: &Placed) -> Order {
    let mut order = order.clone();
    let (Order::Set { place, .. } | Order::Add { place, .. } | Order::Remove { place, .. } | Order::Move { place, .. }) =
        &mut order
    else {
        return order;
    };
    if *place == Place::Unsaid {
        *place = Place::Horizon(edit.horizon.clone());
    }
    let shown = |name: &Name| present_name(name.as_slice());
    match (&mut order, &edit.edit) {
        (Order::Move { from, to, .. }, RecordEdit::Move { from: old, to: new, .. }) => {
            (*from, *to) = (shown(old), shown(new));
        }
        (
            Order::Set { name, .. } | Order::Add { name, .. } | Order::Remove { name, .. },
            RecordEdit::Set { owner, .. } | RecordEdit::Add { owner, .. } | RecordEdit::Remove { owner, .. },
        ) => *name = shown(owner),
        _ => {}
    }
    order
}

/// The edits of one order; none for a whole text or an undo.
fn edits_of(standing: &Standing<'_>, order: &Order) -> Result<Vec<Placed>, Refusal> {
    Ok(match order {
        Order::Set { name, rtype, data, ttl, place, condition, reverse } => {
            let words = Words { name, rtype, data, ttl: *ttl, place, condition, reverse: *reverse };
            put(standing, &words, true)?
        }
        Order::Add { name, rtype, data, ttl, place, condition, reverse } => {
            let words = Words { name, rtype, data, ttl: *ttl, place, condition, reverse: *reverse };
            put(standing, &words, false)?
        }
        Order::Remove { name, rtype, data, all, place, condition, reverse } => {
            let rtype = rtype.as_deref().map(record_type).transpose()?;
            let what = Removal { rtype, data, all: *all };
            remove(standing, name, &what, place, condition, *reverse)?
        }
        Order::Move { from, to, keep_cname, place } => rename(standing, from, to, *keep_cname, place)?,
        Order::Text { .. } | Order::Undo { .. } => Vec::new(),
    })
}

/// What `set` and `add` say.
struct Words<'a> {
    name: &'a str,
    rtype: &'a str,
    data: &'a [String],
    ttl: Option<u32>,
    place: &'a Place,
    condition: &'a [String],
    reverse: bool,
}

fn put(standing: &Standing<'_>, words: &Words<'_>, replace: bool) -> Result<Vec<Placed>, Refusal> {
    let rtype = record_type(words.rtype)?;
    let horizon = meant::named(standing, words.place)?;
    let owner = meant::owner(standing, horizon, words.name)?;
    let mut edits = Vec::new();
    for zone in meant::zones(standing, words.place, &owner, true)? {
        let expects = expectations(&owner, words.condition, &zone.origin)?;
        let data = data_in(standing, &zone, rtype, words.data)?;
        let (owner, ttl) = (owner.clone(), words.ttl);
        let edit = match replace {
            true => RecordEdit::Set { owner, rtype, ttl, data },
            false => RecordEdit::Add { owner, rtype, ttl, data },
        };
        with_reverse(standing, &zone, vec![edit], expects, words.reverse, &mut edits)?;
    }
    Ok(edits)
}

/// What `rm` takes away.
struct Removal<'a> {
    rtype: Option<Rtype>,
    data: &'a [String],
    all: bool,
}

fn remove(
    standing: &Standing<'_>,
    name: &str,
    what: &Removal<'_>,
    place: &Place,
    condition: &[String],
    reverse: bool,
) -> Result<Vec<Placed>, Refusal> {
    let horizon = meant::named(standing, place)?;
    let owner = meant::owner(standing, horizon, name)?;
    if !what.all && (what.rtype.is_none() || what.data.is_empty()) {
        let shown = present_name(owner.as_slice());
        let (what, remedy) = match what.rtype {
            None => (format!("every record of {shown} would go"), "say the type and the data, or `--all`"),
            Some(rtype) => (format!("every {rtype} record of {shown} would go"), "say the data, or `--all`"),
        };
        return Err(Refusal::new("NEEDS_ALL", what, remedy));
    }
    let mut edits = Vec::new();
    for zone in meant::zones(standing, place, &owner, false)? {
        let expects = expectations(&owner, condition, &zone.origin)?;
        let each = match what.rtype {
            Some(rtype) if !what.data.is_empty() => {
                let data = data_in(standing, &zone, rtype, what.data)?;
                data.into_iter().map(|data| (Some(rtype), Some(data))).collect()
            }
            rtype => vec![(rtype, None)],
        };
        let each = each.into_iter().map(|(rtype, data)| RecordEdit::Remove { owner: owner.clone(), rtype, data });
        with_reverse(standing, &zone, each.collect(), expects, reverse, &mut edits)?;
    }
    Ok(edits)
}

fn rename(
    standing: &Standing<'_>,
    from: &str,
    to: &str,
    keep_cname: bool,
    place: &Place,
) -> Result<Vec<Placed>, Refusal> {
    let horizon = meant::named(standing, place)?;
    let from = meant::owner(standing, horizon, from)?;
    let mut edits = Vec::new();
    for zone in meant::zones(standing, place, &from, false)? {
        let to = new_name(&zone, to)?;
        if standing.zone_of(&zone.horizon, &to).as_ref() != Some(&zone) {
            let (from, to) = (present_name(from.as_slice()), present_name(to.as_slice()));
            let what = format!("{to} is not in the zone {} of {from}", present_name(zone.origin.as_slice()));
            return Err(Refusal::new("OTHER_ZONE", what, "`set` the records there and `rm` the old ones"));
        }
        let pointers = lead_on(standing, &zone.horizon, &from, &to);
        let edit = RecordEdit::Move { from: from.clone(), to, keep_cname };
        edits.push(Placed { horizon: zone.horizon, origin: zone.origin, edit, expects: Vec::new() });
        edits.extend(pointers);
    }
    Ok(edits)
}

/// The new name of a move: whole when it lies in the zone, else relative to it.
fn new_name(zone: &ZoneKey, text: &str) -> Result<Name, Refusal> {
    let whole = super::resolve::read(text, b"\0");
    match whole {
        Ok(whole) if text != "@" && (text.ends_with('.') || whole.ends_with(&zone.origin)) => Ok(whole),
        _ => super::resolve::read(text, zone.origin.as_slice()),
    }
}

/// Data for a record of a zone. A single label that a PTR record of a reverse zone leads to is taken as the name of an order
/// is: nobody means a name below `in-addr.arpa`.
fn data_in(standing: &Standing<'_>, zone: &ZoneKey, rtype: Rtype, words: &[String]) -> Result<Vec<Vec<u8>>, Refusal> {
    match words {
        [one] if rtype == Rtype::PTR && is_reverse(&zone.origin) && !one.contains('.') => {
            Ok(vec![meant::owner(standing, Some(&zone.horizon), one)?.as_slice().to_vec()])
        }
        _ => record_data(rtype, words, &zone.origin),
    }
}

/// Adds the edits of one name in one zone file, and the reverse records that follow when they are asked for.
fn with_reverse(
    standing: &Standing<'_>,
    zone: &ZoneKey,
    each: Vec<RecordEdit>,
    expects: Vec<Expectation>,
    reverse: bool,
    edits: &mut Vec<Placed>,
) -> Result<(), Refusal> {
    let owner = each.iter().find_map(|edit| match edit {
        RecordEdit::Set { owner, .. } | RecordEdit::Add { owner, .. } | RecordEdit::Remove { owner, .. } => {
            Some(owner.clone())
        }
        RecordEdit::Move { .. } => None,
    });
    let mut after = Standing::new(standing.published());
    let before = owner.as_ref().map(|owner| standing.at(zone, owner)).unwrap_or_default();
    if let Some(owner) = &owner {
        after.begin_with(zone, owner, before.clone());
    }
    let mut given = Sets::new();
    let mut expects = Some(expects);
    for edit in each {
        if let RecordEdit::Set { rtype, data, .. } | RecordEdit::Add { rtype, data, .. } = &edit {
            given.entry(rtype.to_int()).or_default().extend(data.iter().cloned());
        }
        let placed = Placed {
            horizon: zone.horizon.clone(),
            origin: zone.origin.clone(),
            edit,
            expects: expects.take().unwrap_or_default(),
        };
        after.apply(&placed);
        edits.push(placed);
    }
    if let Some(owner) = owner.filter(|_| reverse) {
        edits.extend(follow(standing, zone, &owner, &before, &after.at(zone, &owner), &given)?);
    }
    Ok(())
}
