//! The ways from the transports to the forwarder and to the desk that knows the keys, each of which may be there or not, and
//! may come while they serve.

use crate::forward::Forwarder;
use crate::forward::Miss;
use crate::forward::Return;
use crate::query::Signed;
use crate::query::Transport;
use crate::update::Desk;
use arc_swap::ArcSwapOption;
use std::net::IpAddr;
use std::sync::Arc;

/// Where questions go that no zone and no cache answers, and messages that are signed.
#[derive(Debug, Default)]
pub(super) struct Onward {
    forwarder: ArcSwapOption<Forwarder>,
    desk: ArcSwapOption<Desk>,
}

impl Onward {
    /// From now on questions go to this forwarder.
    pub(super) fn lead_to(&self, forwarder: Arc<Forwarder>) {
        self.forwarder.store(Some(forwarder));
    }

    /// Hands a question over. False when nobody takes it: there is no forwarder, it has stopped, or too much waits there;
    /// then its client must be answered here.
    pub(super) fn submit(&self, miss: Miss) -> bool {
        self.forwarder.load().as_ref().is_some_and(|forwarder| forwarder.submit(miss).is_ok())
    }

    /// As [`Onward::submit`] for one of several, behind the last of which [`Onward::begin`] is to be called.
    pub(super) fn lay(&self, miss: Miss) -> bool {
        self.forwarder.load().as_ref().is_some_and(|forwarder| forwarder.lay(miss).is_ok())
    }

    /// Sees to as many misses as were laid: [`Forwarder::begin`].
    pub(super) fn begin(&self, laid: usize) {
        if let Some(forwarder) = self.forwarder.load().as_ref() {
            forwarder.begin(laid);
        }
    }

    /// From now on signed messages go to this desk.
    pub(super) fn hand_signed_to(&self, desk: Arc<Desk>) {
        self.desk.store(Some(desk));
    }

    /// Hands a signed message over. False when nobody takes it: there is no desk, or too much waits there.
    pub(super) fn submit_signed(
        &self,
        client: IpAddr,
        transport: Transport,
        octets: &[u8],
        back: impl FnOnce() -> Box<dyn Return>,
    ) -> bool {
        let desk = self.desk.load();
        let Some(desk) = desk.as_ref() else { return false };
        let forwarder = self.forwarder.load_full();
        desk.submit(Signed { client, transport, octets: octets.into(), forwarder, back: back() })
    }
}
