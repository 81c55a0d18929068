//! Pictures of the ways that names take: client, horizon, name, address, guest, next hop; as text, Mermaid and SVG.
//!
//! Pure: `Known` holds what the inventory claims, `Seen` what is answered, `flow` lays one beside the other. Nothing is read
//! and nobody is asked here, so that the answers may come from a server or from files.

mod behind;
mod build;
mod compare;
mod known;
mod layout;
mod mermaid;
mod model;
mod path;
mod seen;
mod svg;
mod text;
mod wrap;

pub use build::flow;
pub use known::Known;
pub use mermaid::mermaid;
pub use model::{Column, Edge, Flow, Node, State};
pub use seen::{Seen, SeenAddress, SeenHorizon, SeenName};
pub use svg::svg;
pub use text::{TextLine, text};
