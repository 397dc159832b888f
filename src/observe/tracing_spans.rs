//! [`TracingSpans`]: spans of the crate `tracing`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;

use runtime_core::metadata::{Id, Metadata};
use runtime_executor::Observer;
use tracing::Span;
use tracing::span::EnteredSpan;

/// Makes a span of the crate `tracing` for each task, and enters it around each poll. So each event
/// and each span of a task is inside the span of that task.
///
/// [`Builder::tracing`](crate::Builder::tracing) adds it, and makes a span for each job of the
/// pool, which is entered around the closure.
///
/// The spans have the level INFO, the target `aside`, the name `runtime.spawn`, and these fields:
///
/// | field | value |
/// |---|---|
/// | `kind` | `task`, `block_on` or `blocking` |
/// | `task.name` | the name that [`named`](crate::named()) gave, if any |
/// | `task.id` | the number: [`JoinHandle::id`](crate::JoinHandle::id) |
/// | `loc.file`, `loc.line`, `loc.col` | the call that spawned the task, or submitted the job |
///
/// The parent is the span in which the task was spawned, or the job submitted: that of the spawning
/// task, or a span inside it. (A task that another thread spawns by a
/// [`Handle`](crate::Handle::spawn) has no parent.) A span stays open while its children are alive.
/// So a task that spawns its own successor, again and again, keeps a chain of spans; spawn the
/// successor in `tracing::Span::none().in_scope(..)`.
///
/// The name and the fields are those by which `console-subscriber` knows a task: see the guide's
/// [chapter](crate::guide::observing).
///
/// ```
/// use aside::Runtime;
///
/// let runtime = Runtime::builder().tracing().build();
/// runtime.block_on(async {
///     let task = aside::named("greeter").spawn(async { tracing::info!("hello") });
///     task.await.unwrap(); // `hello`, in a span with `task.name="greeter"`
/// });
/// ```
///
/// # Cost
/// If no subscriber is interested, each span is disabled: a load and a branch, and two look-ups in
/// a table for each poll. Otherwise the cost is that of the subscriber.
#[doc(alias("console", "instrument", "tokio-console"))]
#[derive(Default)]
pub struct TracingSpans {
    /// The spans of the tasks that are alive, except for the one that is polled.
    spans: RefCell<HashMap<Id, Span>>,
    polled: Cell<Option<EnteredSpan>>,
    /// The future of the current `block_on`.
    main: Cell<Option<Id>>,
}

/// A disabled span has no fields, so their values are not computed.
fn span_of(kind: &'static str, task: &Metadata) -> Span {
    let location = task.location();
    tracing::info_span!(
        target: "aside",
        "runtime.spawn",
        kind,
        task.name = task.name(),
        task.id = task.id().get(),
        loc.file = location.file(),
        loc.line = location.line(),
        loc.col = location.column(),
    )
}

/// An event by which the console knows the wakers of a task, at the level TRACE.
fn waker_event(span: &Span, op: &'static str) {
    if let Some(id) = span.id() {
        tracing::trace!(target: "runtime::waker", op, task.id = id.into_u64());
    }
}

impl TracingSpans {
    /// An observer for one loop.
    pub fn new() -> TracingSpans {
        TracingSpans::default()
    }

    /// Makes the span of a job, and returns a function that calls a closure inside the span: for
    /// [`PoolBuilder::carry_with`](crate::blocking::PoolBuilder::carry_with).
    ///
    /// ```
    /// use aside::{blocking::Pool, observe::TracingSpans};
    ///
    /// let pool = Pool::builder().carry_with(TracingSpans::job).build();
    /// ```
    pub fn job(job: &Metadata) -> impl FnOnce(&mut dyn FnMut()) + Send + use<> {
        let span = span_of("blocking", job);
        move |closure| span.in_scope(closure)
    }

    fn insert(&self, kind: &'static str, task: &Metadata) {
        let span = span_of(kind, task);
        // The console counts the wakers of a task. The loop keeps one until the task ends.
        waker_event(&span, "waker.clone");
        self.spans.borrow_mut().insert(task.id(), span);
    }

    fn remove(&self, task: Id) {
        // A subscriber is foreign code, so the table is not borrowed while the span is dropped.
        let removed = self.spans.borrow_mut().remove(&task);
        drop(removed);
    }
}

impl Observer for TracingSpans {
    fn entered(&self, main: Option<&Metadata>) {
        if let Some(main) = main {
            self.insert("block_on", main);
            self.main.set(Some(main.id()));
        }
    }

    fn left(&self) {
        // The main future may have panicked in its poll.
        drop(self.polled.take());
        if let Some(main) = self.main.take() {
            self.remove(main);
        }
    }

    fn task_spawned(&self, task: &Metadata) {
        self.insert("task", task);
    }

    fn poll_started(&self, task: &Metadata) {
        let span = self.spans.borrow_mut().remove(&task.id());
        // Without a wake, the console would count the time since the last poll as scheduled.
        span.iter().for_each(|span| waker_event(span, "waker.wake_by_ref"));
        self.polled.set(span.map(Span::entered));
    }

    fn poll_ended(&self, task: &Metadata) {
        if let Some(polled) = self.polled.take() {
            let span = polled.exit();
            self.spans.borrow_mut().insert(task.id(), span);
        }
    }

    fn task_ended(&self, task: &Metadata) {
        self.remove(task.id());
    }
}

impl fmt::Debug for TracingSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingSpans").field("spans", &self.spans.borrow().len()).finish()
    }
}
