//! This package has only tests, of aside inside tokio and of tokio inside aside. It is separate so
//! that no build of aside depends on another runtime.
