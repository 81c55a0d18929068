//! Colours, few and each with a meaning; stripped where no terminal shows them.

use anstyle::AnsiColor;
use anstyle::Style;

/// Heads of columns and sections.
pub(super) const HEAD: Style = Style::new().bold();
/// What was asked for.
pub(super) const MAIN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));
/// What matters less.
pub(super) const DIM: Style = Style::new().dimmed();
/// Well, or added.
pub(super) const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
/// Worth a look.
pub(super) const WARN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
/// Wrong, or removed.
pub(super) const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// A text between the codes of a style.
pub(super) fn painted(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// The style of a finding's severity.
pub(super) fn of_severity(severity: crate::finding::Severity) -> Style {
    match severity {
        crate::finding::Severity::Info => DIM,
        crate::finding::Severity::Warning => WARN,
        crate::finding::Severity::Error => BAD,
    }
}
