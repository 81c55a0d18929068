//! `explain`: why a client gets the answer it gets.

use super::Published;
use super::Refusal;
use super::cache::CacheEntryShown;
use super::cache::entry_shown;
use super::horizon_match::MatchAnswer;
use super::horizon_match::chain;
use super::horizon_match::horizon_match;
use super::origin::Origins;
use super::reply::Decoded;
use super::resolve::read_type;
use super::resolve::resolve;
use super::resolve::views;
use super::shown::RecordShown;
use super::shown::show;
use crate::answer::Rule;
use crate::answer::Step;
use crate::config::Policy;
use crate::dns::Name;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::forward::BlockedBy;
use crate::forward::By;
use crate::forward::Route;
use crate::query;
use crate::query::Forwarded;
use crate::snapshot::Snapshot;
use serde::Deserialize;
use serde::Serialize;
use std::net::IpAddr;
use std::time::SystemTime;

/// The answer to `explain`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainAnswer {
    /// The full name, with its final dot.
    pub name: String,
    /// The type asked for.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The client's horizon and why.
    pub client: MatchAnswer,
    /// The searches, in order: the name, then each alias target.
    pub steps: Vec<StepShown>,
    /// What becomes of the name, or of the alias target, that no zone holds, where the forwarder may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<ForwardedShown>,
    /// The RCODE by name.
    pub rcode: String,
    /// The AA bit.
    pub authoritative: bool,
    /// The extended error (RFC 8914).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_error: Option<ExtendedErrorShown>,
    /// The answer section.
    pub answer: Vec<RecordShown>,
    /// The authority section.
    pub authority: Vec<RecordShown>,
    /// The additional section without OPT.
    pub additional: Vec<RecordShown>,
}

/// An extended error (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedErrorShown {
    /// Its code.
    pub code: u16,
    /// Its text.
    pub text: String,
}

/// A name that upstreams are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedShown {
    /// The name, with its final dot.
    pub name: String,
    /// What decides who is asked: `domain NAME`, `horizon`, `default`, or `none` when no upstream is set.
    pub by: String,
    /// Who is asked, as it is written.
    pub upstreams: Vec<String>,
    /// How they are chosen: `ordered`, `parallel` or `fastest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Why it is not asked for, when a guard or a list keeps it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// True when a client would wait for them: nothing is known of the name. The answer below is then our part of it.
    pub asked: bool,
    /// What is kept of their last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<CacheEntryShown>,
}

/// One search of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepShown {
    /// The name that was searched.
    pub name: String,
    /// The zone that holds it.
    pub zone: Option<String>,
    /// `exact`, `wildcard`, `alias`, `dname`, `delegation`, `overlay`, `no-data`, `empty-non-terminal`,
    /// `no-name` or `none`.
    pub rule: String,
    /// The owner of the records that answered, or the closest encloser.
    pub owner: Option<String>,
    /// The horizon that the owner's records were taken from, when it is not the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited_from: Option<String>,
    /// True for a built-in special-use zone.
    pub special: bool,
    /// The rule in words.
    pub why: String,
}

/// Runs a question through the query path as if `from` had asked it, and says what happened.
///
/// # Errors
/// `BAD_NAME`, `BAD_TYPE`, `AMBIGUOUS_NAME`.
pub fn explain(published: &Published, name: &str, rtype: &str, from: IpAddr) -> Result<ExplainAnswer, Refusal> {
    let snapshot = &published.snapshot;
    let rtype = read_type(rtype)?;
    let client = horizon_match(snapshot, from);
    // What another horizon knows is worth explaining, too: why this client does not get it.
    let all = views(snapshot, None)?;
    let name = resolve(&views(snapshot, client.horizon.as_deref())?, &all, published, name)?;
    let explanation = query::explain(snapshot, from, &name, rtype);
    let reply = Decoded::read(&explanation.reply).unwrap_or_default();
    let horizon = client.horizon.clone().unwrap_or_default();
    let mut origins = Origins::new(published);
    let mut section = |records| show(&mut origins, &horizon, records, &explanation.steps);
    let (answer, authority, additional) =
        (section(&reply.answer), section(&reply.authority), section(&reply.additional));
    Ok(ExplainAnswer {
        name: present_name(name.as_slice()),
        rtype: present_rtype(rtype),
        steps: explanation
            .steps
            .iter()
            .map(|step| step_shown(published, &horizon, step, &present_rtype(rtype)))
            .collect(),
        client,
        forwarded: explanation.forwarded.map(|forwarded| forwarded_shown(snapshot, forwarded)),
        rcode: reply.rcode,
        authoritative: reply.authoritative,
        extended_error: reply.extended_error.map(|(code, text)| ExtendedErrorShown { code, text }),
        answer,
        authority,
        additional,
    })
}

fn forwarded_shown(snapshot: &Snapshot, forwarded: Forwarded) -> ForwardedShown {
    let held = held(&forwarded);
    let (by, upstreams, policy) = match forwarded.route {
        None => ("none".to_owned(), Vec::new(), None),
        Some(Route { by, upstreams, policy }) => {
            let by = match by {
                By::Domain(name) => format!("domain {}", present_name(name.as_slice())),
                By::Horizon => "horizon".to_owned(),
                By::Default => "default".to_owned(),
            };
            let policy = match policy {
                Policy::Ordered => "ordered",
                Policy::Parallel => "parallel",
                Policy::Fastest => "fastest",
            };
            (by, upstreams, Some(policy.to_owned()))
        }
    };
    ForwardedShown {
        name: present_name(forwarded.name.as_slice()),
        by,
        upstreams,
        policy,
        held,
        asked: forwarded.asked,
        cached: forwarded.cached.map(|entry| entry_shown(snapshot, entry)),
    }
}

fn held(forwarded: &Forwarded) -> Option<String> {
    if let Some(note) = &forwarded.guarded {
        return Some(format!("a guard keeps it here: {}", note.text()));
    }
    let BlockedBy { list, rule, subtree, .. } = forwarded.blocked.as_ref()?;
    let below = if *subtree { " and what is below it" } else { "" };
    Some(format!("list `{list}` blocks {}{below}", present_name(rule.as_slice())))
}

fn step_shown(published: &Published, horizon: &str, step: &Step, rtype: &str) -> StepShown {
    let name = present_name(step.name.as_slice());
    let zone = step.zone.as_ref().map(|zone| present_name(zone.as_slice()));
    let owner = step.owner.as_ref().map(|owner| present_name(owner.as_slice()));
    let inherited_from = if step.inherited { owning_horizon(published, horizon, step) } else { None };
    let (rule, why) = in_words(step.rule, owner.as_deref().unwrap_or("?"), rtype);
    let why = match step.rule {
        Rule::Overlay | Rule::OverlayNoData => format!("{why}{}", time_left(published, horizon, &step.name)),
        _ => why,
    };
    let mut why = if step.special { format!("special-use name, always answered locally: {why}") } else { why };
    if let Some(other) = &inherited_from {
        why.push_str(&format!("; taken from horizon {other}, which {horizon} inherits from"));
    }
    StepShown { name, zone, rule: rule.to_owned(), owner, inherited_from, special: step.special, why }
}

/// How many values of an owner a horizon sees, and when the first of them goes.
fn time_left(published: &Published, horizon: &str, owner: &Name) -> String {
    let values = published.snapshot.overlay.values();
    let set = values.get(&*owner.as_slice().to_ascii_lowercase());
    let ends: Vec<_> = set.into_iter().flat_map(|set| set.seen_by(horizon)).map(|value| value.until).collect();
    let Some(first) = ends.iter().min() else { return String::new() };
    let left = first.duration_since(SystemTime::now()).map_or(0, |left| left.as_secs());
    match ends.len() {
        1 => format!("; it goes in {left} s"),
        count => format!("; the first of {count} goes in {left} s"),
    }
}

fn in_words(rule: Rule, owner: &str, rtype: &str) -> (&'static str, String) {
    match rule {
        Rule::Exact => ("exact", format!("the name has {rtype} records")),
        Rule::Wildcard => ("wildcard", format!("the name does not exist and {owner} has {rtype} records")),
        Rule::Alias => ("alias", "the name is an alias: its CNAME is followed".to_owned()),
        Rule::WildcardAlias => {
            ("wildcard", format!("the name does not exist and {owner} is an alias: its CNAME is followed"))
        }
        Rule::Dname => ("dname", format!("the name lies below the DNAME at {owner}, which is followed")),
        Rule::Delegation => {
            ("delegation", format!("the name lies at or below {owner}, which is delegated: a referral"))
        }
        Rule::NoData => ("no-data", format!("the name exists without {rtype} records")),
        Rule::WildcardNoData => ("wildcard", format!("the name does not exist and {owner} has no {rtype} records")),
        Rule::EmptyNonTerminal => ("empty-non-terminal", "only names below this one have records".to_owned()),
        Rule::Overlay => ("overlay", "short-lived values of ACME challenges lie above the zone here".to_owned()),
        Rule::OverlayNoData => {
            ("overlay", format!("only short-lived values of ACME challenges are here, and they are no {rtype} records"))
        }
        Rule::ChallengeNoData => {
            ("no-data", "no challenge value is set; where one may come a name is not said to be missing".to_owned())
        }
        Rule::NxDomain => ("no-name", format!("the name does not exist; the nearest name above it is {owner}")),
        Rule::NotOurs => ("none", "no zone of this horizon holds the name".to_owned()),
    }
}

/// The nearest horizon of the chain, the client's own left out, that owns the step's owner or at least its zone.
fn owning_horizon(published: &Published, horizon: &str, step: &Step) -> Option<String> {
    let owns = |horizon: &str, owner: &Name| {
        let zones = published.zones.iter().filter(|source| source.horizon == horizon);
        zones
            .filter(|source| owner.ends_with(source.records.origin()))
            .any(|source| source.records.iter().any(|record| record.owner.eq_ignore_ascii_case(owner.as_slice())))
    };
    let others: Vec<_> = chain(&published.snapshot, horizon).skip(1).collect();
    let owner = step.owner.as_ref()?;
    let zone = step.zone.as_ref()?;
    let found =
        others.iter().find(|other| owns(other, owner)).or_else(|| others.iter().find(|other| owns(other, zone)));
    found.map(|other| (*other).to_owned())
}
