//! What a difference between the old server's reply and the new one's means.

use super::question::Question;
use super::reply::Reply;
use super::subject::Subject;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::is_at_or_below;
use crate::import::zones::Kind;
use serde::Serialize;

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// The import answers wrongly.
    Fault,
    /// It answers otherwise, and clients may notice.
    Change,
    /// It answers as it should, and the old server did not.
    Expected,
    /// The old server did not answer, so that nothing can be said.
    Unanswered,
}

/// A kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// How much it matters.
    pub meaning: Meaning,
    /// Stable, for scripts.
    pub code: &'static str,
    /// What it is, in words.
    pub reason: &'static str,
}

const fn difference(meaning: Meaning, code: &'static str, reason: &'static str) -> Difference {
    Difference { meaning, code, reason }
}

const SILENT: Difference =
    difference(Meaning::Unanswered, "OLD_SILENT", "the old server did not answer; nothing can be said of these");
const FAILED: Difference = difference(Meaning::Fault, "FAILED", "the new server fails or does not answer");
const MISSING: Difference = difference(Meaning::Fault, "MISSING", "the old server's own records are missing");
const DIFFERENT: Difference = difference(Meaning::Fault, "DIFFERENT", "the records are not those of the old server");
const INVENTED: Difference = difference(Meaning::Fault, "INVENTED", "there is an answer where the old server has none");
const GONE: Difference = difference(Meaning::Fault, "GONE", "the name exists on the old server only");
const OUTSIDE: Difference = difference(Meaning::Fault, "OUTSIDE", "a name from outside resolves on one server only");
const NO_DATA: Difference = difference(
    Meaning::Expected,
    "NODATA",
    "the name exists: no data of the type in place of NXDOMAIN, on which musl and Alpine clients give up",
);
const SOA_IN_DENIAL: Difference =
    difference(Meaning::Expected, "SOA_IN_DENIAL", "a denial has its SOA, so that it can be kept (RFC 2308)");
const APEX: Difference =
    difference(Meaning::Expected, "SOA_PRESENT", "the zone has SOA and NS, by which ACME clients find it");
const NO_LEAK: Difference =
    difference(Meaning::Expected, "NO_LEAK", "what the zone does not hold is not fetched from public servers");
const ANSWERED: Difference =
    difference(Meaning::Expected, "ANSWERED", "the old server failed where the zone knows the answer");
const CHAIN: Difference =
    difference(Meaning::Expected, "CHAIN", "an alias is an alias for every type, followed to its end");
const TTL: Difference = difference(Meaning::Expected, "TTL", "a TTL of 0 became one that spares repeated questions");
const OTHER_TTL: Difference = difference(Meaning::Change, "OTHER_TTL", "the TTL is another one");
const FILTERED: Difference =
    difference(Meaning::Expected, "FILTERED", "AAAA is filtered without asking anybody: no data in place of NXDOMAIN");
const OWNED: Difference = difference(
    Meaning::Change,
    "OWNED",
    "the name is a zone now: other types of it, and names below it, do not come from outside any more",
);
const HELD: Difference = difference(
    Meaning::Change,
    "HELD",
    "the domain was forwarded; a zone of the same name holds it now, with all types and what is below it",
);
const APEX_ALIAS: Difference =
    difference(Meaning::Change, "APEX_ALIAS", "an alias where a zone begins became the addresses of its target");
const OTHER_DATA: Difference =
    difference(Meaning::Change, "OTHER_DATA", "a name from outside has other records, as those of large services do");

const PRIVATE_HELD: Difference = difference(
    Meaning::Expected,
    "PRIVATE_HELD",
    "an address of an inside network does not come from outside; the old server lets it through in this form",
);
const DOCUMENTATION_PASSED: Difference = difference(
    Meaning::Change,
    "DOCUMENTATION_PASSED",
    "addresses for documentation (RFC 5737) pass; dnsmasq takes them for those of an inside network",
);

const SHORT_REVERSE: Difference = difference(
    Meaning::Expected,
    "SHORT_REVERSE",
    "a reverse name that is cut short is no address; dnsmasq fills it up with zeros",
);

/// Compares two replies to one question; none for a server that did not answer.
pub fn judge(subject: &Subject, question: &Question, old: Option<&Reply>, new: Option<&Reply>) -> Vec<Difference> {
    let Some(old) = old else { return vec![SILENT] };
    let Some(new) = new.filter(|new| matches!(new.rcode, 0 | 3)) else {
        let both_fail = new.is_some_and(|new| new.rcode == old.rcode) && subject.zone(&question.name).is_none();
        return if both_fail { Vec::new() } else { vec![FAILED] };
    };
    let Some((apex, kind)) = subject.zone(&question.name) else {
        return if subject.filters(question) && old.answer.is_empty() && new.answer.is_empty() {
            // Nobody is asked for what is filtered, so that it is not known whether the name exists.
            Vec::from_iter((old.rcode != new.rcode).then_some(FILTERED))
        } else {
            outside(subject, old, new)
        };
    };
    if !matches!(old.rcode, 0 | 3) {
        return vec![ANSWERED];
    }
    let mut differences = Vec::new();
    let at_apex = *apex == question.name && matches!(question.rtype, Rtype::SOA | Rtype::NS);
    let held = subject.is_held(apex);
    let owned = || {
        if held {
            HELD
        } else if subject.in_subtree(&question.name) || kind == Kind::Local {
            NO_LEAK
        } else {
            OWNED
        }
    };
    // dnsmasq sets AA on what it knows by itself, and on nothing that it fetched.
    let old_knows = old.authoritative && !old.answer.is_empty();
    if old.same_records(new) {
        differences.extend(
            same(subject, question, old, new, kind).map(|found| if held && found != TTL { HELD } else { found }),
        );
    } else if at_apex && !new.answer.is_empty() && !old_knows {
        differences.push(APEX);
    } else if old.answer.is_empty() {
        differences.push(if new.has_alias() { CHAIN } else { INVENTED });
    } else if old.has_alias() && *apex == question.name && old.addresses() == new.addresses() {
        differences.push(APEX_ALIAS);
    } else if new.answer.is_empty() && question.rtype == Rtype::PTR && is_short_reverse(&question.name) {
        differences.push(SHORT_REVERSE);
    } else if new.answer.is_empty() {
        differences.push(if old_knows { MISSING } else { owned() });
    } else if new.has_alias() && (new.holds(old) || !old.authoritative) {
        differences.push(CHAIN);
    } else {
        differences.push(DIFFERENT);
    }
    if new.answer.is_empty() && new.soa && !old.soa && old.answer.is_empty() {
        differences.push(SOA_IN_DENIAL);
    }
    differences
}

/// The same records, or none on both sides.
fn same(subject: &Subject, question: &Question, old: &Reply, new: &Reply, kind: Kind) -> Option<Difference> {
    if !old.answer.is_empty() {
        let pairs = || {
            old.answer.iter().flat_map(|old| new.answer.iter().filter(|new| new.same(old)).map(move |new| (old, new)))
        };
        if pairs().all(|(old, new)| old.ttl == new.ttl) {
            return None;
        }
        return Some(if pairs().all(|(old, new)| old.ttl == 0 || old.ttl == new.ttl) { TTL } else { OTHER_TTL });
    }
    match (old.rcode, new.rcode) {
        (3, 0) if subject.exists(&question.name) || subject.in_subtree(&question.name) => Some(NO_DATA),
        (3, 0) => Some(INVENTED),
        (0, 3) if kind == Kind::Own && !subject.exists(&question.name) => Some(OWNED),
        (0, 3) => Some(GONE),
        _ => None,
    }
}

/// True for a reverse name with fewer labels than an address has.
fn is_short_reverse(name: &Name) -> bool {
    let labels = name.label_count();
    let ends = |suffix: &[u8]| is_at_or_below(name.as_slice(), suffix);
    // The suffix and the root are three labels.
    (ends(b"\x07in-addr\x04arpa\0") && labels < 7) || (ends(b"\x03ip6\x04arpa\0") && labels < 35)
}

/// A name that no zone of the import holds.
fn outside(subject: &Subject, old: &Reply, new: &Reply) -> Vec<Difference> {
    if !matches!(old.rcode, 0 | 3) {
        return vec![ANSWERED];
    }
    if subject.guards_rebinding() && old.rcode == new.rcode {
        if new.answer.is_empty() && old.tells_private() {
            return vec![PRIVATE_HELD];
        }
        if old.answer.is_empty() && new.tells_documentation() {
            return vec![DOCUMENTATION_PASSED];
        }
    }
    if old.rcode != new.rcode || old.answer.is_empty() != new.answer.is_empty() {
        return vec![OUTSIDE];
    }
    if !old.same_records(new) {
        return vec![OTHER_DATA];
    }
    if old.answer.is_empty() && new.soa && !old.soa {
        return vec![SOA_IN_DENIAL];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Given;
    use crate::import::Reading;
    use crate::import::Wishes;
    use crate::import::import;
    use crate::import::proof::Why;
    use crate::import::proof::reply::Rr;

    const TEXT: &str = "no-hosts\nno-resolv\nstop-dns-rebind\nserver=192.0.2.1\nlocal=/home.example/\naddress=/app.home.example/10.0.0.5\n\
                        host-record=www.public.example,10.0.0.6\n";

    fn subject() -> Subject {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.conf");
        std::fs::write(&file, TEXT).unwrap();
        let reading = Reading::of(&Given { paths: vec![file], ..Given::default() });
        import(&reading, &Wishes { horizon: "lan".into(), clients: Vec::new(), listen: Vec::new() }).subject
    }

    /// `own 0 10.0.0.5`: what the server knows itself, TTL and addresses; `far` what it fetched; else the RCODE.
    fn reply(name: &Name, text: &str) -> Option<Reply> {
        let mut words = text.split(' ');
        let (mut reply, first) =
            (Reply { rcode: 0, authoritative: false, truncated: false, answer: Vec::new(), soa: false }, words.next()?);
        match first {
            "silent" => return None,
            "nodata" => {}
            "nxdomain" => reply.rcode = 3,
            "servfail" => reply.rcode = 2,
            _ => {
                reply.authoritative = first == "own";
                let ttl = words.next()?.parse().ok()?;
                let address = |word: &str| word.parse::<std::net::Ipv4Addr>().unwrap().octets().to_vec();
                let rr = |word| Rr { owner: name.clone(), rtype: Rtype::A, data: address(word), ttl };
                reply.answer = words.by_ref().map(rr).collect();
            }
        }
        Some(reply)
    }

    /// Each difference has one meaning; what cannot be explained is a fault.
    #[test]
    fn differences_mean_what_they_are() {
        let subject = subject();
        let table = [
            ("app.home.example", "own 0 10.0.0.5", "own 0 10.0.0.5", ""),
            ("app.home.example", "own 0 10.0.0.5", "own 60 10.0.0.5", "TTL"),
            ("app.home.example", "own 300 10.0.0.5", "own 60 10.0.0.5", "OTHER_TTL"),
            ("app.home.example", "own 0 10.0.0.5", "own 60 10.0.0.6", "DIFFERENT"),
            ("app.home.example", "own 0 10.0.0.5 10.0.0.6", "own 0 10.0.0.5", "DIFFERENT"),
            ("app.home.example", "own 0 10.0.0.5", "nodata", "MISSING"),
            ("app.home.example", "far 0 10.0.0.5", "nodata", "NO_LEAK"),
            ("app.home.example", "nxdomain", "nodata", "NODATA"),
            ("x.y.app.home.example", "nxdomain", "nodata", "NODATA"),
            ("app.home.example", "nodata", "nxdomain", "GONE"),
            ("none.home.example", "nxdomain", "nxdomain", ""),
            ("none.home.example", "nxdomain", "nodata", "INVENTED"),
            ("none.home.example", "nxdomain", "own 60 10.0.0.5", "INVENTED"),
            ("app.home.example", "silent", "nodata", "OLD_SILENT"),
            ("app.home.example", "servfail", "nodata", "ANSWERED"),
            ("app.home.example", "own 0 10.0.0.5", "servfail", "FAILED"),
            ("app.home.example", "own 0 10.0.0.5", "silent", "FAILED"),
            ("www.public.example", "far 300 192.0.2.1", "nodata", "OWNED"),
            ("x.www.public.example", "nodata", "nxdomain", "OWNED"),
            ("elsewhere.example", "far 300 192.0.2.1", "far 10 192.0.2.1", ""),
            ("elsewhere.example", "far 300 192.0.2.1", "far 10 192.0.2.2", "OTHER_DATA"),
            ("elsewhere.example", "far 300 192.0.2.1", "nxdomain", "OUTSIDE"),
            ("elsewhere.example", "far 300 100.64.0.1", "nodata", "PRIVATE_HELD"),
            ("elsewhere.example", "far 300 8.8.8.8", "nodata", "OUTSIDE"),
            ("elsewhere.example", "nodata", "far 300 203.0.113.1", "DOCUMENTATION_PASSED"),
            ("elsewhere.example", "nodata", "far 300 203.0.113.1 8.8.8.8", "DOCUMENTATION_PASSED"),
            ("elsewhere.example", "nodata", "far 300 8.8.8.8", "OUTSIDE"),
            ("elsewhere.example", "servfail", "servfail", ""),
        ];
        for (name, old, new, expected) in table {
            let name = crate::dns::parse_name(name).unwrap();
            let question = Question { name: name.clone(), rtype: Rtype::A, why: Why::Imported };
            let (before, after) = (reply(&name, old), reply(&name, new));
            let found = judge(&subject, &question, before.as_ref(), after.as_ref());
            let codes: Vec<&str> = found.iter().map(|difference| difference.code).collect();
            assert_eq!(codes.join(" "), expected, "{name}: {old} -> {new}");
        }
    }
}
