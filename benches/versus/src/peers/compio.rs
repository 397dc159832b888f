/// compio on io_uring. Only the rows of sockets include it.
#[derive(Debug)]
pub struct Compio;

impl Compio {
    /// Makes a runtime, drives the future, and drops the runtime.
    ///
    /// # Panics
    /// If the system refuses io_uring.
    pub fn block_on<F: Future>(main: F) -> F::Output {
        let runtime = compio::runtime::Runtime::new();
        runtime.expect("compio's runtime can be made").block_on(main)
    }
}
