//! `acme status`, `acme explain`, `acme check` and `acme ack`: what is known of each name's challenges.

use super::Published;
use super::Refusal;
use super::resolve::resolve;
use super::resolve::views;
use crate::config::Gate;
use crate::config::closest;
use crate::plugin::acme::About;
use crate::plugin::acme::Board;
use crate::plugin::acme::Standings;
use crate::plugin::acme::check::Assessment;
use crate::plugin::acme::check::Ground;
use crate::plugin::acme::check::Seat;
use crate::plugin::acme::check::Verdict;
use crate::plugin::acme::check::assess;
use crate::plugin::acme::reach::CaFact;
use crate::plugin::acme::reach::Event;
use crate::plugin::acme::reach::Evidence;
use crate::plugin::acme::reach::Problem;
use crate::plugin::acme::reach::Reach;
use crate::plugin::acme::reach::State;
use crate::snapshot::Snapshot;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The answer to `acme status`, `acme explain` and `acme check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeAnswer {
    /// True when a server that runs says it; false when it was concluded from files, so that nothing was probed or seen.
    pub live: bool,
    /// Seconds since 1970.
    pub at: u64,
    /// `off`, `warn` or `refuse`
    pub gate: String,
    /// The CA.
    pub ca: Seat,
    /// Sorted by name.
    pub names: Vec<AcmeName>,
}

impl AcmeAnswer {
    /// What the static checks of whoever answered say, as far as a comparison needs it.
    pub fn assessment(&self) -> Assessment {
        let reaches = self.names.iter().flat_map(|name| &name.challenges).map(|one| &one.reach);
        let verdict = |reach: &Reach| Verdict {
            key: reach.key.clone(),
            basis: reach.basis.clone(),
            standing: reach.standing.clone(),
            told: reach.facts.told.clone().unwrap_or_default(),
            needs: Vec::new(),
        };
        Assessment { seat: self.ca.clone(), verdicts: reaches.map(verdict).collect() }
    }
}

/// One name that needs a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeName {
    /// In lower case without its final dot.
    pub name: String,
    /// The best state of its challenges.
    pub state: String,
    /// The challenge that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<String>,
    /// What to do, such as `use dns-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// True when some challenge that applies is blocked, unreachable or contradicted.
    pub shut: bool,
    /// Who wants the certificate, each with the place where it is written.
    pub needs: Vec<String>,
    /// One for each challenge.
    pub challenges: Vec<AcmeChallenge>,
}

/// One challenge of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeChallenge {
    /// `http-01`, `tls-alpn-01` or `dns-01`.
    pub challenge: String,
    /// `blocked`, `plausible` ..
    pub state: String,
    /// `none`, `static`, `probed`, `ca-observed` or `issued`.
    pub evidence: String,
    /// Why it does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Seconds since it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// True when it was seen longer ago than it counts.
    pub stale: bool,
    /// True when so many probes failed that only a few more are made.
    pub suspended: bool,
    /// What is wrong, what is proven first.
    pub problems: Vec<Problem>,
    /// All that is known.
    pub reach: Reach,
}

/// The answer to `acme ack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckAnswer {
    /// The name.
    pub name: String,
    /// The challenges that were contradicted and are no longer.
    pub settled: Vec<String>,
}

/// Seconds since 1970 UTC.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a server knows.
pub(super) fn status(published: &Published, board: &Board, name: Option<&str>) -> Result<AcmeAnswer, Refusal> {
    shown(published, board.standings(), name, true)
}

/// What follows from the files alone.
///
/// # Errors
/// `NOT_WANTED`, `AMBIGUOUS_NAME`.
pub fn acme_status(published: &Published, name: Option<&str>) -> Result<AcmeAnswer, Refusal> {
    shown(published, standings(&published.acme), name, false)
}

/// The static checks of names anew: as another CA address, and of names that nobody wants a certificate for, too. All names that
/// need one when none is given.
///
/// # Errors
/// `BAD_NAME`, `AMBIGUOUS_NAME`.
pub fn acme_check(published: &Published, names: &[String], asker: Option<IpAddr>) -> Result<AcmeAnswer, Refusal> {
    let mut asked = Vec::new();
    for name in names {
        asked.push(meant(published, name)?);
    }
    let inventory = published.inventory.as_deref();
    let ground = Ground { asker, also: &asked, ..Ground::new(&published.snapshot, inventory) };
    let assessment = assess(&ground);
    let mut answer = shown(published, standings(&assessment), None, false)?;
    answer.names.retain(|one| asked.is_empty() || asked.contains(&one.name));
    Ok(answer)
}

/// A person's word that a contradiction is settled.
pub(super) fn ack(published: &Published, board: &Board, name: &str, by: &str) -> Result<AckAnswer, Refusal> {
    let before = shown(published, board.standings(), Some(name), true)?;
    let Some(one) = before.names.first() else { return Err(not_wanted(name, &[])) };
    let contradicted = one.challenges.iter().filter(|challenge| challenge.reach.state == State::Contradicted);
    let settled: Vec<String> = contradicted.map(|challenge| challenge.challenge.clone()).collect();
    if settled.is_empty() {
        let what = format!("nothing of {} is contradicted", one.name);
        return Err(Refusal::new("NOTHING_TO_SETTLE", what, "see `zonectl acme status`"));
    }
    let about = About::Name { name: one.name.clone(), challenges: Vec::new() };
    board.hear(&about, &Event::Ack { by: by.to_owned() }, now());
    Ok(AckAnswer { name: one.name.clone(), settled })
}

/// What was seen in the CA's guest.
pub(super) fn here(published: &Published, board: &Board, name: &str, fact: CaFact) -> Result<AcmeAnswer, Refusal> {
    let found = shown(published, board.standings(), Some(name), true)?;
    let Some(one) = found.names.first() else { return Err(not_wanted(name, &[])) };
    let challenges = vec![crate::config::Challenge::Http01, crate::config::Challenge::TlsAlpn01];
    board.hear(&About::Name { name: one.name.clone(), challenges }, &Event::Ca(fact), now());
    status(published, board, Some(&one.name.clone()))
}

fn standings(assessment: &Assessment) -> Standings {
    let now = now();
    let reach = |verdict: &Verdict| Reach::new(verdict.key.clone()).after(&verdict.event(), now);
    Standings {
        seat: assessment.seat.clone(),
        reaches: assessment.verdicts.iter().map(reach).collect(),
        needs: assessment.verdicts.iter().map(|one| (one.key.name.clone(), one.needs.clone())).collect(),
    }
}

fn shown(published: &Published, standings: Standings, name: Option<&str>, live: bool) -> Result<AcmeAnswer, Refusal> {
    let settings = &published.snapshot.settings;
    let at = now();
    let mut by_name: BTreeMap<String, Vec<Reach>> = BTreeMap::new();
    for reach in standings.reaches {
        by_name.entry(reach.key.name.clone()).or_default().push(reach);
    }
    if let Some(name) = name {
        let wanted = one_of(&by_name, name)?;
        by_name.retain(|known, _| *known == wanted);
    }
    let names = by_name.into_iter().map(|(name, reaches)| {
        let needs = standings.needs.get(&name).into_iter().flatten();
        let needs = needs.map(|need| format!("{} ({})", need.by, need.place)).collect();
        of_name(name, needs, reaches, at)
    });
    let gate = match settings.acme.gate {
        Gate::Off => "off",
        Gate::Warn => "warn",
        Gate::Refuse => "refuse",
    };
    Ok(AcmeAnswer { live, at, gate: gate.to_owned(), ca: standings.seat, names: names.collect() })
}

/// The name that is meant among those that are known: whole, or its first labels.
fn one_of(known: &BTreeMap<String, Vec<Reach>>, text: &str) -> Result<String, Refusal> {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    if known.contains_key(&lower) {
        return Ok(lower);
    }
    let begins = |name: &&String| name.strip_prefix(lower.as_str()).is_some_and(|rest| rest.starts_with('.'));
    let begun: Vec<&String> = known.keys().filter(begins).filter(|_| !text.ends_with('.')).collect();
    match begun.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(not_wanted(text, &known.keys().map(String::as_str).collect::<Vec<_>>())),
        several => {
            let what = format!("`{text}` may be {} names", several.len());
            let mut refusal = Refusal::new("AMBIGUOUS_NAME", what, "write one of them whole");
            refusal.choices = several.iter().map(ToString::to_string).collect();
            Err(refusal)
        }
    }
}

fn not_wanted(text: &str, known: &[&str]) -> Refusal {
    let what = format!("nobody wants a certificate for `{text}`");
    let near = closest(text.trim_end_matches('.'), known.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? else "));
    let remedy = format!("{near}write it among `names` under [acme], or look at it with `zonectl acme check {text}`");
    Refusal::new("NOT_WANTED", what, remedy)
}

/// A name to check: one that is wanted, or any that our zones may hold.
fn meant(published: &Published, text: &str) -> Result<String, Refusal> {
    let known = published.acme.verdicts.iter().map(|verdict| (verdict.key.name.clone(), Vec::new())).collect();
    match one_of(&known, text) {
        Err(refusal) if refusal.code == "NOT_WANTED" => {}
        other => return other,
    }
    if text.starts_with("*.") {
        return Ok(text.trim_end_matches('.').to_ascii_lowercase());
    }
    let snapshot: &Snapshot = &published.snapshot;
    let all = views(snapshot, None)?;
    Ok(resolve(&all, &all, published, text)?.to_string().to_ascii_lowercase())
}

fn of_name(name: String, needs: Vec<String>, reaches: Vec<Reach>, at: u64) -> AcmeName {
    let best = reaches.iter().max_by_key(|reach| reach.state.rank());
    let best = best.filter(|best| !matches!(best.state, State::NotApplicable(_)));
    let shut = reaches.iter().any(|reach| reach.state.is_shut());
    AcmeName {
        hint: hint(&reaches),
        state: best.map_or("unknown", |best| best.state.word()).to_owned(),
        best: best.map(|best| best.key.challenge.name().to_owned()),
        shut,
        needs,
        challenges: reaches.into_iter().map(|reach| of_challenge(reach, at)).collect(),
        name,
    }
}

/// dns-01 goes no way that a hosts file or a firewall could bend.
fn hint(reaches: &[Reach]) -> Option<String> {
    use crate::config::Challenge::Dns01;
    let bent = reaches.iter().any(|reach| {
        reach.key.challenge != Dns01 && matches!(reach.state, State::Contradicted | State::Blocked | State::Unreachable)
    });
    let open = reaches.iter().any(|reach| reach.key.challenge == Dns01 && reach.state.is_open());
    (bent && open).then(|| "use dns-01".to_owned())
}

fn of_challenge(reach: Reach, at: u64) -> AcmeChallenge {
    let reason = match reach.state {
        State::NotApplicable(reason) => Some(reason.text().to_owned()),
        _ => None,
    };
    AcmeChallenge {
        challenge: reach.key.challenge.name().to_owned(),
        state: reach.state.word().to_owned(),
        evidence: reach.evidence.word().to_owned(),
        reason,
        age: (reach.evidence != Evidence::None).then(|| at.saturating_sub(reach.checked_at)),
        stale: reach.is_stale(at),
        suspended: reach.suspended(),
        problems: reach.problems().cloned().collect(),
        reach,
    }
}
