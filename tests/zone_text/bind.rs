//! A zone as `named-compilezone` reads it, taken from its raw format: wire names and data that no text went through.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// One record: owner in lower case, type, data, TTL.
pub(crate) type Row = (Vec<u8>, u16, Vec<u8>, u32);

/// The program, from PATH or where Debian puts it.
pub(crate) fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/bin", "/usr/sbin"].map(PathBuf::from));
    let found = places.map(|folder| folder.join("named-compilezone")).find(|program| program.is_file());
    found.expect("named-compilezone is missing; install bind9-utils")
}

/// The records of the zone text, sorted and each once, or what BIND says against it. Files are included from `folder`.
pub(crate) fn compile(text: &[u8], origin: &str, folder: &Path) -> Result<Vec<Row>, String> {
    let input = folder.join("zone.txt");
    let output = folder.join("zone.raw");
    std::fs::write(&input, text).expect("the zone is written");
    let lenient = ["-i", "none", "-k", "ignore", "-n", "ignore", "-m", "ignore", "-M", "ignore"];
    let run = Command::new(program())
        .current_dir(folder)
        .args(lenient)
        .args(["-r", "ignore", "-S", "ignore", "-T", "ignore", "-W", "ignore", "-F", "raw", "-o"])
        .arg(&output)
        .arg(origin)
        .arg(&input)
        .output()
        .expect("named-compilezone runs");
    if !run.status.success() {
        return Err(String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned());
    }
    let mut rows = read_raw(&std::fs::read(&output).expect("the raw zone is read"));
    rows.sort();
    rows.dedup();
    Ok(rows)
}

/// Reads BIND's raw format, version 1: a head of 24 octets, then one block for each RRset.
fn read_raw(octets: &[u8]) -> Vec<Row> {
    let mut reader = Reader { rest: octets };
    assert_eq!((reader.u32(), reader.u32()), (2, 1), "raw format, version 1");
    reader.take(16);
    let mut rows = Vec::new();
    while !reader.rest.is_empty() {
        reader.take(4);
        let (_class, rtype, _covers) = (reader.u16(), reader.u16(), reader.u16());
        let (ttl, count) = (reader.u32(), reader.u32());
        let length = usize::from(reader.u16());
        let owner = reader.take(length).to_ascii_lowercase();
        for _ in 0..count {
            let length = usize::from(reader.u16());
            rows.push((owner.clone(), rtype, reader.take(length).to_vec(), ttl));
        }
    }
    rows
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (head, rest) = self.rest.split_at(length);
        self.rest = rest;
        head
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().expect("two octets"))
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.take(4).try_into().expect("four octets"))
    }
}
