//! What is known of each name's way to a certificate, page by page.

use super::routes::Web;
use super::routes::bad_query;
use crate::control::answer::to_value;
use crate::plugin::acme::Standings;
use crate::plugin::acme::check::Seat;
use crate::plugin::acme::reach::Problem;
use crate::plugin::acme::reach::Reach;
use axum::extract::Query;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Rows of one answer.
const MOST: usize = 500;

/// One name: the best of its ways counts.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OfName {
    /// `open` when some way may bring a certificate as far as is known, `shut` when none does, `none` when nothing is known.
    pub(super) verdict: &'static str,
    /// By challenge, the state.
    challenges: BTreeMap<&'static str, &'static str>,
    /// The end of the certificate that was got last: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    /// Whole days until then; less than 0 when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
}

/// What a query string may hold.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    name: Option<String>,
    offset: Option<usize>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct AcmeAnswer {
    seat: Seat,
    total: usize,
    offset: usize,
    /// How many ways are in each state.
    states: BTreeMap<&'static str, usize>,
    ways: Vec<Way>,
}

#[derive(Debug, Serialize)]
struct Way {
    name: String,
    horizon: String,
    challenge: &'static str,
    state: &'static str,
    evidence: &'static str,
    /// Seconds since 1970; 0 for never.
    checked: u64,
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
}

/// `GET /api/v1/acme`
pub(super) async fn acme(State(web): State<Arc<Web>>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    web.answer(move |web| {
        let Query(asked) = asked.map_err(|error| bad_query(&error))?;
        to_value(&page(&web.desk.reaches.standings(), &asked))
    })
    .await
}

fn page(standings: &Standings, asked: &Asked) -> AcmeAnswer {
    let mut states = BTreeMap::new();
    for reach in &standings.reaches {
        *states.entry(reach.state.word()).or_default() += 1;
    }
    let name = asked.name.as_ref().map(|name| name.trim_end_matches('.').to_ascii_lowercase());
    let meant = standings.reaches.iter().filter(|reach| name.as_ref().is_none_or(|name| reach.key.name == *name));
    let total = meant.clone().count();
    let offset = asked.offset.unwrap_or_default().min(total);
    let ways = meant.skip(offset).take(asked.limit.unwrap_or(MOST).clamp(1, MOST)).map(way).collect();
    AcmeAnswer { seat: standings.seat.clone(), total, offset, states, ways }
}

fn way(reach: &Reach) -> Way {
    Way {
        name: reach.key.name.clone(),
        horizon: reach.key.horizon.clone(),
        challenge: reach.key.challenge.name(),
        state: reach.state.word(),
        evidence: reach.evidence.word(),
        checked: reach.checked_at,
        problems: reach.problems().cloned().collect(),
        expires: expiry(reach),
    }
}

/// The end of the certificate that came this way last.
pub(super) fn expiry(reach: &Reach) -> Option<u64> {
    reach.facts.issued.map(|issued| issued.at.saturating_add(issued.lifetime))
}

/// By name, in lower case without its final dot.
pub(super) fn of_names(standings: &Standings) -> BTreeMap<&str, OfName> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut names: BTreeMap<&str, (u8, OfName)> = BTreeMap::new();
    for reach in &standings.reaches {
        let empty = || (0, OfName { verdict: "none", challenges: BTreeMap::new(), expires: None, days_left: None });
        let (rank, one) = names.entry(&reach.key.name).or_insert_with(empty);
        one.challenges.insert(reach.key.challenge.name(), reach.state.word());
        if reach.state.rank() > *rank {
            *rank = reach.state.rank();
            one.verdict = match (reach.state.is_open(), reach.state.is_shut()) {
                (true, _) => "open",
                (_, true) => "shut",
                _ => "none",
            };
        }
        one.expires = one.expires.max(expiry(reach));
        one.days_left = one.expires.map(|end| (end as i64 - now as i64).div_euclid(86_400));
    }
    names.into_iter().map(|(name, (_, one))| (name, one)).collect()
}
