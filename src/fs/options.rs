//! How a file is to be opened.

use std::fs;
use std::path::Path;

use runtime_core::metadata::Metadata;

use super::file::{self, File};
use super::job::Job;

/// How a file is to be opened. See [`std::fs::OpenOptions`].
///
/// ```
/// use aside::fs::OpenOptions;
/// use futures_lite::AsyncWriteExt;
///
/// let path = std::env::temp_dir().join(format!("aside-doc-append-{}", std::process::id()));
/// aside::run(async {
///     let mut log = OpenOptions::new().append(true).create(true).open(&path).await?;
///     log.write_all(b"one more line\n").await?;
///     log.close().await?;
///     aside::fs::remove_file(&path).await
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    options: fs::OpenOptions,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}

/// One made for std may be used here: it has what is not here.
impl From<fs::OpenOptions> for OpenOptions {
    fn from(options: fs::OpenOptions) -> OpenOptions {
        OpenOptions { options }
    }
}

impl OpenOptions {
    /// Nothing is allowed.
    pub fn new() -> OpenOptions {
        OpenOptions { options: fs::OpenOptions::new() }
    }

    /// The file may be read.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.options.read(read);
        self
    }

    /// The file may be written.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.options.write(write);
        self
    }

    /// Whatever is written goes to the end of the file.
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.options.append(append);
        self
    }

    /// What is in the file is removed.
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.options.truncate(truncate);
        self
    }

    /// The file is made if it is not there.
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.options.create(create);
        self
    }

    /// The file is made, and must not be there.
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.options.create_new(create_new);
        self
    }

    /// What may be done with a file that is made: see
    /// [`OpenOptionsExt`](std::os::unix::fs::OpenOptionsExt::mode).
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.options, mode);
        self
    }

    /// Flags for the system's `open`: see
    /// [`OpenOptionsExt`](std::os::unix::fs::OpenOptionsExt::custom_flags).
    #[cfg(unix)]
    pub fn custom_flags(&mut self, flags: i32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut self.options, flags);
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    /// As [`std::fs::OpenOptions::open`], and as every [`Job`].
    ///
    /// # Cancel safety
    /// Given up, a file that was opened is closed again. One that was to be made may be there, or
    /// not; one to be truncated may be empty.
    #[track_caller]
    pub fn open(&self, path: impl AsRef<Path>) -> Job<File> {
        file::open(self.options.clone(), path.as_ref(), Metadata::here().named("fs::File"))
    }
}

impl File {
    /// For a file that is to be opened otherwise.
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }
}
