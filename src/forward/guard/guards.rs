//! What never leaves: names of one label, and AAAA where there shall be none.

use super::tally::Tally;
use crate::config::Guard;
use crate::config::Prefix;
use crate::dns::Name;
use crate::dns::is_at_or_below;
use crate::forward::refusal::Kind;
use crate::forward::refusal::Refusal;
use crate::forward::refusal::reason;
use std::net::IpAddr;
use std::sync::Arc;

/// `[forward.guard]`, ready to be asked.
#[derive(Debug)]
pub(in crate::forward) struct Guards {
    pub(super) settings: Guard,
    /// Answers with private addresses, by the name that was asked for; kept over reloads.
    pub(super) rebinding: Arc<Tally>,
}

pub(super) const AAAA: u16 = 28;
const DS: u16 = 43;
const DNSKEY: u16 = 48;

impl Guards {
    /// The guards of these settings; what was counted before is counted on.
    pub(in crate::forward) fn new(settings: &Guard, previous: Option<&Guards>) -> Self {
        let rebinding = previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.rebinding));
        Guards { settings: settings.clone(), rebinding }
    }

    /// What a question gets without anybody being asked; none when it may leave.
    ///
    /// A name of one label is a machine of this network that no zone knows, whatever the type. DS and DNSKEY of such a name
    /// may leave all the same, for they are asked only of top-level domains, and validators behind us need them. The root
    /// may leave, and so may a name that is `routed`: one with a `[[forward.domain]]` of just that name.
    #[inline]
    pub(in crate::forward) fn refuse(&self, name: &[u8], rtype: u16, routed: impl FnOnce() -> bool) -> Option<Refusal> {
        if !self.settings.plain_names && is_one_label(name) && !matches!(rtype, DS | DNSKEY) && !routed() {
            let text = "a name of one label is not asked for outside; see plain_names in [forward.guard]";
            return Some(Refusal::new(Kind::NxDomain, reason::BLOCKED, text));
        }
        if rtype == AAAA && self.is_without_aaaa(name) {
            return Some(no_aaaa());
        }
        None
    }

    pub(super) fn is_without_aaaa(&self, name: &[u8]) -> bool {
        is_below_one(name, &self.settings.filter_aaaa)
    }

    /// True when private addresses of this name are let in.
    pub(super) fn may_be_private(&self, name: &[u8]) -> bool {
        is_below_one(name, &self.settings.rebind_except)
    }

    pub(super) fn is_bogus(&self, address: IpAddr) -> bool {
        self.settings.bogus_nxdomain.iter().any(|prefix: &Prefix| prefix.contains(address))
    }
}

pub(super) fn no_aaaa() -> Refusal {
    Refusal::new(Kind::NoData, reason::FILTERED, "AAAA is left out here; see filter_aaaa in [forward.guard]")
}

fn is_below_one(name: &[u8], names: &[Name]) -> bool {
    names.iter().any(|apex| is_at_or_below(name, apex.as_slice()))
}

fn is_one_label(name: &[u8]) -> bool {
    name.first().is_some_and(|length| *length > 0 && name.len() == 2 + usize::from(*length))
}
