//! `get`: the records of a name, all horizons side by side.

use super::Published;
use super::Refusal;
use super::origin::Origins;
use super::reply::Decoded;
use super::resolve::read_type;
use super::resolve::resolve;
use super::resolve::views;
use super::shown::RecordShown;
use super::shown::show;
use crate::answer::Rule;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_name;
use crate::dns::present_rtype;
use crate::finding::Finding;
use crate::query;
use crate::query::Explanation;
use crate::snapshot::View;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The answer to `get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetAnswer {
    /// The full name, with its final dot.
    pub name: String,
    /// The type asked for; none for all.
    #[serde(rename = "type")]
    pub rtype: Option<String>,
    /// One for each horizon, in the order of the config.
    pub horizons: Vec<HorizonRecords>,
    /// What the checks say about the name, such as the generated record that a person's stands in place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What one horizon's clients get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizonRecords {
    /// The horizon.
    pub horizon: String,
    /// `NOERROR` with records, `NODATA`, `NXDOMAIN`, `REFERRAL`, `FORWARDED` where upstreams are asked for it, or the
    /// RCODE, such as `REFUSED` where nobody holds it.
    pub outcome: String,
    /// The zone that holds the name.
    pub zone: Option<String>,
    /// With a type asked for the whole answer, aliases included; else all records of the name.
    pub records: Vec<RecordShown>,
}

/// Asks each horizon for a name the way its clients would.
///
/// # Errors
/// `BAD_NAME`, `BAD_TYPE`, `AMBIGUOUS_NAME`, `UNKNOWN_HORIZON`.
pub fn get(
    published: &Published,
    name: &str,
    rtype: Option<&str>,
    horizon: Option<&str>,
) -> Result<GetAnswer, Refusal> {
    let rtype = rtype.map(read_type).transpose()?;
    let views: Vec<_> = views(&published.snapshot, horizon)?;
    let name = resolve(&views, &views, published, name)?;
    let mut origins = Origins::new(published);
    let horizons =
        views.iter().map(|(view, client)| one(published, &mut origins, view, *client, &name, rtype)).collect();
    let subject = name.to_string();
    let about = published.findings.iter().filter(|finding| finding.subject.eq_ignore_ascii_case(&subject));
    let findings = about.cloned().collect();
    Ok(GetAnswer { name: present_name(name.as_slice()), rtype: rtype.map(present_rtype), horizons, findings })
}

fn one(
    published: &Published,
    origins: &mut Origins<'_>,
    view: &View,
    client: IpAddr,
    name: &Name,
    rtype: Option<Rtype>,
) -> HorizonRecords {
    let asked = match rtype {
        Some(rtype) => vec![rtype],
        None => types_near(published, view, name),
    };
    let mut result =
        HorizonRecords { horizon: view.name.clone(), outcome: "NODATA".to_owned(), zone: None, records: Vec::new() };
    for (index, asked) in asked.into_iter().enumerate() {
        let explanation = query::explain_own(&published.snapshot, client, name, asked);
        let Some(reply) = Decoded::read(&explanation.reply) else { continue };
        let referral = explanation.steps.last().is_some_and(|step| step.rule == Rule::Delegation);
        let section = if referral { &reply.authority } else { &reply.answer };
        let wanted: Vec<_> =
            section.iter().filter(|record| rtype.is_some() || referral || record.owner == *name).cloned().collect();
        if index == 0 || !wanted.is_empty() {
            result.outcome = outcome(&explanation, &reply, wanted.is_empty());
            result.zone =
                explanation.steps.first().and_then(|step| step.zone.as_ref()).map(|zone| present_name(zone.as_slice()));
        }
        for record in show(origins, &view.name, &wanted, &explanation.steps) {
            if !result.records.contains(&record) {
                result.records.push(record);
            }
        }
    }
    result
}

pub(super) fn outcome(explanation: &Explanation, reply: &Decoded, empty: bool) -> String {
    let foreign = explanation.steps.first().is_some_and(|step| step.rule == Rule::NotOurs);
    match explanation.steps.last().map(|step| step.rule) {
        _ if foreign && explanation.forwarded.as_ref().is_some_and(|forwarded| forwarded.route.is_some()) => {
            "FORWARDED".to_owned()
        }
        Some(Rule::Delegation) => "REFERRAL".to_owned(),
        _ if reply.rcode == "NOERROR" && empty => "NODATA".to_owned(),
        _ => reply.rcode.clone(),
    }
}

/// Every type that some zone of the view holds above or at the name: one of them is any type the name can have, be it
/// its own, a wildcard's or inherited. At least one, so that the outcome is known.
fn types_near(published: &Published, view: &View, name: &Name) -> Vec<Rtype> {
    let horizons: Vec<_> = super::horizon_match::chain(&published.snapshot, &view.name).collect();
    let mut types: BTreeSet<u16> = published
        .zones
        .iter()
        .filter(|source| horizons.contains(&source.horizon.as_str()) && name.ends_with(source.records.origin()))
        .flat_map(|source| source.records.iter().map(|record| record.rtype.to_int()))
        .collect();
    if published.snapshot.overlay.values().contains_key(&*name.as_slice().to_ascii_lowercase()) {
        types.insert(Rtype::TXT.to_int());
    }
    // Special-use zones are built in and hold no more than these.
    types.extend([Rtype::A, Rtype::NS, Rtype::SOA, Rtype::AAAA, Rtype::PTR].map(|rtype| rtype.to_int()));
    types.into_iter().map(Rtype::from_int).collect()
}
