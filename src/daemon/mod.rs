//! (door: daemon)
