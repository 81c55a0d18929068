//! ACME from the CA's seat; see `README.md` in this folder.

pub mod check;
pub mod reach;
