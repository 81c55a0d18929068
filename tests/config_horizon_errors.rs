//! Promise: every error of `[[horizon]]`, alone or between horizons, is one line with its place and what would be right.

use horizon_dns::config;

fn errors(text: &str) -> Vec<String> {
    config::parse(text, "h.toml").map_or_else(|errors| errors.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

/// Horizons must be named, reachable, distinct, and inherit without a circle.
#[test]
fn horizons_refuse_what_cannot_work() {
    let table: [(&str, &str, &[&str]); 21] = [
        (
            "the file has no horizon",
            r#"[server]
listen = ["127.0.0.1:53"]"#,
            &[
                r#"h.toml:1:1: there is no [[horizon]]; add one, such as `[[horizon]]` with `name = "internal"` and `clients = ["10.0.0.0/24"]`"#,
            ],
        ),
        (
            "an empty file",
            "",
            &[
                r#"h.toml:1:1: there is no [[horizon]]; add one, such as `[[horizon]]` with `name = "internal"` and `clients = ["10.0.0.0/24"]`"#,
            ],
        ),
        (
            "a horizon without name and clients",
            "[[horizon]]
forward = true",
            &[
                r#"h.toml:1:1: `name` is missing in [[horizon]]; add for example `name = "internal"`"#,
                r#"h.toml:1:1: `clients` is missing in [[horizon]]; add for example `clients = ["10.0.0.0/24", "127.0.0.0/8"]`"#,
            ],
        ),
        (
            "a horizon name that is no folder name",
            r#"[[horizon]]
name = "../etc"
clients = ["any"]"#,
            &[
                "h.toml:2:8: `../etc` cannot name a horizon; it is also a folder name: use letters, digits, `-` and `_`, such as `internal`",
            ],
        ),
        (
            "a horizon name that `[routes]` needs",
            r#"[[horizon]]
name = "name"
clients = ["any"]"#,
            &["h.toml:2:8: `name` cannot name a horizon; `[routes.name]` means something else: use another word"],
        ),
        (
            "a name that is no text",
            r#"[[horizon]]
name = 7
clients = ["any"]"#,
            &["h.toml:2:8: `name` must be a text, not a whole number; write the value in quotes"],
        ),
        (
            "two horizons of one name",
            r#"[[horizon]]
name = "internal"
clients = ["10.0.0.0/24"]
[[horizon]]
name = "internal"
clients = ["10.0.1.0/24"]"#,
            &[
                "h.toml:5:8: a second horizon `internal`, the first is on line 2; rename one, or put all clients into one",
            ],
        ),
        (
            "host bits in a prefix, no address, a length too large",
            r#"[[horizon]]
name = "internal"
clients = ["10.0.0.1/24", "ten", "10.0.0.0/33", "::1/129"]"#,
            &[
                "h.toml:3:12: `10.0.0.1/24` has bits set beyond its length; write `10.0.0.0/24`, or the address alone for one client",
                "h.toml:3:27: `ten` is not an IPv4 or IPv6 address; write a prefix such as `10.0.0.0/24`, an address, or `any`",
                "h.toml:3:34: `/33` is not a prefix length; an IPv4 prefix has 0 to 32, an IPv6 prefix 0 to 128",
                "h.toml:3:49: `/129` is not a prefix length; an IPv4 prefix has 0 to 32, an IPv6 prefix 0 to 128",
            ],
        ),
        (
            "an IPv4 prefix in IPv6 dress",
            r#"[[horizon]]
name = "internal"
clients = ["::ffff:10.0.0.0/104"]"#,
            &[
                "h.toml:3:12: `::ffff:10.0.0.0/104` is an IPv4 prefix in IPv6 dress, which matches no client; write `10.0.0.0/8`",
            ],
        ),
        (
            "a horizon of nobody",
            r#"[[horizon]]
name = "internal"
clients = []"#,
            &[r#"h.toml:3:1: `clients` is empty; write for example `clients = ["10.0.0.0/24", "127.0.0.0/8"]`"#],
        ),
        (
            "the same prefix in two horizons",
            r#"[[horizon]]
name = "internal"
clients = ["10.0.0.0/24"]
[[horizon]]
name = "external"
clients = ["any", "10.0.0.0/24"]"#,
            &[
                "h.toml:6:19: the prefix 10.0.0.0/24 is listed twice, first on line 3 for horizon `internal`; keep it in one place; a more specific prefix may stand in another horizon",
            ],
        ),
        (
            "the same prefix twice in one horizon",
            r#"[[horizon]]
name = "internal"
clients = ["10.0.0.0/24",
           "10.0.0.0/24"]"#,
            &[
                "h.toml:4:12: the prefix 10.0.0.0/24 is listed twice, first on line 3; keep it in one place; a more specific prefix may stand in another horizon",
            ],
        ),
        (
            "`any` twice",
            r#"[[horizon]]
name = "internal"
clients = ["any"]
[[horizon]]
name = "external"
clients = ["any"]"#,
            &[
                "h.toml:6:12: the prefix 0.0.0.0/0 is listed twice, first on line 3 for horizon `internal`; keep it in one place; a more specific prefix may stand in another horizon",
            ],
        ),
        (
            "`any` and what it stands for",
            r#"[[horizon]]
name = "internal"
clients = ["::/0"]
[[horizon]]
name = "external"
clients = ["any"]"#,
            &[
                "h.toml:6:12: the prefix ::/0 is listed twice, first on line 3 for horizon `internal`; keep it in one place; a more specific prefix may stand in another horizon",
            ],
        ),
        (
            "a horizon whose clients all belong to others",
            r#"[[horizon]]
name = "lan"
clients = ["10.0.0.0/24"]
[[horizon]]
name = "low"
clients = ["10.0.0.0/25"]
[[horizon]]
name = "high"
clients = ["10.0.0.128/25"]"#,
            &[
                "h.toml:2:8: no client can ever be in horizon `lan`: more specific prefixes of others cover all of its clients; give it clients of its own, or remove it",
            ],
        ),
        (
            "inherits from nobody, near a name",
            r#"[[horizon]]
name = "internal"
clients = ["10.0.0.0/24"]
inherits = "externl"
[[horizon]]
name = "external"
clients = ["any"]"#,
            &["h.toml:4:12: no horizon `externl` to inherit from; did you mean `external`?"],
        ),
        (
            "inherits from itself",
            r#"[[horizon]]
name = "internal"
clients = ["any"]
inherits = "internal""#,
            &[
                "h.toml:4:12: horizon `internal` inherits from itself: internal -> internal; remove one `inherits` of the circle",
            ],
        ),
        (
            "a circle of three",
            r#"[[horizon]]
name = "a"
clients = ["10.0.1.0/24"]
inherits = "b"
[[horizon]]
name = "b"
clients = ["10.0.2.0/24"]
inherits = "c"
[[horizon]]
name = "c"
clients = ["10.0.3.0/24"]
inherits = "a""#,
            &[
                "h.toml:4:12: horizon `a` inherits from itself: a -> b -> c -> a; remove one `inherits` of the circle",
                "h.toml:8:12: horizon `b` inherits from itself: b -> c -> a -> b; remove one `inherits` of the circle",
                "h.toml:12:12: horizon `c` inherits from itself: c -> a -> b -> c; remove one `inherits` of the circle",
            ],
        ),
        (
            "rate keys out of range and of the wrong form",
            r#"[[horizon]]
name = "internal"
clients = ["any"]
rate_limit = -1
rate_slip = 11
rate_exempt = ["10.0.0.1/8"]"#,
            &[
                "h.toml:4:14: `rate_limit` is -1; write a number from 0 to 1000000",
                "h.toml:5:13: `rate_slip` is 11; write a number from 0 to 10",
                "h.toml:6:16: `10.0.0.1/8` has bits set beyond its length; write `10.0.0.0/8`, or the address alone for one client",
            ],
        ),
        (
            "forward is not a word",
            r#"[[horizon]]
name = "internal"
clients = ["any"]
forward = "yes""#,
            &["h.toml:4:11: `forward` must be true or false, not a text; write `forward = true` or `forward = false`"],
        ),
        (
            "a private address that is none",
            r#"[[horizon]]
name = "internal"
clients = ["any"]
private_addresses = ["10.0.0.153/16"]"#,
            &[
                "h.toml:4:22: `10.0.0.153/16` has bits set beyond its length; write `10.0.0.0/16`, or the address alone for one client",
            ],
        ),
    ];
    for (why, text, expected) in table {
        assert_eq!(errors(text), expected, "{why}");
    }
}

/// The `rate_` keys: numbers in their bounds, prefixes without host bits, no key that is none.
#[test]
fn rates_refuse_what_cannot_work() {
    let table: [(&str, &str, &[&str]); 5] = [
        (
            "numbers out of bounds",
            "rate_limit = -1\nrate_slip = 11",
            &[
                "h.toml:4:14: `rate_limit` is -1; write a number from 0 to 1000000",
                "h.toml:5:13: `rate_slip` is 11; write a number from 0 to 10",
            ],
        ),
        (
            "no numbers",
            "rate_limit = \"5\"\nrate_slip = 1.5",
            &[
                "h.toml:4:14: `rate_limit` must be a whole number, not a text; write a number from 0 to 1000000",
                "h.toml:5:13: `rate_slip` must be a whole number, not a fraction; write a number from 0 to 10",
            ],
        ),
        (
            "no prefixes",
            "rate_exempt = [\"x\", \"10.0.0.1/8\", 5]",
            &[
                "h.toml:4:16: `x` is not an IPv4 or IPv6 address; write a prefix such as `10.0.0.0/24`, an address, or `any`",
                "h.toml:4:21: `10.0.0.1/8` has bits set beyond its length; write `10.0.0.0/8`, or the address alone for one client",
                "h.toml:4:35: `rate_exempt` must be a text, not a whole number; write the value in quotes",
            ],
        ),
        (
            "no list",
            "rate_exempt = \"any\"",
            &[r#"h.toml:4:15: `rate_exempt` must be a list of texts, not a text; write `rate_exempt = ["any"]`"#],
        ),
        (
            "a misspelt key",
            "rate_limits = 3",
            &["h.toml:4:1: unknown key `rate_limits` in [[horizon]]; did you mean `rate_limit`?"],
        ),
    ];
    for (why, keys, expected) in table {
        let text = format!("[[horizon]]\nname = \"internal\"\nclients = [\"any\"]\n{keys}");
        assert_eq!(errors(&text), expected, "{why}");
    }
}
