//! `zonectl` from its arguments to its exit code.

use super::acme_challenges::challenges;
use super::acme_explain;
use super::acme_here;
use super::acme_order::order;
use super::acme_status;
use super::acme_token::acme_token;
use super::arguments::Acme;
use super::arguments::Arguments;
use super::arguments::CacheVerb;
use super::arguments::History;
use super::arguments::HorizonVerb;
use super::arguments::Import;
use super::arguments::Look;
use super::arguments::Scope;
use super::arguments::Server;
use super::arguments::Verb;
use super::arguments::Whole;
use super::arguments::Write;
use super::cache;
use super::check::check;
use super::diff::diff;
use super::diff_files::diff_files;
use super::diff_since::diff_since;
use super::doctor;
use super::doctor::doctor;
use super::draft;
use super::editor::edit;
use super::exit::Exit;
use super::exit::Failure;
use super::explain::explain;
use super::flow::flow;
use super::generate::generate;
use super::get::get;
use super::history;
use super::horizon_match::horizon_match;
use super::import_dnsmasq::import_dnsmasq;
use super::man::man;
use super::plan::apply;
use super::plan::import;
use super::plan::plan;
use super::records::records;
use super::reload::reload;
use super::screen::Output;
use super::screen::say;
use super::screen::show;
use super::screen::write;
use super::status::status;
use super::style::BAD;
use super::style::painted;
use super::tail::tail;
use super::top::top;
use clap::Command;
use clap::CommandFactory;
use clap::Parser;
use clap_complete::Shell;
use serde::Serialize;
use std::ffi::OsString;

/// Runs `zonectl` with these arguments, the program's name first.
pub fn zonectl(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    run(&arguments).unwrap_or_else(|failure| {
        if arguments.scope.output == Output::Json {
            let error = failure.lines.join("\n");
            // stderr says the same: a stdout that cannot be written takes nothing away.
            let _ = show(Output::Json, &Refusal { error, exit: failure.exit as u8 }, |_| String::new());
        }
        tell("zonectl", &failure)
    })
}

/// What `-o json` says in place of an answer.
#[derive(Debug, Serialize)]
struct Refusal {
    /// Why there is no answer, one line for each reason.
    error: String,
    /// The exit code.
    exit: u8,
}

/// Prints what clap says. Its own code for wrong usage would mean "changes pending".
pub(super) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Error } else { Exit::Done }
}

/// Says on stderr why nothing was done. The program's name stands before the reason, not before findings, which begin with
/// their place, nor before choices, which are to be copied.
pub(super) fn tell(program: &str, failure: &Failure) -> Exit {
    let reason = failure.lines.iter().rposition(|line| !line.starts_with("  "));
    for (at, line) in failure.lines.iter().enumerate() {
        match Some(at) == reason {
            true => say(&format!("{}: {line}", painted(BAD, program))),
            false => say(line),
        }
    }
    failure.exit
}

fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let scope = &arguments.scope;
    match &arguments.verb {
        Verb::Look(verb) => look(scope, verb),
        Verb::Write(Write::Records(verb)) => records(scope, verb),
        Verb::Write(Write::Whole(verb)) => whole(scope, verb),
        Verb::Write(Write::History(verb)) => history(scope, verb),
    }
}

fn look(scope: &Scope, verb: &Look) -> Result<Exit, Failure> {
    match verb {
        Look::Check => check(scope),
        Look::Generate { plan, force } => generate(scope, *plan, *force),
        Look::Get { name, rtype } => get(scope, name, rtype.as_deref()),
        Look::Explain { name, rtype, from } => explain(scope, name, rtype, *from),
        Look::Horizon { verb: HorizonVerb::Match { address } } => horizon_match(scope, *address),
        Look::Diff { left: Some(left), right: Some(right), .. } => diff(scope, left, right),
        Look::Diff { files: true, zone, .. } => diff_files(scope, zone.as_deref()),
        Look::Diff { since: Some(since), zone, .. } => diff_since(scope, *since, zone.as_deref()),
        Look::Diff { zone: Some(_), .. } => {
            Err(Failure::new(Exit::Error, "`--zone` narrows `--files` or `--since`: add one of them"))
        }
        Look::Diff { .. } => draft::draft_diff(scope),
        Look::Flow { name, format, out, actual } => flow(scope, name.as_deref(), *format, out.as_deref(), *actual),
        Look::Cache { verb: CacheVerb::Show { name, below, rtype, limit } } => {
            cache::show_entries(scope, name.as_deref(), *below, rtype.as_deref(), *limit)
        }
        Look::Cache { verb: CacheVerb::Flush { name, below, all: _ } } => cache::flush(scope, name.as_deref(), *below),
        Look::Cache { verb: CacheVerb::Stats } => cache::stats(scope),
        Look::Acme { verb } => acme(scope, verb),
        Look::Doctor { hosts, resolv, root, here } => {
            doctor(scope, doctor::Files { hosts, resolv, roots: root, here: *here })
        }
        Look::Reload { wait } => reload(scope, *wait),
        Look::Status => status(scope),
        Look::Top { interval, count } => top(scope, *interval, *count),
        Look::Tail { client, name, rcode } => tail(scope, client.as_deref(), name.as_deref(), rcode.as_deref()),
        Look::Completions { shell } => completions(*shell, Arguments::command()),
        Look::Man { out } => man(out.as_deref()),
    }
}

/// Writes the completion script of a program to stdout.
pub(super) fn completions(shell: Shell, mut command: Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

fn acme(scope: &Scope, verb: &Acme) -> Result<Exit, Failure> {
    match verb {
        Acme::Challenges => challenges(scope),
        Acme::Token { verb } => acme_token(scope, verb),
        Acme::Status { name } => acme_status::status(scope, name.as_deref()),
        Acme::Check { names, all, here: true, dns, .. } => acme_here::here(scope, names, *all, dns.as_deref()),
        Acme::Check { names, asker, .. } => acme_status::check(scope, names, *asker),
        Acme::Explain { name } => acme_explain::explain(scope, name),
        Acme::Ack { name } => acme_status::ack(scope, name),
        Acme::Order { name, challenge, canary, out } => order(scope, name, *challenge, *canary, out.as_deref()),
    }
}

fn whole(scope: &Scope, verb: &Whole) -> Result<Exit, Failure> {
    match verb {
        Whole::Edit { zone, making } => edit(scope, zone, making),
        Whole::Plan { file, out } => plan(scope, file, out.as_deref()),
        Whole::Apply { plan, file, making } => apply(scope, plan.as_deref(), file.as_deref(), making),
        Whole::Import(verb) => imported(scope, verb),
        Whole::Export { zone, at, out } => history::export(scope, zone, *at, out.as_deref()),
        Whole::Begin => draft::begin(scope),
        Whole::Commit { making } => draft::commit(scope, making),
        Whole::Abort => draft::abort(scope),
    }
}

fn imported(scope: &Scope, verb: &Import) -> Result<Exit, Failure> {
    match (&verb.server, &verb.file) {
        (Some(Server::Dnsmasq(verb)), _) => import_dnsmasq(scope, verb),
        (None, Some(file)) => import(scope, file, verb.zone.as_deref(), &verb.making),
        (None, None) => Err(Failure::new(Exit::Error, "import what? name a zone file, or `dnsmasq` and its files")),
    }
}

fn history(scope: &Scope, verb: &History) -> Result<Exit, Failure> {
    match verb {
        History::Confirm { id } => history::confirm(scope, *id),
        History::Log { zone, since } => history::log(scope, zone.as_deref(), *since),
        History::Undo { id, making } => history::undo(scope, *id, making),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of arguments holds together: clap checks names, conflicts and defaults.
    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
