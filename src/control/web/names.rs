//! The matrix of names and horizons, page by page: where a name leads in each, where that was written, and how it is with
//! its certificate.

use super::acme::OfName;
use super::acme::of_names;
use super::routes::Web;
use super::routes::bad_query;
use crate::control::Published;
use crate::control::Refusal;
use crate::control::answer::to_value;
use crate::control::flow;
use crate::finding::Place;
use crate::flow::Known;
use crate::flow::Seen;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use std::sync::Arc;

/// Names of one answer.
const MOST: usize = 200;
const USUAL: usize = 100;

/// What a query string may hold.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Only names that hold this text.
    search: Option<String>,
    /// Only names whose certificate is `open`, `shut` or `none`.
    acme: Option<String>,
    offset: Option<usize>,
    limit: Option<usize>,
}

/// One page.
#[derive(Debug, Serialize)]
struct NamesAnswer {
    /// Names in all.
    total: usize,
    /// Names that fit.
    matching: usize,
    /// Of these, so many come before the first one here.
    offset: usize,
    /// The horizons, in the order of the cells.
    horizons: Vec<String>,
    names: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    cells: Vec<Cell>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acme: Option<OfName>,
}

#[derive(Debug, Serialize)]
struct Cell {
    /// As `zonectl get` says it.
    outcome: String,
    aliases: Vec<String>,
    addresses: Vec<Address>,
}

#[derive(Debug, Serialize)]
struct Address {
    address: String,
    /// What the generator noted; none for a record that a person wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// `GET /api/v1/names`
pub(super) async fn names(State(web): State<Arc<Web>>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    web.answer(move |web| {
        let Query(asked) = asked.map_err(|error| bad_query(&error))?;
        to_value(&page(web, &asked)?)
    })
    .await
}

fn page(web: &Web, asked: &Asked) -> Result<NamesAnswer, Refusal> {
    let published = web.desk.published.load_full();
    let all = web.view.names(&published);
    let standings = web.desk.reaches.standings();
    let acme = of_names(&standings);
    let search = asked.search.as_deref().unwrap_or_default().to_ascii_lowercase();
    let fits = |name: &&String| {
        let state = acme.get(name.trim_end_matches('.')).map_or("none", |of| of.verdict);
        name.contains(&search) && asked.acme.as_ref().is_none_or(|wanted| wanted == state)
    };
    let matching: Vec<&String> = all.iter().filter(fits).collect();
    let offset = asked.offset.unwrap_or_default().min(matching.len());
    let limit = asked.limit.unwrap_or(USUAL).clamp(1, MOST);
    let shown: Vec<String> = matching[offset..].iter().take(limit).map(|name| (*name).clone()).collect();
    let seen = if shown.is_empty() { None } else { Some(flow(&published, &shown, None)?) };
    let horizons: Vec<String> = published.snapshot.views.iter().map(|view| view.name.clone()).collect();
    let names = shown.into_iter().map(|name| Row {
        cells: seen.iter().flat_map(|seen| cells(seen, &name)).collect(),
        acme: acme.get(name.trim_end_matches('.')).cloned(),
        name,
    });
    Ok(NamesAnswer { total: all.len(), matching: matching.len(), offset, horizons, names: names.collect() })
}

fn cells(seen: &Seen, name: &str) -> Vec<Cell> {
    let of_horizon = seen.horizons.iter().map(|horizon| {
        let here = horizon.names.iter().find(|one| one.name.eq_ignore_ascii_case(name));
        let addresses = here.iter().flat_map(|one| &one.addresses).map(|one| Address {
            address: one.address.to_string(),
            source: one.source.clone(),
            place: one.place.clone(),
        });
        Cell {
            outcome: here.map_or_else(|| "NXDOMAIN".to_owned(), |one| one.outcome.clone()),
            aliases: here.map(|one| one.aliases.clone()).unwrap_or_default(),
            addresses: addresses.collect(),
        }
    });
    of_horizon.collect()
}

/// Adds names that the inventory wants and that lead nowhere.
pub(super) fn add_wanted(
    published: &Published,
    seen: &mut Seen,
    known: &Known<'_>,
    horizon: Option<&str>,
) -> Result<(), Refusal> {
    let missing = seen.lacks(known);
    if missing.is_empty() {
        return Ok(());
    }
    seen.add(flow(published, &missing, horizon)?);
    Ok(())
}
