//! File access: bounded reads, durable atomic replacement, locks. Every error names its path.
//!
//! Knows paths and octets; what stands in a file is for the rooms above.

mod error;
mod exchange;
mod lock;
mod read;
mod replace;
mod stamp;

pub use error::FileError;
pub use exchange::{exchange, flush_folder_of, rename_over, rename_to_free, stage, unlink};
pub use lock::Lock;
pub use read::{read, read_lines, read_parts, read_text};
pub use replace::{
    Prepared, create_folder, create_private_folder, remove, replace, replace_all, replace_private, replace_unflushed,
};
pub use stamp::Stamp;
