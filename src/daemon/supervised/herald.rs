//! What the service manager is told (sd_notify(3)), so that `systemctl status` and those who wait for us know how we are.

use crate::daemon::status::Status;
use sd_notify::NotifyState;

/// Tells the service manager; without one nothing happens.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::daemon) struct Herald {
    heard: bool,
}

impl Herald {
    /// The one that `NOTIFY_SOCKET` names.
    pub(super) fn of_environment() -> Self {
        Herald { heard: std::env::var_os("NOTIFY_SOCKET").is_some() }
    }

    /// Whether there is somebody who hears.
    pub(super) fn is_heard(self) -> bool {
        self.heard
    }

    /// Answers leave, and signals are minded.
    pub(in crate::daemon) fn ready(self, status: &Status) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(&line(status))]);
    }

    /// A reload that was asked for by a signal begins; [`Herald::ready`] ends it.
    pub(in crate::daemon) fn reloading(self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }

    /// What serves, or what stands against the files, has changed.
    pub(in crate::daemon) fn standing(self, status: &Status) {
        self.tell(&[NotifyState::Status(&line(status))]);
    }

    /// No more is taken.
    pub(in crate::daemon) fn stopping(self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("finishing what has been asked")]);
    }

    /// A proof of life.
    pub(super) fn alive(self) {
        self.tell(&[NotifyState::Watchdog]);
    }

    fn tell(self, state: &[NotifyState<'_>]) {
        if self.heard {
            // Who does not listen any more need not be told.
            let _ = sd_notify::notify(state);
        }
    }
}

/// One line on how the server is.
fn line(status: &Status) -> String {
    let addresses: Vec<String> = status.listening.iter().map(ToString::to_string).collect();
    let serving = format!("serving {status} on {}", addresses.join(", "));
    match status.failing.first() {
        None => serving,
        Some(first) => {
            format!("{serving}; the files as they are now do not serve ({}): see `zonectl status`", first.code)
        }
    }
}
