//! Where zone text comes from: files below the zones directory, or memory.

use crate::files;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

/// The most octets of one file: what lies beyond cannot be told by an offset of 32 bits.
pub(super) const MAX_TEXT: u64 = u32::MAX as u64;

/// What `$INCLUDE` opens: given the including file and the name as written, the path and its text.
///
/// The error says in words what is wrong; the place is added by the loader.
pub trait Includes {
    /// Reads the file that `name`, written in `includer`, means.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn read(&self, includer: &Path, name: &[u8]) -> Result<(PathBuf, Vec<u8>), String>;
}

/// Nothing may be included.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoIncludes;

impl Includes for NoIncludes {
    fn read(&self, _: &Path, _: &[u8]) -> Result<(PathBuf, Vec<u8>), String> {
        Err("$INCLUDE is not allowed in a zone that comes from memory".to_owned())
    }
}

/// Files below one directory, links followed; a relative name counts from the folder of the including file.
#[derive(Debug, Clone)]
pub struct Below {
    root: PathBuf,
}

impl Below {
    /// Files below `root`.
    pub fn new(root: &Path) -> Self {
        Below { root: root.to_path_buf() }
    }
}

impl Includes for Below {
    fn read(&self, includer: &Path, name: &[u8]) -> Result<(PathBuf, Vec<u8>), String> {
        let folder = includer.parent().unwrap_or(Path::new("."));
        let path = folder.join(OsStr::from_bytes(name));
        let shown = path.display().to_string();
        let failed = |error: io::Error| format!("{shown}: {error}");
        let real = path.canonicalize().map_err(failed)?;
        let root = self.root.canonicalize().map_err(|error| format!("{}: {error}", self.root.display()))?;
        if !real.starts_with(&root) {
            return Err(format!("{shown} lies outside the zones directory {}", self.root.display()));
        }
        let text = files::read(&real, MAX_TEXT).map_err(|error| error.to_string())?;
        Ok((path, text))
    }
}
