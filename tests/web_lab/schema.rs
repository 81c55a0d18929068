//! As much of JSON Schema as the description uses; what it does not know makes the test fail.

use serde_json::Value;

/// What is wrong with `value`, each with its JSON pointer; nothing when it is as `schema` says.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Some(keys) = schema.as_object() else { return vec![format!("{at}: the schema is no object")] };
    let mut faults = Vec::new();
    for (key, said) in keys {
        match key.as_str() {
            "$ref" => {
                let target = said.as_str().and_then(|text| text.strip_prefix('#')).unwrap_or_default();
                match document.pointer(target) {
                    Some(target) => faults.extend(self::faults(document, target, value, at)),
                    None => faults.push(format!("{at}: {said} leads nowhere")),
                }
            }
            "type" => {
                let words: Vec<&str> = match said {
                    Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
                    word => word.as_str().into_iter().collect(),
                };
                if !words.iter().any(|word| is(word, value)) {
                    faults.push(format!("{at}: {value} is no {said}"));
                }
            }
            "enum" if !said.as_array().is_some_and(|words| words.contains(value)) => {
                faults.push(format!("{at}: {value} is none of {said}"));
            }
            "required" => {
                let missing = said.as_array().into_iter().flatten().filter_map(Value::as_str);
                let missing = missing.filter(|key| value.is_object() && value.get(key).is_none());
                faults.extend(missing.map(|key| format!("{at}: `{key}` is missing")));
            }
            "properties" => {
                for (name, of_property) in said.as_object().into_iter().flatten() {
                    if let Some(inner) = value.get(name) {
                        faults.extend(self::faults(document, of_property, inner, &format!("{at}/{name}")));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let further = value.as_object().into_iter().flatten();
                for (name, inner) in further.filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name))) {
                    let at = format!("{at}/{name}");
                    match said {
                        Value::Bool(false) => faults.push(format!("{at}: is not described")),
                        said => faults.extend(self::faults(document, said, inner, &at)),
                    }
                }
            }
            "items" => {
                for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
                    faults.extend(self::faults(document, said, inner, &format!("{at}/{place}")));
                }
            }
            "enum" | "description" => {}
            other => faults.push(format!("{at}: the schema has a key that is not known here: {other}")),
        }
    }
    faults
}

fn is(word: &str, value: &Value) -> bool {
    match word {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}
