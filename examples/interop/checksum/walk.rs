//! Finds the files under a path. This is blocking code.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a tree, and the paths that could not be read.
#[derive(Default)]
pub(crate) struct Tree {
    /// Sorted by path, so that the order does not depend on the file system.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

/// A path that could not be read.
pub(crate) struct Problem {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// Finds the regular files under `root`, which may be a file itself. Follows symlinks, except to a
/// directory above them. Skips pipes and devices, because reading them may never end.
pub(crate) fn walk(root: PathBuf) -> Tree {
    let mut tree = Tree::default();
    tree.visit(root, &mut Vec::new());
    tree.files.sort_unstable();
    tree
}

impl Tree {
    /// `inside` holds the canonical paths of the directories above this one.
    fn visit(&mut self, path: PathBuf, inside: &mut Vec<PathBuf>) {
        let seen = fs::metadata(&path).and_then(|metadata| {
            if metadata.is_dir() {
                return self.visit_directory(&path, inside);
            }
            if metadata.is_file() {
                self.files.push(path.clone());
            }
            Ok(())
        });
        if let Err(error) = seen {
            self.problems.push(Problem { path, error });
        }
    }

    fn visit_directory(&mut self, path: &Path, inside: &mut Vec<PathBuf>) -> io::Result<()> {
        let real = fs::canonicalize(path)?;
        if inside.contains(&real) {
            return Err(io::Error::other("a symlink loops back to a directory above it"));
        }
        // Reads the directory to its end before descending, so that only one directory is open at a
        // time.
        let entries: Vec<_> = fs::read_dir(path)?.collect();
        inside.push(real);
        for entry in entries {
            match entry {
                Ok(entry) => self.visit(entry.path(), inside),
                Err(error) => self.problems.push(Problem { path: path.to_owned(), error }),
            }
        }
        inside.pop();
        Ok(())
    }
}
