//! (door: inventory)
