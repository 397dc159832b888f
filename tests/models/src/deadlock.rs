//! Models of deadlock detection: a job that blocks on a job of its own pool gets an error if the
//! pool is deadlocked, and only then.
//!
//! One lock guards the pool's state, and no mutant can break a lock. The mutants have other
//! mistakes. Some lose a wake. In others a job blocks without reporting its wait to the pool, or
//! does not report everything that can wake it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_blocking::{Pool, Shutdown};
use runtime_core::blocking_driver;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::park::Parker;
use runtime_core::sync::explore::{Record, Witness};
use runtime_executor::{Config, EventLoop, Handle};

use crate::model::{Model, Mutant};
use crate::threads::block_on;

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "deadlock::a_job_that_waits_for_the_only_thread_gets_an_error",
        bound: Some(4),
        executions: 3_070,
        witnesses: &["told"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("waits without noting it", |witness| {
                for_the_only_thread(|_, job| block_on(job), witness);
            }),
        ],
        body: |witness| for_the_only_thread(|handle, job| handle.block_on(job), witness),
    },
    Model {
        name: "deadlock::of_two_jobs_that_wait_for_jobs_on_two_threads_both_end",
        bound: Some(3),
        executions: 94_741,
        witnesses: &["told", "not told"],
        mutants: &[Mutant::body("waits without noting it", |witness| {
            two_on_two_threads(|_, job| block_on(job), witness);
        })],
        body: |witness| two_on_two_threads(|handle, job| handle.block_on(job), witness),
    },
    Model {
        name: "deadlock::a_job_that_another_thread_ends_is_never_refused",
        bound: Some(3),
        executions: 27_641,
        witnesses: &["ran"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::body("there is no other thread", |witness| ends_elsewhere(1, witness)),
        ],
        body: |witness| ends_elsewhere(2, witness),
    },
    Model {
        name: "deadlock::a_job_that_something_else_can_wake_is_never_refused",
        bound: Some(4),
        executions: 8_968,
        witnesses: &["woken"],
        mutants: &[Mutant::body("hides what else can wake it", |witness| {
            something_else_can_wake(hides_what_else_can_wake_it, witness);
        })],
        body: |witness| {
            something_else_can_wake(
                |handle, inner, news| handle.block_on(either(inner, news, None)),
                witness,
            );
        },
    },
];

/// Blocks the calling job until another job has ended.
type Wait = fn(&Handle, JoinHandle<()>) -> Result<(), JoinError>;

fn pool(threads_max: usize) -> Pool {
    let builder = Pool::builder().burst(1).threads_max(threads_max).cores(threads_max);
    builder.slow_shutdown_notice(None).build()
}

fn submit<T: Send + 'static>(pool: &Pool, f: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let Ok(job) = pool.submit(f) else { panic!("it is handed back") };
    job
}

/// Submits a job that submits a second job and waits for it. The first job returns whether the
/// second was refused.
fn reenter(pool: &Pool, handle: &Handle, wait: Wait, ran: &Record<()>) -> JoinHandle<bool> {
    let (inside, handle, ran) = (pool.clone(), handle.clone(), ran.clone());
    submit(pool, move || {
        let inner = submit(&inside, move || ran.note(()));
        match wait(&handle, inner) {
            Ok(()) => false,
            Err(error) => {
                assert!(error.is_refused());
                true
            }
        }
    })
}

fn end(pool: &Pool, completed: usize) {
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
    let stats = pool.stats();
    assert_eq!((stats.completed, stats.queued, stats.threads), (completed as u64, 0, 0));
}

/// The inner job needs the only thread, but the outer job waits on that thread. So the inner job is
/// refused. (P54)
fn for_the_only_thread(wait: Wait, witness: &'static Witness) {
    let executor = EventLoop::new(Config::default());
    let (pool, ran) = (pool(1), Record::new());
    let outer = reenter(&pool, &executor.handle(), wait, &ran);
    assert!(block_on(outer).expect("it ran"), "there was no other thread");
    end(&pool, 1);
    assert_eq!(ran.len(), 0);
    witness.saw("told");
}

/// If both outer jobs wait, the later wait gets an error. The thread that gets the error then runs
/// the inner job of the other outer job.
fn two_on_two_threads(wait: Wait, witness: &'static Witness) {
    let executor = EventLoop::new(Config::default());
    let (pool, ran) = (pool(2), Record::new());
    let outer = [(); 2].map(|()| reenter(&pool, &executor.handle(), wait, &ran));
    let told = outer.map(|job| block_on(job).expect("it ran"));
    let refused = told.into_iter().filter(|told| *told).count();
    assert!(refused <= 1, "when one has been told, it makes room");
    end(&pool, 4 - refused);
    assert_eq!(ran.len(), 2 - refused);
    witness.saw(if refused == 1 { "told" } else { "not told" });
}

/// One thread runs the outer job, which checks whether the inner job has ended, reports that it
/// waits, and sleeps. Another thread takes the inner job from the queue and runs it to its end. The
/// inner job is not refused, in whichever order these steps come.
fn ends_elsewhere(threads_max: usize, witness: &'static Witness) {
    let executor = EventLoop::new(Config::default());
    let (pool, ran) = (pool(threads_max), Record::new());
    let wait: Wait = |handle, job| handle.block_on(job);
    let outer = reenter(&pool, &executor.handle(), wait, &ran);
    assert!(!block_on(outer).expect("it ran"), "a false alarm");
    end(&pool, 2);
    assert_eq!(ran.len(), 1);
    witness.saw("ran");
}

/// A function that blocks until the first handle's job has ended, or until the second handle
/// resolves. The second handle awaits the *news*: a result that no job of the pool produces.
type BlockOnEither = fn(&Handle, JoinHandle<()>, JoinHandle<()>);

/// A future that waits for the news, and panics if the job ends before that. If there is a
/// `news_waker`, the news wakes this waker instead of the context's waker.
fn either(
    mut inner: JoinHandle<()>,
    mut news: JoinHandle<()>,
    news_waker: Option<Waker>,
) -> impl Future<Output = ()> + Unpin {
    poll_fn(move |cx| {
        if let Poll::Ready(result) = Pin::new(&mut inner).poll(cx) {
            panic!("a false alarm: {result:?}");
        }
        let waker = news_waker.as_ref().unwrap_or(cx.waker()).clone();
        let polled = Pin::new(&mut news).poll(&mut Context::from_waker(&waker));
        polled.map(|news| news.expect("news"))
    })
}

/// The pool's only thread waits for a job that no other thread can run, or for the news. The news
/// arrives, so there is no deadlock.
fn something_else_can_wake(block: BlockOnEither, witness: &'static Witness) {
    let executor = EventLoop::new(Config::default());
    let (pool, ran) = (pool(1), Record::new());
    let completion = Arc::new(Completion::new(Metadata::here(), None));
    let news = JoinHandle::new(Arc::clone(&completion));
    let (inside, handle, noted) = (pool.clone(), executor.handle(), ran.clone());
    let outer = submit(&pool, move || {
        let inner = submit(&inside, move || noted.note(()));
        block(&handle, inner, news);
    });
    let _no_producer = completion.complete(Ok(()));
    block_on(outer).expect("it ran");
    end(&pool, 2);
    assert_eq!(ran.len(), 1);
    witness.saw("woken");
}

/// Blocks as `Handle::block_on` does, except that the news wakes a waker that the pool does not
/// count.
fn hides_what_else_can_wake_it(_: &Handle, inner: JoinHandle<()>, news: JoinHandle<()>) {
    let parker = Arc::new(Parker::new());
    let waker = Waker::from(Arc::clone(&parker));
    let mut future = either(inner, news, Some(waker.clone()));
    let sleep = || {
        let _ = parker.park(None);
    };
    blocking_driver::drive(&waker, sleep, |cx| Pin::new(&mut future).poll(cx));
}
