//! (door: transport)
