//! The builds of this program, each with a profile of cargo.

use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::Command;

/// A build of the programs `versus` and `bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// cargo's profile.
    pub profile: String,
    /// The program `versus`. The program `bytes` is in the same folder.
    pub program: PathBuf,
}

impl Build {
    /// Returns the build of the running program. Its folder has the name of its profile.
    ///
    /// # Errors
    /// If this program has no path.
    pub fn this() -> Result<Build> {
        let program = std::env::current_exe()?;
        let folder = program.parent().and_then(|folder| folder.file_name());
        let profile = match folder.and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(profile) => profile,
        };
        Ok(Build { profile: profile.into(), program })
    }

    /// Returns the build with the profile `lto`, which the package's workspace defines: link-time
    /// optimisation, and one code-generation unit. This function does not build it.
    ///
    /// # Errors
    /// If this program has no path.
    pub fn lto() -> Result<Build> {
        let program = std::env::current_exe()?;
        let folders = program.parent().and_then(|folder| folder.parent());
        let folder = folders.map(|folder| folder.join("lto")).unwrap_or_default();
        let name = program.file_name().unwrap_or_default();
        Ok(Build { profile: "lto".into(), program: folder.join(name) })
    }

    /// Runs cargo to bring both programs up to date.
    ///
    /// # Errors
    /// If cargo cannot be started, or fails.
    pub fn make(&self) -> Result<()> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "versus", "--bins"]);
        build.args(["--profile", &self.profile]);
        if build.current_dir(env!("CARGO_MANIFEST_DIR")).status()?.success() {
            return Ok(());
        }
        Err(Error::other(format!("the profile `{}` could not be built", self.profile)))
    }
}
