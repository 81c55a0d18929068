//! Questions at the terminal.

use super::style::HEAD;
use super::style::painted;
use std::io;
use std::io::BufRead;
use std::io::IsTerminal;
use std::io::Write;

/// True when somebody sits there who can be asked.
pub(super) fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on stderr and reads a line, in lower case and without blanks; none when there is no line any more.
pub(super) fn ask(question: &str) -> Option<String> {
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{} ", painted(HEAD, question));
    let _ = stderr.flush();
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim().to_lowercase()),
    }
}

/// True when the answer is yes.
pub(super) fn yes(question: &str) -> bool {
    matches!(ask(&format!("{question} [y/N]")).as_deref(), Some("y" | "yes"))
}
