//! Nothing but tests: of aside inside tokio, and of tokio inside aside. They are a package of their
//! own so that no build of aside has a rival among its dependencies.
