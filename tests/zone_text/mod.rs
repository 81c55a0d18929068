//! What the tests of zone text share: the snippets, random zones, and BIND's reading of a zone.

#![allow(dead_code)]

pub(crate) mod bind;
pub(crate) mod cases;
pub(crate) mod random;
