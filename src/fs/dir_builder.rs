//! [`DirBuilder`]: how a directory is created.

use std::fs;
use std::path::Path;

use runtime_core::metadata::Metadata;

use super::operation::{Effect, Operation};

/// Options for creating a directory. See [`std::fs::DirBuilder`].
///
/// ```
/// use aside::fs::{self, DirBuilder};
///
/// let folder = std::env::temp_dir().join(format!("aside-doc-builder-{}", std::process::id()));
/// aside::run(async {
///     DirBuilder::new().recursive(true).create(folder.join("one/two")).await?;
///     assert!(fs::metadata(folder.join("one/two")).await?.is_dir());
///     fs::remove_dir_all(&folder).await
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    #[cfg(unix)]
    mode: Option<u32>,
}

impl DirBuilder {
    /// Makes options for one directory, with the permissions that the system chooses.
    pub fn new() -> DirBuilder {
        DirBuilder::default()
    }

    /// Creates missing parents, too, and does not fail if the directory exists.
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.recursive = recursive;
        self
    }

    /// Sets the permissions of the created directories: see
    /// [`DirBuilderExt`](std::os::unix::fs::DirBuilderExt::mode).
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        self.mode = Some(mode);
        self
    }

    /// Creates a directory.
    ///
    /// # Errors
    /// Those of [`std::fs::DirBuilder::create`], and those of every [`Operation`].
    ///
    /// # Cancel safety
    /// The same as for an [`Operation`] that changes files.
    #[track_caller]
    pub fn create<P: AsRef<Path>>(&self, path: P) -> Operation<(), P> {
        let metadata = Metadata::here().named("fs::DirBuilder::create");
        let options = self.clone();
        let create = move |path| options.to_std().create(path);
        Operation::of_path(Effect::Changes, metadata, path, create)
    }

    fn to_std(&self) -> fs::DirBuilder {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(self.recursive);
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        }
        builder
    }
}
