//! Record data out of plain arguments.

use crate::dns::DataError;
use crate::dns::Name;
use crate::dns::Rtype;
use crate::dns::parse_data;

/// Reads record data from arguments: one record, or for addresses one for each word.
///
/// # Errors
/// [`DataError`] with the word that is wrong.
pub fn data_of(rtype: Rtype, words: &[String], origin: &Name) -> Result<Vec<Vec<u8>>, DataError> {
    match rtype {
        Rtype::A | Rtype::AAAA if !words.is_empty() => {
            words.iter().map(|word| parse_data(rtype, word, origin)).collect()
        }
        _ => Ok(vec![parse_data(rtype, &words.join(" "), origin)?]),
    }
}
