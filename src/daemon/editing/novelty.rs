//! What the checks say of a change that they did not say before.

use crate::finding::Finding;
use std::collections::HashMap;

/// The findings of `after` that `before` does not have. Lines move with every edit, so places do not count; of several equal
/// ones as many are new as there are more of them.
pub(super) fn new_findings(before: &[Finding], after: &[Finding]) -> Vec<Finding> {
    let key = |finding: &Finding| (finding.code.clone(), finding.subject.clone(), finding.what.clone());
    let mut known: HashMap<_, usize> = HashMap::new();
    for finding in before {
        *known.entry(key(finding)).or_default() += 1;
    }
    let mut new = Vec::new();
    for finding in after {
        match known.get_mut(&key(finding)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => new.push(finding.clone()),
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Place, Severity};

    /// A finding whose line moved is not new; a second one of the same kind is.
    #[test]
    fn only_what_was_not_said_before_is_new() {
        let at = |line: u32, what: &str| {
            Finding::new("TTL_ZERO", Severity::Warning, "a", what, "x").seen_at(Place::at("zone", line, 1))
        };
        let before = [at(3, "one"), at(4, "two")];
        let after = [at(9, "one"), at(10, "one"), at(11, "two"), at(12, "three")];
        let new: Vec<_> = new_findings(&before, &after).iter().map(|finding| finding.places[0].line).collect();
        assert_eq!(new, [Some(10), Some(12)]);
    }
}
