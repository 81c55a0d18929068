//! The rounds of ACME as the server runs them, from its start to its end.

use super::reaching::Reaching;
use super::status::Board;
use crate::plugin::acme::Challenges;
use crate::plugin::acme::patrol::Patrol;
use crate::query::Watched;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The task that goes its rounds.
#[derive(Debug)]
pub(super) struct Probing {
    rounds: JoinHandle<()>,
}

impl Probing {
    /// Watches the CA's queries, and probes and looks at the CA where the settings that serve say so.
    pub(super) fn start(
        serving: &Arc<Board>,
        reaching: &Reaching,
        challenges: &Arc<Challenges>,
        watched: Arc<Watched>,
        runtime: &Handle,
    ) -> Self {
        let serving = Arc::clone(serving);
        let patrol = Patrol {
            ground: Box::new(move || {
                let published = &serving.load().serving.published;
                (Arc::clone(&published.snapshot), published.inventory.clone())
            }),
            board: Arc::clone(reaching.board()),
            notices: reaching.notices(),
            challenges: Arc::clone(challenges),
            watched,
        };
        Probing { rounds: runtime.spawn(patrol.run()) }
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.rounds.abort();
    }
}
