//! DNS updates as the server runs them: keys read at start and at each reload, edits of zone files through the thread that
//! reloads.

use super::orders::Orders;
use super::reload::tell;
use crate::config::Settings;
use crate::control::{Author, ChangeAnswer, ChangeRequest, Errand, ErrandOrder, Refusal};
use crate::counters::Counters;
use crate::edit::Order;
use crate::finding::Severity;
use crate::plugin::acme::{Challenges, Tokens};
use crate::snapshot::Live;
use crate::transport::Listeners;
use crate::update::{Desk, EditPlan, EditRefused, Editor, Tools};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The desk for signed messages, with its keys.
#[derive(Debug)]
pub(super) struct Updating {
    tokens: Arc<Tokens>,
}

impl Updating {
    /// Starts the desk, and leads `listeners` to it. Keys that cannot be read are told and are none.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(
        settings: &Settings,
        live: &Arc<Live>,
        challenges: &Arc<Challenges>,
        counters: &Counters,
        orders: Orders,
        listeners: &Listeners,
    ) -> io::Result<Self> {
        let tokens = Arc::new(open(&settings.acme.state));
        let desk = Desk::start(Tools {
            live: Arc::clone(live),
            tokens: Arc::clone(&tokens),
            challenges: Arc::clone(challenges),
            editor: Box::new(Errands { orders }),
            counters: counters.worker(),
        })?;
        listeners.hand_signed_to(desk);
        Ok(Updating { tokens })
    }

    /// Who may write what.
    pub(super) fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// Reads the keys again, also where `state` leads elsewhere now; those before stay when that fails.
    pub(super) fn follow(&self, settings: &Settings) {
        if let Err(finding) = self.tokens().follow(&settings.acme.state) {
            tell(&finding);
        }
    }
}

fn open(state: &Path) -> Tokens {
    let tokens = Tokens::open(state).unwrap_or_else(|finding| {
        tell(&finding);
        Tokens::closed(state)
    });
    tokens.readable_by_others().iter().for_each(tell);
    tokens
}

/// Edits as errands to the thread that reloads.
struct Errands {
    orders: Orders,
}

/// The machine that the history names for edits by DNS updates; the user is the key.
const HOST: &str = "rfc2136";

impl Errands {
    /// Asks for a change and waits for its answer.
    fn change(&self, request: ChangeRequest) -> Result<ChangeAnswer, EditRefused> {
        let stopping = || EditRefused::Failed("the server is shutting down".to_owned());
        let (done, answer) = oneshot::channel();
        self.orders.errand(ErrandOrder { errand: Errand::Change(request), done });
        let answer = answer.blocking_recv().map_err(|_| stopping())?.map_err(|refusal| refused(&refusal))?;
        serde_json::from_value(answer).map_err(|error| EditRefused::Failed(error.to_string()))
    }
}

impl Editor for Errands {
    fn plan(&self, orders: &[Order], key: &str) -> Result<EditPlan, EditRefused> {
        let answer = self.change(ChangeRequest::dry(orders.to_vec(), author(key)))?;
        let warnings = answer.findings.iter().filter(|finding| finding.severity >= Severity::Warning);
        Ok(EditPlan { warnings: warnings.map(ToString::to_string).collect(), base: answer.base })
    }

    fn make(&self, orders: &[Order], key: &str, base: String) -> Result<(), EditRefused> {
        let reason = Some("DNS update".to_owned());
        let planned = ChangeRequest::dry(orders.to_vec(), author(key));
        self.change(ChangeRequest { dry: false, base: Some(base), reason, ..planned }).map(drop)
    }
}

fn author(key: &str) -> Author {
    Author { user: key.to_owned(), host: HOST.to_owned() }
}

/// What is wrong with the server itself is no answer to the edit.
fn refused(refusal: &Refusal) -> EditRefused {
    let findings: Vec<String> = refusal.findings.iter().map(ToString::to_string).collect();
    let why = match findings.is_empty() {
        true => refusal.to_string(),
        false => format!("{refusal}: {}", findings.join("; ")),
    };
    match refusal.code.as_str() {
        "BASE_MOVED" | "CONFLICT" | "FILE_NOT_SERVED" => EditRefused::Moved,
        "INTERNAL" | "NOT_VERIFIED" | "FILE" => EditRefused::Failed(why),
        _ => EditRefused::NotAllowed(why),
    }
}
