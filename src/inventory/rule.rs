//! Traefik's router rules: which names one matches, as far as names can be read off it.
//!
//! Rules are `Host`, `HostRegexp`, `HostSNI`, `Path` and others over strings in backticks or quotes, joined by `&&` and `||`,
//! negated by `!`, grouped by parentheses. Version 2 lets a matcher have several strings, version 3 one.

/// What a rule says about names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RuleNames {
    /// Names of `Host`, in the order written, each once.
    pub hosts: Vec<String>,
    /// Patterns of `HostRegexp`, and names of `Host` that hold a pattern: they match names that cannot be listed.
    pub patterns: Vec<String>,
    /// Names of `HostSNI` and patterns of `HostSNIRegexp`: raw TCP, which is not reached through the HTTP proxy.
    pub sni: Vec<String>,
    /// Why the rule could not be read to its end.
    pub fault: Option<String>,
}

impl RuleNames {
    /// Notes a fault; the first one counts.
    fn broken(&mut self, reason: impl Into<String>) {
        self.fault.get_or_insert_with(|| reason.into());
    }
}

/// Reads a rule; what cannot be read stands in [`RuleNames::fault`], what was read before it is kept.
pub(super) fn read_rule(rule: &str) -> RuleNames {
    let mut names = RuleNames::default();
    let mut rest = rule;
    // One entry per open parenthesis: whether what stands inside is negated.
    let mut groups: Vec<bool> = Vec::new();
    let mut matcher: Option<(String, usize)> = None;
    let mut negated = false;
    let mut word = String::new();
    let mut blank = false;
    while let Some(first) = rest.chars().next() {
        let mut next = &rest[first.len_utf8()..];
        let spaced = std::mem::replace(&mut blank, matches!(first, ' ' | '\t'));
        let goes_on = matches!(first, '(' | ' ' | '\t' | '.' | '-') || first.is_alphanumeric() || first == '_';
        let second = spaced && (first.is_alphanumeric() || first == '_');
        if (!goes_on || second) && !word.is_empty() {
            names.broken(no_matcher(&word, matcher.is_some()));
            word.clear();
        }
        match first {
            '`' | '"' | '\'' => {
                let Some(end) = next.find(first) else {
                    names.broken(format!("the {first} before `{}` is not closed", shorten(next)));
                    return names;
                };
                if let Some((name, _)) = &matcher {
                    let negative = groups.last().copied().unwrap_or(false);
                    take(&mut names, name, &next[..end], negative);
                } else {
                    names.broken(format!("the string `{}` stands in no matcher", shorten(&next[..end])));
                }
                next = &next[end + 1..];
            }
            '!' => negated = !negated,
            '(' => {
                let outer = groups.last().copied().unwrap_or(false);
                groups.push(outer != negated);
                negated = false;
                if !word.is_empty() {
                    matcher = Some((word.to_ascii_lowercase(), groups.len()));
                    word.clear();
                }
            }
            ')' => {
                if matcher.as_ref().is_some_and(|(_, depth)| *depth == groups.len()) {
                    matcher = None;
                }
                if groups.pop().is_none() {
                    names.broken("a closing parenthesis too many".to_owned());
                    return names;
                }
            }
            _ if first.is_alphanumeric() || first == '_' => word.push(first),
            '.' | '-' if !word.is_empty() => word.push(first),
            ' ' | '\t' | '\n' | '\r' | ',' | '&' | '|' => {}
            other => names.broken(format!("`{other}` has no meaning there")),
        }
        rest = next;
    }
    if !groups.is_empty() {
        names.broken("a parenthesis is not closed".to_owned());
    } else if !word.is_empty() {
        names.broken(no_matcher(&word, false));
    }
    names
}

fn no_matcher(word: &str, inside: bool) -> String {
    match inside {
        true => format!("`{}` stands without backticks", shorten(word)),
        false => format!("`{}` is no matcher: no parenthesis follows", shorten(word)),
    }
}

/// Sorts one string of a matcher to where it belongs; what a negation excludes is no name of the router.
fn take(names: &mut RuleNames, matcher: &str, text: &str, negated: bool) {
    let list = match matcher {
        // A `{` is a pattern of version 2, `${..}` a variable that only the deployment knows.
        "host" | "hostheader" if text.contains(['{', '$']) => &mut names.patterns,
        "host" | "hostheader" => &mut names.hosts,
        "hostregexp" => &mut names.patterns,
        "hostsni" | "hostsniregexp" => &mut names.sni,
        _ => return,
    };
    // `*` is HostSNI's word for every name.
    if !negated && !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name a router answers to is read off its rule, and nothing else is.
    #[test]
    fn names_are_read_off_rules() {
        let table = [
            ("one name", "Host(`a.example`)", "a.example"),
            ("or", "Host(`a.example`) || Host(`b.example`)", "a.example b.example"),
            ("and with a path", "Host(`a.example`) && PathPrefix(`/b.example`)", "a.example"),
            ("version 2: several in one matcher", "Host(`a.example`,`b.example`)", "a.example b.example"),
            ("double quotes", "Host(\"a.example\")", "a.example"),
            ("single quotes", "Host('a.example')", "a.example"),
            ("spaces anywhere", " Host ( `a.example` , `b.example` ) ", "a.example b.example"),
            ("not that name", "Host(`a.example`) && !Host(`b.example`)", "a.example"),
            ("a negated group", "!(Host(`b.example`) || Path(`/`))", ""),
            ("not not", "!(!Host(`a.example`))", "a.example"),
            ("groups", "(Host(`a.example`) || Host(`b.example`)) && Method(`GET`)", "a.example b.example"),
            ("twice is once", "Host(`a.example`) || Host(`a.example`)", "a.example"),
            ("the other word for it", "HostHeader(`a.example`)", "a.example"),
            ("no name", "PathPrefix(`/api`)", ""),
            ("parentheses in a string", "Host(`a.example`) && Path(`/x)y(`)", "a.example"),
        ];
        for (why, rule, hosts) in table {
            let names = read_rule(rule);
            assert_eq!(names.hosts.join(" "), hosts, "{why}: {rule}");
            assert_eq!(names.fault, None, "{why}: {rule}");
            assert!(names.patterns.is_empty() && names.sni.is_empty(), "{why}: {rule}");
        }
    }

    /// What matches names that cannot be listed is told apart.
    #[test]
    fn patterns_are_no_names() {
        let table = [
            ("HostRegexp(`.+\\.example`)", "pattern .+\\.example"),
            ("Host(`a.example`) || HostRegexp(`{sub:[a-z]+}.example`)", "host a.example pattern {sub:[a-z]+}.example"),
            ("Host(`${APP_HOST}`)", "pattern ${APP_HOST}"),
            ("HostSNI(`*`)", "sni *"),
            ("HostSNI(`db.example`)", "sni db.example"),
        ];
        for (rule, expected) in table {
            let names = read_rule(rule);
            let mut seen: Vec<String> = names.hosts.iter().map(|name| format!("host {name}")).collect();
            seen.extend(names.patterns.iter().map(|name| format!("pattern {name}")));
            seen.extend(names.sni.iter().map(|name| format!("sni {name}")));
            assert_eq!(seen.join(" "), expected, "{rule}");
        }
    }

    /// A broken rule says why, and gives what stood before the fault.
    #[test]
    fn broken_rules_say_why() {
        let table = [
            ("Host(`a.example`", "a parenthesis is not closed"),
            ("Host(`a.example)", "the ` before `a.example)` is not closed"),
            ("Host(`a.example`))", "a closing parenthesis too many"),
            ("`a.example`", "the string `a.example` stands in no matcher"),
            ("Host", "`Host` is no matcher: no parenthesis follows"),
            ("Host(a.example)", "`a.example` stands without backticks"),
            ("Host:a.example,b.example", "`Host` is no matcher: no parenthesis follows"),
            ("Host(`a.example`) or Host(`b.example`)", "`or` is no matcher: no parenthesis follows"),
            ("Host;(`a.example`)", "`Host` is no matcher: no parenthesis follows"),
            ("Host(`a.example`) = 3", "`=` has no meaning there"),
        ];
        for (rule, expected) in table {
            assert_eq!(read_rule(rule).fault.as_deref(), Some(expected), "{rule}");
        }
    }
}
