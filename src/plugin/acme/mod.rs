//! ACME from the CA's seat; see `README.md` in this folder.

pub mod ca;
pub mod dial;
mod leaf;
pub mod probe;
pub mod reach;
mod served;
mod told;

pub use leaf::Leaf;
pub use served::{Served, served};
pub use told::{Told, told};

#[cfg(test)]
mod authority_lab;
