//! What a person writes for the data of a type: how many words, what each is called, which of them are names.

use super::Rtype;
use super::fields::Field;
use super::fields::fields;

/// The words of one record's data, as the table of types has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataUsage {
    /// What each word is called, in capitals, such as `PREFERENCE`; the last one ends in `...` when more may follow.
    pub words: Vec<String>,
    /// Which words are domain names.
    pub names: Vec<usize>,
    /// True when each record has exactly as many words as there are in `words`.
    pub fixed: bool,
    /// True when a word may be a string, which can hold blanks.
    pub strings: bool,
}

/// How the data of a type is written; `None` for types that have only the form of RFC 3597.
pub fn data_usage(rtype: Rtype) -> Option<DataUsage> {
    let fields = fields(rtype)?;
    let open = |field: Field| {
        use Field::*;
        matches!(field, Strings | Hex | Base64 | Types | MaybeTypes | Location | Prefixes | Parameters | HostIdentity)
    };
    let word = |&(field, name): &(Field, &str)| {
        let more = if open(field) { "..." } else { "" };
        format!("{}{more}", name.to_ascii_uppercase().replace(' ', "-"))
    };
    let names = fields.iter().enumerate().filter(|(_, (field, _))| *field == Field::Name);
    Some(DataUsage {
        words: fields.iter().map(word).collect(),
        names: names.map(|(index, _)| index).collect(),
        fixed: !fields.iter().any(|&(field, _)| open(field)),
        strings: fields.iter().any(|(field, _)| matches!(field, Field::String | Field::Strings | Field::Text)),
    })
}
