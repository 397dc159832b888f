//! Runtimes inside the loops of hosts: the descriptor, the deadline, and the hook.

use std::cell::{OnceCell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use aside::{NextTurn, Runtime, sleep_until, yield_now};

use crate::support::watchdog::{on_a_thread, watched};

fn look(runtime: &Runtime) -> NextTurn {
    runtime.turn(Duration::ZERO).next
}

fn spawn_remotely(runtime: &Runtime) {
    let handle = runtime.handle();
    on_a_thread(move || handle.spawn(async {}).detach());
}

#[test]
fn the_next_turn_is_known_without_a_turn() {
    watched(|| {
        let runtime = Runtime::new();
        assert_eq!(runtime.next_turn(), NextTurn::OnWake);
        let deadline = Instant::now() + Duration::from_secs(3600);
        let task = runtime.spawn(sleep_until(deadline));
        assert_eq!(runtime.next_turn(), NextTurn::Now);
        // Asking changes nothing.
        assert_eq!(runtime.next_turn(), NextTurn::Now);
        assert_eq!(runtime.turn(Duration::ZERO).polled, 1);
        assert_eq!(runtime.next_turn(), NextTurn::At(deadline));
        spawn_remotely(&runtime);
        assert_eq!(runtime.next_turn(), NextTurn::Now);
        assert_eq!(runtime.turn(Duration::ZERO).received, 1);
        assert_eq!(runtime.next_turn(), NextTurn::At(deadline));
        task.abort();
        while !task.is_finished() {
            let _ = look(&runtime);
        }
        runtime.spawn(yield_now()).detach();
        assert_eq!(look(&runtime), NextTurn::Now);
        assert_eq!(runtime.next_turn(), NextTurn::Now);
    });
}

#[test]
fn the_deadline_as_a_timeout_is_never_negative() {
    watched(|| {
        assert_eq!(NextTurn::Now.timeout(), Some(Duration::ZERO));
        assert_eq!(NextTurn::OnWake.timeout(), None);
        assert_eq!(NextTurn::At(Instant::now()).timeout(), Some(Duration::ZERO));
        let hour = Duration::from_secs(3600);
        let left = NextTurn::At(Instant::now() + hour).timeout().unwrap();
        assert!(!left.is_zero() && left <= hour);
    });
}

// P110
#[test]
fn a_nested_loop_of_the_host_has_no_turn_to_wait_for() {
    watched(|| {
        let runtime = Rc::new(Runtime::new());
        let inside = Rc::clone(&runtime);
        let task = runtime.spawn(async move {
            aside::spawn(yield_now()).detach();
            inside.next_turn()
        });
        assert_eq!(look(&runtime), NextTurn::Now);
        assert_eq!(runtime.block_on(task).unwrap(), NextTurn::OnWake);
    });
}

#[test]
fn a_hook_that_is_set_late_is_called_for_what_has_happened_before() {
    watched(|| {
        let runtime = Runtime::new();
        runtime.spawn(pending::<()>()).detach();
        let _ = look(&runtime);
        spawn_remotely(&runtime);
        let (sender, calls) = mpsc::channel();
        runtime.set_on_wake(move || sender.send("first").unwrap());
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["first"]);
        // The first hook has announced this wake, and the host has not turned the loop yet.
        let (sender, calls) = mpsc::channel();
        runtime.set_on_wake(move || sender.send("second").unwrap());
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["second"]);
        while look(&runtime) == NextTurn::Now {}
        // Nothing is due: a third hook is not called before the next wake.
        let (sender, calls) = mpsc::channel();
        runtime.set_on_wake(move || sender.send("third").unwrap());
        assert_eq!(calls.try_iter().count(), 0);
        spawn_remotely(&runtime);
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["third"]);
    });
}

#[test]
fn the_hook_of_the_builder_is_called_for_a_task_that_is_spawned_before_the_first_turn() {
    watched(|| {
        let (sender, calls) = mpsc::channel();
        let runtime = Runtime::builder().on_wake(move || sender.send(()).unwrap()).build();
        assert_eq!(calls.try_iter().count(), 0);
        runtime.spawn(async {}).detach();
        assert_eq!(calls.try_iter().count(), 1);
    });
}

/// Wakes the runtime from another thread until the flag is set.
fn wake_until(runtime: &Runtime, is_over: &Arc<AtomicBool>) -> thread::JoinHandle<()> {
    let (handle, is_over) = (runtime.handle(), Arc::clone(is_over));
    thread::spawn(move || {
        while !is_over.load(Ordering::SeqCst) {
            handle.spawn(async {}).detach();
            thread::yield_now();
        }
    })
}

/// The captured value of a hook, which counts the drops.
struct Captured {
    is_replaced: AtomicBool,
    drops: Arc<AtomicUsize>,
}

impl Drop for Captured {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}

// P142
#[test]
fn a_replaced_hook_has_been_dropped_and_is_not_running() {
    const HOOKS: usize = 2_000;
    watched(|| {
        let runtime = Runtime::new();
        let is_over = Arc::new(AtomicBool::new(false));
        let waking = wake_until(&runtime, &is_over);
        let drops = Arc::new(AtomicUsize::new(0));
        let late_calls = Arc::new(AtomicUsize::new(0));
        let mut former = std::sync::Weak::<Captured>::new();
        for hook in 0..HOOKS {
            let is_replaced = AtomicBool::new(false);
            let captured = Arc::new(Captured { is_replaced, drops: Arc::clone(&drops) });
            let weak = Arc::downgrade(&captured);
            let late = Arc::clone(&late_calls);
            runtime.set_on_wake(move || {
                // A slow hook, which a replacement may meet at any point.
                for _ in 0..10 {
                    let is_late = captured.is_replaced.load(Ordering::SeqCst);
                    late.fetch_add(usize::from(is_late), Ordering::SeqCst);
                    thread::yield_now();
                }
            });
            assert_eq!(drops.load(Ordering::SeqCst), hook, "the former hook is dropped");
            if let Some(former) = former.upgrade() {
                former.is_replaced.store(true, Ordering::SeqCst);
            }
            former = weak;
            while look(&runtime) == NextTurn::Now {}
        }
        drop(runtime);
        assert_eq!(drops.load(Ordering::SeqCst), HOOKS, "the last hook is dropped, too");
        assert_eq!(late_calls.load(Ordering::SeqCst), 0);
        is_over.store(true, Ordering::SeqCst);
        waking.join().unwrap();
    });
}

// P142
#[test]
fn no_wake_is_lost_between_two_hooks() {
    watched(|| {
        let runtime = Runtime::new();
        for round in 0..2_000 {
            let task = runtime.spawn(async { aside::spawn_blocking(thread::yield_now).await });
            let (sender, former) = mpsc::channel();
            runtime.set_on_wake(move || {
                let _host_is_gone = sender.send(());
            });
            while look(&runtime) == NextTurn::Now {}
            // The wake of the job meets either hook.
            let (sender, calls) = mpsc::channel();
            runtime.set_on_wake(move || {
                let _host_is_gone = sender.send(());
            });
            while !task.is_finished() {
                calls.recv().unwrap_or_else(|_| panic!("round {round}"));
                while look(&runtime) == NextTurn::Now {}
            }
            drop(former);
        }
    });
}

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

// P142: the call of the hook is further up on the stack, so the replacement cannot wait for it.
#[test]
fn a_hook_may_replace_itself_on_the_thread_of_the_loop() {
    watched(|| {
        RUNTIME.with(|runtime| {
            let runtime = runtime.get_or_init(Runtime::new);
            runtime.set_on_wake(|| {
                LOG.with(|log| log.borrow_mut().push("first"));
                RUNTIME.with(|runtime| {
                    let second = || LOG.with(|log| log.borrow_mut().push("second"));
                    runtime.get().unwrap().set_on_wake(second);
                });
            });
            runtime.spawn(async {}).detach();
            while look(runtime) == NextTurn::Now {}
            runtime.spawn(async {}).detach();
        });
        // The replacement announces what the first hook was called for.
        assert_eq!(LOG.with(RefCell::take), ["first", "second", "second"]);
    });
}
