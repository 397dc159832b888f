//! Nothing but tests: of runtimes and pools in a process that forks. They are a package of their
//! own because they fork, which no build of aside has a package for.
