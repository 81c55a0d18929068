//! What holds for any octets at all: promises that the mutation test and the fuzz targets check by the same functions.

mod message;
mod path;
mod text;
mod update;
mod upstream;

pub(crate) use message::message;
pub(crate) use path::whole_path;
pub(crate) use text::zone_text;
pub(crate) use update::update;
pub(crate) use upstream::upstream;
