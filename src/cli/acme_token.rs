//! `acme token`: makes, lists and revokes tokens, and the CNAME of an acme-dns account.

use super::arguments::DoorName;
use super::arguments::Scope;
use super::arguments::TokenCreate;
use super::arguments::TokenVerb;
use super::clock::ago;
use super::clock::date;
use super::exit::Exit;
use super::exit::Failure;
use super::make::Wish;
use super::make::plan;
use super::make::request;
use super::make::stop;
use super::make::tell;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::errand;
use super::seat::token;
use super::style::DIM;
use super::style::MAIN;
use super::table::Table;
use super::token_text::clients_doors;
use super::token_text::ready;
use super::token_text::word;
use crate::control::ChangeAnswer;
use crate::control::Errand;
use crate::control::TokenMade;
use crate::control::TokenShown;
use crate::control::TokenStep;
use crate::control::TokenWish;
use crate::control::TokensAnswer;
use crate::edit::Order;
use crate::edit::Place;
use anstyle::Style;

/// Seconds of the record that holds the place of an account's values.
const TTL: u32 = 60;

/// Does what the verb says.
pub(super) fn acme_token(scope: &Scope, verb: &TokenVerb) -> Result<Exit, Failure> {
    match verb {
        TokenVerb::Create(create) => made(scope, create),
        TokenVerb::List => list(scope),
        TokenVerb::Revoke { name } => revoke(scope, name),
    }
}

fn made(scope: &Scope, create: &TokenCreate) -> Result<Exit, Failure> {
    let doors = clients_doors(create.client);
    let door = create.door.unwrap_or(doors[0]);
    if !doors.contains(&door) {
        let known: Vec<_> = doors.iter().map(|door| door_word(*door)).collect();
        let line = format!("{} comes through {} only", word(create.client), known.join(" or "));
        return Err(Failure::new(Exit::Error, line));
    }
    if create.making.confirm.is_some() && door != DoorName::AcmeDns {
        return Err(Failure::new(Exit::Error, "`--confirm` is for edits: only acme-dns makes one"));
    }
    let wish = TokenWish {
        name: create.name.clone().unwrap_or_else(|| word(create.client).to_owned()),
        exact: create.name.is_some(),
        door: door_word(door).to_owned(),
        names: create.names.clone(),
        horizons: scope.horizon.iter().chain(&create.horizons).cloned().collect(),
        allow_from: create.allow_from.clone(),
        types: create.types.clone(),
        algorithm: create.algorithm.clone(),
        subdomain: None,
        dry: true,
    };
    let dry: TokenMade = token(scope, &TokenStep::Create(wish.clone()))?;
    if dry.http.is_empty() && door != DoorName::Rfc2136 {
        say("the server hears nobody over HTTP yet: write `listen = [\"ADDRESS:8053\"]` under [acme]");
    }
    // Both steps mean the same token.
    let wish = TokenWish { name: dry.token.name.clone(), subdomain: dry.subdomain.clone(), dry: false, ..wish };
    if door == DoorName::AcmeDns {
        return with_alias(scope, create, &dry, wish);
    }
    if create.making.dry_run {
        say(&format!("nothing was made: it would be token `{}` for {}", dry.token.name, dry.token.names.join(", ")));
        show(scope.output, &dry, |_| String::new())?;
        return Ok(Exit::Pending);
    }
    handed_over(scope, create, &token(scope, &TokenStep::Create(wish))?)
}

/// The token and the edit that leads its challenges to it: both or none.
fn with_alias(scope: &Scope, create: &TokenCreate, dry: &TokenMade, token_wish: TokenWish) -> Result<Exit, Failure> {
    let mut making = create.making.clone();
    making.message.get_or_insert_with(|| format!("acme-dns account {}", dry.token.name));
    let wish = Wish { orders: orders(&dry.token), ..Wish::default() };
    let planned = plan(scope, &making, &wish)?;
    tell(&planned, scope.output);
    if let Some(exit) = stop(scope, &making, &planned)? {
        return Ok(exit);
    }
    let made: TokenMade = token(scope, &TokenStep::Create(token_wish))?;
    let mut change = request(&making, &wish, Some(planned.base.clone()), false);
    // Whoever gets here has seen the warnings and said yes.
    change.yes = true;
    let changed: Result<ChangeAnswer, Failure> = errand(scope, Errand::Change(change));
    match changed {
        Ok(ChangeAnswer { id, .. }) => say(&id.map_or(String::new(), |id| format!("change {id}: the CNAME is made"))),
        Err(failure) => {
            let back: Result<TokenShown, Failure> = token(scope, &TokenStep::Revoke { name: made.token.name.clone() });
            if back.is_err() {
                say(&format!("the token stays: `zonectl acme token revoke {}`", made.token.name));
            }
            return Err(failure);
        }
    }
    handed_over(scope, create, &made)
}

/// The CNAME of each challenge, and a record that keeps the account's name from being said to be missing between orders.
fn orders(token: &TokenShown) -> Vec<Order> {
    let Some(alias) = token.aliases.first() else { return Vec::new() };
    let places = match &token.horizons {
        None => vec![Place::All],
        Some(horizons) => horizons.iter().cloned().map(Place::Horizon).collect(),
    };
    let mut owners: Vec<String> = Vec::new();
    for name in &token.names {
        let owner = format!("_acme-challenge.{}", name.strip_prefix("*.").unwrap_or(name));
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    let mut orders = Vec::new();
    for place in places {
        orders.push(Order::Add {
            name: alias.clone(),
            rtype: "TXT".to_owned(),
            data: vec![format!("acme-dns account {}", token.name)],
            ttl: Some(TTL),
            place: place.clone(),
            condition: Vec::new(),
            reverse: false,
        });
        orders.extend(owners.iter().map(|owner| Order::Set {
            name: owner.clone(),
            rtype: "CNAME".to_owned(),
            data: vec![alias.clone()],
            ttl: Some(TTL),
            place: place.clone(),
            condition: Vec::new(),
            reverse: false,
        }));
    }
    orders
}

fn handed_over(scope: &Scope, create: &TokenCreate, made: &TokenMade) -> Result<Exit, Failure> {
    show(scope.output, made, |made| ready(create.client, made))?;
    say(&format!("token `{}` is live; its secret is not shown again", made.token.name));
    Ok(Exit::Done)
}

fn list(scope: &Scope) -> Result<Exit, Failure> {
    let mut answer: TokensAnswer = token(scope, &TokenStep::List)?;
    if let Some(only) = &scope.horizon {
        answer.tokens.retain(|one| one.horizons.as_ref().is_none_or(|horizons| horizons.contains(only)));
    }
    show(scope.output, &answer, |answer| {
        let mut table = Table::new(&["TOKEN", "DOOR", "NAMES", "HORIZONS", "TYPES", "FROM", "CREATED", "LAST USED"]);
        for one in &answer.tokens {
            let plain = |text: String| (Style::new(), text);
            let names = if one.names.is_empty() { &one.aliases } else { &one.names };
            table.row([
                (MAIN, one.name.clone()),
                plain(one.door.clone()),
                plain(names.join(" ")),
                plain(one.horizons.as_ref().map_or_else(|| "all".to_owned(), |horizons| horizons.join(" "))),
                plain(one.types.join(" ")),
                plain(if one.allow_from.is_empty() { "anywhere".to_owned() } else { one.allow_from.join(" ") }),
                (DIM, date(one.created)),
                (DIM, one.last_used.map_or_else(|| "not since the start".to_owned(), ago)),
            ]);
        }
        if table.is_empty() { String::new() } else { table.text() }
    })?;
    if answer.tokens.is_empty() {
        hint("there is no token: `zonectl acme token create --for CLIENT --names NAME` makes one");
    }
    Ok(Exit::Done)
}

fn revoke(scope: &Scope, name: &str) -> Result<Exit, Failure> {
    let gone: TokenShown = token(scope, &TokenStep::Revoke { name: name.to_owned() })?;
    show(scope.output, &gone, |gone| format!("revoked {}\n", gone.name))?;
    for order in orders(&gone) {
        if let Order::Set { name, .. } | Order::Add { name, .. } = order {
            hint(&format!("what led to it stays until `zonectl rm {name} --all --all-horizons`"));
        }
    }
    Ok(Exit::Done)
}

fn door_word(door: DoorName) -> &'static str {
    match door {
        DoorName::Rfc2136 => "rfc2136",
        DoorName::Httpreq => "httpreq",
        DoorName::AcmeDns => "acme-dns",
    }
}
