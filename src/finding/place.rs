//! Where a finding or an error was seen.

use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file that a person can open: `file:line:column`, or a JSON pointer, or both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the program was told it.
    pub file: PathBuf,
    /// Counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Counted from 1, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// A JSON pointer (RFC 6901) into a JSON file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: impl AsRef<Path>) -> Self {
        Place { file: file.as_ref().to_path_buf(), line: None, column: None, pointer: None }
    }

    /// A line and column of the file, both counted from 1.
    pub fn at(file: impl AsRef<Path>, line: u32, column: u32) -> Self {
        Place { line: Some(line), column: Some(column), ..Place::file(file) }
    }

    /// A JSON pointer (RFC 6901) into the file.
    pub fn pointer(file: impl AsRef<Path>, pointer: impl Into<String>) -> Self {
        Place { pointer: Some(pointer.into()), ..Place::file(file) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        if let Some(pointer) = &self.pointer {
            write!(f, "#{pointer}")?;
        }
        Ok(())
    }
}
