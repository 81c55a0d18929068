//! The directory of a CA (RFC 8555 section 7.1.1), and what else may come from where it should be.

use super::super::dial::Fetched;
use super::super::leaf::printable;
use super::super::reach::Problem;
use super::{CaPlace, CaReport, trouble};
use http::Uri;
use serde_json::Value;

/// What a client cannot do without.
const NEEDED: [&str; 3] = ["newNonce", "newAccount", "newOrder"];
/// `caaIdentities` that are kept.
const MOST_IDENTITIES: usize = 16;

/// Judges what came from the directory's URL.
pub(super) fn judge_directory(place: &CaPlace, fetched: &Fetched, report: &mut CaReport) {
    match read(place, fetched) {
        Err(problem) => report.add(problem),
        Ok(directory) => {
            report.directory = true;
            for key in NEEDED {
                let url = directory.get(key).and_then(Value::as_str).unwrap_or_default();
                if let Some(host) = elsewhere(place, url) {
                    report.add(trouble::link_host(place, key, &host));
                    break;
                }
            }
            let meta = directory.get("meta");
            let eab = meta.and_then(|meta| meta.get("externalAccountRequired")).and_then(Value::as_bool);
            report.external_account = Some(eab.unwrap_or_default());
            if eab == Some(true) {
                report.add(trouble::external_account(place));
            }
            let caa = meta.and_then(|meta| meta.get("caaIdentities")).and_then(Value::as_array);
            let caa = caa.into_iter().flatten().filter_map(Value::as_str).take(MOST_IDENTITIES);
            report.caa = caa.map(printable).collect();
        }
    }
}

fn read(place: &CaPlace, fetched: &Fetched) -> Result<Value, Problem> {
    let begin: String = printable(&String::from_utf8_lossy(&fetched.body[..fetched.body.len().min(80)]));
    let bad = |said: String| trouble::directory(place, said);
    if (300..400).contains(&fetched.status) {
        let to = fetched.header("location").unwrap_or_default();
        return Err(bad(format!(
            "it answers {} and sends clients on to `{to}`, which is not followed",
            fetched.status
        )));
    }
    let json: Option<Value> = serde_json::from_slice(&fetched.body).ok();
    let message = || json.as_ref().and_then(|json| json.get("message").or_else(|| json.get("detail")));
    if fetched.status != 200 {
        // step-ca: {"type":"notFound",..,"message":"provisioner nope not found"}
        if let (Some(name), Some(said)) = (place.provisioner(), message().and_then(Value::as_str))
            && said.contains("provisioner")
        {
            return Err(trouble::provisioner(place, &name, &[]));
        }
        return Err(bad(format!("it answers {}: {begin}", fetched.status)));
    }
    let is_html = begin.trim_start().to_ascii_lowercase().starts_with("<!doctype html")
        || begin.trim_start().starts_with("<html");
    match json {
        _ if !fetched.whole => Err(bad(format!("it answers with more than {} octets: {begin}", fetched.body.len()))),
        _ if is_html => Err(bad(format!("it answers with a web page: {begin}"))),
        None => Err(bad(format!("it answers with what is no JSON: {begin}"))),
        Some(json) => {
            let missing = NEEDED.iter().find(|key| json.get(**key).and_then(Value::as_str).is_none());
            match missing {
                Some(key) => Err(bad(format!("`{key}` is missing in it (RFC 8555 section 7.1.1)"))),
                None => Ok(json),
            }
        }
    }
}

/// The host of a link when it is not the directory's.
fn elsewhere(place: &CaPlace, url: &str) -> Option<String> {
    let Ok(link) = url.parse::<Uri>() else { return Some(printable(url)) };
    let port = link.port_u16().unwrap_or(443);
    let host = link.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let same = link.scheme_str() == Some("https") && host.eq_ignore_ascii_case(&place.host) && port == place.port;
    (!same).then(|| {
        let scheme = link.scheme_str().filter(|scheme| *scheme != "https");
        printable(&format!("{}{host}:{port}", scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default()))
    })
}
