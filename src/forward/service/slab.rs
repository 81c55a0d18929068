//! Things in flight, each known by its place and by which of the things at that place it is.

/// Knows one thing; worth nothing once that is removed, even when another has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    place: u32,
    turn: u32,
}

#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Slab { places: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, thing: T) -> Id {
        match self.free.pop() {
            Some(place) => {
                let (turn, room) = &mut self.places[place as usize];
                *room = Some(thing);
                Id { place, turn: *turn }
            }
            None => {
                self.places.push((0, Some(thing)));
                Id { place: self.places.len() as u32 - 1, turn: 0 }
            }
        }
    }

    pub(super) fn find(&mut self, id: Id) -> Option<&mut T> {
        self.places.get_mut(id.place as usize).filter(|(turn, _)| *turn == id.turn)?.1.as_mut()
    }

    pub(super) fn remove(&mut self, id: Id) -> Option<T> {
        let (turn, room) = self.places.get_mut(id.place as usize).filter(|(turn, _)| *turn == id.turn)?;
        let thing = room.take()?;
        *turn = turn.wrapping_add(1);
        self.free.push(id.place);
        Some(thing)
    }

    /// Everything that is in it.
    pub(super) fn ids(&self) -> Vec<Id> {
        let used = self.places.iter().enumerate().filter(|(_, (_, room))| room.is_some());
        used.map(|(place, (turn, _))| Id { place: place as u32, turn: *turn }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An id does not find what came to its place later.
    #[test]
    fn an_id_finds_one_thing_only() {
        let mut slab = Slab::new();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second");
        assert!(slab.find(first).is_none() && slab.remove(first).is_none());
        assert_eq!(slab.find(second).copied(), Some("second"));
        assert_eq!((slab.len(), slab.ids()), (1, vec![second]));
    }
}
