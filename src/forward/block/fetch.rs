//! One list of blocked names over HTTP: asked whether it changed, taken in parts, and put in its place when it holds names.

use super::kept::Fetched;
use super::kept::Kept;
use super::line::Line;
use super::line::read_line;
use super::load::LARGEST_FILE;
use super::load::LONGEST_LINE;
use crate::files;
use crate::files::FileError;
use crate::files::Prepared;
use std::io;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use thiserror::Error;
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::http::header;

/// What one try may cost.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// How long it may take in all.
    pub time: Duration,
    /// How many octets the list may have.
    pub octets: u64,
}

impl Default for FetchLimits {
    fn default() -> Self {
        FetchLimits { time: Duration::from_secs(120), octets: LARGEST_FILE }
    }
}

/// Why a list could not be fetched.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The name could not be resolved, the server not be reached or not be trusted, or it took too long.
    #[error("{0}")]
    Transport(Box<ureq::Error>),
    /// Something other than 200 or 304.
    #[error("the server says {0}")]
    Status(u16),
    /// What came holds not one name.
    #[error("what came is no list of names")]
    NoNames,
    /// What came could not be kept.
    #[error(transparent)]
    File(#[from] FileError),
}

/// How many redirects are followed.
const REDIRECTS: u32 = 5;

/// Fetches a list if it is not what is kept, and writes down how that went. True when there is a new copy.
///
/// From an `https` URL no redirect leads to `http`. The copy is replaced whole, or stays what it was.
///
/// # Errors
/// [`FetchError`]; it is written down, too, where the disk lets it.
pub fn fetch(kept: &Kept, limits: FetchLimits, now: u64) -> Result<bool, FetchError> {
    let before = kept.fetched();
    let outcome = ask(kept, &before, limits);
    let (after, outcome) = match outcome {
        Ok(None) => (Fetched { good: now, failed: None, ..before.clone() }, Ok(false)),
        Ok(Some(fresh)) => (Fetched { good: now, ..fresh }, Ok(true)),
        Err(error) => (Fetched { failed: Some(error.to_string()), ..before.clone() }, Err(error)),
    };
    if after != before {
        kept.write_down(&after)?;
    }
    outcome
}

/// None when the copy is still right; else what its new one came with.
fn ask(kept: &Kept, before: &Fetched, limits: FetchLimits) -> Result<Option<Fetched>, FetchError> {
    let transport = |error| FetchError::Transport(Box::new(error));
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(limits.time))
        .max_redirects(REDIRECTS)
        .https_only(kept.url.starts_with("https://"))
        .http_status_as_error(false)
        .user_agent(concat!("horizond/", env!("CARGO_PKG_VERSION")))
        .proxy(None)
        .build()
        .into();
    let mut request = agent.get(&kept.url);
    if let Some(etag) = &before.etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    if let Some(modified) = &before.modified {
        request = request.header(header::IF_MODIFIED_SINCE, modified);
    }
    let mut response = request.call().map_err(transport)?;
    match response.status().as_u16() {
        304 if before.good > 0 => return Ok(None),
        200 => {}
        other => return Err(FetchError::Status(other)),
    }
    let fresh = Fetched {
        etag: text(response.headers(), &header::ETAG),
        modified: text(response.headers(), &header::LAST_MODIFIED),
        ..Fetched::default()
    };
    files::create_folder(kept.copy.parent().unwrap_or(Path::new(".")))?;
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader().take(limits.octets + 1);
    let copy = Prepared::write(&kept.copy, |file| {
        let copied = io::copy(&mut body, file)?;
        let fits = copied <= limits.octets;
        fits.then_some(()).ok_or_else(|| io::Error::other(format!("the list has more than {} octets", limits.octets)))
    })?;
    let mut names = false;
    files::read_lines(copy.path(), limits.octets, LONGEST_LINE, |_, line| {
        names |= line.is_some_and(|line| read_line(line, |_, _| ()) == Line::Read);
    })?;
    if !names {
        return Err(FetchError::NoNames);
    }
    copy.commit()?;
    Ok(Some(fresh))
}

/// Headers that nobody needs so long are left out.
fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|text| text.len() <= 256).map(str::to_owned)
}
