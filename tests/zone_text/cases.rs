//! The snippets of zone text (see `README.md` beside this file).

/// The lines in front of each snippet.
pub(crate) const HEAD: &str = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n";

/// One snippet.
pub(crate) struct Case {
    /// Why it is there.
    pub(crate) why: String,
    /// Whether it must load.
    pub(crate) good: bool,
    /// The text with its head.
    pub(crate) text: Vec<u8>,
}

/// The files of snippets on which BIND and Horizon agree.
pub(crate) const AGREED: [&str; 4] =
    [include_str!("syntax.txt"), include_str!("names.txt"), include_str!("directives.txt"), include_str!("data.txt")];

/// The snippets on which they differ, each with its reason behind a `|`.
pub(crate) const EXCEPTIONS: &str = include_str!("exceptions.txt");

/// The cases of one file.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for block in file.split("=== ").filter(|block| !block.trim().is_empty()) {
        let (head, body) = block.split_once('\n').unwrap_or((block, ""));
        let (verdict, why) = head.split_once(' ').expect("a verdict and why");
        assert!(verdict == "good" || verdict == "bad", "{head}");
        let body = body.strip_prefix("<BARE>\n").map_or_else(|| format!("{HEAD}{body}"), str::to_owned);
        cases.push(Case { why: why.to_owned(), good: verdict == "good", text: octets(&body) });
    }
    cases
}

/// All cases on which both agree.
pub(crate) fn agreed() -> Vec<Case> {
    AGREED.into_iter().flat_map(cases).collect()
}

/// Puts in what the marks stand for.
fn octets(body: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        let end = rest.find('>').expect("a mark has an end");
        match &rest[1..end] {
            "CR" => out.push(b'\r'),
            "NUL" => out.push(0),
            "TAB" => out.push(b'\t'),
            "XFF" => out.push(0xff),
            "NOEOL" => return out,
            mark => {
                let (times, what) = mark.split_once('*').expect("a known mark");
                out.extend(what.repeat(times.parse().expect("a number")).into_bytes());
            }
        }
        rest = &rest[end + 1..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
