//! JSON as written: every key kept, also one that stands twice, and a way down by JSON pointer that notes wrong types.
//!
//! Knows JSON and findings; what the fields mean is for the readers beside it.

use crate::finding::{Finding, Place, Severity};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// One JSON value; an object keeps the order and the repetition of its keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its decimal text.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What it is, with its article, for errors.
    fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::List(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Json::Object(object))
    }
}

/// A value at a place of a file.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    /// The value.
    pub json: &'a Json,
    /// The file, as the program was told it.
    pub file: &'a Path,
    /// The JSON pointer (RFC 6901) to the value; empty for the whole file.
    pub pointer: String,
}

impl<'a> At<'a> {
    /// The place to show.
    pub(super) fn place(&self) -> Place {
        Place::pointer(self.file, self.pointer.clone())
    }

    /// The value of a key; none when it is missing or `null`. Of a key that stands twice the last one counts.
    ///
    /// A value that is no object has no keys: whoever needs an object asks with [`At::entries`] first.
    pub(super) fn key(&self, key: &str) -> Option<At<'a>> {
        let Json::Object(entries) = self.json else { return None };
        let (_, json) = entries.iter().rev().find(|(name, _)| name == key)?;
        if *json == Json::Null {
            return None;
        }
        Some(At { json, file: self.file, pointer: format!("{}/{}", self.pointer, escape(key)) })
    }

    /// The entries of an object, each key once; a finding and nothing when it is something else.
    pub(super) fn entries(&self, findings: &mut Vec<Finding>) -> Vec<(&'a str, At<'a>)> {
        let Json::Object(entries) = self.json else {
            findings.push(self.wrong_type("an object"));
            return Vec::new();
        };
        let mut seen: Vec<(&str, At)> = Vec::with_capacity(entries.len());
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (key, json) in entries {
            let at = At { json, file: self.file, pointer: format!("{}/{}", self.pointer, escape(key)) };
            match places.get(key.as_str()) {
                Some(&earlier) => seen[earlier] = (key, at),
                None => {
                    places.insert(key, seen.len());
                    seen.push((key, at));
                }
            }
        }
        seen
    }

    /// The items of an array; a finding and nothing when it is something else.
    pub(super) fn items(&self, findings: &mut Vec<Finding>) -> Vec<At<'a>> {
        let Json::List(items) = self.json else {
            findings.push(self.wrong_type("an array"));
            return Vec::new();
        };
        let item = |(index, json)| At { json, file: self.file, pointer: format!("{}/{index}", self.pointer) };
        items.iter().enumerate().map(item).collect()
    }

    /// A string; a finding when it is something else.
    pub(super) fn text(&self, findings: &mut Vec<Finding>) -> Option<&'a str> {
        let Json::Text(text) = self.json else {
            findings.push(self.wrong_type("a string"));
            return None;
        };
        Some(text)
    }

    /// A string, or a number as its text (`"101"` and `101` are written alike); a finding when it is something else.
    pub(super) fn text_or_number(&self, findings: &mut Vec<Finding>) -> Option<&'a str> {
        match self.json {
            Json::Text(text) | Json::Number(text) => Some(text),
            _ => {
                findings.push(self.wrong_type("a string or a number"));
                None
            }
        }
    }

    /// True or false; a finding when it is something else.
    pub(super) fn truth(&self, findings: &mut Vec<Finding>) -> Option<bool> {
        let Json::Bool(truth) = self.json else {
            findings.push(self.wrong_type("true or false"));
            return None;
        };
        Some(*truth)
    }

    /// The string under a key, where there is one.
    pub(super) fn text_at(&self, key: &str, findings: &mut Vec<Finding>) -> Option<&'a str> {
        self.key(key)?.text(findings)
    }

    /// The strings of the array under a key, where there is one.
    pub(super) fn texts_at(&self, key: &str, findings: &mut Vec<Finding>) -> Vec<String> {
        let Some(list) = self.key(key) else { return Vec::new() };
        let items = list.items(findings);
        items.iter().filter_map(|item| item.text_or_number(findings)).map(str::to_owned).collect()
    }

    /// True when the key is there and `true`; a finding when it is neither true nor false.
    pub(super) fn truth_at(&self, key: &str, findings: &mut Vec<Finding>) -> bool {
        self.key(key).and_then(|value| value.truth(findings)).unwrap_or(false)
    }

    /// The value under a key that must be there.
    pub(super) fn needed(&self, key: &str, findings: &mut Vec<Finding>) -> Option<At<'a>> {
        let found = self.key(key);
        if found.is_none() && matches!(self.json, Json::Object(_)) {
            findings.push(self.missing(key));
        }
        found
    }

    /// The finding for a key that is not there; the load is refused, for the file may be half-written.
    pub(super) fn missing(&self, key: &str) -> Finding {
        Finding::new(
            "MISSING_FIELD",
            Severity::Error,
            key,
            format!("`{key}` is missing"),
            format!("write `\"{key}\": ...` there; until then the zones stay as they are"),
        )
        .seen_at(self.place())
    }

    /// The finding for a value of another type than wanted.
    pub(super) fn wrong_type(&self, wanted: &str) -> Finding {
        let last = self.pointer.rsplit('/').next().unwrap_or_default();
        Finding::new(
            "WRONG_TYPE",
            Severity::Error,
            if last.is_empty() { "the whole file" } else { last },
            format!("{} stands where {wanted} belongs", self.json.kind()),
            format!("write {wanted}; until then the zones stay as they are"),
        )
        .seen_at(self.place())
    }
}

/// A key as a step of a JSON pointer (RFC 6901 section 3).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Finds every key that stands twice in one object, at any depth.
///
/// Two guests under one key refuse the load, for one of them would vanish unseen; elsewhere the last one counts, as for
/// every other reader of JSON, and a warning says so.
pub(super) fn repeated_keys(file: &Path, json: &Json, findings: &mut Vec<Finding>) {
    let mut rest: Vec<(String, &Json)> = vec![(String::new(), json)];
    while let Some((pointer, json)) = rest.pop() {
        match json {
            Json::List(items) => {
                rest.extend(items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)));
            }
            Json::Object(entries) => {
                let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
                keys.sort_unstable();
                for pair in keys.windows(2).filter(|pair| pair[0] == pair[1]) {
                    findings.push(repeated(file, &pointer, pair[0]));
                }
                rest.extend(entries.iter().map(|(key, value)| (format!("{pointer}/{}", escape(key)), value)));
            }
            _ => {}
        }
    }
}

fn repeated(file: &Path, pointer: &str, key: &str) -> Finding {
    let guests = pointer == "/lxc_configs";
    let severity = if guests { Severity::Error } else { Severity::Warning };
    let remedy = if guests {
        "give each guest an id of its own; until then the zones stay as they are"
    } else {
        "remove all but one; until then the last one counts"
    };
    Finding::new("DUPLICATE_KEY", severity, key, format!("`{key}` stands more than once in one object"), remedy)
        .seen_at(Place::pointer(file, format!("{pointer}/{}", escape(key))))
}
