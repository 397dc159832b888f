//! Which program the workers run: this one.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What is executed for a worker.
#[derive(Clone, Debug)]
pub(super) enum WorkerProgram {
    /// The program of this process.
    This,
    Other(PathBuf),
}

/// The very file that this process runs, where there is such a thing: also when it has been
/// replaced or deleted.
const RUNNING: &str = "/proc/self/exe";

impl WorkerProgram {
    /// By its own path, so that the process bears its name; but by [`RUNNING`] if another file is
    /// there now, such as a newer version.
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

    /// What the process is to take for its name.
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
