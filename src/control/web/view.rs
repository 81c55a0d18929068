//! The names of a published state in order, made once for each state: a page of them is then a look at a list.

use crate::control::Published;
use crate::control::flow::leading;
use crate::dns::Name;
use crate::dns::present_name;
use arc_swap::ArcSwapOption;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Weak;

/// The list of the state that was looked at last.
#[derive(Debug, Default)]
pub(super) struct View {
    made: ArcSwapOption<Made>,
}

#[derive(Debug)]
struct Made {
    of: Weak<Published>,
    names: Arc<[String]>,
}

impl View {
    /// Every name with an address or an alias in some horizon, with its final dot, in the order of the DNS.
    pub(super) fn names(&self, published: &Arc<Published>) -> Arc<[String]> {
        if let Some(made) = self.made.load().as_ref()
            && made.of.as_ptr() == Arc::as_ptr(published)
        {
            return Arc::clone(&made.names);
        }
        let horizons: Vec<&str> = published.snapshot.views.iter().map(|view| view.name.as_str()).collect();
        let names: BTreeSet<Name> = leading(published, &horizons);
        let names: Arc<[String]> =
            names.iter().map(|name| present_name(name.as_slice()).to_ascii_lowercase()).collect();
        self.made.store(Some(Arc::new(Made { of: Arc::downgrade(published), names: Arc::clone(&names) })));
        names
    }
}
