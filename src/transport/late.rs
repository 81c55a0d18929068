//! Replies of one TCP connection that come later than its other ones: from an upstream, in any order (RFC 7766 section
//! 6.2.1.1), and no longer wanted when the connection is gone.

use super::quota::Budget;
use super::quota::Held;
use crate::dns::{PADDING_BLOCK, pad};
use crate::forward::Return;
use crate::query::Begun;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::unbounded_channel;

/// What the connection waits for.
#[derive(Debug)]
pub(super) struct LateReplies {
    budget: Arc<Budget>,
    /// None before the first question that is forwarded: most connections have none. It holds no more replies than are
    /// outstanding.
    channel: Option<(UnboundedSender<Late>, UnboundedReceiver<Late>)>,
    outstanding: usize,
}

/// What became of one question.
#[derive(Debug)]
pub(super) enum Late {
    /// Its reply, within the budget of all connections, and how it is counted.
    Reply(Held, Counted),
    /// Its reply, for which the budget had no room.
    NoRoom,
    /// It was given up without a reply.
    Nothing,
}

/// How a reply is counted that comes late.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// The place of the client's horizon among the counters.
    pub(super) place: usize,
    /// Whether those who look want it.
    pub(super) begun: Option<Begun>,
}

/// The way back for one reply.
#[derive(Debug)]
struct WayBack {
    budget: Arc<Budget>,
    counted: Counted,
    /// The reply is to be padded.
    padded: bool,
    /// None once it was used.
    sender: Option<UnboundedSender<Late>>,
}

impl LateReplies {
    /// Nothing is outstanding.
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        LateReplies { budget: Arc::clone(budget), channel: None, outstanding: 0 }
    }

    /// How many replies are still to come.
    pub(super) fn outstanding(&self) -> usize {
        self.outstanding
    }

    /// The way back for one more reply, which is outstanding from now on.
    /// `padded`: the client asked for padding (RFC 7830).
    pub(super) fn way_back(&mut self, counted: Counted, padded: bool) -> Box<dyn Return> {
        let (sender, _) = self.channel.get_or_insert_with(unbounded_channel);
        self.outstanding += 1;
        Box::new(WayBack { budget: Arc::clone(&self.budget), counted, padded, sender: Some(sender.clone()) })
    }

    /// The next one that comes; waits for ever when none is outstanding.
    pub(super) async fn next(&mut self) -> Late {
        let Some((_, receiver)) = self.channel.as_mut().filter(|_| self.outstanding > 0) else {
            return std::future::pending().await;
        };
        let late = receiver.recv().await.unwrap_or(Late::Nothing);
        self.outstanding -= 1;
        late
    }

    /// One that is there already.
    pub(super) fn ready(&mut self) -> Option<Late> {
        let (_, receiver) = self.channel.as_mut()?;
        let late = receiver.try_recv().ok()?;
        self.outstanding = self.outstanding.saturating_sub(1);
        Some(late)
    }
}

impl Return for WayBack {
    fn send(mut self: Box<Self>, reply: &[u8]) {
        let mut held = self.budget.empty();
        let taken = if self.padded {
            let mut longer = vec![0; (reply.len() + PADDING_BLOCK).min(usize::from(u16::MAX))];
            longer[..reply.len()].copy_from_slice(reply);
            let length = pad(&mut longer, reply.len());
            held.replace(&longer[..length])
        } else {
            held.replace(reply)
        };
        let late = if taken { Late::Reply(held, self.counted) } else { Late::NoRoom };
        if let Some(sender) = self.sender.take() {
            // A connection that is gone wants it no more.
            let _ = sender.send(late);
        }
    }
}

impl Drop for WayBack {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Late::Nothing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each way back brings one thing, whatever becomes of it; what nobody waits for any more takes nothing of the budget.
    #[test]
    fn each_way_back_is_used_once() {
        let budget = Arc::new(Budget::new(10));
        let mut late = LateReplies::new(&budget);
        let backs: Vec<_> = (0..4).map(|_| late.way_back(Counted { place: 0, begun: None }, false)).collect();
        assert_eq!(late.outstanding(), 4);
        assert!(late.ready().is_none(), "nothing came yet");
        let [first, second, third, fourth] = <[_; 4]>::try_from(backs).ok().unwrap();
        second.send(b"second");
        drop(first);
        third.send(b"too long");
        let Some(Late::Reply(held, _)) = late.ready() else { panic!("the second comes first") };
        assert_eq!(held.octets(), b"second");
        assert!(matches!(late.ready(), Some(Late::Nothing)), "the first was given up");
        assert!(matches!(late.ready(), Some(Late::NoRoom)), "six octets were held when the third came");
        drop(held);
        assert_eq!(late.outstanding(), 1);
        drop(late);
        fourth.send(b"tenoctets!");
        assert!(budget.empty().replace(b"tenoctets!"), "everything was given back");
    }
}
