//! A package's Rust files, read from a folder or made up for a test.

use super::{Token, tokens};
use std::fs;
use std::path::Path;

/// One Rust file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Relative to the package, with `/` between the parts.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
    /// The same without comments and literals.
    pub(crate) tokens: Vec<Token>,
}

/// All Rust files of a package.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    /// In the order of their paths.
    pub(crate) files: Vec<Source>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Source { path: path.to_owned(), text: text.to_owned(), tokens: tokens(text) }
    }

    /// The room that the file belongs to; none for `src/lib.rs`, `src/bin`, tests and benches.
    pub(crate) fn room(&self) -> Option<&str> {
        let (room, _) = self.path.strip_prefix("src/")?.split_once('/')?;
        (room != "bin").then_some(room)
    }

    /// True for the product itself: not tests, benches or fuzz targets.
    pub(crate) fn is_product(&self) -> bool {
        self.path.starts_with("src/")
    }

    /// How many lines it has.
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

impl Tree {
    /// The tree of these paths and texts.
    pub(crate) fn made_up(files: &[(&str, &str)]) -> Self {
        let mut files: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Tree { files }
    }

    /// The Rust files of the package in `folder`, what was built left out.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut tree = Tree::default();
        for part in ["src", "tests", "benches"] {
            tree.read_folder(folder, part);
        }
        tree
    }

    fn read_folder(&mut self, package: &Path, folder: &str) {
        let Ok(entries) = fs::read_dir(package.join(folder)) else { return };
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry of a folder of the package").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        for name in names {
            let path = format!("{folder}/{name}");
            if package.join(&path).is_dir() {
                if name != "target" {
                    self.read_folder(package, &path);
                }
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(package.join(&path)).expect("a source file is UTF-8 text");
                self.files.push(Source::new(&path, &text));
            }
        }
    }

    /// The file at `path`.
    pub(crate) fn file(&self, path: &str) -> Option<&Source> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The rooms that `src/lib.rs` declares, lowest first.
    pub(crate) fn rooms(&self) -> Vec<String> {
        let tokens = self.file("src/lib.rs").map_or(&[][..], |lib| &lib.tokens);
        tokens
            .windows(3)
            .filter(|three| three[0].text == "mod" && three[2].text == ";")
            .map(|three| three[1].text.clone())
            .collect()
    }
}
