//! (door: cli)
