//! CAA records: who may issue (RFC 8659). step-ca looks at none, so that all of it is for information.

use super::asking::Asker;
use crate::dns::{Name, Rtype, present_name};
use crate::plugin::acme::reach::{Gravity, Problem, Remedy};
use std::collections::HashMap;

/// The bit that forbids issuing to whoever does not know the tag (RFC 8659 section 4.1). It is the highest one, not 1.
const CRITICAL: u8 = 128;

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    flags: u8,
    tag: String,
    value: String,
}

/// The properties that count for a name: those of the first name on the way up that has any (RFC 8659 section 3).
pub(super) type Seen = HashMap<Name, Vec<Property>>;

/// CAA_FORBIDS: those who obey CAA would not issue for the name. `of` is the CA's host and its horizon.
pub(super) fn look(
    asker: Asker<'_>,
    name: &Name,
    wildcard: bool,
    of: (&str, &str),
    seen: &mut Seen,
) -> Option<Problem> {
    for at in name.iter_suffixes().filter(|at| !at.is_root()) {
        let properties = seen.entry(at.clone()).or_insert_with(|| {
            let heard = asker.ask(&at, Rtype::CAA);
            heard.data(Rtype::CAA).filter_map(property).collect()
        });
        if !properties.is_empty() {
            return forbids(&at, properties, wildcard, of);
        }
    }
    None
}

fn forbids(at: &Name, properties: &[Property], wildcard: bool, of: (&str, &str)) -> Option<Problem> {
    let (ca, horizon) = of;
    let shown = present_name(at.as_slice());
    let problem = |summary: String, remedy: Remedy| {
        let because = "step-ca checks no CAA; public CAs do";
        Some(Problem::new("CAA_FORBIDS", Gravity::Info, summary, remedy).because(because))
    };
    let known = ["issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"];
    let strange = properties.iter().find(|one| one.flags & CRITICAL != 0 && !known.contains(&one.tag.as_str()));
    if let Some(strange) = strange {
        let summary =
            format!("CAA at {shown} has the critical tag `{}`, which nobody knows: no CA may issue", strange.tag);
        return problem(summary, Remedy::new("remove that record").run(format!("zonectl get {shown} CAA")));
    }
    let tagged = |tag: &str| properties.iter().filter(|one| one.tag == tag).collect::<Vec<_>>();
    let wild = tagged("issuewild");
    let counting = if wildcard && !wild.is_empty() { wild } else { tagged("issue") };
    let issuers: Vec<&str> =
        counting.iter().map(|one| one.value.split(';').next().unwrap_or_default().trim()).collect();
    if issuers.is_empty() || issuers.iter().any(|issuer| issuer.eq_ignore_ascii_case(ca)) {
        return None;
    }
    let named: Vec<&str> = issuers.iter().copied().filter(|issuer| !issuer.is_empty()).collect();
    let who = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
    let summary = format!("CAA at {shown} lets {who} issue, not {ca}");
    let tag = if wildcard { "issuewild" } else { "issue" };
    problem(
        summary,
        Remedy::new("add the CA if it obeys CAA")
            .run(format!("zonectl add {shown} CAA '0 {tag} \"{ca}\"' --horizon {horizon}")),
    )
}

/// Flags, tag and value (RFC 8659 section 4.1).
fn property(data: &[u8]) -> Option<Property> {
    let (&flags, rest) = data.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (tag, value) = rest.split_at_checked(usize::from(length))?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Some(Property { flags, tag: text(tag).to_ascii_lowercase(), value: text(value) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::parse_name;

    /// RFC 8659 sections 4.2 and 4.3: tags, wildcards, the critical bit.
    #[test]
    fn only_issuers_that_are_named_may_issue() {
        let at = parse_name("example").unwrap();
        type Written<'a> = &'a [(u8, &'a str, &'a str)];
        let table: [(&str, Written<'_>, bool, bool); 11] = [
            ("no property that restricts", &[(0, "iodef", "mailto:x@example")], false, false),
            ("named", &[(0, "issue", "ca.example")], false, false),
            ("named, in other case and with parameters", &[(0, "issue", "CA.example; x=1")], false, false),
            ("another is named", &[(0, "issue", "letsencrypt.org")], false, true),
            ("one of several", &[(0, "issue", "letsencrypt.org"), (0, "issue", "ca.example")], false, false),
            ("nobody", &[(0, "issue", ";")], false, true),
            (
                "issuewild goes before issue for wildcards",
                &[(0, "issue", "ca.example"), (0, "issuewild", ";")],
                true,
                true,
            ),
            ("issuewild says nothing of other names", &[(0, "issuewild", ";")], false, false),
            ("issue counts for wildcards without issuewild", &[(0, "issue", ";")], true, true),
            ("critical and unknown: bit 128", &[(128, "future", "x")], false, true),
            ("bit 1 is no critical bit", &[(1, "future", "x")], false, false),
        ];
        for (why, properties, wildcard, expected) in table {
            let read: Vec<Property> = properties
                .iter()
                .map(|(flags, tag, value)| {
                    let mut data = vec![*flags, tag.len() as u8];
                    data.extend(tag.bytes().chain(value.bytes()));
                    property(&data).unwrap()
                })
                .collect();
            assert_eq!(forbids(&at, &read, wildcard, ("ca.example", "internal")).is_some(), expected, "{why}");
        }
        for cut in [&[][..], &[0], &[0, 5, b'i']] {
            assert!(property(cut).is_none());
        }
    }
}
