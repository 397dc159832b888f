//! The ways to ask for the list of tasks: on the loop's thread, and from any other.

use std::sync::Arc;

use runtime_core::context;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::runtime_gone::RuntimeGoneError;
use runtime_core::task_list::TaskList;

use super::{Asker, Survey, VisitWaits};
use crate::scheduler::current;
use crate::scheduler::event_loop::EventLoop;
use crate::scheduler::handle::Handle;
use crate::scheduler::yield_now::yield_now;

impl Survey {
    /// Wakes the wakers whose tasks are not known, and waits until the loop has polled these tasks.
    /// The loop is turning.
    ///
    /// A task that becomes ready during a batch is polled in the next batch. So two yields are
    /// enough, in whatever order a batch is polled: the first one may be over before the other
    /// tasks of its batch are polled.
    async fn wake_and_wait(&self) {
        self.wake();
        yield_now().await;
        yield_now().await;
    }
}

impl Handle {
    /// Asks the loop for the list of its tasks. `visit_jobs` is called on the loop's thread. The
    /// answer is made by a small task of the loop, which is not in the list.
    ///
    /// # Errors
    /// If the loop is gone.
    #[doc(hidden)]
    pub async fn task_list(
        &self,
        visit_jobs: impl FnOnce(&mut VisitWaits<'_>) + Send + 'static,
    ) -> Result<TaskList, RuntimeGoneError> {
        match self.ask(visit_jobs).await {
            Ok(list) => Ok(list),
            Err(error) if error.is_cancelled() => Err(RuntimeGoneError::of("this handle")),
            Err(panicked) => panicked.resume(),
        }
    }

    fn ask(
        &self,
        visit_jobs: impl FnOnce(&mut VisitWaits<'_>) + Send + 'static,
    ) -> JoinHandle<TaskList> {
        let asker = self.asker();
        self.spawn_with(Metadata::here().named("task list"), move || async move {
            let survey = {
                let core = current::turning().expect("a loop polls its tasks while it turns");
                Survey::begin(&core, asker, visit_jobs)
            };
            if survey.is_open() {
                survey.wake_and_wait().await;
            }
            survey.finish()
        })
    }

    fn asker(&self) -> Asker {
        match current::turning().filter(|core| Arc::ptr_eq(&core.shared, self.shared())) {
            None => Asker::Elsewhere,
            Some(_) => context::task().map_or(Asker::Main, Asker::Task),
        }
    }
}

impl EventLoop {
    /// Returns the list of the tasks. If some tasks wait through combinators with wakers of their
    /// own, turns the loop until these tasks have been polled.
    ///
    /// # Panics
    /// If this loop is being turned already.
    #[track_caller]
    pub fn task_list(&self, visit_jobs: impl FnOnce(&mut VisitWaits<'_>)) -> TaskList {
        assert!(
            !self.is_turning(),
            "the list of tasks was requested inside one of the runtime's own tasks, which cannot \
             turn the loop: await `Handle::tasks` there"
        );
        let survey = Survey::begin(&self.core, Asker::Elsewhere, visit_jobs);
        if survey.is_open() {
            self.block_on(survey.wake_and_wait());
        }
        survey.finish()
    }
}
