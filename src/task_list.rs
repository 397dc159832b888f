//! [`Runtime::tasks`] and [`Handle::tasks`]: the list of a runtime's tasks.

use runtime_core::runtime_gone::RuntimeGoneError;
use runtime_core::task_list::TaskList;

use crate::handle::Handle;
use crate::runtime::Runtime;

impl Handle {
    /// Returns the list of the runtime's tasks, with what each task waits for. Any thread may ask,
    /// under any executor, also a task of this runtime and, by
    /// [`block_on`](Handle::block_on), a job.
    ///
    /// The list contains the spawned tasks and the future that `block_on` drives. A task that asks
    /// is listed as polling. The list is made by a small task of the loop, which is not listed.
    /// Observers see it under the name `task list`.
    ///
    /// ```
    /// use aside::{Handle, gather, named, spawn_blocking};
    ///
    /// aside::run(async {
    ///     let (release, wait) = std::sync::mpsc::channel::<()>();
    ///     let work = named("work").spawn(async move {
    ///         let job = named("read").spawn_blocking(move || wait.recv());
    ///         gather((job, aside::sleep(std::time::Duration::from_secs(9)))).await
    ///     });
    ///     aside::yield_now().await; // the task begins
    ///     let tasks = Handle::current().tasks().await?;
    ///     assert_eq!(tasks.get(work.id()).unwrap().waits.len(), 2);
    ///     println!("{tasks}\n\n{}", tasks.tree());
    ///     drop(release);
    ///     work.abort();
    ///     Ok::<(), aside::RuntimeGoneError>(())
    /// })?;
    /// # Ok::<(), aside::RuntimeGoneError>(())
    /// ```
    ///
    /// # What the list shows
    /// The waits for timers, sockets, jobs of the runtime's own pool and tasks of the runtime, also
    /// through [`gather`](crate::gather()), [`scope`](crate::scope()),
    /// [`timeout`](crate::timeout()), [`JoinSet`](crate::task::JoinSet), and the combinators of
    /// other crates. A task that waits for anything else is shown as waiting for something unknown:
    /// a channel, a lock, a stream of [`Unblock`](crate::Unblock), a call of a
    /// [`Pinned`](crate::blocking::Pinned) state, a job of another pool, another runtime. So is a
    /// wait that ends while the list is made.
    ///
    /// An observer, [`PollTimes`](crate::observe::PollTimes), adds how often each task was polled
    /// and how long it has been waiting.
    ///
    /// # Cost
    /// Nothing before the question. The answer takes time in proportion to the tasks, timers, jobs
    /// and sockets. A task that waits through a combinator whose children have wakers of their own
    /// is polled once without need, which the contract of [`Future`] allows at any time.
    ///
    /// # Errors
    /// [`RuntimeGoneError`] if the runtime is gone.
    ///
    /// # Blocking
    /// The loop answers between two polls. If one poll holds the loop, the answer waits for the end
    /// of that poll: an observer that reports slow polls shows which task it is
    /// ([`observe`](crate::observe)). A runtime that no call turns does not answer.
    ///
    /// # Cancel safety
    /// Safe: giving up the await discards the answer.
    #[doc(alias("dump", "all_tasks", "get_stack", "print_stack", "console"))]
    pub async fn tasks(&self) -> Result<TaskList, RuntimeGoneError> {
        let runtime = self.clone();
        let visit_jobs = move |visit: &mut runtime_executor::VisitWaits<'_>| {
            runtime.pool().visit_awaiters(visit)
        };
        self.event_loop().task_list(visit_jobs).await
    }
}

impl Runtime {
    /// Returns the list of the runtime's tasks, with what each task waits for: see
    /// [`Handle::tasks`].
    ///
    /// If all waits can be found without a poll, the loop is not turned. Otherwise this method
    /// turns the loop until the tasks that wait through combinators have been polled once; other
    /// tasks that are ready are polled, too. It never sleeps.
    ///
    /// ```
    /// let runtime = aside::Runtime::new();
    /// let nap = runtime.spawn(aside::sleep(std::time::Duration::from_secs(60)));
    /// runtime.block_on(async { aside::yield_now().await });
    /// let tasks = runtime.tasks();
    /// assert_eq!(tasks.get(nap.id()).unwrap().waits.len(), 1);
    /// println!("{tasks}");
    /// ```
    ///
    /// # Panics
    /// Inside a task of this runtime: await [`Handle::tasks`] there.
    #[track_caller]
    #[doc(alias("dump", "all_tasks"))]
    pub fn tasks(&self) -> TaskList {
        let _entered = self.handle.make_current();
        self.executor.task_list(|visit| self.handle.pool().visit_awaiters(visit))
    }
}
