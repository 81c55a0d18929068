//! The files that a load reads, and whether they changed since: sizes, times and inodes, no content.

use super::zonefiles::is_left_over;
use crate::config::Settings;
use crate::files::Stamp;
use crate::forward::block_files;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a load's files are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inputs {
    /// Single files.
    files: Vec<PathBuf>,
    /// Folders of which every file counts, at any depth.
    trees: Vec<PathBuf>,
    /// The inventory.
    inventory: Option<PathBuf>,
}

/// What the files looked like at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamps(BTreeMap<PathBuf, Stamp>);

impl Inputs {
    /// The config file alone: all there is to watch when it cannot be read.
    pub fn of_config(config: &Path) -> Self {
        Inputs { files: vec![config.to_path_buf()], ..Inputs::default() }
    }

    /// Everything that settings name.
    pub fn of(settings: &Settings) -> Self {
        let mut files = vec![settings.file.clone()];
        files.extend(block_files(settings));
        // A renewed certificate is shown at once.
        files.extend(settings.tls.certificate.iter().flat_map(|(certificate, key)| [certificate.clone(), key.clone()]));
        Inputs { files, trees: vec![settings.zones.clone()], inventory: settings.inventory.clone() }
    }

    /// The zones directory; the current folder when the settings could not be read.
    pub(super) fn zones(&self) -> &Path {
        self.trees.first().map_or(Path::new("."), PathBuf::as_path)
    }

    /// Looks at all files. What cannot be looked at is left out: the load will say why.
    pub fn stamps(&self) -> Stamps {
        let mut stamps = BTreeMap::new();
        for file in &self.files {
            add(&mut stamps, file.clone());
        }
        for tree in &self.trees {
            add_tree(&mut stamps, tree, DEPTH);
        }
        if let Some(root) = &self.inventory {
            for file in children(&root.join("etc")).filter(|file| file.extension().is_some_and(|ext| ext == "json")) {
                add(&mut stamps, file);
            }
            for stack in children(&root.join("stacks")) {
                add(&mut stamps, stack.join("phoenix.json"));
            }
        }
        Stamps(stamps)
    }

    /// The folders in which those files appear and vanish, each with whether folders below it count too. Those that do not
    /// exist are named as well.
    pub fn folders(&self) -> Vec<(PathBuf, bool)> {
        let parent = |file: &PathBuf| match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => (parent.to_path_buf(), false),
            _ => (PathBuf::from("."), false),
        };
        let mut folders: Vec<_> = self.files.iter().map(parent).collect();
        folders.extend(self.trees.iter().map(|tree| (tree.clone(), true)));
        if let Some(root) = &self.inventory {
            folders.push((root.clone(), false));
            folders.push((root.join("etc"), false));
            folders.push((root.join("stacks"), true));
        }
        folders
    }
}

impl Stamps {
    /// Takes over how a file looks now: this program has just written `octets` to it, or removed it. If somebody else has
    /// written it since, that stays a change.
    pub fn refresh(&mut self, file: &Path, octets: Option<&[u8]>) {
        self.0.remove(file);
        add(&mut self.0, file.to_path_buf());
        if octets.is_some_and(|octets| fs::read(file).is_ok_and(|now| now != octets)) {
            self.0.remove(file);
        }
    }

    /// The files that differ between the two.
    pub fn changes<'a>(&'a self, other: &'a Stamps) -> impl Iterator<Item = &'a Path> {
        let mine = self.0.iter().filter(|(path, stamp)| other.0.get(*path) != Some(stamp));
        let theirs = other.0.iter().filter(|(path, _)| !self.0.contains_key(*path));
        mine.chain(theirs).map(|(path, _)| path.as_path())
    }
}

/// Zone folders are two deep; more is for included files. Bounds what a loop of links could cost.
const DEPTH: u32 = 8;

fn add(stamps: &mut BTreeMap<PathBuf, Stamp>, file: PathBuf) {
    if let Some(stamp) = Stamp::of(&file) {
        stamps.insert(file, stamp);
    }
}

fn add_tree(stamps: &mut BTreeMap<PathBuf, Stamp>, folder: &Path, depth: u32) {
    for path in children(folder) {
        if path.is_dir() {
            if depth > 0 {
                add_tree(stamps, &path, depth - 1);
            }
        } else {
            add(stamps, path);
        }
    }
}

fn children(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !entry.file_name().to_str().is_some_and(is_left_over))
        .map(|entry| entry.path())
}
