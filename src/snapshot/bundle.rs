//! What a snapshot holds.

use crate::answer::{Overlay, SeenZone, Zones};
use crate::config::Settings;
use crate::dns::Name;
use crate::forward::Plan;
use crate::horizon::HorizonMap;
use crate::zone::Records;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Everything that answering a query needs; never changed once built.
#[derive(Debug)]
pub struct Snapshot {
    /// What it was built from.
    pub settings: Settings,
    /// Client address to horizon; an index into `views`.
    pub horizons: HorizonMap,
    /// One per horizon, in the order of the settings.
    pub views: Vec<View>,
    /// Who is asked for names that no zone holds, what is kept of the answers, and what never leaves.
    pub plan: Arc<Plan>,
    /// What lies above the zones for a short time; all snapshots that follow each other share it.
    pub overlay: Arc<Overlay>,
    /// Horizons by the place that counters know them by: the same name keeps its place as long as snapshots follow each
    /// other, and no place is given twice.
    pub places: Arc<[String]>,
}

impl Snapshot {
    /// The view of a horizon by its name.
    pub fn view(&self, horizon: &str) -> Option<&View> {
        self.views.iter().find(|view| view.name == horizon)
    }
}

/// What one horizon's clients see.
#[derive(Debug)]
pub struct View {
    /// The horizon's name.
    pub name: String,
    /// Whether its clients may use the forwarder.
    pub forward: bool,
    /// The place of its counters among those of other horizons.
    pub place: usize,
    /// Its zones, the inherited ones included.
    pub zones: Zones,
    /// What each zone in `zones` was compiled from, in the same order: a reload compares it to find what can stay.
    pub(crate) ingredients: Vec<Ingredients>,
}

impl View {
    /// True when the compiled zone of this apex holds the records of one zone file and no others.
    pub(crate) fn is_plain(&self, origin: &Name) -> bool {
        self.ingredients.iter().any(|made_of| made_of.origin == *origin && made_of.layers.len() == 1)
    }

    /// The zone made of the very same records, if it is here.
    pub(crate) fn unchanged(&self, ingredients: &Ingredients) -> Option<SeenZone> {
        let index = self.ingredients.iter().position(|known| known == ingredients)?;
        self.zones.iter().nth(index).cloned()
    }
}

/// The layers of one compiled zone: records, and whether their apex counted.
#[derive(Debug, Clone)]
pub(crate) struct Ingredients {
    pub(crate) origin: Name,
    pub(crate) layers: Vec<(Arc<Records>, bool)>,
}

/// Equal when the very same records went in.
impl PartialEq for Ingredients {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin
            && self.layers.len() == other.layers.len()
            && self.layers.iter().zip(&other.layers).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
    }
}

/// The pointer that workers read and a reload swaps.
pub type Live = ArcSwap<Snapshot>;
