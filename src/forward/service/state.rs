//! What is known of each upstream, as it is shown.

use std::time::{Duration, SystemTime};

/// One upstream as status and statistics show it.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamState {
    /// As it is written in the settings.
    pub text: String,
    /// False when it is not asked because it did not answer; it is tried in the background.
    pub up: bool,
    /// It is up, and asked last because nearly all of its answers were failures.
    pub failing: bool,
    /// It leads back to this server, and is not asked.
    pub loops: bool,
    /// Since when it is so.
    pub since: SystemTime,
    /// Smoothed round-trip time; none before the first answer.
    pub srtt: Option<Duration>,
    /// Questions sent, repeated ones counted each time.
    pub asked: u64,
    /// Replies that fit a question.
    pub answered: u64,
    /// Questions not answered in time.
    pub timeouts: u64,
    /// Replies with SERVFAIL.
    pub servfail: u64,
    /// Replies with REFUSED.
    pub refused: u64,
    /// Replies of other kinds that could not be used: malformed, FORMERR, NOTIMP, referrals.
    pub useless: u64,
    /// Messages from its address that fit no question: wrong id, wrong name, too late.
    pub unmatched: u64,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
}
