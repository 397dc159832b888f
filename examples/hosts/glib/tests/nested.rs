//! A task that runs a nested main loop, as a modal dialog does.

#[path = "../host.rs"]
mod host;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::net::UnixStream;
use aside::{Runtime, sleep};
use glib::MainContext;

use host::GlibHost;

const DIALOG: Duration = Duration::from_millis(50);

/// Runs the main loop until a timer of glib expires. Returns the number of its iterations.
fn dialog() -> usize {
    let is_open = Rc::new(Cell::new(true));
    let open = Rc::clone(&is_open);
    glib::timeout_add_local_once(DIALOG, move || open.set(false));
    let mut iterations = 0;
    while is_open.get() {
        MainContext::default().iteration(true);
        iterations += 1;
    }
    iterations
}

#[test]
fn a_nested_main_loop_sleeps_and_the_tasks_continue_after_it() {
    // Ends a test that hangs.
    glib::timeout_add_local_once(Duration::from_secs(60), || std::process::abort());
    let host = GlibHost::attach(Runtime::new()).expect("there are descriptors left");
    let runtime = host.runtime();
    let (near, far) = runtime.block_on(async { UnixStream::pair() }).expect("a pair is made");
    let (ticks, is_over) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (counted, stopped) = (Rc::clone(&ticks), Rc::clone(&is_over));
    let ticker = async move {
        while !stopped.get() {
            sleep(Duration::from_millis(1)).await;
            counted.set(counted.get() + 1);
        }
    };
    runtime.spawn(ticker).detach();
    let reader = runtime.spawn(async move { near.read(&mut [0; 8]).await });
    let opener = runtime.spawn(async move {
        // The timer's source turns the runtime, so the other source is not inside itself.
        sleep(Duration::from_millis(5)).await;
        far.try_write(b"hello").expect("the pair has a buffer");
        let before = ticks.get();
        let iterations = dialog();
        assert_eq!(ticks.get(), before, "a task has run inside another task");
        is_over.set(true);
        iterations
    });
    while runtime.task_count() > 0 {
        MainContext::default().iteration(true);
    }
    let iterations = runtime.block_on(opener).expect("the task does not panic");
    assert!(iterations < 20, "the nested loop has not slept: {iterations} iterations");
    let received = runtime.block_on(reader).expect("the task does not panic");
    assert_eq!(received.expect("the pair is open"), 5);

    // The descriptor is watched again.
    while MainContext::default().iteration(false) {}
    let late = runtime.spawn(async {});
    assert!(MainContext::default().iteration(false), "glib does not see the task");
    assert!(late.is_finished());
    assert!(host.detach().shutdown(Shutdown::Wait).tasks_cancelled.is_empty());
}
