//! The sources of this package as `layering.rs` reads them: a tree of texts, and the tokens of each.

mod token;
mod tree;

pub(crate) use token::{Token, tokens};
pub(crate) use tree::{Source, Tree};
