//! Which files there are under a path: blocking code, without a word of async.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of a tree, and what of it could not be seen.
#[derive(Default)]
pub(crate) struct Tree {
    /// In the order of their paths, which does not depend on the file system's.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

/// Something that could not be read.
pub(crate) struct Problem {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// Finds the regular files under `root`, which may be one itself. Follows symlinks, but not back to
/// a directory that it is in already. What is neither file nor directory is passed over: reading a
/// pipe or a device may never end.
pub(crate) fn walk(root: PathBuf) -> Tree {
    let mut tree = Tree::default();
    tree.visit(root, &mut Vec::new());
    tree.files.sort_unstable();
    tree
}

impl Tree {
    /// `inside` are the directories on the way here, by their real names.
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
        // Read to its end first: one open directory at a time, however deep the tree is.
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
