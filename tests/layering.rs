//! The house keeps its shape: rooms look only down, sockets stay in their rooms, doors hold no code.
//!
//! Reads the sources as text. Each rule is a function from a tree to its faults, and each is shown to fail on a small
//! made-up tree, so that a rule that went blind is noticed.

mod sources;

use sources::{Source, Token, Tree};
use std::path::Path;

/// Rooms that may open sockets and await.
const DOES_IO: [&str; 6] = ["forward", "plugin", "transport", "control", "daemon", "cli"];

/// Names that mean a socket or an async runtime.
const IO_NAMES: [&str; 18] = [
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "ToSocketAddrs",
    "tokio",
    "tokio_util",
    "tokio_rustls",
    "socket2",
    "mio",
    "hyper",
    "ureq",
    "axum",
    "quinn",
    "hickory_server",
    "hickory_resolver",
];

/// Drawers for things that had a better home.
const DRAWERS: [&str; 10] =
    ["util", "utils", "common", "misc", "helper", "helpers", "manager", "managers", "globals", "types"];

/// The one file that may hold `unsafe`.
const UNSAFE_FILE: &str = "src/transport/udp.rs";

/// The most lines that a file may have, its tests counted.
const LONGEST: usize = 700;

type Rule = fn(&Tree) -> Vec<String>;

const RULES: [(&str, Rule); 11] = [
    ("every room is declared and documented", rooms_are_declared),
    ("a room imports only rooms below it", imports_look_down),
    ("one crate path in a use statement", one_path_a_use),
    ("sockets and tokio only where I/O is done", sockets_stay_home),
    ("a door holds no code", doors_hold_no_code),
    ("every file says what it is for", files_have_headers),
    ("no drawers", no_drawers),
    ("no file over 700 lines", files_are_short),
    ("unsafe in one file", unsafe_in_one_file),
    ("no test is skipped", no_test_is_skipped),
    ("the binaries are a dozen lines", binaries_are_small),
];

/// The line of `style.md`, on the real sources.
#[test]
fn the_house_keeps_its_shape() {
    let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(tree.rooms().len() >= 16, "the rooms were not found in src/lib.rs: {:?}", tree.rooms());
    let faults: Vec<_> = RULES
        .iter()
        .flat_map(|(name, rule)| rule(&tree).into_iter().map(move |fault| format!("{fault} ({name})")))
        .collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Files are small: half of them at most 180 lines, nine of ten at most 400.
#[test]
fn files_are_small_on_the_whole() {
    let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let mut sizes: Vec<_> = tree.files.iter().filter(|file| file.is_product()).map(Source::lines).collect();
    sizes.sort_unstable();
    let at = |part: usize| sizes[(sizes.len() - 1) * part / 100];
    println!("{} files: median {}, p90 {}, largest {} lines", sizes.len(), at(50), at(90), at(100));
    assert!(at(50) <= 180 && at(90) <= 400, "median {} (180 at most), p90 {} (400 at most)", at(50), at(90));
}

fn fault(file: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", file.path)
}

/// Each room: a folder with a door, declared in `lib.rs` under a doc line with a blank line before it.
fn rooms_are_declared(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    let rooms = tree.rooms();
    let Some(lib) = tree.file("src/lib.rs") else { return vec!["src/lib.rs:1: not there".to_owned()] };
    let lines: Vec<&str> = lib.text.lines().collect();
    for room in &rooms {
        if tree.file(&format!("src/{room}/mod.rs")).is_none() {
            faults.push(format!("src/lib.rs: the room {room} has no door src/{room}/mod.rs"));
        }
        let declared = lines.iter().position(|line| line.ends_with(&format!("mod {room};"))).unwrap_or(0);
        let documented = declared > 1 && lines[declared - 1].starts_with("///");
        let first_doc = (0..declared).rev().take_while(|at| lines[*at].starts_with("///")).last();
        let apart = first_doc.is_some_and(|at| at == 0 || lines[at - 1].is_empty());
        if !documented || !apart {
            faults.push(fault(lib, declared + 1, &format!("{room} needs a doc line, and a blank line before that")));
        }
    }
    for file in &tree.files {
        if file.room().is_some_and(|room| !rooms.iter().any(|known| known == room)) {
            faults.push(fault(file, 1, "its folder is no room of src/lib.rs"));
        }
    }
    faults
}

/// `crate::room` and `super::super::room` anywhere in the code of a room name rooms below it, or itself.
fn imports_look_down(tree: &Tree) -> Vec<String> {
    let rooms = tree.rooms();
    let rank = |name: &str| rooms.iter().position(|room| room == name);
    let mut faults = Vec::new();
    for file in &tree.files {
        let Some(own) = file.room().and_then(rank) else { continue };
        for (at, token) in file.tokens.iter().enumerate() {
            let named = match token.text.as_str() {
                "crate" | "horizon_dns" => path_after(&file.tokens, at),
                "super" => root_of_supers(file, at),
                _ => None,
            };
            let Some(named) = named else { continue };
            if rank(named).is_some_and(|room| room > own) {
                let what = format!("{} looks up to {named}", rooms[own]);
                faults.push(fault(file, token.line, &what));
            }
        }
    }
    faults
}

/// The word after `::` after the token at `at`.
fn path_after(tokens: &[Token], at: usize) -> Option<&str> {
    (tokens.get(at + 1)?.text == "::").then(|| tokens.get(at + 2).map(|token| token.text.as_str()))?
}

/// The word after the last `super::` of a chain that may reach the crate's root: two or more of them, or one in a door.
fn root_of_supers(file: &Source, at: usize) -> Option<&str> {
    if at >= 2 && file.tokens[at - 2].text == "super" {
        return None;
    }
    let mut count = 0;
    let mut at = at;
    while file.tokens.get(at)?.text == "super" {
        count += 1;
        at += 2;
    }
    let door = file.path.ends_with("/mod.rs") && file.path.matches('/').count() == 2;
    (count >= 2 || door).then(|| file.tokens.get(at).map(|token| token.text.as_str()))?
}

/// `use crate::{a, b}`, `use crate::*`, `use crate as x` and `use {..}` hide which rooms are meant.
fn one_path_a_use(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_product()) {
        for at in 0..file.tokens.len() {
            let word = |ahead: usize| file.tokens.get(at + ahead).map_or("", |token| token.text.as_str());
            let root = matches!(word(1), "crate" | "horizon_dns");
            let grouped = word(1) == "{" || (root && (word(2) == "as" || matches!(word(3), "{" | "*")));
            if word(0) == "use" && grouped {
                faults.push(fault(file, file.tokens[at].line, "one crate path in a use statement"));
            }
        }
    }
    faults
}

/// A room that does no I/O names no socket and no runtime.
fn sockets_stay_home(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        let Some(room) = file.room() else { continue };
        if DOES_IO.contains(&room) {
            continue;
        }
        for token in file.tokens.iter().filter(|token| IO_NAMES.contains(&token.text.as_str())) {
            faults.push(fault(file, token.line, &format!("{} in the room {room}, which does no I/O", token.text)));
        }
    }
    faults
}

/// A `mod.rs`, and `src/lib.rs`, hold docs, attributes, `mod x;` and `pub use` only.
fn doors_hold_no_code(tree: &Tree) -> Vec<String> {
    let doors = tree.files.iter().filter(|file| is_door(&file.path));
    doors.filter_map(|file| first_code(&file.tokens).map(|line| fault(file, line, "a door holds no code"))).collect()
}

/// The map of the house and the door of each room; a test's support module is no room.
fn is_door(path: &str) -> bool {
    path == "src/lib.rs" || path.starts_with("src/") && path.ends_with("/mod.rs")
}

/// The line of the first token that is no part of an attribute, a `mod` line or a `pub use`.
fn first_code(tokens: &[Token]) -> Option<usize> {
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        let word = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        if word(at) == "#" {
            at += 1 + usize::from(word(at + 1) == "!");
            at = after_group(tokens, at, "[", "]");
            continue;
        }
        let public = word(at) == "pub";
        at += usize::from(public);
        if public && word(at) == "(" {
            at = after_group(tokens, at, "(", ")");
        }
        match word(at) {
            "mod" if word(at + 2) == ";" => at += 3,
            "use" if public => at += tokens[at..].iter().position(|token| token.text == ";").unwrap_or(0) + 1,
            _ => return Some(tokens[start].line),
        }
    }
    None
}

/// The place after the sign that closes the group that opens at `at`.
fn after_group(tokens: &[Token], at: usize, open: &str, close: &str) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        if token.text == open {
            depth += 1;
        } else if token.text == close {
            depth -= 1;
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// Every file begins with `//!` and words.
fn files_have_headers(tree: &Tree) -> Vec<String> {
    let words = |file: &Source| file.text.lines().next().and_then(|line| line.strip_prefix("//! ")).map_or(0, str::len);
    let bare = |file: &&Source| words(file) < 8 || file.text.starts_with("//! (");
    tree.files.iter().filter(bare).map(|file| fault(file, 1, "no `//!` header that says what it is for")).collect()
}

/// No file and no folder is a drawer.
fn no_drawers(tree: &Tree) -> Vec<String> {
    let drawer =
        |file: &&Source| file.path.split('/').any(|part| DRAWERS.contains(&part.strip_suffix(".rs").unwrap_or(part)));
    tree.files.iter().filter(drawer).map(|file| fault(file, 1, "its name says nothing: find it a home")).collect()
}

/// No file is over 700 lines.
fn files_are_short(tree: &Tree) -> Vec<String> {
    let long = tree.files.iter().filter(|file| file.lines() > LONGEST);
    long.map(|file| fault(file, LONGEST + 1, &format!("{} lines; at most {LONGEST}", file.lines()))).collect()
}

/// The product has `unsafe` in one file only. Tests may: a counting allocator cannot be written without.
fn unsafe_in_one_file(tree: &Tree) -> Vec<String> {
    let elsewhere = tree.files.iter().filter(|file| file.is_product() && file.path != UNSAFE_FILE);
    let blocks = elsewhere.flat_map(|file| {
        let found = file.tokens.iter().filter(|token| token.text == "unsafe");
        found.map(|token| fault(file, token.line, &format!("unsafe outside {UNSAFE_FILE}")))
    });
    blocks.collect()
}

/// No `#[ignore]`, not behind a `cfg_attr` either.
fn no_test_is_skipped(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        for (at, token) in file.tokens.iter().enumerate().filter(|(_, token)| token.text == "#") {
            let end = after_group(&file.tokens, at + 1, "[", "]");
            let attribute = &file.tokens[at..end.max(at)];
            if attribute.get(1).is_some_and(|next| next.text == "[") && attribute.iter().any(|t| t.text == "ignore") {
                faults.push(fault(file, token.line, "a test that is skipped"));
            }
        }
    }
    faults
}

/// A binary only calls the library.
fn binaries_are_small(tree: &Tree) -> Vec<String> {
    let large = tree.files.iter().filter(|file| file.path.starts_with("src/bin/") && file.lines() > 24);
    large.map(|file| fault(file, 1, &format!("{} lines; a dozen will do", file.lines()))).collect()
}

const LIB: &str =
    "//! A library of three rooms.\n\n/// Low.\npub mod low;\n\n/// Mid.\npub mod mid;\n\n/// High.\npub mod daemon;\n";

/// A made-up package that keeps every rule, with one more file.
fn package_with(path: &str, text: &str) -> Tree {
    let mut files = vec![
        ("src/lib.rs", LIB),
        (
            "src/low/mod.rs",
            "//! The door of the low room.\n#[cfg(test)]\nmod tests;\nmod name;\npub use name::{A, B};\n",
        ),
        ("src/mid/mod.rs", "//! The door of the middle room.\n\nmod work;\npub(crate) use work::*;\n"),
        ("src/daemon/mod.rs", "//! The door of the highest room.\n"),
        ("src/bin/one.rs", "//! The first of the binaries.\nfn main() {}\n"),
        ("tests/one.rs", "//! A test of a promise.\n"),
    ];
    files.retain(|(known, _)| *known != path);
    files.push((path, text));
    Tree::made_up(&files)
}

/// Each rule passes a good package and fails the bad one, and only that rule does.
#[test]
fn each_rule_can_fail() {
    let header = "//! What this file is for.\n";
    let table = [
        (
            "src/lib.rs",
            "//! A library.................\n/// Doc.\npub mod low;\n\n/// D.\npub mod mid;\npub mod daemon;",
            0,
        ),
        ("src/lost/mod.rs", "//! A folder that is no room.", 0),
        ("src/mid/x.rs", "use crate::daemon::X;", 1),
        ("src/mid/x.rs", "fn f() -> crate :: daemon\n::X {}", 1),
        ("src/low/x.rs", "fn f(a: &'a str) { let c = 'c'; crate::mid::f() }", 1),
        ("src/low/x.rs", "const A: &str = \"\\\"\"; use super::super::mid::X;", 1),
        ("src/low/x.rs", "macro_rules! m { () => { $crate::daemon::f() } }", 1),
        ("src/low/x.rs", "use horizon_dns::daemon::f;", 1),
        ("src/mid/x.rs", "use crate::{low::A, low::B};", 2),
        ("src/mid/x.rs", "use crate::*;", 2),
        ("src/mid/x.rs", "use {std::fs, std::io};", 2),
        ("src/mid/x.rs", "use crate as house;", 2),
        ("src/mid/x.rs", "use std::net::{IpAddr, UdpSocket};", 3),
        ("src/low/x.rs", "fn f() { tokio::spawn(g()); }", 3),
        ("src/mid/mod.rs", "//! The door of the middle room.\nfn f() {}", 4),
        ("src/mid/mod.rs", "//! The door of the middle room.\nuse crate::low::A;", 4),
        ("src/mid/mod.rs", "//! The door of the middle room.\n#[cfg(test)]\nmod tests { }", 4),
        ("src/mid/inner/mod.rs", "//! The door of an inner room.\npub const A: u8 = 1;", 4),
        ("src/mid/x.rs", "// no header", 5),
        ("tests/x.rs", "//! Short.", 5),
        ("src/mid/mod.rs", "//! (to be written: the door)", 5),
        ("src/mid/utils.rs", "", 6),
        ("tests/common/mod.rs", "", 6),
        ("src/mid/x.rs", "long", 7),
        ("src/mid/x.rs", "fn f() { unsafe { g() } }", 8),
        ("src/transport/tcp.rs", "unsafe impl X for Y {}", 8),
        ("tests/x.rs", "#[test]\n#[ignore]\nfn f() {}", 9),
        ("tests/x.rs", "#[ignore = \"slow\"]\nfn f() {}", 9),
        ("src/mid/x.rs", "#[cfg_attr(miri, ignore)] fn f() {}", 9),
        ("src/bin/one.rs", "tall", 10),
    ];
    for (path, text, rule) in table {
        let long = "let a = 1;\n".repeat(LONGEST);
        let text = match text {
            "long" => format!("{header}{long}"),
            "tall" => format!("{header}{}", "f();\n".repeat(30)),
            _ if rule == 5 || text.starts_with("//!") => text.to_owned(),
            _ => format!("{header}{text}"),
        };
        let tree = package_with(path, &text);
        let failed: Vec<_> = (0..RULES.len()).filter(|at| !RULES[*at].1(&tree).is_empty()).collect();
        let expected: &[usize] = if path.starts_with("src/transport") { &[0, rule] } else { &[rule] };
        assert_eq!(failed, expected, "{path}: {text:.100}");
    }
}

/// What only looks like a fault is none: words in comments and strings, addresses, and the rooms that may.
#[test]
fn what_is_allowed_passes() {
    let table = [
        ("src/mid/x.rs", "use crate::low::{A, B};\nuse crate::mid::C;\nuse super::D;"),
        ("src/low/x.rs", "// crate::daemon::X and unsafe\n/* tokio /* nested */ UdpSocket */"),
        ("src/low/x.rs", "/// ```\n/// use horizon_dns::daemon::X;\n/// ```\nfn f() {}"),
        ("src/low/x.rs", "const A: &str = \"crate::daemon \\\" tokio\"; const B: &[u8] = br#\"unsafe \" {\"#;"),
        ("src/low/x.rs", "fn f(a: char) -> bool { matches!(a, '\"' | '\\'' | 'u') } // \" unsafe"),
        ("src/low/x.rs", "fn f<'tokio>(r#type: &'tokio str, a: u8) { let _ = b'\\''; let _ = 'x'; }"),
        ("src/low/x.rs", "use std::net::{IpAddr, SocketAddr};\nmod tests { use super::super::name::A; }"),
        ("src/daemon/x.rs", "use tokio::net::UdpSocket;\nuse crate::low::A;"),
        ("src/mid/x.rs", "#![allow(unsafe_code)]\nfn f() { ignore(unsafe_code) }"),
    ];
    for (path, text) in table {
        let tree = package_with(path, &format!("//! What this file is for.\n{text}\n"));
        let faults: Vec<_> = RULES.iter().flat_map(|(_, rule)| rule(&tree)).collect();
        assert!(faults.is_empty(), "{text}: {faults:?}");
    }
}
