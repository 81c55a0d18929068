//! What a person means by a name: relative to a zone unless it ends in a dot.

use super::Published;
use super::Refusal;
use super::standing::is_reverse;
use crate::answer::Rule;
use crate::config::closest;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::name_from_wire;
use crate::dns::parse_rtype;
use crate::dns::present_name;
use crate::dns::scan_name;
use crate::query;
use crate::snapshot::Snapshot;
use crate::snapshot::View;
use std::net::IpAddr;

/// The views to look at, each with a client of its own; all of them when no horizon is named.
pub(super) fn views<'a>(snapshot: &'a Snapshot, horizon: Option<&str>) -> Result<Vec<(&'a View, IpAddr)>, Refusal> {
    if let Some(name) = horizon {
        known_horizon(snapshot, name)?;
    }
    let views = snapshot.views.iter().enumerate();
    Ok(views
        .filter(|(_, view)| horizon.is_none_or(|name| name == view.name))
        .filter_map(|(index, view)| Some((view, snapshot.horizons.client_of(index)?)))
        .collect())
}

/// Refuses a horizon that is not there.
pub(crate) fn known_horizon(snapshot: &Snapshot, name: &str) -> Result<(), Refusal> {
    let names: Vec<_> = snapshot.views.iter().map(|view| view.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    let remedy = match closest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the horizons are: {}", names.join(", ")),
    };
    Err(Refusal::new("UNKNOWN_HORIZON", format!("there is no horizon `{name}`"), remedy))
}

/// Reads a record type.
pub(super) fn read_type(text: &str) -> Result<Rtype, Refusal> {
    parse_rtype(text.as_bytes()).ok_or_else(|| {
        let remedy = "write one such as A, AAAA, TXT, or TYPE65280 by its number";
        Refusal::new("BAD_TYPE", format!("`{text}` is not a record type"), remedy)
    })
}

/// Finds the full name that `text` means.
///
/// A final dot makes it whole; an address means its reverse name; `@` is the apex. Anything else may be whole without its
/// dot or relative to any zone in `near`, or, if it exists there nowhere, in `all`: the one that exists is meant, and if
/// several do, none is guessed. A name that exists nowhere is taken as whole inside a zone, else relative to the only zone
/// there is.
///
/// # Errors
/// `BAD_NAME`, `AMBIGUOUS_NAME` with the choices.
pub(super) fn resolve(
    near: &[(&View, IpAddr)],
    all: &[(&View, IpAddr)],
    published: &Published,
    text: &str,
) -> Result<Name, Refusal> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return read(&reverse(address), ROOT);
    }
    if text.ends_with('.') {
        return read(text, ROOT);
    }
    let (best, names) = meant(near, published, text)?;
    let names = if best == Existence::Absent { meant(all, published, text)?.1 } else { names };
    match names.as_slice() {
        [one] => Ok(one.clone()),
        [] => read(text, ROOT),
        several => Err(ambiguous(text, several)),
    }
}

/// `AMBIGUOUS_NAME` with the choices.
pub(super) fn ambiguous(text: &str, names: &[Name]) -> Refusal {
    let choices: Vec<_> = names.iter().map(|name| present_name(name.as_slice())).collect();
    let what = format!("`{text}` may be {}", choices.join(" or "));
    Refusal { choices, ..Refusal::new("AMBIGUOUS_NAME", what, "write the full name with its final dot") }
}

/// The names that `text` may mean in these views, and how much they exist; all of them exist equally.
fn meant(views: &[(&View, IpAddr)], published: &Published, text: &str) -> Result<(Existence, Vec<Name>), Refusal> {
    let origins = origins(views);
    let whole = if text == "@" { None } else { Some(read(text, ROOT)?) };
    let inside = whole.filter(|whole| origins.iter().any(|origin| whole.ends_with(origin)));
    // Too long below one zone may be right below another.
    let relative = origins.iter().filter_map(|origin| read(text, origin.as_slice()).ok());
    let candidates: Vec<Name> = inside.iter().cloned().chain(relative).collect();
    let existence: Vec<_> = candidates.iter().map(|name| existence(views, &published.snapshot, name)).collect();
    let best = existence.iter().copied().max().unwrap_or(Existence::Absent);
    let like_best = candidates.iter().zip(&existence).filter(|(_, seen)| **seen == best).map(|(name, _)| name.clone());
    let mut names: Vec<Name> = match (best, inside) {
        (Existence::Absent, Some(inside)) => vec![inside],
        (Existence::Absent, None) => like_best.filter(|name| !is_reverse(name)).collect(),
        _ => like_best.collect(),
    };
    names.sort_unstable();
    names.dedup();
    Ok((best, names))
}

const ROOT: &[u8] = b"\0";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Existence {
    Absent,
    ByWildcard,
    Present,
}

fn existence(views: &[(&View, IpAddr)], snapshot: &Snapshot, name: &Name) -> Existence {
    let in_view = |client: IpAddr| match query::explain_own(snapshot, client, name, Rtype::A).steps.first() {
        None => Existence::Absent,
        Some(step) if step.special => Existence::Absent,
        Some(step) => match step.rule {
            Rule::NxDomain | Rule::ChallengeNoData | Rule::NotOurs => Existence::Absent,
            Rule::Wildcard | Rule::WildcardAlias | Rule::WildcardNoData | Rule::Dname | Rule::Delegation => {
                Existence::ByWildcard
            }
            _ => Existence::Present,
        },
    };
    views.iter().map(|(_, client)| in_view(*client)).max().unwrap_or(Existence::Absent)
}

fn origins(views: &[(&View, IpAddr)]) -> Vec<Name> {
    let mut origins: Vec<Name> =
        views.iter().flat_map(|(view, _)| view.zones.iter()).map(|seen| seen.zone.origin().clone()).collect();
    origins.sort_unstable();
    origins.dedup();
    origins
}

/// Reads a name; a relative one lies below `origin`, a name in wire format.
pub(super) fn read(text: &str, origin: &[u8]) -> Result<Name, Refusal> {
    let remedy = "write a name such as `app` or `app.internal.example.`";
    let bad = |reason: String| Refusal::new("BAD_NAME", format!("`{text}` is not a name: {reason}"), remedy);
    let mut wire = Vec::new();
    scan_name(text.as_bytes(), origin, &mut wire).map_err(|error| bad(error.to_string()))?;
    name_from_wire(&wire).map_err(|error| bad(error.to_string()))
}

/// The name of an address in the reverse tree (RFC 1035 section 3.5, RFC 3596 section 2.5).
pub(super) fn reverse(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(v6) => {
            let digits = v6.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            digits.map(|digit| format!("{digit:x}.")).collect::<String>() + "ip6.arpa."
        }
    }
}
