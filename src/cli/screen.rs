//! Writing: data to stdout as text or JSON, talk to stderr. A reader that goes away early is no error.

use super::exit::Exit;
use super::exit::Failure;
use super::style::DIM;
use super::style::painted;
use clap::ValueEnum;
use serde::Serialize;
use std::io;
use std::io::Write;

/// The form of the data on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Output {
    /// Aligned columns for people; may change.
    #[default]
    Text,
    /// The same with further columns.
    Wide,
    /// JSON for programs; fields are only ever added.
    Json,
}

/// Writes an answer: as JSON, or as the text that `text` makes of it.
pub(super) fn show<T: Serialize>(output: Output, answer: &T, text: impl FnOnce(&T) -> String) -> Result<(), Failure> {
    let text = match output {
        Output::Json => match serde_json::to_string_pretty(answer) {
            Ok(json) => json + "\n",
            Err(error) => return Err(Failure::new(Exit::Error, format!("the answer has no JSON form: {error}"))),
        },
        Output::Text | Output::Wide => text(answer),
    };
    write(&text).map(drop)
}

/// Writes to stdout; false when nobody reads it any more, which is no error. Colours are left out where no terminal shows
/// them or `NO_COLOR` is set.
pub(super) fn write(text: &str) -> Result<bool, Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(Exit::Error, format!("cannot write to stdout: {error}"))),
    }
}

/// Says a line on stderr; nobody may be listening.
pub(super) fn say(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Says what could be done next.
pub(super) fn hint(line: &str) {
    say(&painted(DIM, &format!("hint: {line}")));
}
