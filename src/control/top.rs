//! `top`: what goes on now.

use super::Desk;
use super::status::UpstreamStatus;
use super::status::upstreams;
use super::traffic::Frequent;
use super::traffic::Pace;
use super::traffic::ZoneQueries;
use serde::Deserialize;
use serde::Serialize;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The answer to `top`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopAnswer {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Seconds since the server started.
    pub uptime: u64,
    /// Queries since the start.
    pub queries: u64,
    /// The last minute.
    pub pace: Pace,
    /// Who asks for what.
    pub frequent: Frequent,
    /// Queries by zone since the start, estimated; the busiest first.
    pub zones: Vec<ZoneQueries>,
    /// Who is asked for names outside the zones.
    pub upstreams: Vec<UpstreamStatus>,
    /// Queries that were to be looked at since the start and found no room.
    pub lost: u64,
}

/// Rows of each list.
const ROWS: usize = 20;

/// Looks at what goes on; with `closely`, every query counts for the next seconds.
pub(super) fn top(desk: &Desk, closely: bool) -> TopAnswer {
    let health = (desk.health)();
    let traffic = &desk.traffic;
    let mut zones = traffic.zones();
    zones.sort_by_key(|row| std::cmp::Reverse(row.queries));
    zones.truncate(ROWS);
    TopAnswer {
        at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        uptime: SystemTime::now().duration_since(health.started).map_or(0, |since| since.as_secs()),
        queries: health.totals.queries(),
        pace: traffic.pace(),
        frequent: traffic.frequent(ROWS, closely),
        zones,
        upstreams: upstreams(&health.upstreams),
        lost: traffic.lost(),
    }
}
