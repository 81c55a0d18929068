//! Exit codes: scripts rely on them.

use std::process::ExitCode;

/// How a program of ours ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// What was asked is done.
    Done = 0,
    /// It could not be done; wrong arguments count.
    Error = 1,
    /// `plan`, `--dry-run` or `generate --plan` found changes that are not made yet.
    Pending = 2,
    /// A check failed: something in the files is an error, also where the rest may go live; or a change would make it so.
    CheckFailed = 3,
    /// Somebody else changed the same thing meanwhile.
    Conflict = 4,
    /// A change is too large to be made without `--force`.
    Brake = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why nothing is shown: lines for stderr, and how the program ends.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) lines: Vec<String>,
    /// The code of the refusal that it was.
    pub(super) code: Option<String>,
}

impl Failure {
    pub(super) fn new(exit: Exit, line: impl Into<String>) -> Self {
        Failure { exit, lines: vec![line.into()], code: None }
    }
}
