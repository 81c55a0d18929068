//! (door: files)
