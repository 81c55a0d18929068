//! Settings on their way into `horizon.toml`, each with the lines that it came from.

/// A section of `horizon.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Server,
    Zones,
    Horizon,
    Forward,
    Cache,
    Guard,
}

/// One key: a value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) section: Section,
    pub(super) key: &'static str,
    /// As TOML, each with the reason that stands behind it.
    pub(super) values: Vec<(String, String)>,
    pub(super) list: bool,
}

/// All keys, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Settings {
    all: Vec<Setting>,
}

impl Settings {
    /// Sets a key; a later value takes the place of an earlier one.
    pub(super) fn set(&mut self, section: Section, key: &'static str, value: impl Into<String>, why: &impl ToString) {
        let values = vec![(value.into(), why.to_string())];
        let new = Setting { section, key, values, list: false };
        match self.find(section, key) {
            Some(old) => *old = new,
            None => self.all.push(new),
        }
    }

    /// Adds to a list; false when it is in there already.
    pub(super) fn add(
        &mut self,
        section: Section,
        key: &'static str,
        value: impl Into<String>,
        why: &impl ToString,
    ) -> bool {
        let value = value.into();
        match self.find(section, key) {
            Some(old) if old.values.iter().any(|(known, _)| *known == value) => return false,
            Some(old) => old.values.push((value, why.to_string())),
            None => self.all.push(Setting { section, key, values: vec![(value, why.to_string())], list: true }),
        }
        true
    }

    /// The value of a key that is no list, as TOML.
    pub(super) fn value(&self, section: Section, key: &str) -> Option<&str> {
        let setting = self.all.iter().find(|setting| setting.section == section && setting.key == key)?;
        setting.values.first().map(|(value, _)| value.as_str())
    }

    /// How many values a key has.
    pub(super) fn count(&self, section: Section, key: &str) -> usize {
        let setting = self.all.iter().find(|setting| setting.section == section && setting.key == key);
        setting.map_or(0, |setting| setting.values.len())
    }

    /// The keys of one section.
    pub(super) fn of(&self, section: Section) -> impl Iterator<Item = &Setting> {
        self.all.iter().filter(move |setting| setting.section == section)
    }

    fn find(&mut self, section: Section, key: &str) -> Option<&mut Setting> {
        self.all.iter_mut().find(|setting| setting.section == section && setting.key == key)
    }
}

/// A text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            letter if letter.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
