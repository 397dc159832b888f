//! This package has only tests of runtimes and pools in a process that forks. It is separate
//! because forking needs a dependency that no build of aside has.
