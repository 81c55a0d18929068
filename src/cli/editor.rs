//! `edit`: a zone file in the person's editor; nothing changes before the plan was seen, and nothing that was written is lost.

use super::arguments::Making;
use super::arguments::Scope;
use super::exit::Exit;
use super::exit::Failure;
use super::make;
use super::make::Wish;
use super::plan_text::is_empty;
use super::prompt;
use super::screen::hint;
use super::screen::say;
use super::seat::errand;
use super::zonectl::tell;
use crate::control::ChangeAnswer;
use crate::control::Errand;
use crate::control::TextAnswer;
use crate::edit::Order;
use crate::files;
use crate::finding::Severity;
use std::env;
use std::fs;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

/// Octets of an edited text.
const LARGEST: u64 = 60 << 20;

/// Edits the file of a zone.
pub(super) fn edit(scope: &Scope, zone: &str, making: &Making) -> Result<Exit, Failure> {
    let horizon = scope.horizon.clone();
    let present: TextAnswer = errand(scope, Errand::Text { zone: zone.to_owned(), horizon, after: None, at: None })?;
    if !present.exact {
        let what = format!("{} holds octets that are not UTF-8", present.file);
        return Err(Failure::new(Exit::Error, format!("{what}; edit the file itself, the server takes it up")));
    }
    let copy = Copy::make(&present)?;
    let outcome = rounds(scope, making, &present, &copy);
    match outcome {
        Ok(Exit::Done) => {
            copy.remove();
            Ok(Exit::Done)
        }
        other => {
            // The last word, so that it is seen: what was written is still there.
            let other =
                other.or_else(
                    |failure| if copy.is_touched(&present) { Ok(tell("zonectl", &failure)) } else { Err(failure) },
                );
            match copy.is_touched(&present) {
                true => say(&format!("what you wrote is in {}", copy.file.display())),
                false => copy.remove(),
            }
            other
        }
    }
}

/// Edits until it is applied or given up.
fn rounds(scope: &Scope, making: &Making, present: &TextAnswer, copy: &Copy) -> Result<Exit, Failure> {
    loop {
        run_editor(copy)?;
        let text = copy.read()?;
        if text == present.text {
            say(&format!("{} is as it was; nothing to change", present.zone));
            return Ok(Exit::Done);
        }
        let order = Order::Text {
            zone: present.zone.clone(),
            horizon: present.horizon.clone(),
            text,
            was: Some(present.mark.clone()),
        };
        let wish = Wish { orders: vec![order], ..Wish::default() };
        let plan = match make::plan(scope, making, &wish) {
            Ok(plan) => Some(plan),
            Err(failure) if failure.exit == Exit::Conflict => return Err(failure),
            Err(failure) if !prompt::somebody_there() => return Err(failure),
            Err(failure) => {
                tell("zonectl", &failure);
                None
            }
        };
        if let Some(plan) = &plan {
            make::tell(plan, scope.output);
            if is_empty(plan) || making.dry_run || !prompt::somebody_there() {
                return match make::stop(scope, making, plan)? {
                    Some(exit) => Ok(exit),
                    None => make::commit(scope, making, &wish, plan),
                };
            }
        }
        match next(plan.as_ref()) {
            Next::Apply => {
                if let Some(plan) = &plan {
                    return make::commit(scope, making, &wish, plan);
                }
            }
            Next::Edit => {}
            Next::Quit => {
                say("nothing was changed");
                return Ok(Exit::Pending);
            }
        }
    }
}

enum Next {
    Apply,
    Edit,
    Quit,
}

/// Asks what becomes of the text. Applying is no choice where something is wrong.
fn next(plan: Option<&ChangeAnswer>) -> Next {
    let wrong = |plan: &ChangeAnswer| plan.findings.iter().any(|finding| finding.severity == Severity::Error);
    let may = plan.is_some_and(|plan| !wrong(plan));
    let question = if may { "[a]pply, [e]dit again, [q]uit?" } else { "[e]dit again, [q]uit?" };
    loop {
        match prompt::ask(question).as_deref() {
            Some("a" | "apply") if may => return Next::Apply,
            Some("e" | "edit") => return Next::Edit,
            Some("q" | "quit") | None => return Next::Quit,
            Some(_) => hint("one letter and the enter key"),
        }
    }
}

/// The copy that the editor gets, in a folder of its own.
struct Copy {
    folder: PathBuf,
    file: PathBuf,
}

impl Copy {
    fn make(present: &TextAnswer) -> Result<Self, Failure> {
        let above = env::temp_dir();
        for number in 0.. {
            let folder = above.join(format!("zonectl-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => {
                    let stem = present.zone.trim_end_matches('.').replace('/', "_");
                    let name = if stem.is_empty() { "root".to_owned() } else { stem };
                    let file = folder.join(format!("{name}.zone"));
                    files::replace(&file, present.text.as_bytes())
                        .map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
                    return Ok(Copy { folder, file });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let what = format!("{}: no copy can be made: {error}", folder.display());
                    return Err(Failure::new(
                        Exit::Error,
                        format!("{what}; set TMPDIR to a folder that you may write to"),
                    ));
                }
            }
        }
        Err(Failure::new(Exit::Error, "no name for a copy is left; clear the folder of temporary files"))
    }

    fn read(&self) -> Result<String, Failure> {
        files::read_text(&self.file, LARGEST).map_err(|error| Failure::new(Exit::Error, error.to_string()))
    }

    /// True when it holds something else than at the begin, as far as can be seen.
    fn is_touched(&self, present: &TextAnswer) -> bool {
        files::read(&self.file, LARGEST).is_ok_and(|octets| octets != present.text.as_bytes())
    }

    fn remove(&self) {
        // A copy that stays behind does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Debian's own choice, and what is everywhere.
const ANY_EDITOR: &str = "if command -v editor >/dev/null; then exec editor \"$1\"; else exec vi \"$1\"; fi";

fn run_editor(copy: &Copy) -> Result<(), Failure> {
    let named = |variable: &str| env::var(variable).ok().filter(|editor| !editor.trim().is_empty());
    // The variable may hold arguments, such as `code --wait`.
    let script = match named("VISUAL").or_else(|| named("EDITOR")) {
        Some(editor) => format!("{editor} \"$1\""),
        None => ANY_EDITOR.to_owned(),
    };
    let status = Command::new("/bin/sh").args(["-c", &script, "sh"]).arg(&copy.file).status();
    let failed = |what: String| Failure::new(Exit::Error, format!("{what}; name an editor with EDITOR"));
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("the editor failed: {status}"))),
        Err(error) => Err(failed(format!("no editor can be run: {error}"))),
    }
}
