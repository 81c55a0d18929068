//! What the server tells about itself: what is live since when, and why newer files are not.

use super::pipeline::Candidate;
use crate::finding::Finding;
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

/// The state of the server at one moment.
#[derive(Debug, Clone)]
pub struct Status {
    /// When the server started.
    pub started: SystemTime,
    /// When the state that serves went live.
    pub live_since: SystemTime,
    /// When files were last loaded, live or not.
    pub tried: SystemTime,
    /// How many reloads went live since the start.
    pub reloads: u64,
    /// How many reloads were refused since the start.
    pub refused: u64,
    /// The addresses that are listened on.
    pub listening: Vec<SocketAddr>,
    /// What serves: settings, zones and what was found when they were loaded.
    pub serving: Arc<Candidate>,
    /// Why the files as they are now do not serve, or not all of them; empty when they do.
    pub failing: Vec<Finding>,
    /// Since when that is so.
    pub failing_since: Option<SystemTime>,
}

/// Where the newest status is read.
pub type Board = ArcSwap<Status>;

impl Status {
    /// True when what the files say is what is served.
    pub fn is_well(&self) -> bool {
        self.failing.is_empty()
    }
}
