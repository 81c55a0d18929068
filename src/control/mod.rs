//! (door: control)
