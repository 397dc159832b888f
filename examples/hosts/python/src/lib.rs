//! A Python module: jobs on a pool of aside, awaited in asyncio.
//!
//! The module `_aside` that this package builds knows nothing of asyncio's loop: it has a
//! descriptor, a turn, and futures to resolve. `aside.py` connects it to the running loop, with
//! `add_reader` and `call_later`.
//!
//! - `native_runtime`: the class that Python turns; it lives on the thread of the loop.
//! - `native_job`: a job or a sleep, which can be cancelled.
//! - `pending`: the asyncio future of a job, resolved exactly once.
//! - `digest`: a job in Rust, which runs without the GIL.

mod digest;
mod native_job;
mod native_runtime;
mod pending;

/// Jobs on a pool of threads, for an event loop of Python.
#[pyo3::pymodule]
mod _aside {
    #[pymodule_export]
    use crate::native_job::NativeJob;
    #[pymodule_export]
    use crate::native_runtime::NativeRuntime;
}
