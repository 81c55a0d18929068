//! `zonectl` and the command line of `horizond`: arguments in, text or JSON and an exit code out.
//!
//! stdout is data, stderr is talk. What is asked is computed in `control` and `daemon`; here it is only shown.

mod acme_challenges;
mod acme_explain;
mod acme_here;
mod acme_order;
mod acme_status;
mod acme_token;
mod arguments;
mod asker;
mod author;
mod cache;
mod check;
mod clock;
mod diff;
mod diff_files;
mod diff_since;
mod doctor;
mod draft;
mod editor;
mod exit;
mod explain;
mod flow;
mod generate;
mod get;
mod guest_files;
mod history;
mod horizon_match;
mod horizond;
mod import_dnsmasq;
mod import_text;
mod import_verify;
mod live;
mod make;
mod man;
mod man_text;
mod plan;
mod plan_file;
mod plan_text;
mod prompt;
mod records;
mod reload;
mod screen;
mod seat;
mod span;
mod status;
mod style;
mod table;
mod tail;
mod token_text;
mod top;
mod zone_texts;
mod zonectl;

pub use exit::Exit;
pub use horizond::horizond;
pub use zonectl::zonectl;
