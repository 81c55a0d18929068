//! Gives our sockets to the service manager, which has them ready for the next process (FDSTORE of
//! sd_pid_notify_with_fds(3)): neither a restart nor a crash closes an address.

use super::herald::Herald;
use crate::transport::{Keepsake, Listeners};
use sd_notify::NotifyState;
use std::collections::BTreeMap;

/// Knows what the service manager keeps.
#[derive(Debug)]
pub(in crate::daemon) struct Keeper {
    herald: Herald,
    /// How many sockets there are under each name; none where that is not known.
    kept: BTreeMap<String, Option<usize>>,
}

/// In one message; SCM_MAX_FD of the kernel is 253.
const SOCKETS: usize = 200;

impl Keeper {
    /// `names` are those under which sockets came back.
    pub(super) fn new(herald: Herald, names: Vec<String>) -> Self {
        Keeper { herald, kept: names.into_iter().map(|name| (name, None)).collect() }
    }

    /// Brings what is kept to what is listened on. Where nobody keeps anything nothing is done.
    pub(in crate::daemon) fn follow(&mut self, listeners: &mut Listeners) {
        if !self.herald.is_heard() {
            return;
        }
        let keepsakes = listeners.keepsakes();
        let wanted = |name: &str| keepsakes.iter().find(|keepsake| keepsake.name == name);
        self.kept.retain(|name, count| {
            let lasts = wanted(name).is_some_and(|keepsake| count.is_none_or(|count| count <= keepsake.sockets.len()));
            if !lasts {
                let _ = sd_notify::notify(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
            }
            lasts
        });
        for keepsake in &keepsakes {
            if self.kept.get(&keepsake.name) != Some(&Some(keepsake.sockets.len())) {
                give(keepsake);
                self.kept.insert(keepsake.name.clone(), Some(keepsake.sockets.len()));
            }
        }
    }
}

/// Sockets that are kept already are known again and not kept twice. An error of one of them is no reason to let go of it,
/// hence FDPOLL=0.
fn give(keepsake: &Keepsake<'_>) {
    for sockets in keepsake.sockets.chunks(SOCKETS) {
        let state = [NotifyState::FdStore, NotifyState::FdName(&keepsake.name), NotifyState::Custom("FDPOLL=0")];
        if let Err(error) = sd_notify::notify_with_fds(&state, sockets) {
            tracing::warn!("the service manager does not take {}: {error}; a restart may lose queries", keepsake.name);
        }
    }
}
