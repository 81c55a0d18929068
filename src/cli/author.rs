//! Who types: the history of changes keeps it.

use crate::control::Author;
use crate::files;
use std::env;

/// The person behind `sudo`, else the user of this process, and the machine's name.
pub(super) fn author() -> Author {
    let named = |variable: &str| env::var(variable).ok().filter(|name| !name.is_empty());
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(named);
    let user = user.unwrap_or_else(|| {
        let uid = rustix::process::getuid().as_raw();
        let known = files::read_text("/etc/passwd", LARGEST_LIST).ok().and_then(|list| name_of(&list, uid));
        known.unwrap_or_else(|| format!("uid {uid}"))
    });
    let host = files::read_text("/proc/sys/kernel/hostname", LONGEST_NAME).unwrap_or_default();
    let host = host.trim();
    Author { user, host: if host.is_empty() { "localhost".to_owned() } else { host.to_owned() } }
}

/// The name of a user in a list of the form of `/etc/passwd`.
fn name_of(list: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let line = list.lines().find(|line| line.split(':').nth(2) == Some(&uid))?;
    line.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Octets of a machine's name.
const LONGEST_NAME: u64 = 256;
/// Octets of `/etc/passwd`.
const LARGEST_LIST: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A cron job has no `USER`; its name is looked up.
    #[test]
    fn users_have_names() {
        let list = "root:x:0:0:root:/root:/bin/bash\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_of(list, 1000).as_deref(), Some("ana"));
        assert_eq!(name_of(list, 0).as_deref(), Some("root"));
        assert_eq!(name_of(list, 100), None);
    }
}
