//! File systems that are full, and files that even root must not change.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system mounted for one test; none where this may not be done.
pub(crate) struct Mount(PathBuf);

impl Mount {
    pub(crate) fn new(arguments: &[&str], at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let done = Command::new("mount").args(arguments).arg(at).output();
        if done.as_ref().is_ok_and(|done| done.status.success()) {
            return Some(Mount(at.to_path_buf()));
        }
        eprintln!("SKIPPED: this needs the right to mount: {done:?}");
        None
    }

    pub(crate) fn again(&self, options: &str) {
        let done = Command::new("mount").args(["-o", options]).arg(&self.0).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Leaves no octet free in a folder's file system.
pub(crate) fn fill(folder: &Path) {
    let mut file = fs::File::create(filler(folder)).unwrap();
    for size in [4096, 512, 64, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

/// Gives back what [`fill`] took, if it took something.
pub(crate) fn empty(folder: &Path) {
    let _ = fs::remove_file(filler(folder));
}

fn filler(folder: &Path) -> PathBuf {
    folder.join(".filler~")
}

/// Sets or clears an attribute of a file or folder, such as `+i`; false where that cannot be done.
pub(crate) fn chattr(flag: &str, path: &Path) -> bool {
    Command::new("chattr").arg(flag).arg(path).output().is_ok_and(|done| done.status.success())
}
