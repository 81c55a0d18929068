//! The lines of a hosts file, as the C library reads them (hosts(5)).

use std::net::IpAddr;
use std::path::Path;

/// One line: an address, then names, up to a `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostsLine {
    /// From 1.
    pub number: u32,
    /// A v4-mapped one as IPv4.
    pub address: IpAddr,
    /// As written.
    pub names: Vec<String>,
    /// The whole line as written.
    pub text: String,
}

/// The lines of a hosts file that begin with an address.
pub fn hosts_lines(text: &str) -> impl Iterator<Item = HostsLine> {
    (1u32..).zip(text.lines()).filter_map(|(number, line)| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse::<IpAddr>().ok()?.to_canonical();
        Some(HostsLine { number, address, names: words.map(str::to_owned).collect(), text: line.to_owned() })
    })
}

impl HostsLine {
    /// Whether it has this name; letters of either case, with or without its final dot.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| same(own, name))
    }

    /// The command that takes a name out of `file`: with the line, if no other name is on it.
    pub fn removal(&self, name: &str, file: &Path) -> String {
        let (number, file) = (self.number, file.display());
        if self.names.iter().all(|own| same(own, name)) {
            return format!("sed -i '{number}d' {file}");
        }
        let pattern = name.trim_end_matches('.').replace('.', "\\.");
        format!("sed -i -E '{number}s/[[:space:]]+{pattern}\\.?([[:space:]]|$)/\\1/I' {file}")
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// The command does to a file what it says: the name is gone, other names of the line stay.
    #[test]
    fn a_name_is_taken_out_and_the_others_stay() {
        let table = [
            ("10.0.0.1 a.example", "a.example", ""),
            ("10.0.0.1 A.Example. a.example", "a.example", ""),
            ("10.0.0.1 www.example a.example", "a.example", "10.0.0.1 www.example\n"),
            ("10.0.0.1\ta.example www.example # why", "a.example.", "10.0.0.1 www.example # why\n"),
            ("10.0.0.1 a-example a.example.", "a.example", "10.0.0.1 a-example\n"),
        ];
        for (text, name, left) in table {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("hosts");
            std::fs::write(&file, format!("127.0.0.1 localhost\n{text}\n")).unwrap();
            let line = hosts_lines(&std::fs::read_to_string(&file).unwrap()).find(|line| line.has(name)).unwrap();
            assert_eq!((line.number, line.text.as_str()), (2, text));
            assert!(Command::new("sh").args(["-c", &line.removal(name, &file)]).status().unwrap().success(), "{text}");
            let expected = format!("127.0.0.1 localhost\n{left}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), expected, "{text}");
        }
    }

    /// Comments, text that is no address, and lines without names name nobody.
    #[test]
    fn what_is_no_line_is_left_out() {
        let text = "# 10.0.0.1 a\n\na.example 10.0.0.1\n10.0.0.1\n::ffff:10.0.0.2 b # c\n\u{0}";
        let found: Vec<_> = hosts_lines(text).map(|line| (line.number, line.address.to_string(), line.names)).collect();
        assert_eq!(found, [(4, "10.0.0.1".to_owned(), Vec::new()), (5, "10.0.0.2".to_owned(), vec!["b".to_owned()])]);
    }
}
