//! Basic credentials (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// User and password; none when there are none, or more than one.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next()?.to_str().ok()?;
    if lines.next().is_some() {
        return None;
    }
    let (scheme, rest) = line.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// The first colon divides; what is no such line is no credential.
    #[test]
    fn credentials_are_read_or_are_none() {
        let line = |text: &str| HeaderValue::from_str(text).unwrap();
        type Row<'a> = (&'a [&'a str], Option<(&'a str, &'a str)>);
        let table: [Row<'_>; 8] = [
            (&["Basic YTpiOmM="], Some(("a", "b:c"))),
            (&["basic YTo="], Some(("a", ""))),
            (&[], None),
            (&["Basic"], None),
            (&["Basic YQ=="], None),
            (&["Basic !!!!"], None),
            (&["Bearer YTpi"], None),
            (&["Basic YTpi", "Basic YTpi"], None),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for text in lines {
                headers.append(AUTHORIZATION, line(text));
            }
            let expected = expected.map(|(user, password)| (user.to_owned(), password.to_owned()));
            assert_eq!(basic(&headers), expected, "{lines:?}");
        }
    }
}
