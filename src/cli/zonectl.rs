//! `zonectl` from its arguments to its exit code.

use super::arguments::Arguments;
use super::arguments::HorizonVerb;
use super::arguments::Verb;
use super::check::check;
use super::diff::diff;
use super::exit::Exit;
use super::exit::Failure;
use super::explain::explain;
use super::generate::generate;
use super::get::get;
use super::horizon_match::horizon_match;
use super::reload::reload;
use super::screen::say;
use super::screen::write;
use super::status::status;
use super::style::BAD;
use super::style::painted;
use clap::CommandFactory;
use clap::Parser;
use std::ffi::OsString;

/// Runs `zonectl` with these arguments, the program's name first.
pub fn zonectl(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let outcome = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => run(&arguments),
        Err(error) => return usage(&error),
    };
    outcome.unwrap_or_else(|failure| tell("zonectl", &failure))
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
