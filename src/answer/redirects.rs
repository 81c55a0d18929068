//! The DNAMEs that one answer went through: each stands in it once (RFC 6672 section 3.2).

/// The DNAMEs so far, in room that the caller lends: one place is enough for a question that is no alias.
pub(crate) struct Redirects<'r> {
    room: &'r mut [Redirect],
    count: usize,
}

/// One DNAME in the answer.
#[derive(Clone, Copy, Default)]
pub(crate) struct Redirect {
    /// Of the DNAME's owner.
    pub(crate) hash: u64,
    /// Where its target stands in the reply.
    pub(crate) target: usize,
}

impl<'r> Redirects<'r> {
    pub(crate) fn new(room: &'r mut [Redirect]) -> Self {
        Redirects { room, count: 0 }
    }

    /// The same DNAMEs in another room, which must be as large.
    pub(crate) fn moved<'n>(&self, room: &'n mut [Redirect]) -> Redirects<'n> {
        let mut moved = Redirects::new(room);
        self.room[..self.count].iter().for_each(|redirect| moved.add(*redirect));
        moved
    }

    pub(crate) fn find(&self, hash: u64) -> Option<Redirect> {
        self.room[..self.count].iter().find(|redirect| redirect.hash == hash).copied()
    }

    pub(crate) fn add(&mut self, redirect: Redirect) {
        if let Some(free) = self.room.get_mut(self.count) {
            *free = redirect;
            self.count += 1;
        }
    }
}
