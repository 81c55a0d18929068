//! `reload`: have the server read everything again.

use super::arguments::Scope;
use super::check::line;
use super::check::many;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::ask;
use crate::control::Request;
use crate::finding::Finding;
use serde::Deserialize;
use serde::Serialize;

/// What `reload -o json` says; without `--wait` only that it was ordered.
#[derive(Debug, Serialize, Deserialize)]
struct ReloadAnswer {
    ordered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<Finding>>,
}

/// Orders a reload and, when told so, waits for what comes of it.
pub(super) fn reload(scope: &Scope, wait: bool) -> Result<Exit, Failure> {
    let answer: ReloadAnswer = ask(scope, &Request::Reload { wait })?;
    show(scope.output, &answer, text)?;
    match answer.live {
        None => {
            hint("`zonectl status` says what came of it; with `--wait` this command does");
            Ok(Exit::Done)
        }
        Some(true) => {
            let changed = answer.changed.unwrap_or_default().len();
            let what =
                if changed == 0 { "nothing changed".to_owned() } else { format!("{} changed", many(changed, "zone")) };
            say(&format!("the files are what is served now; {what}"));
            Ok(Exit::Done)
        }
        Some(false) => {
            let what = match answer.changed.as_deref() {
                // Generation alone failed: what stands in the zone files is live.
                Some([_, ..]) => "not all that the files say is served",
                _ => "refused: the state before serves on",
            };
            say(&format!("{what}; correct what is named above"));
            Ok(Exit::CheckFailed)
        }
    }
}

fn text(answer: &ReloadAnswer) -> String {
    let findings = answer.findings.iter().flatten().map(line);
    let changed = answer.changed.iter().flatten().map(|zone| format!("changed {zone}\n"));
    findings.chain(changed).collect()
}
