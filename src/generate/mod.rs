//! (door: generate)
