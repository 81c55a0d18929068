//! Promise: broken TOML is said with line and column, and hides no error of other lines.

use horizon_dns::config;

/// A good horizon, so that the case's own error is the only one.
const HORIZON: &str = "\n[[horizon]]\nname = \"internal\"\nclients = [\"any\"]\n";

fn errors(text: &str) -> Vec<String> {
    config::parse(text, "h.toml").map_or_else(|errors| errors.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

/// Syntax errors have a place; what only follows from them is not said.
#[test]
fn broken_toml_is_said_with_its_place() {
    let table: [(&str, &str, &[&str]); 6] = [
        (
            "a syntax error hides nothing on other lines",
            r#"[server]
listen = ["127.0.0.1:53"
workers = 1000
[[horizon]]
name = "internal"
clients = ["10.0.0.1/24"]"#,
            &["h.toml:3:1: missing comma between array elements; write `,` or `]` before this"],
        ),
        (
            "a key without value",
            "[server]
workers =",
            &["h.toml:2:10: a value is missing; write one after `=`"],
        ),
        (
            "a key twice",
            "[server]
workers = 1
workers = 2",
            &["h.toml:3:1: `workers` is written twice; keep one"],
        ),
        (
            "a section twice",
            r#"[zones]
directory = "a"
[zones]
directory = "b""#,
            &["h.toml:3:2: `zones` is written twice; keep one", "h.toml:4:1: `directory` is written twice; keep one"],
        ),
        (
            "an open text, and a word without quotes",
            r#"[zones]
directory = "zones
[[horizon]]
name = internal
clients = ["any"]"#,
            &[
                r#"h.toml:2:19: invalid basic string; expected `"`"#,
                r#"h.toml:4:8: `internal` is not a value; write a text in quotes: `"internal"`"#,
            ],
        ),
        (
            "columns count characters, lines end in CRLF",
            "# größe\r\n[zones]\r\n\"grüße\" = 1\r\n[[horizon]]\r\nname = \"a\"\r\nclients = [\"any\"]",
            &["h.toml:3:1: unknown key `grüße` in [zones]; known here: directory"],
        ),
    ];
    for (why, text, expected) in table {
        let text = if text.contains("[[horizon]]") { text.to_owned() } else { format!("{text}{HORIZON}") };
        assert_eq!(errors(&text), expected, "{why}");
    }
}

/// An error is one line, whatever it quotes: a line break or an escape code in a key does not get out.
#[test]
fn an_error_is_one_line_whatever_it_quotes() {
    let seen = errors("\"a\\nb\\u001b[31m\" = 1\n[[horizon]]\nname = \"a\"\nclients = [\"any\"]\n");
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with(r"h.toml:1:1: unknown key `a\nb\u{1b}[31m` in the file; "), "{seen:?}");
}

/// Input of any size and shape ends in errors, soon, and never in a panic.
#[test]
fn hostile_text_ends_in_errors() {
    let deep = format!("[server]\nlisten = {}", "[".repeat(100_000));
    let garbage = "@\n".repeat(200_000);
    let long_line = format!("[zones]\ndirectory = \"{}", "x".repeat(1 << 20));
    let many = "[[horizon]]\nname = \"a\"\nclients = [\"10.0.0.0/24\"]\n".repeat(5_000);
    let binary: String = (0..4096u32).filter_map(|at| char::from_u32(at * 7 % 0x3000)).collect();
    for (why, text) in
        [("nesting", &deep), ("garbage", &garbage), ("an open text", &long_line), ("many", &many), ("binary", &binary)]
    {
        let seen = errors(text);
        assert!(!seen.is_empty() && seen.len() <= 501, "{why}: {} errors", seen.len());
        assert!(seen.iter().all(|line| !line.contains('\n')), "{why}: one line each");
    }
}

/// A prefix of a good file never panics: the file may be read while it is written.
#[test]
fn half_written_files_are_read_or_refused() {
    let whole = include_str!("config/whole.toml");
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let _ = config::parse(&whole[..end], "h.toml");
    }
    assert_eq!(errors(whole), [""; 0]);
}
