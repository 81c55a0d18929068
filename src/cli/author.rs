//! Who types: the history of changes keeps it.

use crate::control::Author;
use crate::files;
use std::env;

/// The person behind `sudo`, else the user of this process, and the machine's name.
pub(super) fn author() -> Author {
    let named = |variable: &str| env::var(variable).ok().filter(|name| !name.is_empty());
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(named);
    let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    let host = files::read_text("/proc/sys/kernel/hostname", LONGEST_NAME).unwrap_or_default();
    let host = host.trim();
    Author { user, host: if host.is_empty() { "localhost".to_owned() } else { host.to_owned() } }
}

/// Octets of a machine's name.
const LONGEST_NAME: u64 = 256;
