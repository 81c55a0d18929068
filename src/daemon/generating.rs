//! The inventory becomes zone files in memory; what keeps it from doing so is said and the zone files stay as they are.

use crate::config::Settings;
use crate::finding::Finding;
use std::path::{Path, PathBuf};

/// What generation wants to write.
#[derive(Debug, Clone, Default)]
pub(super) struct Generated {
    /// Zone files whose content changes: path and new content.
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
    /// What was found in the inventory and does not keep it from being used.
    pub(super) findings: Vec<Finding>,
    /// Why nothing was generated, or not everything.
    pub(super) withheld: Vec<Finding>,
}

impl Generated {
    /// The new content of a zone file; none when it stays.
    pub(super) fn text(&self, path: &Path) -> Option<&[u8]> {
        self.files.iter().find(|(file, _)| file == path).map(|(_, text)| text.as_slice())
    }
}

/// Generates in memory. Without an inventory there is nothing to do.
pub(super) fn generate(settings: &Settings) -> Generated {
    let _ = settings;
    Generated::default()
}
