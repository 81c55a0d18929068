//! A record as people and scripts see it.

use super::origin::Origins;
use super::origin::RecordOrigin;
use super::reply::WireRecord;
use crate::answer::Step;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::present_data;
use crate::dns::present_name;
use crate::dns::present_rtype;
use serde::Deserialize;
use serde::Serialize;

/// A record with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordShown {
    /// The owner, with its final dot.
    pub name: String,
    /// Seconds.
    pub ttl: u32,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The data as zone text has it.
    pub data: String,
    /// Where it was written; none for what the server made, such as a CNAME out of a DNAME.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<RecordOrigin>,
}

/// Shows records of a reply to a client of `horizon`; `steps` tell which wildcard or cut an owner may stand for.
pub(super) fn show(
    origins: &mut Origins<'_>,
    horizon: &str,
    records: &[WireRecord],
    steps: &[Step],
) -> Vec<RecordShown> {
    let mut shown = Vec::with_capacity(records.len());
    for record in records {
        let others = steps.iter().filter(|step| step.name == record.owner).filter_map(|step| step.owner.clone());
        let owners: Vec<Name> = std::iter::once(record.owner.clone()).chain(others).collect();
        shown.push(RecordShown {
            name: present_name(record.owner.as_slice()),
            ttl: record.ttl,
            rtype: present_rtype(record.rtype),
            data: present_data(record.rtype, &record.data),
            from: origins.find(horizon, &owners, record.rtype, &record.data).or_else(|| {
                let may_be_laid = record.rtype == Rtype::TXT;
                may_be_laid.then(|| origins.find_laid(horizon, &record.owner, &record.data)).flatten()
            }),
        });
    }
    shown
}
