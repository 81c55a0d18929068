//! Which path shows what. The table is what the description in `openapi.json` is held against.

use super::acme::acme;
use super::host::is_meant;
use super::metrics::metrics;
use super::names::add_wanted;
use super::names::names;
use super::page;
use super::ready::health;
use super::ready::ready;
use super::reply::json;
use super::reply::refused;
use super::reply::reply;
use super::view::View;
use crate::control::Desk;
use crate::control::Errand;
use crate::control::ErrandOrder;
use crate::control::Refusal;
use crate::control::answer::to_value;
use crate::control::status::status;
use crate::control::top::top;
use crate::control::{explain, flow as flow_of, get as get_of};
use crate::flow;
use crate::flow::Known;
use crate::plugin::acme::reach::Gravity;
use axum::Router;
use axum::extract::Query;
use axum::extract::Request;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::routing::get;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json as object;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;

/// Every path that is answered.
pub const PATHS: [&str; 18] = [
    "/",
    "/app.css",
    "/app.js",
    "/icon.svg",
    "/flow.svg",
    "/metrics",
    "/health",
    "/ready",
    "/api/v1/openapi.json",
    "/api/v1/status",
    "/api/v1/traffic",
    "/api/v1/names",
    "/api/v1/records",
    "/api/v1/explain",
    "/api/v1/findings",
    "/api/v1/acme",
    "/api/v1/flow",
    "/api/v1/history",
];

/// Answers that are computed at once; they take a core each.
const AT_ONCE: usize = 2;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Web {
    pub(super) desk: Arc<Desk>,
    pub(super) view: View,
    working: Semaphore,
}

type Shared = State<Arc<Web>>;

/// All routes.
pub fn routes(desk: Arc<Desk>) -> Router {
    let web = Arc::new(Web { desk, view: View::default(), working: Semaphore::new(AT_ONCE) });
    let router = PATHS.into_iter().fold(Router::new(), |router, path| router.route(path, route(path)));
    router
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || {
            refused(&Refusal::new("METHOD_NOT_ALLOWED", "nothing can be changed here", "ask with GET"))
        })
        .layer(from_fn_with_state(Arc::clone(&web), guard))
        .with_state(web)
}

fn route(path: &str) -> MethodRouter<Arc<Web>> {
    match path {
        "/" => get(async || page::html()),
        "/app.css" => get(async || page::css()),
        "/app.js" => get(async || page::script()),
        "/icon.svg" => get(async || page::icon()),
        "/flow.svg" => get(picture),
        "/metrics" => get(async |State(web): Shared| {
            web.compute(|web| Ok(reply(StatusCode::OK, METRICS, metrics(&web.desk)))).await
        }),
        "/health" => get(async |State(web): Shared| health(&web.desk)),
        "/ready" => get(async |State(web): Shared| ready(&web.desk).await),
        "/api/v1/openapi.json" => get(async || page::description()),
        "/api/v1/status" => get(async |State(web): Shared| {
            web.answer(|web| to_value(&status(&web.desk.published.load(), &(web.desk.health)()))).await
        }),
        "/api/v1/traffic" => get(async |State(web): Shared| web.answer(|web| to_value(&top(&web.desk, false))).await),
        "/api/v1/names" => get(names),
        "/api/v1/records" => get(records),
        "/api/v1/explain" => get(explained),
        "/api/v1/findings" => get(async |State(web): Shared| web.answer(|web| Ok(findings(web))).await),
        "/api/v1/acme" => get(acme),
        "/api/v1/flow" => get(drawn),
        "/api/v1/history" => get(history),
        _ => get(async || not_found()),
    }
}

/// The text format of OpenMetrics, which Prometheus reads, too.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn not_found() -> Response {
    refused(&Refusal::new("NOT_FOUND", "there is no such path", "see /api/v1/openapi.json for those that there are"))
}

/// Requests that mean another server are refused before anything is looked up.
async fn guard(State(web): Shared, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    if !is_meant(host, &web.desk.published.load().snapshot) {
        let what = "`Host` is no name of this server";
        let remedy = "use its address, `localhost` or a name in one of its zones";
        return refused(&Refusal::new("OTHER_HOST", what, remedy));
    }
    next.run(request).await
}

impl Web {
    /// Computes a reply off the threads that serve connections; few at once, the others wait.
    pub(super) async fn compute(
        self: &Arc<Self>,
        work: impl FnOnce(&Web) -> Result<Response, Refusal> + Send + 'static,
    ) -> Response {
        let internal = || Refusal::new("INTERNAL", "the server failed to answer", "report this as a bug");
        let Ok(_place) = self.working.acquire().await else { return refused(&internal()) };
        let web = Arc::clone(self);
        let computed = tokio::task::spawn_blocking(move || work(&web)).await;
        computed.unwrap_or_else(|_| Err(internal())).unwrap_or_else(|refusal| refused(&refusal))
    }

    /// As [`Web::compute`] for a value.
    pub(super) async fn answer(
        self: &Arc<Self>,
        work: impl FnOnce(&Web) -> Result<Value, Refusal> + Send + 'static,
    ) -> Response {
        self.compute(|web| Ok(json(StatusCode::OK, &work(web)?))).await
    }
}

/// What a query string of an asked name may hold.
#[derive(Debug, Deserialize)]
struct Asked {
    name: Option<String>,
    #[serde(rename = "type")]
    rtype: Option<String>,
    from: Option<IpAddr>,
    horizon: Option<String>,
}

pub(super) fn missing(what: &str) -> Refusal {
    Refusal::new("BAD_REQUEST", format!("`{what}` is missing"), format!("add `{what}=` to the query"))
}

async fn records(State(web): Shared, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    web.answer(move |web| {
        let Query(asked) = asked.map_err(|error| bad_query(&error))?;
        let name = asked.name.ok_or_else(|| missing("name"))?;
        let published = web.desk.published.load_full();
        to_value(&get_of(&published, &name, asked.rtype.as_deref(), asked.horizon.as_deref())?)
    })
    .await
}

pub(super) fn bad_query(error: &QueryRejection) -> Refusal {
    Refusal::new("BAD_REQUEST", error.body_text(), "see /api/v1/openapi.json for what a query may hold")
}

async fn explained(State(web): Shared, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    web.answer(move |web| {
        let Query(asked) = asked.map_err(|error| bad_query(&error))?;
        let name = asked.name.ok_or_else(|| missing("name"))?;
        let published = web.desk.published.load_full();
        let snapshot = &published.snapshot;
        let of = |horizon: &str| {
            let place = snapshot.views.iter().position(|view| view.name == horizon)?;
            snapshot.horizons.client_of(place)
        };
        let from = match (asked.from, &asked.horizon) {
            (Some(from), _) => from,
            (None, Some(horizon)) => {
                crate::control::known_horizon(snapshot, horizon)?;
                of(horizon).ok_or_else(|| missing("from"))?
            }
            (None, None) => return Err(missing("from")),
        };
        to_value(&explain(&published, &name, asked.rtype.as_deref().unwrap_or("A"), from)?)
    })
    .await
}

/// What the checks say, and what is wrong with names on their way to a certificate.
fn findings(web: &Web) -> Value {
    let mut findings = (web.desk.health)().last_reload.findings;
    for reach in web.desk.reaches.standings().reaches {
        let name = &reach.key.name;
        let problems = reach.problems().filter(|problem| problem.severity >= Gravity::Warning);
        findings.extend(problems.map(|problem| problem.finding(name)));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    // Several ways of one name have the same fault, each as bad as it is for that way: the worst is told.
    let mut known = HashSet::new();
    findings.retain(|finding| known.insert((finding.code.clone(), finding.subject.clone(), finding.what.clone())));
    let total = findings.len();
    findings.truncate(MOST_FINDINGS);
    object!({ "total": total, "findings": findings })
}

/// More cannot be read by anybody.
const MOST_FINDINGS: usize = 1000;

fn draw(web: &Web, asked: &Asked) -> Result<flow::Flow, Refusal> {
    let published = web.desk.published.load_full();
    let one: Vec<String> = asked.name.iter().cloned().collect();
    let mut seen = flow_of(&published, &one, asked.horizon.as_deref())?;
    let known = published.inventory.as_ref().map(|inventory| Known::new(&published.snapshot.settings, inventory));
    if let (Some(known), true) = (&known, one.is_empty() && seen.left_out == 0) {
        add_wanted(&published, &mut seen, known, asked.horizon.as_deref())?;
    }
    let name = asked.name.as_ref().and_then(|_| Some(seen.horizons.first()?.names.first()?.name.clone()));
    Ok(flow::flow(&seen, known.as_ref(), true, name.as_deref()))
}

async fn drawn(State(web): Shared, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    web.answer(move |web| {
        let Query(asked) = asked.map_err(|error| bad_query(&error))?;
        to_value(&draw(web, &asked)?)
    })
    .await
}

async fn picture(State(web): Shared, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    web.compute(move |web| {
        let Query(asked) = asked.map_err(|error| bad_query(&error))?;
        Ok(reply(StatusCode::OK, "image/svg+xml", flow::svg(&draw(web, &asked)?)))
    })
    .await
}

/// What a query string of the history may hold.
#[derive(Debug, Deserialize)]
struct Since {
    since: Option<u64>,
    limit: Option<usize>,
}

/// Changes of one answer.
const MOST_CHANGES: usize = 200;

async fn history(State(web): Shared, asked: Result<Query<Since>, QueryRejection>) -> Response {
    let Query(Since { since, limit }) = match asked {
        Ok(asked) => asked,
        Err(error) => return refused(&bad_query(&error)),
    };
    let stopping = || Refusal::new("STOPPING", "the server is stopping", "start it again");
    let (done, outcome) = oneshot::channel();
    let errand = Errand::Log { zone: None, horizon: None, since };
    // Who edits comes first: a full queue is not waited for.
    if web.desk.errands.try_send(ErrandOrder { errand, done }).is_err() {
        return refused(&Refusal::new("BUSY", "edits are under way", "ask again in a moment"));
    }
    match outcome.await.map_err(|_| stopping()) {
        Ok(Ok(mut log)) => {
            if let Some(changes) = log.get_mut("changes").and_then(Value::as_array_mut) {
                changes.truncate(limit.unwrap_or(MOST_CHANGES).min(MOST_CHANGES));
            }
            json(StatusCode::OK, &log)
        }
        Ok(Err(refusal)) | Err(refusal) => refused(&refusal),
    }
}
