//! Zone text into records: the path that the server loads by. One pass, one arena, all errors of the files at once.

use super::checkpoint::{self, Checkpoint, Checkpoints};
use super::fault::Fault;
use super::lex::Lexer;
use super::records::Line;
use super::records::Records;
use super::records::RecordsError;
use super::source::Below;
use super::source::Includes;
use super::source::MAX_TEXT;
use super::source::NoIncludes;
use super::statement::Context;
use super::statement::Head;
use super::statement::Statement;
use super::template::Range;
use super::template::expand;
use crate::dns::Name;
use crate::dns::Token;
use crate::dns::present_name;
use crate::dns::shown;
use crate::files;
use crate::finding::Finding;
use crate::finding::Place;
use crate::finding::Severity;
use crate::pace::{breathe, breathe_at};
use std::path::Path;
use std::path::PathBuf;

/// How many errors are told one by one; the rest is counted.
const MAX_ERRORS: usize = 100;

/// How deep files may include each other.
const MAX_DEPTH: usize = 16;

/// How many files one zone may read.
const MAX_FILES: usize = 1_000;

/// How many records all `$GENERATE` of one zone may make, and octets of text.
const MAX_GENERATED: u32 = 1 << 20;
const MAX_GENERATED_OCTETS: usize = 1 << 28;

/// How long one template of a `$GENERATE` may be, in octets.
const MAX_TEMPLATE: usize = 4_096;

/// A zone as its text has it; the zone as a whole is not yet checked ([`super::check_zone`]).
#[derive(Debug, Clone)]
pub struct LoadedZone {
    /// The records, in the order of the text; [`Line::file`] counts in `files`.
    pub records: Records,
    /// Every file that was read, the zone file first.
    pub files: Vec<PathBuf>,
    /// What is worth a look and refuses nothing.
    pub findings: Vec<Finding>,
    /// Where the text can be read in parts, for edits of large zones.
    pub checkpoints: Checkpoints,
}

/// Reads the zone file at `path` and what it includes from below `root`.
///
/// # Errors
/// Every error of the files: unreadable files, and each broken entry with line and column (the first 100, then a
/// count).
pub fn read_zone(path: &Path, origin: &Name, root: &Path) -> Result<LoadedZone, Vec<Finding>> {
    match files::read(path, MAX_TEXT) {
        Ok(text) => parse_zone_with(&text, path, origin, &Below::new(root)),
        Err(error) => {
            let what = error.to_string();
            let finding = Finding::new(
                "ZONE_READ",
                Severity::Error,
                origin.to_string(),
                what,
                "the zone needs a plain file that the server may read",
            );
            Err(vec![finding.seen_at(Place::file(path))])
        }
    }
}

/// Reads zone text in memory; `$INCLUDE` is refused.
///
/// `file` is only named in findings. The order of errors and records is that of the text.
///
/// # Errors
/// As [`read_zone`].
pub fn parse_zone(text: &[u8], file: &Path, origin: &Name) -> Result<LoadedZone, Vec<Finding>> {
    parse_zone_with(text, file, origin, &NoIncludes)
}

/// Reads zone text in memory; `includes` opens what it includes.
///
/// # Errors
/// As [`read_zone`].
pub fn parse_zone_with(
    text: &[u8],
    file: &Path,
    origin: &Name,
    includes: &dyn Includes,
) -> Result<LoadedZone, Vec<Finding>> {
    let mut loader = Loader {
        includes,
        zone: origin.clone(),
        records: Records::new(origin.clone()),
        files: vec![file.to_path_buf()],
        open: vec![file.to_path_buf()],
        findings: Vec::new(),
        errors: 0,
        generated: 0,
        generated_octets: 0,
        marks: Vec::new(),
        plain: true,
    };
    // Most records have a line of their own, and their text is longer than what is kept of it. Room that is not used is given
    // back before anybody has touched it.
    loader.records.reserve(lines(text), text.len());
    loader.file(text, 0, &mut Context::new(origin.clone()));
    loader.records.fit();
    loader.finish(text.len())
}

/// How many lines a text has.
fn lines(text: &[u8]) -> usize {
    let counted = |part: &[u8]| {
        breathe();
        part.iter().filter(|octet| **octet == b'\n').count()
    };
    text.chunks(PART).map(counted).sum::<usize>() + 1
}

/// Octets of a text that are looked through before the next rest.
const PART: usize = 256 << 10;

struct Loader<'i> {
    includes: &'i dyn Includes,
    zone: Name,
    records: Records,
    files: Vec<PathBuf>,
    /// The file being read and those that include it.
    open: Vec<PathBuf>,
    findings: Vec<Finding>,
    errors: usize,
    generated: u32,
    generated_octets: usize,
    /// The checkpoints of the zone file so far.
    marks: Vec<Checkpoint>,
    /// True while no entry said more than its own record.
    plain: bool,
}

/// The entry that is being read, for the place of a fault.
#[derive(Clone, Copy)]
struct At<'a> {
    text: &'a [u8],
    file: u16,
    /// The offset and the line of its begin.
    begin: (u32, u32),
}

impl Loader<'_> {
    fn file(&mut self, text: &[u8], file: u16, context: &mut Context) {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        let mut data = Vec::new();
        let mut until_mark = checkpoint::EVERY;
        while let Some(entry) = lexer.next(&mut tokens) {
            breathe_at(entry.line as usize);
            data.clear();
            if until_mark == 0 && file == 0 && self.plain {
                let (offset, line) = (entry.span.start, entry.line);
                self.marks.push(Checkpoint { offset, line, context: context.clone() });
                until_mark = checkpoint::EVERY;
            }
            until_mark = until_mark.saturating_sub(1);
            let at = At { text, file, begin: (entry.span.start, entry.line) };
            let result = match context.read(&entry, &tokens, &mut data) {
                Ok(Statement::Record(head)) => self.push(&context.owner, head, &data, &tokens, at),
                Ok(Statement::Nothing | Statement::Setting) => Ok(()),
                Ok(Statement::Include(word, origin)) => self.include(&tokens[word], origin, context, at),
                Ok(Statement::Generate) => self.generate(&tokens, context, at),
                Err(fault) => Err(fault),
            };
            if let Err(fault) = result {
                self.fail(fault, at);
            }
        }
        if text.len() > u32::MAX as usize {
            let fault = Fault::new("ZONE_TOO_LARGE", 0, "more than 4 GiB of text", "split the zone with $INCLUDE");
            self.fail(fault, At { text, file, begin: (0, 1) });
        }
    }

    fn push(&mut self, owner: &[u8], head: Head, data: &[u8], tokens: &[Token<'_>], at: At<'_>) -> Result<(), Fault> {
        let line = Line { file: at.file, number: at.begin.1 };
        self.records.push(owner, head.rtype, head.ttl, data, line).map_err(|error| {
            let from = tokens.first().map_or(at.begin.0, |token| token.at);
            let what = format!("{}: {error}", present_name(owner));
            match error {
                RecordsError::OutOfZone(_) => {
                    let right = "move it to its own zone; a name without a final dot lies below the origin";
                    Fault::new("OUT_OF_ZONE", from, what, right)
                }
                RecordsError::Full => Fault::new("ZONE_TOO_LARGE", from, what, "split the zone"),
                _ => Fault::new("ZONE_DATA", from, what, "shorten it"),
            }
        })
    }

    fn include(&mut self, token: &Token<'_>, origin: Name, context: &mut Context, at: At<'_>) -> Result<(), Fault> {
        self.plain = false;
        let fail = |what: String, right: &str| Err(Fault::new("ZONE_INCLUDE", token.at, what, right));
        if self.open.len() > MAX_DEPTH {
            return fail(format!("files include each other more than {MAX_DEPTH} deep"), "flatten them");
        }
        if self.files.len() >= MAX_FILES {
            return fail(format!("more than {MAX_FILES} files in one zone"), "join some of them");
        }
        let includer = self.files[usize::from(at.file)].clone();
        let (path, text) = match self.includes.read(&includer, token.text) {
            Ok(read) => read,
            Err(what) => return fail(what, "name a readable file inside the zones directory"),
        };
        if self.open.iter().any(|open| same_file(open, &path)) {
            return fail(format!("{} includes itself", path.display()), "remove one of the $INCLUDE lines");
        }
        self.open.push(path.clone());
        let file = self.files.len() as u16;
        self.files.push(path);
        let mut inner = context.included(origin);
        self.file(&text, file, &mut inner);
        // A file that begins the zone, with its $TTL and SOA, holds for what follows, as in BIND.
        (context.default_ttl, context.last_ttl) = (inner.default_ttl, inner.last_ttl);
        self.open.pop();
        Ok(())
    }

    /// `$GENERATE RANGE OWNER [TTL] [IN] TYPE DATA`; the owner and TTL carried over stay as they were before it.
    fn generate(&mut self, tokens: &[Token<'_>], context: &mut Context, at: At<'_>) -> Result<(), Fault> {
        self.plain = false;
        let fault = |at: u32, what: String, right: &str| Fault::new("ZONE_GENERATE", at, what, right);
        let (Some(range_word), Some(owner)) = (tokens.get(1), tokens.get(2)) else {
            let right = "write `$GENERATE START-STOP[/STEP] OWNER [TTL] [IN] TYPE DATA`";
            return Err(fault(tokens[0].at, "$GENERATE without range and owner".to_owned(), right));
        };
        let Some(range) = Range::parse(range_word.text) else {
            let what = format!("`{}` is no range", shown(range_word.text));
            return Err(fault(
                range_word.at,
                what,
                "write START-STOP or START-STOP/STEP, counting up, below 2147483648",
            ));
        };
        if range.len() > MAX_GENERATED - self.generated {
            let what = format!("$GENERATE would make more than {MAX_GENERATED} records in this zone");
            return Err(fault(range_word.at, what, "use a smaller range, or a wildcard"));
        }
        self.generated += range.len();
        let type_at = super::statement::type_word(tokens, 3)?;
        let template = data_template(&tokens[type_at + 1..]);
        if template.len().max(owner.text.len()) > MAX_TEMPLATE {
            let what = format!("a template of more than {MAX_TEMPLATE} octets");
            return Err(fault(owner.at, what, "shorten it"));
        }
        let mut inner = context.clone();
        let mut data = Vec::new();
        for number in range.numbers() {
            data.clear();
            let mut name = Vec::new();
            expand(owner.text, number, &mut name).map_err(|right| bad_template(owner, right))?;
            let mut line = Vec::new();
            let data_word = tokens.get(type_at + 1).unwrap_or(owner);
            expand(&template, number, &mut line).map_err(|right| bad_template(data_word, right))?;
            self.generated_octets += name.len() + line.len();
            if self.generated_octets > MAX_GENERATED_OCTETS {
                let what = format!("$GENERATE would make more than {MAX_GENERATED_OCTETS} octets of text");
                return Err(fault(tokens[0].at, what, "use a smaller range"));
            }
            let point = |fault: Fault| Fault { at: data_word.at, ..fault };
            inner.set_owner(&Token { text: &name, at: owner.at, quoted: owner.quoted })?;
            let mut words = Vec::new();
            let mut all = tokens[3..=type_at].to_vec();
            if let Some(entry) = Lexer::new(&line).next(&mut words) {
                entry.fault.map_or(Ok(()), Err).map_err(point)?;
            }
            all.extend(words);
            let head = inner.record(&all, 0, &mut data).map_err(point)?;
            self.push(&inner.owner, head, &data, tokens, at)?;
        }
        Ok(())
    }

    fn fail(&mut self, fault: Fault, at: At<'_>) {
        self.errors += 1;
        if self.errors <= MAX_ERRORS {
            let file = &self.files[usize::from(at.file)];
            self.findings.push(fault.finding(&self.zone.to_string(), at.text, file, at.begin));
        }
    }

    fn finish(mut self, text_len: usize) -> Result<LoadedZone, Vec<Finding>> {
        if self.errors == 0 {
            let checkpoints = if self.plain { Checkpoints::of(self.marks, text_len) } else { Checkpoints::default() };
            let (records, files, findings) = (self.records, self.files, self.findings);
            return Ok(LoadedZone { records, files, findings, checkpoints });
        }
        if self.errors > MAX_ERRORS {
            let what = format!("{} more errors are not shown", self.errors - MAX_ERRORS);
            let zone = self.zone.to_string();
            let finding = Finding::new("ZONE_MORE_ERRORS", Severity::Error, zone, what, "mend the ones above first");
            self.findings.push(finding.seen_at(Place::file(&self.files[0])));
        }
        Err(self.findings)
    }
}

fn bad_template(token: &Token<'_>, right: &str) -> Fault {
    let what = format!("`{}` is no template of $GENERATE", shown(token.text));
    Fault::new("ZONE_GENERATE", token.at, what, format!("expected {right}"))
}

/// The data of a `$GENERATE` as one line: a single quoted word is the whole line, `\"` in it a quote, as BIND has it.
fn data_template(tokens: &[Token<'_>]) -> Vec<u8> {
    if let [Token { text, quoted: true, .. }] = tokens {
        return quotes_resolved(text);
    }
    let mut line = Vec::new();
    for token in tokens {
        let quote = if token.quoted { &b"\""[..] } else { b"" };
        line.extend([quote, token.text, quote, b" "].concat());
    }
    line
}

fn quotes_resolved(text: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [octet, after @ ..] = rest {
        rest = match (octet, after) {
            (b'\\', [b'"', behind @ ..]) => {
                line.push(b'"');
                behind
            }
            (b'\\', [escaped, behind @ ..]) => {
                line.extend([b'\\', *escaped]);
                behind
            }
            _ => {
                line.push(*octet);
                after
            }
        };
    }
    line
}

fn same_file(left: &Path, right: &Path) -> bool {
    left == right || matches!((left.canonicalize(), right.canonicalize()), (Ok(left), Ok(right)) if left == right)
}
