//! What is asked of the one who edits: changes, their history, drafts. Unlike a look at what serves, each waits for its turn.

use super::Refusal;
use crate::edit::Order;
use crate::finding::Finding;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;

/// One errand, and where its answer goes.
#[derive(Debug)]
pub struct ErrandOrder {
    /// What is asked.
    pub errand: Errand,
    /// Told when it is done; nobody may be listening any more.
    pub done: oneshot::Sender<Result<Value, Refusal>>,
}

/// What can be asked of the one who edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "kebab-case")]
pub enum Errand {
    /// Plans or makes a change; answered by [`ChangeAnswer`].
    Change(ChangeRequest),
    /// Keeps a change that would be taken back; answered by [`ChangeEntry`].
    Confirm {
        /// The change; the only one that waits when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
    },
    /// The history, newest first; answered by [`LogAnswer`].
    Log {
        /// Only changes that touch this zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
        /// Only changes that touch this horizon.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
        /// Only changes at or after this time, in seconds since 1970 UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
    },
    /// The text of a zone file; answered by [`TextAnswer`].
    Text {
        /// The zone's apex; relative names are not meant.
        zone: String,
        /// Whose file; needed when several horizons have the zone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        horizon: Option<String>,
        /// As it was right after this change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// As it was at this time, in seconds since 1970 UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// Opens, shows or drops a person's draft; answered by [`DraftAnswer`].
    Draft {
        /// Whose.
        by: Author,
        /// What becomes of it.
        step: DraftStep,
    },
}

/// What becomes of a draft: orders that are to be made as one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum DraftStep {
    /// Opens one; refused when one is open.
    Begin,
    /// Adds orders to it; the plan of the whole is answered.
    Add {
        /// What is added.
        orders: Vec<Order>,
    },
    /// The plan of the whole.
    Show,
    /// Drops it. A commit is a [`ChangeRequest`] with `draft`.
    Abort,
}

/// A change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// In their order; all of them or none.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// True: the orders of the author's draft come first, and the draft is closed when the change is made.
    #[serde(default)]
    pub draft: bool,
    /// True: nothing is changed, only the plan is told.
    pub dry: bool,
    /// True: new warnings do not stop it.
    #[serde(default)]
    pub yes: bool,
    /// Who asks.
    pub by: Author,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Seconds after which it is taken back unless it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<u64>,
    /// The `base` of the plan that this was decided on: refused when the zone files have changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

impl ChangeRequest {
    /// Asks what orders would come to.
    pub fn dry(orders: Vec<Order>, by: Author) -> Self {
        ChangeRequest { orders, draft: false, dry: true, yes: false, by, reason: None, confirm: None, base: None }
    }
}

impl Author {
    /// The server itself.
    pub fn server() -> Self {
        Author { user: "horizond".to_owned(), host: "localhost".to_owned() }
    }
}

/// Who asks for a change, as they say themselves; the socket's mode decides who may.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Author {
    /// The user's name.
    pub user: String,
    /// The machine's name.
    pub host: String,
}

/// A change that was planned or made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeAnswer {
    /// Its id; none when it was only planned or nothing changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// What stands in the zone files that it was planned on, as one mark.
    pub base: String,
    /// RRsets that change, zone file by zone file, within one in the order of its new text, names that go last; empty when
    /// nothing changes.
    pub sets: Vec<SetChange>,
    /// Zone files that change.
    pub files: Vec<FileShown>,
    /// What the checks say that they did not say before.
    pub findings: Vec<Finding>,
    /// What it changes for questions that were really asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// True when the server asked itself over its own socket and got what was meant; false when no server runs.
    #[serde(default)]
    pub verified: bool,
    /// Seconds since 1970 UTC when it is taken back unless it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts_at: Option<u64>,
    /// Microseconds from the begin of the work to the moment when the new records were served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_after: Option<u64>,
}

/// One RRset of one zone file, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetChange {
    /// The horizon.
    pub horizon: String,
    /// The zone's apex, with its final dot.
    pub zone: String,
    /// The owner, with its final dot.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// `TTL DATA` of each record as zone text has it; empty when the set is new.
    pub before: Vec<String>,
    /// The same; empty when the set goes.
    pub after: Vec<String>,
    /// The generator's source whose record a person's takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<String>,
}

/// One zone file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileShown {
    /// Its path.
    pub file: String,
    /// A unified diff.
    pub diff: String,
}

/// What a change does to questions that were asked lately.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Impact {
    /// How far back the questions reach, in seconds.
    pub seconds: u64,
    /// How many distinct questions are known from that time.
    pub known: usize,
    /// Names that get another answer.
    pub differ: Vec<ImpactName>,
}

/// A question that gets another answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactName {
    /// The horizon of the client that asked.
    pub horizon: String,
    /// The name, with its final dot.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// `NOERROR`, `NODATA`, `NXDOMAIN` and so on, as in `get`.
    pub before: String,
    /// The same.
    pub after: String,
}

/// The history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogAnswer {
    /// Newest first.
    pub changes: Vec<ChangeEntry>,
}

/// One change of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEntry {
    /// Its id, counted up from 1.
    pub id: u64,
    /// Seconds since 1970 UTC.
    pub at: u64,
    /// Who made it; none for an edit beside the server that was seen afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What changed.
    pub sets: Vec<SetChange>,
    /// The zone files, relative to the zones directory.
    pub files: Vec<String>,
    /// The lines of an edit beside the server, as far as they are known; serials are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<FileShown>,
    /// The change that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// The change that took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<u64>,
    /// Seconds since 1970 UTC when it is taken back unless it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts_at: Option<u64>,
}

/// The text of a zone file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextAnswer {
    /// The zone's apex, with its final dot.
    pub zone: String,
    /// The horizon.
    pub horizon: String,
    /// The file's path.
    pub file: String,
    /// Its text; octets that are not UTF-8 are replaced.
    pub text: String,
    /// False when some octet was replaced: such a text must not be written back.
    pub exact: bool,
    /// Marks the text; an order that gives a new one names it as what it was made from.
    pub mark: String,
}

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftAnswer {
    /// The orders so far.
    pub orders: Vec<Order>,
    /// What they come to; none when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<ChangeAnswer>,
}
