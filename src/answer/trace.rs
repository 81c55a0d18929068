//! What the engine did for one query: the same code runs with a trace that records it and with one that costs nothing.

use crate::dns::Name;

/// Takes the steps of one answer.
pub(crate) trait Trace {
    /// One step; the closure runs only when somebody listens.
    fn step(&mut self, step: impl FnOnce() -> Step);
}

/// Nobody listens.
impl Trace for () {
    fn step(&mut self, _: impl FnOnce() -> Step) {}
}

/// Each step is kept, in order.
impl Trace for Vec<Step> {
    fn step(&mut self, step: impl FnOnce() -> Step) {
        self.push(step());
    }
}

/// One search of one name in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name that was searched: the question's, then each alias target.
    pub name: Name,
    /// The apex of the zone that holds it; none when no zone of the horizon does.
    pub zone: Option<Name>,
    /// How the zone answered.
    pub rule: Rule,
    /// The owner of the records that answered: the name, a wildcard, a zone cut, a DNAME, or the closest encloser of a
    /// name that does not exist.
    pub owner: Option<Name>,
    /// The owner's records were taken from the horizon that this one inherits from.
    pub inherited: bool,
    /// The zone is one of the built-in special-use zones.
    pub special: bool,
}

/// How a zone answered for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The name has the type.
    Exact,
    /// A wildcard has the type (RFC 4592).
    Wildcard,
    /// The name is an alias: a CNAME record was followed (RFC 1034 section 3.6.2).
    Alias,
    /// A wildcard is an alias.
    WildcardAlias,
    /// A DNAME above the name was followed (RFC 6672).
    Dname,
    /// The name lies at or below a zone cut: a referral (RFC 1034 section 4.2.1).
    Delegation,
    /// The name exists without the type: NODATA (RFC 2308 section 2.2).
    NoData,
    /// A wildcard covers the name and lacks the type: NODATA.
    WildcardNoData,
    /// Only names below it exist: an empty non-terminal (RFC 9499), NODATA.
    EmptyNonTerminal,
    /// Short-lived values lie above the zone at the name; the zone's own records of their type are among them.
    Overlay,
    /// Short-lived values are all that is at the name, and the type is another one: NODATA.
    OverlayNoData,
    /// The name is where dns-01 values stand, for an existing name or because they are expected, and there is none: NODATA,
    /// not NXDOMAIN.
    ChallengeNoData,
    /// The name does not exist (RFC 2308 section 2.1).
    NxDomain,
    /// No zone of this horizon holds the name.
    NotOurs,
}
