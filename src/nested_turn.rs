//! Turns by a host whose loop may run inside a task.

use std::time::Duration;

use runtime_executor::{AlreadyTurning, Turn};

use crate::runtime::Runtime;

impl Runtime {
    /// Turns the loop once, like [`turn`](Runtime::turn), unless it is being turned already.
    ///
    /// For a host whose events may arrive inside a task: a task that opens a modal dialog runs the
    /// host's loop inside a turn. That loop cannot turn the runtime, and all tasks wait until the
    /// dialog is closed. To keep them running, let the host's own loop open the dialog: the task
    /// sends the host a message, and awaits the answer.
    ///
    /// ```
    /// use std::{rc::Rc, time::Duration};
    ///
    /// let runtime = Rc::new(aside::Runtime::new());
    /// let host = Rc::clone(&runtime);
    /// let handle_events = move || host.try_turn(Duration::ZERO).is_ok();
    /// let dialog = handle_events.clone();
    /// let task = runtime.spawn(async move { dialog() });
    /// assert!(handle_events());
    /// assert_eq!(runtime.block_on(task).unwrap(), false);
    /// ```
    ///
    /// # Errors
    /// [`AlreadyTurning`], if this method is called inside a task of the same runtime.
    ///
    /// # Blocking
    /// Like [`turn`](Runtime::turn).
    pub fn try_turn(&self, wait: Duration) -> Result<Turn, AlreadyTurning> {
        let _entered = self.handle.make_current();
        self.executor.try_turn(wait)
    }

    /// Returns whether the runtime is being turned, by a call further up on this thread's stack.
    /// Then [`turn`](Runtime::turn), [`block_on`](Runtime::block_on) and [`drain`](Runtime::drain)
    /// would panic.
    pub fn is_turning(&self) -> bool {
        self.executor.is_turning()
    }
}
