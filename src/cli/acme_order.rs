//! `acme order`: a rehearsal of an order at the CA, or a whole one whose certificate nobody keeps.

use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::screen::hint;
use super::screen::say;
use super::screen::show;
use super::seat::ask;
use super::style::BAD;
use super::style::DIM;
use super::style::GOOD;
use super::style::HEAD;
use super::style::painted;
use super::table::Table;
use crate::config::Challenge;
use crate::control::Request;
use crate::files;
use crate::plugin::acme::order::Order;
use crate::plugin::acme::order::OrderReport;
use anstyle::Style;
use std::path::Path;

/// Has the server order.
pub(super) fn order(
    scope: &Scope,
    name: &str,
    challenge: Option<Challenge>,
    canary: bool,
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    let wanted = Order { name: name.to_owned(), challenge, canary, keep: out.is_some() };
    let mut report: OrderReport = ask(scope, &Request::AcmeOrder { order: wanted })?;
    // What is kept goes into files, and nowhere else.
    if let (Some(folder), Some((chain, key))) = (out, report.pem.take()) {
        keep(folder, &report.name, &chain, &key)?;
    }
    show(scope.output, &report, text)?;
    if !report.problems.is_empty() {
        return Ok(Exit::CheckFailed);
    }
    if !canary && challenge.is_none() {
        hint("`--challenge http-01` also shows where the CA goes; `--canary` goes all the way by dns-01");
    }
    Ok(Exit::Done)
}

fn keep(folder: &Path, name: &str, chain: &str, key: &str) -> Result<(), Failure> {
    let failed = |error: files::FileError| Failure::new(Exit::Error, error.to_string());
    // A name of a wildcard is no name of a file that people like.
    let name = name.replace('*', "_");
    let (certificate, private) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
    files::create_folder(folder).map_err(failed)?;
    files::replace_private(&private, key.as_bytes()).map_err(failed)?;
    files::replace(&certificate, chain.as_bytes()).map_err(failed)?;
    say(&format!("{} and {} written", certificate.display(), private.display()));
    Ok(())
}

fn text(report: &OrderReport) -> String {
    let mut table = Table::new(&["STEP", "SEEN"]).up_to(100);
    for step in &report.steps {
        table.row([(HEAD, step.step.clone()), (Style::new(), step.seen.clone())]);
    }
    let mut text = if table.is_empty() { String::new() } else { table.text() };
    if let Some(leaf) = &report.certificate {
        let chained = report.chain == Some(true);
        let word = painted(if chained { GOOD } else { BAD }, if chained { "trusted" } else { "not trusted" });
        text.push_str(&format!("certificate for {}, {word}, by {}\n", leaf.names.join(", "), leaf.issuer));
    }
    for problem in &report.problems {
        let detail = if problem.detail.is_empty() { String::new() } else { format!(" ({})", problem.detail) };
        text.push_str(&format!("{} {}{detail}\n", painted(BAD, &problem.code), problem.summary));
        text.push_str(&format!("  {}\n", painted(DIM, &problem.remedy.to_string())));
    }
    text
}
