//! One edit as it is typed, and as it goes over the control socket.

use serde::Deserialize;
use serde::Serialize;

/// One edit as it was typed: names may be relative, data are the arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Order {
    /// Makes these the records of the name and type.
    Set {
        /// Relative to a zone unless it ends in a dot.
        name: String,
        /// The record type.
        #[serde(rename = "type")]
        rtype: String,
        /// The arguments behind the type, not joined.
        data: Vec<String>,
        /// Seconds; that of the present records, or the zone's default, when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<u32>,
        /// Which horizons.
        #[serde(default)]
        place: Place,
        /// What the records must be now, as `TYPE DATA...`; several for several records.
        #[serde(default, rename = "if", skip_serializing_if = "Vec::is_empty")]
        condition: Vec<String>,
        /// Keeps the reverse record of each address in step.
        #[serde(default)]
        reverse: bool,
    },
    /// Adds a record to those that are there.
    Add {
        /// As in `Set`.
        name: String,
        /// As in `Set`.
        #[serde(rename = "type")]
        rtype: String,
        /// As in `Set`.
        data: Vec<String>,
        /// As in `Set`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<u32>,
        /// As in `Set`.
        #[serde(default)]
        place: Place,
        /// As in `Set`.
        #[serde(default, rename = "if", skip_serializing_if = "Vec::is_empty")]
        condition: Vec<String>,
        /// As in `Set`.
        #[serde(default)]
        reverse: bool,
    },
    /// Takes away one record, or with `all` a whole type or name.
    Remove {
        /// As in `Set`.
        name: String,
        /// A type; all types only with `all`.
        #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
        rtype: Option<String>,
        /// The record; none only with `all`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        data: Vec<String>,
        /// Everything that is left open is meant.
        #[serde(default)]
        all: bool,
        /// As in `Set`.
        #[serde(default)]
        place: Place,
        /// As in `Set`.
        #[serde(default, rename = "if", skip_serializing_if = "Vec::is_empty")]
        condition: Vec<String>,
        /// Takes the reverse record of each address that goes away, too.
        #[serde(default)]
        reverse: bool,
    },
    /// Gives all records of a name to another one.
    Move {
        /// The present name, as in `Set`.
        from: String,
        /// The new one, in the same zone.
        to: String,
        /// Leaves an alias from the old name to the new one.
        #[serde(default)]
        keep_cname: bool,
        /// As in `Set`.
        #[serde(default)]
        place: Place,
    },
    /// Makes `text` the whole content of a zone file.
    Text {
        /// The zone's apex.
        zone: String,
        /// The horizon of the file.
        horizon: String,
        /// The octets; those that are not UTF-8 cannot go this way.
        text: String,
        /// The `mark` of the text that it was made from: refused when the file holds something else by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<String>,
    },
    /// Takes an earlier change back.
    Undo {
        /// Its id.
        id: u64,
    },
}

/// The horizons that an order means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The one that holds the name; an error when several do.
    #[default]
    Unsaid,
    /// This one.
    Horizon(String),
    /// Every one that holds the name, or, for a new name, the zone.
    All,
}
