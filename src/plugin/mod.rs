//! What reads the candidate or live snapshot and gives overlays and findings. A plugin never stands in the query path: it
//! writes into the overlay, which the engine reads, and hears of queries by channel.

pub mod acme;
pub mod doctor;
