//! Reading whole files, bounded.

use super::FileError;
use crate::pace::{breathe, passing};
use std::fs::File;
use std::fs::OpenOptions;
use std::io::BufRead;
use std::io::BufReader;
use std::io::ErrorKind;
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
    let mut rest = limit.saturating_add(1);
    // A file that is read whole is not copied on the way; it may grow or shrink meanwhile.
    let size = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
    let mut octets = passing(size as usize + 1);
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

/// Reads a plain file of at most `limit` octets part by part, with no more of it in memory than one.
///
/// # Errors
/// Those of [`read`]; parts before were given already.
pub fn read_parts(path: impl AsRef<Path>, limit: u64, mut each: impl FnMut(&[u8])) -> Result<(), FileError> {
    let path = path.as_ref();
    let mut reader = BufReader::with_capacity(LINES, open_plain(path)?.take(limit.saturating_add(1)));
    let mut total = 0;
    loop {
        let part = match reader.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            part => part.map_err(FileError::system("read", path))?,
        };
        if part.is_empty() {
            return Ok(());
        }
        let length = part.len();
        total += length as u64;
        if total > limit {
            return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
        }
        each(part);
        reader.consume(length);
        breathe();
    }
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

/// Reads a plain file of at most `limit` octets line by line, with no more of it in memory than one part.
///
/// `each` gets the number of the line, counted from 1, and the line without its end; none for one of more than `longest`
/// octets.
///
/// # Errors
/// Those of [`read`]; lines before were given already.
pub fn read_lines(
    path: impl AsRef<Path>,
    limit: u64,
    longest: usize,
    mut each: impl FnMut(u32, Option<&[u8]>),
) -> Result<(), FileError> {
    let path = path.as_ref();
    let file = open_plain(path)?;
    let mut reader = BufReader::with_capacity(LINES, file.take(limit.saturating_add(1)));
    let (mut line, mut number, mut total) = (Vec::new(), 0u32, 0u64);
    loop {
        line.clear();
        let mut whole = true;
        let mut ended = false;
        // Line by line, but never more than `longest` octets of one.
        while !ended {
            let part = reader.fill_buf().map_err(FileError::system("read", path))?;
            if part.is_empty() {
                break;
            }
            let end = part.iter().position(|octet| *octet == b'\n');
            let text = &part[..end.unwrap_or(part.len())];
            whole &= line.len() + text.len() <= longest;
            if whole {
                line.extend_from_slice(text);
            }
            ended = end.is_some();
            let used = text.len() + usize::from(ended);
            total += used as u64;
            reader.consume(used);
        }
        if total > limit {
            return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
        }
        if !ended && line.is_empty() && whole {
            return Ok(());
        }
        number = number.saturating_add(1);
        each(number, whole.then_some(&line));
        breathe();
    }
}

/// Octets of a file that is read by lines which are in memory at once.
const LINES: usize = 64 << 10;

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

    /// Lines come one by one with their numbers, the last one without an end too, and one that is too long is told.
    #[test]
    fn lines_are_read_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let long = "x".repeat(2 * LINES);
        let table = [
            ("", vec![]),
            ("a\n", vec![(1, Some("a"))]),
            ("a\n\nbc", vec![(1, Some("a")), (2, Some("")), (3, Some("bc"))]),
            (&format!("a\n{long}\nb\n"), vec![(1, Some("a")), (2, None), (3, Some("b"))]),
            (&long, vec![(1, None)]),
        ];
        for (text, expected) in table {
            std::fs::write(&file, text).unwrap();
            let mut lines = Vec::new();
            let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
            read_lines(&file, 1 << 20, 8, |number, line| lines.push((number, line.map(text)))).unwrap();
            let expected: Vec<_> =
                expected.into_iter().map(|(number, line)| (number, line.map(str::to_owned))).collect();
            assert_eq!(lines, expected);
        }
        std::fs::write(&file, "12345").unwrap();
        assert!(read_lines(&file, 5, 8, |_, _| ()).is_ok());
        assert!(matches!(read_lines(&file, 4, 8, |_, _| ()), Err(FileError::TooLarge { .. })));
    }

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
