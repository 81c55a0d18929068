//! (door: counters)
