//! Where answers come from: the server that runs, or the files it would read.

use super::arguments::Scope;
use super::check::line;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::say;
use crate::config;
use crate::control;
use crate::control::AskError;
use crate::control::Errand;
use crate::control::Published;
use crate::control::Request;
use crate::control::TokenStep;
use crate::daemon;
use crate::daemon::Source;
use crate::finding::Finding;
use crate::plugin::acme::Tokens;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Once;
use std::time::Duration;

/// For answers that only look.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// For a reload or a change, which may compile millions of records.
const RELOAD_PATIENCE: Duration = Duration::from_secs(600);

/// Gets an answer from the server, or from the files when none runs.
pub(super) fn answer<T: DeserializeOwned>(scope: &Scope, request: &Request) -> Result<T, Failure> {
    if !scope.offline {
        let socket = socket(scope)?;
        match control::ask(&socket, request, PATIENCE) {
            Ok(answer) => return Ok(answer),
            Err(AskError::NoServer { path }) if scope.socket.is_none() => {
                say(&format!("no server at {}: the answer comes from the files", path.display()));
            }
            Err(error) => return Err(refused(error)),
        }
    }
    let value = control::answer(request, &load(scope)?).map_err(|refusal| refused(AskError::Refused(refusal)))?;
    serde_json::from_value(value).map_err(|error| Failure::new(Exit::Error, format!("the answer is broken: {error}")))
}

/// Gets an answer that only the server has.
pub(super) fn ask<T: DeserializeOwned>(scope: &Scope, request: &Request) -> Result<T, Failure> {
    if scope.offline {
        return Err(Failure::new(Exit::Error, "only the server can answer this; leave out `--offline`"));
    }
    let patience =
        if matches!(request, Request::Reload { .. } | Request::AcmeOrder { .. }) { RELOAD_PATIENCE } else { PATIENCE };
    control::ask(&socket(scope)?, request, patience).map_err(refused)
}

/// The socket of the server that is meant, for those who speak to it themselves.
pub(super) fn socket_of_server(scope: &Scope) -> Result<PathBuf, Failure> {
    if scope.offline {
        return Err(Failure::new(Exit::Error, "only the server can answer this; leave out `--offline`"));
    }
    socket(scope)
}

/// Has an errand run by the server, or on the files when none runs.
pub(super) fn errand<T: DeserializeOwned>(scope: &Scope, errand: Errand) -> Result<T, Failure> {
    let request = Request::Errand(errand.clone());
    if !scope.offline {
        match control::ask(&socket(scope)?, &request, RELOAD_PATIENCE) {
            Ok(answer) => return Ok(answer),
            Err(AskError::NoServer { path }) if scope.socket.is_none() => {
                // One command may have several errands.
                static SAID: Once = Once::new();
                SAID.call_once(|| say(&format!("no server at {}: this works on the files alone", path.display())));
            }
            Err(error) => return Err(refused(error)),
        }
    }
    let source = Source::of(config_file(scope)?);
    let value = daemon::offline(&source, errand).map_err(|refusal| refused(AskError::Refused(refusal)))?;
    serde_json::from_value(value).map_err(|error| Failure::new(Exit::Error, format!("the answer is broken: {error}")))
}

/// Has a step about tokens done by the server, or on their file when none runs.
pub(super) fn token<T: DeserializeOwned>(scope: &Scope, step: &TokenStep) -> Result<T, Failure> {
    if !scope.offline {
        match control::ask(&socket(scope)?, &Request::AcmeTokens(step.clone()), PATIENCE) {
            Ok(answer) => return Ok(answer),
            Err(AskError::NoServer { path }) if scope.socket.is_none() => {
                static SAID: Once = Once::new();
                SAID.call_once(|| say(&format!("no server at {}: this works on the files alone", path.display())));
            }
            Err(error) => return Err(refused(error)),
        }
    }
    let published = load(scope)?;
    let settings = &published.snapshot.settings;
    let tokens =
        Tokens::open(&settings.acme.state).map_err(|finding| Failure::new(Exit::Error, finding.to_string()))?;
    let scheme = if settings.acme.certificate.is_some() { "https" } else { "http" };
    let http = settings.acme.listen.iter().map(|address| format!("{scheme}://{address}")).collect();
    let value = control::tokens(step, &tokens, &published, &settings.server.listen, http)
        .map_err(|refusal| refused(AskError::Refused(refusal)))?;
    serde_json::from_value(value).map_err(|error| Failure::new(Exit::Error, format!("the answer is broken: {error}")))
}

/// Runs the load that the server would run; what generation would write counts as written.
fn load(scope: &Scope) -> Result<Published, Failure> {
    let candidate = daemon::candidate(&Source::of(config_file(scope)?), None).map_err(|failure| {
        let mut lines: Vec<_> = failure.findings.iter().map(ToString::to_string).collect();
        lines.push("the files cannot be loaded: see above".to_owned());
        Failure { exit: Exit::CheckFailed, lines, code: None }
    })?;
    candidate.withheld.iter().map(Finding::to_string).for_each(|line| say(&line));
    let files = candidate.plan.files.into_iter();
    Ok(Published {
        snapshot: Arc::clone(&candidate.published.snapshot),
        zones: candidate.published.zones.clone(),
        findings: candidate.findings,
        unwritten: files.filter_map(|change| Some((change.path, change.after?))).collect(),
        acme: Arc::clone(&candidate.published.acme),
        inventory: candidate.published.inventory.clone(),
    })
}

/// The config file that is meant.
pub(super) fn config_file(scope: &Scope) -> Result<PathBuf, Failure> {
    if scope.socket.is_some() {
        return Err(Failure::new(
            Exit::Error,
            "this needs the files: name them with `--config` in the place of `--socket`",
        ));
    }
    config::find(scope.config.as_deref()).map_err(|error| Failure::new(Exit::Error, error.to_string()))
}

/// The socket that is meant. A broken config file may still name it: the server serves on what it was before. Without any
/// config file, a server may be at the usual place.
fn socket(scope: &Scope) -> Result<PathBuf, Failure> {
    let usual = Path::new(config::DEFAULT_CONTROL);
    match (&scope.socket, config_file(scope)) {
        (Some(socket), _) => Ok(socket.clone()),
        (None, Ok(config)) => {
            if let Err(error) = File::open(&config) {
                say(&format!(
                    "{}: cannot be read: {error}; the server is looked for at the usual place",
                    config.display()
                ));
            }
            Ok(config::control_socket(config))
        }
        (None, Err(_)) if usual.exists() => Ok(usual.to_path_buf()),
        (None, Err(failure)) => Err(failure),
    }
}

pub(super) fn refused(error: AskError) -> Failure {
    let mut lines = Vec::new();
    let mut exit = Exit::Error;
    if let AskError::Refused(refusal) = &error {
        exit = exit_of(&refusal.code);
        lines.extend(refusal.findings.iter().map(|finding| line(finding).trim_end().to_owned()));
    }
    lines.push(error.to_string());
    if let AskError::Refused(refusal) = error {
        lines.extend(refusal.choices.iter().map(|choice| format!("  {choice}")));
        return Failure { exit, lines, code: Some(refusal.code) };
    }
    Failure { exit, lines, code: None }
}

/// How the program ends on a refusal.
fn exit_of(code: &str) -> Exit {
    match code {
        "CONFLICT" | "LOCKED" | "CONDITION_FAILED" | "BASE_MOVED" | "EDIT_CONFLICT" | "EDIT_STALE" | "TOKEN_EXISTS" => {
            Exit::Conflict
        }
        "NOT_ALLOWED_BY_CHECKS" | "NEEDS_YES" | "EDIT_CNAME" | "EDIT_SEVERAL" | "EDIT_SOA" => Exit::CheckFailed,
        "BRAKE" => Exit::Brake,
        _ => Exit::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Refusal;

    /// Scripts tell a conflict, a failed check and the brake from any other error.
    #[test]
    fn refusals_end_with_fixed_codes() {
        let table = [
            ("CONFLICT", 4),
            ("LOCKED", 4),
            ("CONDITION_FAILED", 4),
            ("BASE_MOVED", 4),
            ("EDIT_CONFLICT", 4),
            ("EDIT_CNAME", 3),
            ("NOT_ALLOWED_BY_CHECKS", 3),
            ("NEEDS_YES", 3),
            ("BRAKE", 5),
            ("SEVERAL_HORIZONS", 1),
        ];
        for (code, exit) in table {
            let mut refusal = Refusal::new(code, "what", "do");
            refusal.choices = vec!["internal".to_owned()];
            let failure = refused(AskError::Refused(refusal));
            assert_eq!(failure.exit as u8, exit, "{code}");
            assert_eq!(failure.lines, ["what; do", "  internal"]);
        }
    }
}
