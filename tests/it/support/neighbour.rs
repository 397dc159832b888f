//! A neighbour of a task that never waits. It counts the operations that the task completes between
//! two polls of the neighbour.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use aside::{sleep, spawn, yield_now};

/// The maximum number of operations that a task completes in one poll, and a few that were under
/// way.
pub(crate) const OPERATIONS_MAX: usize = 64 + 2;

/// The number of rounds of the neighbour.
const ROUNDS: usize = 100;

/// Counts completed operations.
pub(crate) type Count = Rc<Cell<usize>>;

/// Runs `busy` as a task beside a neighbour that yields, and beside a timer. Asserts that `busy`
/// never completes more than `operations_max` operations between two rounds of the neighbour.
pub(crate) fn assert_fair<F>(name: &str, operations_max: usize, busy: impl FnOnce(Count) -> F)
where
    F: Future<Output = ()> + 'static,
{
    aside::run(async {
        let count = Count::default();
        let operations = Rc::clone(&count);
        let busy = spawn(busy(Rc::clone(&count))).abort_on_drop();
        while count.get() == 0 {
            assert!(!busy.is_finished(), "{name} ended");
            yield_now().await;
        }
        let neighbour = spawn(async move {
            let (mut before, mut longest) = (operations.get(), 0);
            for _ in 0..ROUNDS {
                yield_now().await;
                longest = longest.max(operations.get() - before);
                before = operations.get();
            }
            longest
        });
        let longest = neighbour.await.unwrap();
        assert!(longest <= operations_max, "{name}: {longest} operations between two polls");
        sleep(Duration::from_millis(5)).await;
        assert!(!busy.is_finished(), "{name} ended");
    });
}

/// Repeats an operation for ever, and counts.
pub(crate) async fn repeat<T>(count: Count, mut operation: impl AsyncFnMut() -> T) {
    loop {
        operation().await;
        count.set(count.get() + 1);
    }
}

/// Asserts that an operation yields after it has been completed [`OPERATIONS_MAX`] times.
pub(crate) fn assert_yields<T: 'static>(name: &str, operation: impl AsyncFnMut() -> T + 'static) {
    assert_fair(name, OPERATIONS_MAX, |count| repeat(count, operation));
}
