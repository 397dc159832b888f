//! The runtimes, and the meaning of each operation for each of them.
//!
//! The work of a row is written once, over these traits. Each call is resolved at compile time to
//! the code that a user of that runtime would write.

mod aside;
mod compio;
mod futures;
mod monoio;
mod safina;
mod smol;
mod tokio;

use std::time::Duration;

use async_channel::{Receiver, Sender};

pub use self::aside::Aside;
pub use self::compio::Compio;
pub use self::futures::Futures;
pub use self::monoio::{ByEpoll, ByUring, Driver, OnMonoio};
pub use self::safina::Safina;
pub use self::smol::{ByOrdinary, ByStatic, OnSmol, Spawner};
pub use self::tokio::{ByLocalRuntime, ByLocalSet, ByRuntime, Form, OnTokio};

/// The type of [`Peer::Tokio`]. This type and those below have the name of their column.
pub type Tokio = OnTokio<ByRuntime>;
/// The type of [`Peer::TokioLocal`].
pub type TokioLocal = OnTokio<ByLocalRuntime>;
/// The type of [`Peer::TokioSet`].
pub type TokioSet = OnTokio<ByLocalSet>;
/// The type of [`Peer::Smol`].
pub type Smol = OnSmol<ByStatic>;
/// The type of [`Peer::SmolOrdinary`].
pub type SmolOrdinary = OnSmol<ByOrdinary>;
/// The type of [`Peer::Monoio`].
pub type Monoio = OnMonoio<ByEpoll>;
/// The type of [`Peer::MonoioUring`].
pub type MonoioUring = OnMonoio<ByUring>;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// aside.
    Aside,
    /// tokio's current-thread runtime.
    Tokio,
    /// tokio's `LocalRuntime`.
    TokioLocal,
    /// tokio's `LocalSet` on the current-thread runtime.
    TokioSet,
    /// smol's parts, with the static executor: async-executor, async-io, blocking.
    Smol,
    /// smol's parts, with the ordinary executor.
    SmolOrdinary,
    /// monoio on epoll.
    Monoio,
    /// monoio on io_uring.
    MonoioUring,
    /// compio on io_uring.
    Compio,
    /// `futures`: LocalPool, ThreadPool, FuturesUnordered.
    Futures,
    /// safina.
    Safina,
    /// `join_all` of `futures`.
    JoinAll,
    /// `futures-concurrency`.
    FuturesConcurrency,
    /// Python's asyncio.
    Asyncio,
    /// The column `limit`: a program written by hand for the row, which can do nothing else.
    Limit,
}

impl Peer {
    /// tokio's columns. A floor that refers to tokio refers to the best of them.
    pub const TOKIO: &'static [Peer] = &[Peer::Tokio, Peer::TokioLocal, Peer::TokioSet];

    /// smol's columns. A floor that refers to smol refers to the best of them.
    pub const SMOL: &'static [Peer] = &[Peer::Smol, Peer::SmolOrdinary];

    /// The columns on io_uring.
    pub const URING: &'static [Peer] = &[Peer::MonoioUring, Peer::Compio];

    /// All peers, in the order of the columns.
    pub const ALL: [Peer; 15] = [
        Peer::Aside,
        Peer::Tokio,
        Peer::TokioLocal,
        Peer::TokioSet,
        Peer::Smol,
        Peer::SmolOrdinary,
        Peer::Monoio,
        Peer::MonoioUring,
        Peer::Compio,
        Peer::Futures,
        Peer::Safina,
        Peer::JoinAll,
        Peer::FuturesConcurrency,
        Peer::Asyncio,
        Peer::Limit,
    ];

    /// The name in the table and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Aside => "aside",
            Peer::Tokio => "tokio",
            Peer::TokioLocal => "tokio-local",
            Peer::TokioSet => "tokio-set",
            Peer::Smol => "smol",
            Peer::SmolOrdinary => "smol-ordinary",
            Peer::Monoio => "monoio",
            Peer::MonoioUring => "monoio-uring",
            Peer::Compio => "compio",
            Peer::Futures => "futures",
            Peer::Safina => "safina",
            Peer::JoinAll => "join_all",
            Peer::FuturesConcurrency => "f-concurrency",
            Peer::Asyncio => "asyncio",
            Peer::Limit => "limit",
        }
    }

    /// Returns true if the peer can run on this machine.
    pub fn is_present(self) -> bool {
        match self {
            Peer::Asyncio => std::process::Command::new("python3")
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success()),
            Peer::MonoioUring | Peer::Compio => ::monoio::utils::detect_uring(),
            Peer::Aside
            | Peer::Tokio
            | Peer::TokioLocal
            | Peer::TokioSet
            | Peer::Smol
            | Peer::SmolOrdinary
            | Peer::Monoio
            | Peer::Futures
            | Peer::Safina
            | Peer::JoinAll
            | Peer::FuturesConcurrency
            | Peer::Limit => true,
        }
    }
}

/// Implemented by every peer that is a runtime of one thread.
pub trait Runtime: 'static {
    /// The future that awaits a task.
    type Handle<T: Send + 'static>: Future + Send + 'static;

    /// Makes a runtime, drives the future, and drops the runtime.
    fn block_on<F: Future<Output: 'static> + 'static>(main: F) -> F::Output;

    /// Spawns a task on the current runtime.
    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Extracts the task's output from the result of its handle.
    fn output<T: Send + 'static>(joined: <Self::Handle<T> as Future>::Output) -> T;
}

/// Drives the future as a task of a new runtime.
pub fn in_task<R: Runtime, F>(future: F) -> F::Output
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    R::block_on(async { R::output::<F::Output>(R::spawn(future).await) })
}

/// Drives the future as a task of a new runtime with a pool.
pub fn in_task_with_pool<R: Blocking, F>(future: F) -> F::Output
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    R::block_on_with_pool(async { R::output::<F::Output>(R::spawn(future).await) })
}

/// Implemented by runtimes with timers.
pub trait Timers: Runtime {
    /// Returns a future that waits for this duration.
    fn sleep(duration: Duration) -> impl Future + 'static;

    /// Spawns a task that waits for this duration, and then calls a closure.
    fn spawn_sleep<T: Send + 'static>(
        duration: Duration,
        then: impl FnOnce() -> T + Send + 'static,
    ) -> Self::Handle<T>;
}

/// Implemented by runtimes with a pool for blocking calls.
pub trait Blocking: Runtime {
    /// The future that awaits a job.
    type Job<T: Send + 'static>: Future + Send + 'static;

    /// Like [`Runtime::block_on`], with the pool available.
    fn block_on_with_pool<F: Future<Output: 'static> + 'static>(main: F) -> F::Output {
        Self::block_on(main)
    }

    /// Runs a closure on the pool of the current runtime.
    fn spawn_blocking<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Self::Job<T>;

    /// Extracts the job's output from the result of its handle.
    fn job_output<T: Send + 'static>(joined: <Self::Job<T> as Future>::Output) -> T;
}

/// Implemented by runtimes to whose pool other threads can submit.
pub trait Submit: Blocking {
    /// The handle that another thread needs to submit.
    type Submitter: Clone + Send + 'static;

    /// Returns the submitter of the current runtime.
    fn submitter() -> Self::Submitter;

    /// Runs a closure on the pool and detaches it.
    fn submit(submitter: &Self::Submitter, job: impl FnOnce() + Send + 'static);
}

/// Implemented by runtimes whose pool can limit its producers.
pub trait Bounded: Blocking {
    /// The bounded queue to which a producer submits.
    type Queue: Clone + Send + Sync + 'static;

    /// Makes a bounded queue of jobs, on the pool of the current runtime.
    fn queue(bound: usize) -> Self::Queue;

    /// Waits for room, then has the pool run a closure.
    fn submit_when_room<T: Send + 'static>(
        queue: &Self::Queue,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Self::Job<T>> + Send;
}

/// The usual solution without a semaphore: a channel that holds a token for each job.
type Tokens = (Sender<()>, Receiver<()>);

/// Waits for room, and returns a closure that frees the room when it ends.
async fn with_token<T>(
    (sender, receiver): &Tokens,
    job: impl FnOnce() -> T + Send + 'static,
) -> impl FnOnce() -> T + Send + 'static {
    sender.send(()).await.expect("both ends are here");
    let receiver = receiver.clone();
    move || {
        let output = job();
        receiver.try_recv().expect("its own token is there");
        output
    }
}

/// Implemented by runtimes whose pool can be limited to its minimal number of threads.
pub trait Narrow: Blocking {
    /// The minimal number of threads.
    const WORKERS: usize = 1;

    /// Like [`Blocking::block_on_with_pool`], with the minimal number of threads in the pool.
    fn block_on_narrow<F: Future<Output: 'static> + 'static>(main: F) -> F::Output;
}

/// Implemented by runtimes that can be created without running anything.
pub trait Make: Runtime {
    /// Makes a runtime, runs a future that is ready, and drops the runtime.
    fn make_and_drop();
}
