//! What the program was started with by its service manager.

use super::herald::Herald;
use super::keeper::Keeper;
use crate::finding::{Finding, Severity};
use crate::transport::Inherited;
use std::net::SocketAddr;
use std::time::Duration;

/// The service manager that has started this program, as far as there is one.
#[derive(Debug, Default)]
pub struct Supervisor {
    pub(in crate::daemon) inherited: Inherited,
    pub(in crate::daemon) herald: Herald,
    /// How often it wants a proof of life (WatchdogSec=); none when it wants none.
    pub(in crate::daemon) watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment speaks of (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)). To be called once,
    /// before there are other threads.
    pub fn of_environment() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|period| !period.is_zero());
        Supervisor { inherited: Inherited::of_environment(), herald: Herald::of_environment(), watchdog }
    }

    /// What keeps the sockets, which knows what is kept already.
    pub(in crate::daemon) fn keeper(&self) -> Keeper {
        Keeper::new(self.herald, self.inherited.names())
    }

    /// Sockets that came along and that nobody reads.
    pub(in crate::daemon) fn findings(&self, listen: &[SocketAddr]) -> Vec<Finding> {
        let lent = self.inherited.unwanted(listen).into_iter().filter(|(.., lent)| *lent);
        let unread = lent.map(|(address, protocol, _)| {
            let what = format!(
                "the service manager opens this address for us ({protocol}), and `listen` of [server] does not have it: \
                 what is sent there is never read"
            );
            let remedy = "write it into `listen` of [server], or take it out of the socket unit";
            Finding::new("SOCKET_NOT_LISTENED", Severity::Warning, address.to_string(), what, remedy)
        });
        let strange = (self.inherited.strange() > 0).then(|| {
            let what =
                format!("{} of the sockets are neither UDP nor TCP; they are not used", self.inherited.strange());
            let remedy = "write only ListenDatagram= and ListenStream= with addresses into the socket unit";
            Finding::new("SOCKET_STRANGE", Severity::Warning, "the service manager", what, remedy)
        });
        unread.chain(strange).collect()
    }
}
