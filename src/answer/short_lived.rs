//! The engine's answers where short-lived values may lie above the zone, and at names of dns-01 challenges: these are never
//! said to be missing while the name that they prove exists, and what is denied is not denied for long.

use super::engine::Place;
use super::engine::Search;
use super::engine::printable;
use super::name::SearchName;
use super::near::Target;
use super::node::Node;
use super::node::RrSet;
use super::node::flag;
use super::node::rtype;
use super::overlay::OVERLAY_TTL;
use super::overlay::OverlaySet;
use super::overlay::is_challenge;
use super::redirects::Redirects;
use super::reply::Owner;
use super::reply::Reply;
use super::reply::Section;
use super::trace::Rule;
use super::trace::Step;
use super::trace::Trace;

/// Seconds that a denial may be kept where a value may come at any moment: a client looks for the owner's CNAME and SOA just
/// before it has the value written, and the CA asks right after that.
const BRIEF_TTL: u32 = 30;

impl<'a> Search<'a> {
    /// Writes what overlay and zone say of a name that may be in the overlay, or that is one of challenges.
    ///
    /// A delegation, a DNAME above the name and a CNAME of the name itself go before the overlay, as they go before all other
    /// data. A wildcard does not cover a name that has values (RFC 4592 section 2.2.1 with the value as a record of the zone);
    /// names above it do not come to exist by it, so that no wildcard is switched off for others.
    #[cold]
    #[inline(never)]
    pub(super) fn run_laid<T: Trace>(
        &self,
        name: &SearchName,
        redirects: &mut Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<Target<'a>> {
        let values = self.laid.values();
        let here = values.get(name.wire());
        let expected = here.is_some_and(|set| set.expected);
        let set = here.filter(|set| set.seen_by(self.laid.horizon).next().is_some());
        let brief = self.brief || expected || set.is_some() || is_challenge(name.wire());
        let search = Search { brief, expected, ..*self };
        match (set, search.above(name)) {
            (Some(set), Zone::Open(node)) => search.lay(set, node, name, redirects, reply, trace),
            _ => search.run_zone(name, redirects, reply, trace),
        }
    }

    /// What of the zone may stand in the way of the overlay.
    fn above(&self, name: &SearchName) -> Zone<'a> {
        let zone = self.zone();
        let exact = self.located.find(name);
        match exact.filter(|node| !node.has(flag::OCCLUDED)) {
            Some(node) if node.has(flag::CUT | flag::CNAME) => Zone::Closed,
            Some(node) => Zone::Open(Some(node)),
            None if zone.descend(name).node.is_none_or(|node| node.has(flag::CUT | flag::DNAME)) => Zone::Closed,
            None => Zone::Open(None),
        }
    }

    fn lay<T: Trace>(
        &self,
        set: &OverlaySet,
        node: Option<Node<'a>>,
        name: &SearchName,
        redirects: &mut Redirects<'_>,
        reply: &mut Reply<'_>,
        trace: &mut T,
    ) -> Option<Target<'a>> {
        let place = self.place(name);
        if !matches!(self.rtype, rtype::TXT | rtype::ANY) {
            if node.is_some() {
                return self.run_zone(name, redirects, reply, trace);
            }
            trace.step(|| self.laid_step(place.owner, Rule::OverlayNoData));
            self.deny(place, reply);
            return None;
        }
        trace.step(|| self.laid_step(place.owner, Rule::Overlay));
        reply.authoritative |= self.first;
        let beside = node.and_then(|node| node.rrset(rtype::TXT));
        if !self.push_laid(set, beside, place.owner, reply) {
            reply.set_truncated();
        }
        None
    }

    /// The zone's records and the values beside them are one RRset with one TTL (RFC 2181 sections 5 and 5.2): whole, or not
    /// at all.
    fn push_laid(&self, set: &OverlaySet, beside: Option<RrSet<'a>>, owner: Owner<'_>, reply: &mut Reply<'_>) -> bool {
        let ttl = beside.map_or(OVERLAY_TTL, |rrset| rrset.ttl.min(OVERLAY_TTL));
        let in_zone = || beside.into_iter().flat_map(RrSet::records).map(|record| record.data);
        let laid = set.seen_by(self.laid.horizon).map(|value| &*value.data);
        let new = laid.filter(|data| !in_zone().any(|known| known == *data));
        reply.push_data_set(Section::Answer, owner, rtype::TXT, ttl, in_zone().chain(new))
    }

    /// NODATA or NXDOMAIN that is not kept for long.
    #[cold]
    #[inline(never)]
    pub(super) fn deny_briefly(&self, place: Place<'_>, reply: &mut Reply<'_>) {
        let zone = self.zone();
        let apex = Owner { position: place.origin, wire: zone.origin_wire() };
        let ttl = zone.negative_ttl().min(BRIEF_TTL);
        if let Some(soa) = zone.soa()
            && reply.push(Section::Authority, apex, soa, ttl, Some(apex.position)).is_none()
        {
            reply.set_truncated();
        }
    }

    /// True when a missing name is not said to be missing: values are expected there, or it is that of challenges for its
    /// parent, which exists when it is the closest encloser. A resolver that was told NXDOMAIN would keep it for all types
    /// (RFC 2308 section 5).
    pub(super) fn is_open(&self, name: &SearchName, encloser: usize) -> bool {
        let of_parent = || !self.located.special && encloser + 1 == name.labels() && is_challenge(name.wire());
        self.expected || self.brief && of_parent()
    }

    fn laid_step(&self, sought: Owner<'_>, rule: Rule) -> Step {
        Step {
            name: printable(sought.wire),
            zone: Some(self.zone().origin().clone()),
            rule,
            owner: Some(printable(sought.wire)),
            inherited: self.located.inherited,
            special: false,
        }
    }
}

/// What the zone holds at a name.
enum Zone<'a> {
    /// A delegation, a DNAME or an alias, which go first.
    Closed,
    /// The name's node, if there is one.
    Open(Option<Node<'a>>),
}
