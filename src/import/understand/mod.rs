//! Lines become their meaning: one function for each kind of option.

mod domains;
mod hosts;
mod lines;
mod records;
mod switches;
mod synth;
mod upstream;

pub(super) use hosts::{hosts, nameservers};
pub(super) use lines::lines;
pub(super) use records::mx_data;
