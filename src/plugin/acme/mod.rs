//! ACME from the CA's seat; see `README.md` in this folder.

pub mod dial;
mod leaf;

pub use leaf::Leaf;
