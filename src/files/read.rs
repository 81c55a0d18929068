//! Reading whole files, bounded.

use super::FileError;
use crate::pace::breathe;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Octets that are read at once.
const PART: u64 = 256 << 10;

/// Reads a plain file of at most `limit` octets; symbolic links are followed.
///
/// # Errors
/// - [`FileError::System`]: it cannot be opened or read.
/// - [`FileError::NotPlain`]: a folder, pipe or device; a pipe never blocks the reader.
/// - [`FileError::TooLarge`]: more than `limit` octets; no more than `limit + 1` are read.
pub fn read(path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>, FileError> {
    let path = path.as_ref();
    let file = open_plain(path)?;
    let mut octets = Vec::new();
    let mut rest = limit.saturating_add(1);
    loop {
        let part = rest.min(PART);
        let read = (&file).take(part).read_to_end(&mut octets).map_err(FileError::system("read", path))?;
        rest -= read as u64;
        if (read as u64) < part || rest == 0 {
            break;
        }
        breathe();
    }
    if octets.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(octets)
}

/// Reads a plain UTF-8 file of at most `limit` octets; a byte order mark at its start is left out.
///
/// # Errors
/// Those of [`read`], and [`FileError::NotText`] with the place of the first bad octet.
pub fn read_text(path: impl AsRef<Path>, limit: u64) -> Result<String, FileError> {
    let path = path.as_ref();
    let mut octets = read(path, limit)?;
    if octets.starts_with(b"\xef\xbb\xbf") {
        octets.drain(..3);
    }
    String::from_utf8(octets).map_err(|error| {
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = 1 + good.bytes().filter(|octet| *octet == b'\n').count() as u32;
        let column = 1 + good.rsplit('\n').next().unwrap_or("").chars().count() as u32;
        FileError::NotText { path: path.to_path_buf(), line, column }
    })
}

fn open_plain(path: &Path) -> Result<File, FileError> {
    // O_NONBLOCK: opening a pipe without a writer would wait for ever.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(FileError::system("open", path))?;
    let metadata = file.metadata().map_err(FileError::system("read", path))?;
    if !metadata.is_file() {
        return Err(FileError::NotPlain { path: path.to_path_buf() });
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader is never given more than it asked for, nor something that is no file, and each refusal names the path.
    #[test]
    fn reads_are_bounded_and_errors_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, b"12345").unwrap();
        let text = folder.path().join("t");
        std::fs::write(&text, b"ok\n\xc3\xa4\xff").unwrap();
        let shown = file.display();

        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert_eq!(read(&file, 4).unwrap_err().to_string(), format!("{shown} is larger than 4 octets"));
        let missing = read(folder.path().join("b"), 9).unwrap_err();
        assert!(missing.is_missing() && missing.to_string().contains("/b: No such file"), "{missing}");
        assert!(matches!(read(folder.path(), 9).unwrap_err(), FileError::NotPlain { .. }));
        let bad = read_text(&text, 99).unwrap_err().to_string();
        assert_eq!(bad, format!("{}:2:2: the text is not UTF-8; save the file as UTF-8", text.display()));
    }
}
