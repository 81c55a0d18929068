//! `man`: zonectl(1) and horizond(8), made of the same tables as `--help`.

use super::arguments::Arguments;
use super::exit::Exit;
use super::exit::Failure;
use super::horizond;
use super::man_text::ACME;
use super::man_text::ACME_DOORS;
use super::man_text::Block;
use super::man_text::CERTIFICATES;
use super::man_text::EDITING;
use super::man_text::ENCRYPTED;
use super::man_text::ENVIRONMENT;
use super::man_text::EXIT_CODES;
use super::man_text::FILES;
use super::man_text::FORWARDING;
use super::man_text::MOVING;
use super::man_text::SERVER_EXIT_CODES;
use super::man_text::SERVICE;
use super::man_text::SIGNALS;
use super::man_text::Section;
use super::man_text::WATCHING;
use super::screen::say;
use super::screen::write;
use crate::files;
use clap::Arg;
use clap::Command;
use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::Inline;
use clap_mangen::roff::Roff;
use clap_mangen::roff::bold;
use clap_mangen::roff::italic;
use clap_mangen::roff::roman;
use std::io;
use std::path::Path;

/// Writes both pages into a folder, or that of `zonectl` to stdout.
pub(super) fn man(out: Option<&Path>) -> Result<Exit, Failure> {
    let Some(out) = out else {
        write(&zonectl_page()?)?;
        return Ok(Exit::Done);
    };
    files::create_folder(out).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
    for (name, page) in [("zonectl.1", zonectl_page()?), ("horizond.8", horizond_page()?)] {
        let path = out.join(name);
        files::replace(&path, page.as_bytes()).map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
        say(&format!("{} written; read it with `man -l {}`", path.display(), path.display()));
    }
    Ok(Exit::Done)
}

fn zonectl_page() -> Result<String, Failure> {
    let sections = [
        EDITING,
        FORWARDING,
        ENCRYPTED,
        CERTIFICATES,
        ACME,
        ACME_DOORS,
        WATCHING,
        MOVING,
        EXIT_CODES,
        ENVIRONMENT,
        FILES,
    ];
    page(Arguments::command(), "1", &sections, "horizond(8)")
}

fn horizond_page() -> Result<String, Failure> {
    page(horizond::command(), "8", &[SIGNALS, SERVER_EXIT_CODES, SERVICE, FILES], "zonectl(1)")
}

/// One page: the head and the options as clap has them, a section with all verbs, then what no table can say.
fn page(command: Command, section: &str, sections: &[Section], also: &str) -> Result<String, Failure> {
    let mut command = command;
    command.build();
    let examples = command.get_after_help().map(ToString::to_string);
    let name = command.get_name().to_owned();
    let head = Man::new(command.clone().after_help("")).section(section).manual("Horizon").date("");
    let mut octets = Vec::new();
    let rendered = head
        .render_title(&mut octets)
        .and_then(|()| head.render_name_section(&mut octets))
        .and_then(|()| head.render_synopsis_section(&mut octets))
        .and_then(|()| head.render_description_section(&mut octets))
        .and_then(|()| head.render_options_section(&mut octets));
    let mut roff = Roff::new();
    if let Some(examples) = examples {
        push_help(roff.control("SH", ["EXAMPLES"]), examples.trim_start_matches("Examples:\n"));
    }
    // The walk-through is what most readers look for; the reference follows.
    let (first, rest): (Vec<_>, Vec<_>) = sections.iter().partition(|(title, _)| *title == EDITING.0);
    first.into_iter().for_each(|section| push_section(&mut roff, section));
    roff.control("SH", ["COMMANDS"]);
    for verb in command.get_subcommands() {
        push_verb(&mut roff, &name, verb);
    }
    rest.into_iter().for_each(|section| push_section(&mut roff, section));
    roff.control("SH", ["SEE ALSO"]).text([roman(also)]);
    rendered
        .and_then(|()| roff.to_writer(&mut octets))
        .map_err(|error: io::Error| Failure::new(Exit::Error, format!("the page of {name} cannot be made: {error}")))?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// A verb with its usage, its options and its examples; verbs of verbs follow.
fn push_verb(roff: &mut Roff, program: &str, verb: &Command) {
    let name = format!("{program} {}", verb.get_name());
    let nested: Vec<_> = verb.get_subcommands().collect();
    // A verb that can stand alone has a usage of its own beside those of its verbs.
    if nested.is_empty() || verb.get_positionals().next().is_some() {
        let usage = verb.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim().lines().next().unwrap_or_default().to_owned();
        roff.control("SS", [usage.as_str()]);
        if let Some(about) = verb.get_about() {
            roff.text([roman(format!("{about}."))]);
        }
        let own = |argument: &&Arg| !argument.is_global_set() && !argument.is_hide_set() && argument.get_id() != "help";
        for argument in verb.get_positionals().filter(own) {
            push_argument(roff, argument, vec![italic(argument_name(argument))]);
        }
        for argument in verb.get_arguments().filter(|argument| !argument.is_positional()).filter(own) {
            push_argument(roff, argument, option_head(argument));
        }
        if let Some(help) = verb.get_after_help() {
            roff.control("PP", []);
            push_help(roff, &help.to_string());
        }
    }
    for verb in nested {
        push_verb(roff, &name, verb);
    }
}

fn push_argument(roff: &mut Roff, argument: &Arg, head: Vec<Inline>) {
    roff.control("TP", []).text(head);
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    roff.text([roman(help)]);
}

fn option_head(argument: &Arg) -> Vec<Inline> {
    let mut head = Vec::new();
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let aliases = argument.get_visible_aliases().unwrap_or_default();
    let names = short.into_iter().chain(long).chain(aliases.into_iter().map(|alias| format!("--{alias}")));
    for name in names {
        if !head.is_empty() {
            head.push(roman(", "));
        }
        head.push(bold(name));
    }
    if argument.get_action().takes_values() {
        head.push(roman(" "));
        head.push(italic(argument_name(argument)));
    }
    head
}

fn argument_name(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some([name, ..]) => name.to_string(),
        _ => argument.get_id().to_string().to_uppercase(),
    }
}

/// The text under a help: running text, and examples as lines that stay as they are.
fn push_help(roff: &mut Roff, help: &str) {
    let mut literal = false;
    for line in help.lines() {
        let indented = line.starts_with("  ");
        if indented != literal {
            roff.control(if indented { "nf" } else { "fi" }, []);
            literal = indented;
        }
        match line {
            "" => roff.control("PP", []),
            line => roff.text([roman(line)]),
        };
    }
    if literal {
        roff.control("fi", []);
    }
}

fn push_section(roff: &mut Roff, (title, blocks): &Section) {
    roff.control("SH", [*title]);
    for block in *blocks {
        match block {
            Block::Text(text) => roff.control("PP", []).text([roman(*text)]),
            Block::Head(head) => roff.control("SS", [*head]),
            Block::Lines(lines) => {
                roff.control("PP", []).control("RS", ["4"]).control("nf", []);
                for line in lines.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []).control("RE", [])
            }
            Block::Item(word, meaning) => roff.control("TP", []).text([bold(*word)]).text([roman(*meaning)]),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Page text without roff's marks, so that words can be looked for.
    fn plain(page: &str) -> String {
        let page = page.replace("\\-", "-").replace("\\fR", "").replace("\\fB", "").replace("\\fI", "");
        page.replace("\\*(Aq", "'").replace("\\&", "")
    }

    fn words(command: &Command, path: &str, found: &mut Vec<String>) {
        let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
        for argument in arguments.filter(|argument| !["help", "version"].contains(&argument.get_id().as_str())) {
            found.extend(argument.get_long().map(|long| format!("--{long}")));
            found.extend(argument.get_help().map(ToString::to_string));
            if argument.is_positional() {
                found.push(argument_name(argument));
            }
        }
        for verb in command.get_subcommands() {
            let path = format!("{path} {}", verb.get_name());
            if !verb.has_subcommands() {
                found.push(path.clone());
                found.extend(verb.get_about().map(ToString::to_string));
            }
            words(verb, &path, found);
        }
    }

    /// Every verb, flag and example of the help stands in the page: nobody has to leave it.
    #[test]
    fn the_pages_hold_every_verb_and_flag() {
        for (page, command) in [(zonectl_page(), Arguments::command()), (horizond_page(), horizond::command())] {
            let page = plain(&page.unwrap());
            let mut found = Vec::new();
            words(&command, command.get_name(), &mut found);
            assert!(found.len() > 8, "{found:?}");
            for word in found {
                assert!(page.contains(&word), "{word} is not in {page}");
            }
            for verb in command.get_subcommands().filter_map(Command::get_after_help) {
                let help = verb.to_string();
                let example = help.lines().rfind(|line| line.starts_with("  ")).unwrap();
                assert!(page.contains(example.trim()), "{example} is not in {page}");
            }
        }
    }

    /// What the page shows to be typed uses only verbs and flags that there are.
    #[test]
    fn the_walk_through_can_be_typed() {
        use super::super::arguments::Arguments;
        use clap::Parser;
        let mut typed = 0;
        for block in EDITING.1.iter().chain(FORWARDING.1).chain(CERTIFICATES.1).chain(ACME.1).chain(ACME_DOORS.1) {
            let Block::Lines(lines) = block else { continue };
            for line in lines.lines().filter_map(|line| line.strip_prefix("$ ")) {
                // Other programs know their own flags.
                if !line.starts_with("zonectl") && !line.starts_with("horizond") {
                    continue;
                }
                // What is said about a line stands far to its right.
                let line = line.split("    ").next().unwrap();
                let mut words: Vec<String> = Vec::new();
                for (at, part) in line.split('"').enumerate() {
                    match at % 2 {
                        0 => words.extend(part.split_whitespace().map(str::to_owned)),
                        _ => words.push(part.to_owned()),
                    }
                }
                assert!(
                    Arguments::try_parse_from(&words).is_ok(),
                    "{line}: {:?}",
                    Arguments::try_parse_from(&words).err()
                );
                typed += 1;
            }
        }
        assert!(typed > 10, "{typed}");
    }
}
