//! Nested address ranges, flattened into sorted starts.

use super::Match;

/// Sorted starts of disjoint ranges that together cover the whole address space; empty when nothing is covered.
#[derive(Debug, Clone)]
pub(super) struct Ranges<A> {
    starts: Vec<A>,
    /// For each start what its range belongs to.
    owners: Vec<Option<Match>>,
}

impl<A> Default for Ranges<A> {
    fn default() -> Self {
        Ranges { starts: Vec::new(), owners: Vec::new() }
    }
}

/// An address as a number.
pub(super) trait Address: Copy + Ord {
    /// The one after it; none after the last.
    fn next(self) -> Option<Self>;
}

impl Address for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Address for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl<A: Address> Ranges<A> {
    /// Flattens ranges of first and last address; two of them nest or are disjoint, as prefixes do. The innermost owns.
    pub(super) fn flatten(mut nested: Vec<(A, A, Match)>) -> Self {
        // An outer range comes before those inside it.
        nested.sort_by(|a, b| (a.0, b.1).cmp(&(b.0, a.1)));
        let mut ranges = Ranges::default();
        let mut open: Vec<(A, Match)> = Vec::new();
        for (first, last, owner) in nested {
            ranges.close(&mut open, Some(first));
            ranges.start(first, Some(owner));
            open.push((last, owner));
        }
        ranges.close(&mut open, None);
        ranges
    }

    /// The owner of the range that holds `address`.
    pub(super) fn find(&self, address: A) -> Option<Match> {
        let after = self.starts.partition_point(|start| *start <= address);
        self.owners[after.checked_sub(1)?]
    }

    /// The first address that belongs to a horizon.
    pub(super) fn first_of(&self, horizon: usize) -> Option<A> {
        let at = self.owners.iter().position(|owner| owner.is_some_and(|owner| owner.horizon == horizon))?;
        self.starts.get(at).copied()
    }

    /// Ends the open ranges that end before `next`; all of them when there is none. What lies around each goes on after it.
    fn close(&mut self, open: &mut Vec<(A, Match)>, next: Option<A>) {
        while let Some((last, _)) = open.last().copied()
            && next.is_none_or(|next| last < next)
        {
            open.pop();
            if let Some(after) = last.next() {
                self.start(after, open.last().map(|(_, owner)| *owner));
            }
        }
    }

    fn start(&mut self, first: A, owner: Option<Match>) {
        if self.starts.last() == Some(&first) {
            self.starts.pop();
            self.owners.pop();
        }
        self.starts.push(first);
        self.owners.push(owner);
    }
}
