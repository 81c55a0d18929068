//! The words of an order that mean record data: typed arguments, and the conditions of `--if`.

use super::Refusal;
use super::resolve::read_type;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::is_meta;
use crate::dns::parse_data;
use crate::dns::present_rtype;
use crate::edit::Expectation;
use crate::edit::data_of;

/// Words of a condition that mean that there is no record.
const NONE: [&str; 2] = ["none", "-"];

/// Reads a record type that can stand in a zone.
///
/// # Errors
/// `BAD_TYPE`.
pub(super) fn record_type(text: &str) -> Result<Rtype, Refusal> {
    let rtype = read_type(text)?;
    if is_meta(rtype) {
        let what = format!("`{text}` is a type of questions, not of records");
        return Err(Refusal::new("BAD_TYPE", what, "write one such as A, AAAA or TXT"));
    }
    Ok(rtype)
}

/// Reads the arguments behind a type: one record or several, each once.
///
/// # Errors
/// `BAD_DATA`.
pub(super) fn record_data(rtype: Rtype, words: &[String], origin: &Name) -> Result<Vec<Vec<u8>>, Refusal> {
    data_of(rtype, words, origin).map_err(|error| bad_data(rtype, &words.join(" "), &error.what, &error.remedy))
}

/// Reads conditions such as `A 10.0.0.5`, the data as zone text has them; `A none` and `A -` mean that there is no record.
/// Those of one type are one expectation.
///
/// # Errors
/// `BAD_CONDITION`, `BAD_TYPE`, `BAD_DATA`.
pub(super) fn expectations(owner: &Name, conditions: &[String], origin: &Name) -> Result<Vec<Expectation>, Refusal> {
    let mut expects: Vec<Expectation> = Vec::new();
    for condition in conditions {
        let condition = condition.trim();
        let bad = |what: String| {
            Refusal::new("BAD_CONDITION", what, "write `TYPE DATA` as `zonectl get` shows it, or `TYPE none`")
        };
        let Some((rtype, rest)) = condition.split_once(char::is_whitespace) else {
            return Err(bad(format!("`{condition}` is no condition")));
        };
        let (rtype, rest) = (record_type(rtype)?, rest.trim());
        let data = match NONE.iter().any(|none| rest.eq_ignore_ascii_case(none)) {
            true => None,
            false => Some(
                parse_data(rtype, rest, origin).map_err(|error| bad_data(rtype, rest, &error.what, &error.right))?,
            ),
        };
        match (expects.iter_mut().find(|known| known.rtype == rtype), data) {
            (None, data) => {
                expects.push(Expectation { owner: owner.clone(), rtype, data: data.into_iter().collect() });
            }
            (Some(known), Some(data)) if !known.data.is_empty() => known.data.push(data),
            (Some(_), _) => {
                let what = format!("`{condition}` contradicts another condition for {}", present_rtype(rtype));
                return Err(bad(what));
            }
        }
    }
    Ok(expects)
}

fn bad_data(rtype: Rtype, words: &str, what: &str, remedy: &str) -> Refusal {
    let what = format!("`{words}` is no {} data: {what}", present_rtype(rtype));
    Refusal::new("BAD_DATA", what, remedy)
}
