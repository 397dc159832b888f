//! [`OpenOptions`]: how a file is opened.

use std::fs;
use std::path::Path;

use runtime_core::metadata::Metadata;

use super::file::{self, File};
use super::operation::Operation;

/// Options for opening a file. See [`std::fs::OpenOptions`].
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

/// Converts options of std, which may include options that this type has no method for.
impl From<fs::OpenOptions> for OpenOptions {
    fn from(options: fs::OpenOptions) -> OpenOptions {
        OpenOptions { options }
    }
}

impl OpenOptions {
    /// Makes options that allow neither reading nor writing.
    pub fn new() -> OpenOptions {
        OpenOptions { options: fs::OpenOptions::new() }
    }

    /// Opens the file for reading.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.options.read(read);
        self
    }

    /// Opens the file for writing.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.options.write(write);
        self
    }

    /// Writes to the end of the file.
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.options.append(append);
        self
    }

    /// Truncates the file to length zero.
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.options.truncate(truncate);
        self
    }

    /// Creates the file if it does not exist.
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.options.create(create);
        self
    }

    /// Creates the file, and fails if it exists.
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.options.create_new(create_new);
        self
    }

    /// Sets the permissions of a created file: see
    /// [`OpenOptionsExt`](std::os::unix::fs::OpenOptionsExt::mode).
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.options, mode);
        self
    }

    /// Sets flags for the system call `open`: see
    /// [`OpenOptionsExt`](std::os::unix::fs::OpenOptionsExt::custom_flags).
    #[cfg(unix)]
    pub fn custom_flags(&mut self, flags: i32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut self.options, flags);
        self
    }

    /// Opens a file.
    ///
    /// # Errors
    /// Those of [`std::fs::OpenOptions::open`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// If the operation is dropped, an opened file is closed again. With `create` the file may or
    /// may not exist, and with `truncate` it may be empty.
    #[track_caller]
    pub fn open<P: AsRef<Path>>(&self, path: P) -> Operation<File, P> {
        file::open(self.options.clone(), path, Metadata::here().named("fs::File"))
    }
}

impl File {
    /// Returns options for opening a file.
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }
}
