//! ACME from the CA's seat; see `README.md` in this folder.

pub mod dial;
mod leaf;
pub mod probe;
pub mod reach;
mod told;

pub use leaf::Leaf;
pub use told::{Told, told};
