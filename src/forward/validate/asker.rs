//! Where the keys of a chain come from: the forwarder itself, asked from inside.

use crate::dns::Edns;
use crate::forward::Asking;
use crate::forward::Miss;
use crate::forward::Plan;
use crate::forward::Return;
use crate::forward::Waiter;
use std::future::Future;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Asks for the records that a chain of keys is made of.
pub trait Asker: Send + Sync {
    /// Asks for a name, in wire format, and type, with DO and CD set; gives the whole reply, or none when nobody answered.
    fn ask(&self, name: &[u8], rtype: u16) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>>;
}

/// Asks the forwarder for clients of one horizon: what is cached comes from there, and what others ask for, too, is asked
/// for once.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) asking: Asking,
    pub(super) plan: Arc<Plan>,
    pub(super) horizon: usize,
}

impl Asker for Inside {
    fn ask(&self, name: &[u8], rtype: u16) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>> {
        let (back, reply) = oneshot::channel();
        let mut query = b"\0\0\x01\x10\0\x01\0\0\0\0\0\0".to_vec();
        query.extend(name);
        query.extend(rtype.to_be_bytes());
        query.extend(1u16.to_be_bytes());
        let waiter = Waiter {
            // No client has this address.
            client: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            question_end: query.len(),
            query: query.into_boxed_slice(),
            edns: Some(Edns { udp_size: u16::MAX, version: 0, dnssec_ok: true, cookie: None }),
            cookie: None,
            limit: usize::from(u16::MAX),
            ours: None,
            back: Box::new(Back(back)),
        };
        let miss = Miss {
            plan: Arc::clone(&self.plan),
            horizon: self.horizon,
            name: name.to_ascii_lowercase().into_boxed_slice(),
            rtype,
            dnssec_ok: true,
            checking_disabled: true,
            waiter: Some(waiter),
        };
        // A full queue drops the way back, and the reply is none.
        drop(self.asking.submit(miss));
        Box::pin(async move { reply.await.ok() })
    }
}

/// The way back of a question from inside.
struct Back(oneshot::Sender<Vec<u8>>);

impl Return for Back {
    fn send(self: Box<Self>, reply: &[u8]) {
        // Whoever asked may have given up.
        let _ = self.0.send(reply.to_vec());
    }
}
