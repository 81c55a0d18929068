//! What the tests of zone text share: the snippets, random zones, and BIND's reading of a zone.

#![allow(dead_code)]

pub mod bind;
pub mod cases;
pub mod random;
