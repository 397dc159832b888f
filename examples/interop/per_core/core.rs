//! A core: a thread, its runtime, and the state that only this thread uses.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::net::{TcpListener, TcpStream};
use aside::{Handle, Runtime, sleep, spawn, timeout, yield_now};
use async_channel::Receiver;
use async_lock::{Semaphore, SemaphoreGuardArc};

use crate::http::{Answer, Requests};
use crate::servers::Log;

/// The maximum number of counters of a core.
const COUNTERS_MAX: usize = 65_536;
/// The time limit for the open requests when the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// The handles of all cores. Each core has a value of this type.
#[derive(Clone)]
pub(crate) struct Cores {
    /// The handles, indexed by the number of the core.
    pub(crate) all: Arc<[Handle]>,
    /// The number of this core.
    pub(crate) here: usize,
}

/// The care that all cores take of the server: it survives clients that do nothing.
#[derive(Clone)]
pub(crate) struct Care {
    pub(crate) patience: Duration,
    /// The places for the connections of all cores.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) log: Log,
}

/// The values that the main thread keeps of a running core: its handle and its thread.
pub(crate) struct Core {
    pub(crate) handle: Handle,
    thread: thread::JoinHandle<Tally>,
}

/// The state of one core. A future sent by another core finds it in the thread-local [`OWN`].
#[derive(Default)]
struct CoreState {
    counters: RefCell<HashMap<String, u64>>,
    connections: Cell<u64>,
    requests: Cell<u64>,
    from_others: Cell<u64>,
    /// The number of requests that are being answered.
    open: Cell<u64>,
}

thread_local! {
    static OWN: CoreState = CoreState::default();
}

/// The counts of a core.
pub(crate) struct Tally {
    number: usize,
    connections: u64,
    requests: u64,
    from_others: u64,
}

impl Core {
    /// Starts a core, which runs until `stopped` is closed.
    pub(crate) fn start(number: usize, stopped: Receiver<Infallible>) -> io::Result<Core> {
        let (sender, handle) = mpsc::channel();
        let run = move || {
            let runtime = Runtime::new();
            let _waits = sender.send(runtime.handle());
            // Tasks arrive through the handle, and run while this future waits.
            let all_answered = async {
                while OWN.with(|own| own.open.get()) > 0 {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            runtime.block_on(async {
                let _closed = stopped.recv().await;
                let _left_behind = timeout(GRACE, all_answered).await;
            });
            let _report = runtime.shutdown(Shutdown::Leave);
            OWN.with(|own| Tally {
                number,
                connections: own.connections.get(),
                requests: own.requests.get(),
                from_others: own.from_others.get(),
            })
        };
        let thread = thread::Builder::new().name(format!("core {number}")).spawn(run)?;
        Ok(Core { handle: handle.recv().map_err(io::Error::other)?, thread })
    }

    /// Waits for the end of the core, and returns its counts.
    pub(crate) fn join(self) -> Tally {
        self.thread.join().expect("a panicking task does not end its core")
    }
}

/// Accepts the connections of this core until the runtime ends.
pub(crate) async fn accept(listener: TcpListener, cores: Cores, care: Care) {
    loop {
        let place = care.places.acquire_arc().await;
        match listener.accept().await {
            Ok((stream, _peer)) => {
                spawn(connection(stream, cores.clone(), care.patience, place)).detach();
            }
            // Descriptors may be exhausted. `accept` delays such errors, so this loop does not
            // spin.
            Err(error) => care.log.line(format_args!("a connection was not accepted: {error}")),
        }
    }
}

async fn connection(
    stream: TcpStream,
    cores: Cores,
    patience: Duration,
    _place: SemaphoreGuardArc,
) {
    OWN.with(|own| count(&own.connections));
    let _gone = stream.set_nodelay(true);
    let mut requests = Requests::of(&stream);
    while let Ok(Some(path)) = timeout(patience, requests.next()).await {
        OWN.with(|own| count(&own.requests));
        let _open = OpenRequest::begin();
        let answer = answer(&path, &cores).await;
        let Ok(Ok(())) = timeout(patience, requests.answer(answer)).await else { return };
        // A client that sends without pause must not starve the others.
        yield_now().await;
    }
}

/// A request that is being answered. The core waits for its drop when the server stops.
struct OpenRequest;

impl OpenRequest {
    fn begin() -> OpenRequest {
        OWN.with(|own| own.open.set(own.open.get() + 1));
        OpenRequest
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        // During the destruction of the thread-locals nothing waits any more.
        let _gone = OWN.try_with(|own| own.open.set(own.open.get() - 1));
    }
}

async fn answer(path: &str, cores: &Cores) -> Answer {
    match path {
        "/" => Answer::Ok("hello from one of the cores\n".to_owned()),
        "/work" => Answer::Ok(format!("{}\n", blake3::hash(&[7; 64 * 1024]))),
        _ => match path.strip_prefix("/count/") {
            Some(name) => match count_by_name(name, cores).await {
                Some(count) => Answer::Ok(format!("{count}\n")),
                None => Answer::Full,
            },
            None => Answer::NotFound,
        },
    }
}

/// Counts a name on the core that owns its counter. Returns `None` if the table is full or that
/// core has ended.
async fn count_by_name(name: &str, cores: &Cores) -> Option<u64> {
    let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(name);
    let owner = (hash % cores.all.len() as u64) as usize;
    let name = name.to_owned();
    if owner == cores.here {
        return OWN.with(|own| own.count(name));
    }
    let visit = cores.all[owner].spawn(async move {
        OWN.with(|own| {
            count(&own.from_others);
            own.count(name)
        })
    });
    visit.await.ok().flatten()
}

impl CoreState {
    fn count(&self, name: String) -> Option<u64> {
        let mut counters = self.counters.borrow_mut();
        if counters.len() >= COUNTERS_MAX && !counters.contains_key(&name) {
            return None;
        }
        let counter = counters.entry(name).or_default();
        *counter += 1;
        Some(*counter)
    }
}

fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { number, connections, requests, from_others } = self;
        write!(
            f,
            "core {number}: {connections} connections, {requests} requests, \
             {from_others} counts for others"
        )
    }
}
