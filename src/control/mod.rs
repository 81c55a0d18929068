//! The socket protocol between `zonectl` and `horizond`, and what can be asked over it.
//!
//! One request and one reply are one line of JSON each (see `Request` and `Reply`). What a request asks is computed by
//! functions over a published state, so that `zonectl` can run the same ones on files when no server runs.
//!
//! `zonectl -o json` shows these answers as they are; fields are only ever added:
//!
//! | verb | answer |
//! |---|---|
//! | `get` | `GetAnswer` |
//! | `explain` | `ExplainAnswer` |
//! | `horizon match` | `MatchAnswer` |
//! | `diff` | `DiffAnswer` |
//! | `flow` | `flow::Flow`, drawn by `zonectl` from `flow::Seen` |
//! | `acme status`, `acme explain`, `acme check` | `AcmeAnswer` |
//! | `acme ack` | `AckAnswer` |
//! | `cache show`, `cache flush`, `cache stats` | `CacheAnswer`, `FlushAnswer`, `forward::Stats` |
//! | `acme challenges` | `ChallengesAnswer` |
//! | `acme token create`, `list`, `revoke` | `TokenMade`, `TokensAnswer`, `TokenShown` |
//! | `status` | `StatusAnswer` |
//! | `top` | `TopAnswer` |
//! | `tail` | `TailAnswer`, one after the other |
//! | `reload` | `ordered`; with `--wait` also `live`, `changed` (zones as `origin in horizon`) and `findings` |
//! | `check` | `ok`, `config`, `zones` (how many), `pending` (files that generation would change), `findings` |
//! | `generate` | `written`, `files` (each with its `diff`), `findings` |
//! | `set`, `add`, `rm`, `mv`, `edit`, `plan`, `apply`, `import`, `commit`, `undo` | `ChangeAnswer`; with `id` when it was made |
//! | `begin`, `abort`, `diff` of a draft, and edits that go into one | `DraftAnswer` |
//! | `log` | `LogAnswer` |
//! | `confirm` | `ChangeEntry` |
//! | `export` | `TextAnswer` |

mod acme;
mod answer;
mod cache;
mod challenges;
mod client;
mod desk;
mod difference;
mod errand;
mod explain;
mod flow;
mod get;
mod horizon_match;
mod impact;
mod incoming;
mod listener;
mod meant;
mod message;
mod most;
mod order;
mod origin;
mod place;
mod record_words;
mod records;
mod refusal;
mod reply;
mod resolve;
mod reverse;
mod serve;
mod shown;
mod standing;
mod status;
mod tail;
mod tokens;
mod top;
mod traffic;
pub mod web;

pub use acme::{AckAnswer, AcmeAnswer, AcmeChallenge, AcmeName, acme_check, acme_status};
pub use answer::answer;
pub(crate) use answer::to_value;
pub use cache::{CacheAnswer, CacheEntryShown, FlushAnswer};
pub use challenges::{ChallengeShown, ChallengesAnswer};
pub use client::{AskError, ask, watch};
pub use desk::{Desk, Health, LastReload, Published, PublishedZone, ReloadOrder, ReloadOutcome};
pub use difference::{DiffAnswer, DiffRow, diff, diff_zones};
pub use errand::{
    Author, ChangeAnswer, ChangeEntry, ChangeRequest, DraftAnswer, DraftStep, Errand, ErrandOrder, FileShown, Impact,
    ImpactName, LogAnswer, SetChange, TextAnswer,
};
pub use explain::{ExplainAnswer, ExtendedErrorShown, ForwardedShown, StepShown, explain};
pub use flow::flow;
pub use get::{GetAnswer, HorizonRecords, get};
pub use horizon_match::{MatchAnswer, OtherMatch, horizon_match};
pub use impact::impact;
pub use listener::{ControlError, ControlListener};
pub(crate) use meant::reverse_name;
pub use message::{LARGEST_ERRAND, LARGEST_REQUEST, Reply, Request, VERSION};
pub use origin::{RecordOrigin, source_of};
pub use place::{place, settled};
pub use records::{HeldZone, RecordsAnswer, mark, records};
pub use refusal::Refusal;
pub(crate) use resolve::known_horizon;
pub use serve::serve;
pub use shown::RecordShown;
pub use status::{HorizonStatus, ListStatus, ReloadStatus, StatusAnswer, UpstreamStatus, ZoneStatus, status};
pub use tail::TailAnswer;
pub use tokens::{TokenMade, TokenShown, TokenStep, TokenWish, TokensAnswer, tokens};
pub use top::TopAnswer;
pub use traffic::{Counted, Frequent, Latency, Pace, QueryShown, Traffic, ZoneQueries};
