//! Octets of zone text in JSON: a string where they are UTF-8, else `{"latin1": ..}` with one character an octet.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written<'a> {
    Text(#[serde(borrow)] std::borrow::Cow<'a, str>),
    Octets { latin1: std::borrow::Cow<'a, str> },
}

pub(super) fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(octets) {
        Ok(text) => Written::Text(text.into()),
        Err(_) => Written::Octets { latin1: octets.iter().map(|octet| char::from(*octet)).collect::<String>().into() },
    }
    .serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    match Written::deserialize(deserializer)? {
        Written::Text(text) => Ok(text.into_owned().into_bytes()),
        Written::Octets { latin1 } => latin1
            .chars()
            .map(|letter| u8::try_from(u32::from(letter)).map_err(|_| D::Error::custom("a character beyond 255")))
            .collect(),
    }
}
