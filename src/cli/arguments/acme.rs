//! Verbs of `zonectl acme`.

use clap::Subcommand;

/// Verbs about ACME.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Acme {
    /// Show the challenge values that live now, and how long they will
    #[command(after_help = "\
Values are written by ACME clients through the server's doors and stand above the zones, in no zone
file. Of each only the first characters are shown.

Examples:
  zonectl acme challenges
  zonectl acme challenges --horizon internal -o json | jq '.challenges[].owner'")]
    Challenges,
}
