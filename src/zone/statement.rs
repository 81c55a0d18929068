//! The meaning of one entry: a record, a directive or nothing, with what carries over from entry to entry.
//!
//! RFC 1035 section 5.1, RFC 2308 section 4 for `$TTL`; both the loader and the document read entries through here.

use super::fault::Fault;
use super::lex::RawEntry;
use crate::dns::DataError;
use crate::dns::Name;
use crate::dns::NameTextError;
use crate::dns::Rtype;
use crate::dns::Token;
use crate::dns::is_meta;
use crate::dns::name_from_wire;
use crate::dns::parse_number;
use crate::dns::parse_rtype;
use crate::dns::parse_seconds;
use crate::dns::present_rtype;
use crate::dns::scan_data;
use crate::dns::scan_name;
use crate::dns::shown;

/// The largest TTL (RFC 2181 section 8).
pub(super) const MAX_TTL: u32 = 0x7fff_ffff;

/// What an entry means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// Blank, or a comment alone.
    Nothing,
    /// A record: its owner is [`Context::owner`], its data was appended to the buffer.
    Record(Head),
    /// `$ORIGIN` or `$TTL`, already in force.
    Setting,
    /// `$INCLUDE`: the word that names the file, and the origin for it.
    Include(usize, Name),
    /// `$GENERATE`.
    Generate,
}

/// What stands before the data of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) rtype: Rtype,
    pub(super) ttl: u32,
    pub(super) ttl_written: bool,
    pub(super) class_written: bool,
    /// The word that is the type; the data follows.
    pub(super) type_at: usize,
}

/// What carries over from one entry to the next.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) origin: Name,
    /// The owner of the last record in wire format; empty before the first.
    pub(super) owner: Vec<u8>,
    /// `$TTL`.
    pub(super) default_ttl: Option<u32>,
    /// The last TTL that was written with a record.
    pub(super) last_ttl: Option<u32>,
    /// An included file that was not opened may have set a TTL: a record that has none and no `$TTL` gets 0.
    pub(super) ttl_elsewhere: bool,
}

impl Context {
    pub(super) fn new(origin: Name) -> Self {
        Context { origin, owner: Vec::new(), default_ttl: None, last_ttl: None, ttl_elsewhere: false }
    }

    /// The context inside an included file: its own origin and no owner yet; TTLs carry over.
    pub(super) fn included(&self, origin: Name) -> Self {
        Context {
            origin,
            owner: Vec::new(),
            default_ttl: self.default_ttl,
            last_ttl: self.last_ttl,
            ttl_elsewhere: false,
        }
    }

    /// Reads one entry; the data of a record is appended to `data`.
    pub(super) fn read(
        &mut self,
        entry: &RawEntry,
        tokens: &[Token<'_>],
        data: &mut Vec<u8>,
    ) -> Result<Statement, Fault> {
        let Some(first) = tokens.first() else {
            return entry.fault.clone().map_or(Ok(Statement::Nothing), Err);
        };
        if !entry.leading_blank && !first.quoted && first.text.first() == Some(&b'$') {
            return entry.fault.clone().map_or_else(|| self.directive(tokens), Err);
        }
        let mut at = 0;
        if !entry.leading_blank {
            self.set_owner(first)?;
            at = 1;
        } else if self.owner.is_empty() {
            let what = "a line that begins with a blank takes its owner from the record above, and there is none";
            return Err(Fault::new("ZONE_NAME", entry.span.start, what, "write the owner, or `@` for the origin"));
        }
        if let Some(fault) = &entry.fault {
            return Err(fault.clone());
        }
        self.record(tokens, at, data).map(Statement::Record)
    }

    pub(super) fn set_owner(&mut self, token: &Token<'_>) -> Result<(), Fault> {
        self.owner.clear();
        scan_name(token.text, self.origin.as_slice(), &mut self.owner).map_err(|error| name_fault(token, error))
    }

    /// Reads `[TTL] [IN] TYPE DATA`, TTL and class in either order, from word `at` on.
    pub(super) fn record(&mut self, tokens: &[Token<'_>], mut at: usize, data: &mut Vec<u8>) -> Result<Head, Fault> {
        let mut ttl = None;
        let mut class_written = false;
        let rtype = loop {
            let Some(token) = tokens.get(at) else {
                let end = tokens.last().map_or(0, Token::end);
                return Err(Fault::new("ZONE_SYNTAX", end, "the record type is missing", EXPECTED));
            };
            let digit = token.text.first().is_some_and(u8::is_ascii_digit) && !token.quoted;
            if digit && ttl.is_none() {
                ttl = Some(read_ttl(token)?);
            } else if !class_written && !token.quoted && is_class(token)? {
                class_written = true;
            } else {
                break read_type(token)?;
            }
            at += 1;
        };
        let begin = data.len();
        let words = &tokens[at + 1..];
        scan_data(rtype, words, &self.origin, data).map_err(|error| data_fault(rtype, tokens, at, error))?;
        let ttl_written = ttl.is_some();
        if ttl.is_some() {
            self.last_ttl = ttl;
        }
        let elsewhere = self.ttl_elsewhere.then_some(0);
        let ttl = ttl.or(self.default_ttl).or(elsewhere).or(self.last_ttl);
        let ttl = ttl.or_else(|| self.soa_ttl(rtype, &data[begin..]));
        let Some(ttl) = ttl else {
            let what = "no TTL: none is written here or above, and no $TTL";
            return Err(Fault::new("ZONE_TTL", tokens[at].at, what, "write `$TTL 3600` at the top of the file"));
        };
        Ok(Head { rtype, ttl, ttl_written, class_written, type_at: at })
    }

    /// A SOA without any TTL takes its minimum field, and so do the records below it, as BIND does.
    fn soa_ttl(&mut self, rtype: Rtype, data: &[u8]) -> Option<u32> {
        if rtype != Rtype::SOA {
            return None;
        }
        let minimum = u32::from_be_bytes(*data.last_chunk::<4>()?).min(MAX_TTL);
        self.default_ttl = Some(minimum);
        self.default_ttl
    }

    fn directive(&mut self, tokens: &[Token<'_>]) -> Result<Statement, Fault> {
        let keyword = tokens[0].text.to_ascii_uppercase();
        match keyword.as_slice() {
            b"$ORIGIN" => {
                self.origin = self.name_argument(tokens, 1)?;
                no_more(tokens, 2)?;
                Ok(Statement::Setting)
            }
            b"$TTL" => {
                self.default_ttl = Some(read_ttl(argument(tokens, 1, "the TTL")?)?);
                no_more(tokens, 2)?;
                Ok(Statement::Setting)
            }
            b"$INCLUDE" => {
                argument(tokens, 1, "the file name")?;
                let origin = if tokens.len() > 2 { self.name_argument(tokens, 2)? } else { self.origin.clone() };
                no_more(tokens, 3)?;
                Ok(Statement::Include(1, origin))
            }
            b"$GENERATE" => Ok(Statement::Generate),
            _ => {
                let what = format!("`{}` is no directive", shown(tokens[0].text));
                let right =
                    "known are $ORIGIN, $TTL, $INCLUDE and $GENERATE; an owner that begins with $ is written \\$";
                Err(Fault::new("ZONE_DIRECTIVE", tokens[0].at, what, right))
            }
        }
    }

    fn name_argument(&self, tokens: &[Token<'_>], at: usize) -> Result<Name, Fault> {
        let token = argument(tokens, at, "the origin")?;
        let mut wire = Vec::new();
        scan_name(token.text, self.origin.as_slice(), &mut wire).map_err(|error| name_fault(token, error))?;
        name_from_wire(&wire).map_err(|error| Fault::new("ZONE_NAME", token.at, error.to_string(), NAME_RULE))
    }
}

const EXPECTED: &str = "a record is `[OWNER] [TTL] [IN] TYPE DATA`";
const NAME_RULE: &str = "names have at most 255 octets in labels of 1 to 63";

pub(super) fn argument<'t, 'a>(tokens: &'t [Token<'a>], at: usize, name: &str) -> Result<&'t Token<'a>, Fault> {
    tokens.get(at).ok_or_else(|| {
        let end = tokens.last().map_or(0, Token::end);
        let right =
            "write `$ORIGIN NAME`, `$TTL SECONDS`, `$INCLUDE FILE [ORIGIN]` or `$GENERATE RANGE OWNER TYPE DATA`";
        Fault::new("ZONE_DIRECTIVE", end, format!("{name} is missing"), right)
    })
}

fn no_more(tokens: &[Token<'_>], at: usize) -> Result<(), Fault> {
    match tokens.get(at) {
        None => Ok(()),
        Some(token) => {
            let what = format!("`{}` is one word too many for the directive", shown(token.text));
            Err(Fault::new("ZONE_DIRECTIVE", token.at, what, "remove it, or put `;` before a comment"))
        }
    }
}

fn name_fault(token: &Token<'_>, error: NameTextError) -> Fault {
    Fault::new("ZONE_NAME", token.at, format!("`{}`: {error}", shown(token.text)), NAME_RULE)
}

fn data_fault(rtype: Rtype, tokens: &[Token<'_>], type_at: usize, error: DataError) -> Fault {
    let at = match tokens.get(type_at + 1 + error.token) {
        Some(token) => token.at,
        None => tokens.last().map_or(0, Token::end),
    };
    Fault::new("ZONE_DATA", at, format!("{} data: {}", present_rtype(rtype), error.what), error.right)
}

pub(super) fn read_ttl(token: &Token<'_>) -> Result<u32, Fault> {
    match parse_seconds(token.text) {
        Some(ttl) if ttl <= MAX_TTL => Ok(ttl),
        _ => {
            let what = format!("`{}` is no TTL", shown(token.text));
            let right = format!("seconds from 0 to {MAX_TTL}, units w d h m s allowed, such as 1h30m");
            Err(Fault::new("ZONE_TTL", token.at, what, right))
        }
    }
}

/// The word that is the type, of `[TTL] [IN] TYPE DATA` from word `at` on.
pub(super) fn type_word(tokens: &[Token<'_>], mut at: usize) -> Result<usize, Fault> {
    loop {
        let token = argument(tokens, at, "the record type")?;
        if !token.text.first().is_some_and(u8::is_ascii_digit) && !is_class(token)? {
            return Ok(at);
        }
        at += 1;
    }
}

/// True for `IN`; another class is an error, because a zone here has only this one.
fn is_class(token: &Token<'_>) -> Result<bool, Fault> {
    let text = token.text;
    if text.eq_ignore_ascii_case(b"IN") {
        return Ok(true);
    }
    let named =
        [&b"CH"[..], b"CHAOS", b"HS", b"HESIOD", b"CS", b"NONE"].iter().any(|class| text.eq_ignore_ascii_case(class));
    let number = text.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case(b"CLASS"));
    let number = number.and_then(|_| parse_number(&text[5..], 65_535));
    if number == Some(1) {
        return Ok(true);
    }
    if named || number.is_some() {
        let what = format!("class `{}`", shown(text));
        return Err(Fault::new("ZONE_CLASS", token.at, what, "zones here are of class IN; write IN or nothing"));
    }
    Ok(false)
}

fn read_type(token: &Token<'_>) -> Result<Rtype, Fault> {
    let rtype = if token.quoted { None } else { parse_rtype(token.text) };
    match rtype {
        Some(rtype) if is_meta(rtype) => {
            let what = format!("type {} never stands in a zone", present_rtype(rtype));
            Err(Fault::new("ZONE_TYPE", token.at, what, "remove the record (RFC 6895 section 3.1)"))
        }
        Some(rtype) => Ok(rtype),
        None => {
            let what = format!("`{}` is no record type", shown(token.text));
            Err(Fault::new("ZONE_TYPE", token.at, what, format!("{EXPECTED}; unknown types are written TYPE65280")))
        }
    }
}
