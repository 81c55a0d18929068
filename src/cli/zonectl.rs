//! `zonectl` from its arguments to its exit code.

use super::arguments::Arguments;
use super::arguments::HorizonVerb;
use super::arguments::Verb;
use super::check::check;
use super::diff::diff;
use super::exit::Exit;
use super::exit::Failure;
use super::explain::explain;
use super::flow::flow;
use super::generate::generate;
use super::get::get;
use super::horizon_match::horizon_match;
use super::reload::reload;
use super::screen::Output;
use super::screen::say;
use super::screen::show;
use super::screen::write;
use super::status::status;
use super::style::BAD;
use super::style::painted;
use clap::CommandFactory;
use clap::Parser;
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

/// Says on stderr why nothing was done.
pub(super) fn tell(program: &str, failure: &Failure) -> Exit {
    for line in &failure.lines {
        say(&format!("{}: {line}", painted(BAD, program)));
    }
    failure.exit
}

fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let scope = &arguments.scope;
    match &arguments.verb {
        Verb::Check => check(scope),
        Verb::Generate { plan, force } => generate(scope, *plan, *force),
        Verb::Get { name, rtype } => get(scope, name, rtype.as_deref()),
        Verb::Explain { name, rtype, from } => explain(scope, name, rtype, *from),
        Verb::Horizon { verb: HorizonVerb::Match { address } } => horizon_match(scope, *address),
        Verb::Diff { left, right } => diff(scope, left, right),
        Verb::Flow { name, format, out, actual } => flow(scope, name.as_deref(), *format, out.as_deref(), *actual),
        Verb::Reload { wait } => reload(scope, *wait),
        Verb::Status => status(scope),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "zonectl", &mut script);
            write(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Done)
        }
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
