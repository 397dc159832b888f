//! The program that the workers run, which is this program by default.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The program that a worker process executes.
#[derive(Clone, Debug)]
pub(super) enum WorkerProgram {
    /// The program of this process.
    This,
    Other(PathBuf),
}

/// A path to the file that this process executes, even if that file has been replaced or deleted.
/// Only some systems have this path.
const RUNNING: &str = "/proc/self/exe";

impl WorkerProgram {
    /// Returns the path to execute. For the program of this process, this is the program's own
    /// path, so that the worker process has the program's name. If that path leads to another file
    /// by now, such as a newer version, [`RUNNING`] is used instead.
    pub(super) fn path(&self) -> io::Result<Cow<'_, Path>> {
        match self {
            WorkerProgram::Other(path) => Ok(Cow::Borrowed(path)),
            WorkerProgram::This => {
                let path = env::current_exe()?;
                let running = Path::new(RUNNING);
                let is_other = running.exists() && !is_same_file(&path, running);
                Ok(if is_other { Cow::Borrowed(running) } else { Cow::Owned(path) })
            }
        }
    }

    /// The name of the process: its argument 0.
    pub(super) fn name(&self) -> OsString {
        match self {
            WorkerProgram::Other(path) => path.clone().into(),
            WorkerProgram::This => env::args_os().next().unwrap_or_else(|| "worker".into()),
        }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let number = |path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((number(one), number(other)), (Ok(one), Ok(other)) if one == other)
}
