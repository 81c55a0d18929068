//! (door: answer)
