//! The checks of a person who looks for what is wrong with certificates on such a network, as one list: the CA, certificates as
//! they are served, who reaches whom beside what the firewall rules promise, and guests' own files that pass this server by.
//!
//! `promise`, `ways`, `hosts` and `resolv` are pure; `examine` opens connections, to addresses of the inventory and of our own
//! zones only.

mod examine;
mod guest_files;
mod hosts;
mod hosts_line;
mod promise;
mod reached;
mod resolv;
mod row;
mod ways;

#[cfg(test)]
mod lab;

pub use examine::{Patient, examine};
pub use guest_files::{GuestFiles, read_guest_files};
pub use hosts::judge_hosts;
pub use hosts_line::{HostsLine, hosts_lines};
pub use promise::{Promise, promise};
pub use resolv::{judge_nsswitch, judge_resolv};
pub use row::{Area, Examination, Row, Verdict};
pub use ways::{Way, ways};
