//! States that live on one thread.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};

use runtime_blocking::{CancelToken, PinnedCallError, PinnedState, is_cancelled};
use runtime_core::context;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::sync::Mutex;

use crate::{Dice, Gate, HANG, gate, wait};

/// A state that is not `Send`. Its drop sends the test the current thread and the recorded lines.
struct Log {
    /// Makes the state not `Send`.
    lines: Rc<RefCell<Vec<usize>>>,
    death: Sender<(ThreadId, Vec<usize>)>,
}

impl Drop for Log {
    fn drop(&mut self) {
        let lines = self.lines.borrow().clone();
        self.death.send((thread::current().id(), lines)).expect("the test receives it");
    }
}

type Deaths = std::sync::mpsc::Receiver<(ThreadId, Vec<usize>)>;

fn log() -> (PinnedState<Log>, Deaths) {
    let (death, deaths) = channel();
    let opened = PinnedState::open(move || Log { lines: Rc::default(), death });
    (wait(opened).expect("it opens"), deaths)
}

fn line(number: usize) -> impl FnOnce(&mut Log) {
    move |log| log.lines.borrow_mut().push(number)
}

/// Makes the state's thread wait at a gate, and returns once the thread waits.
#[track_caller]
fn occupy<T>(pinned: &PinnedState<T>) -> (Gate, JoinHandle<()>) {
    let (gate, closed) = gate();
    let (begun, has_begun) = channel();
    let call = pinned.call(move |_| {
        begun.send(()).expect("the test waits for it");
        let _ = closed.recv();
    });
    has_begun.recv_timeout(HANG).expect("the call begins");
    (gate, call)
}

#[track_caller]
fn refusal<R: std::fmt::Debug>(call: JoinHandle<R>) -> PinnedCallError {
    let error = wait(call).expect_err("it is refused");
    assert!(error.is_refused(), "{error}");
    *error
        .source()
        .and_then(|source| source.downcast_ref())
        .expect("the reason is a PinnedCallError")
}

#[test]
fn the_state_is_made_used_and_dropped_on_one_thread() {
    let (pinned, deaths) = log();
    let home = wait(pinned.call(|_| thread::current().id())).expect("it ran");
    assert_ne!(home, thread::current().id());
    assert_eq!(wait(pinned.call(|_| thread::current().id())).expect("it ran"), home);
    wait(pinned.close()).expect("no panic");
    assert_eq!(deaths.try_recv().expect("it is dropped before the close completes").0, home);
    assert!(deaths.recv().is_err(), "it is dropped once");
}

#[test]
fn calls_run_in_order_and_their_results_are_returned() {
    let (pinned, deaths) = log();
    let (gate, first) = occupy(&pinned);
    let calls: Vec<_> = (0..100)
        .map(|number| {
            pinned.call(move |log| {
                line(number)(log);
                number * 2
            })
        })
        .collect();
    assert_eq!(pinned.waiting(), 100);
    gate.open();
    wait(first).expect("it ran");
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(wait(call).expect("it ran"), number * 2);
    }
    assert_eq!(pinned.waiting(), 0);
    drop(pinned);
    assert_eq!(deaths.recv().expect("it is dropped").1, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_order_of_each_producer_is_kept() {
    let (pinned, deaths) = log();
    let start = Arc::new(Barrier::new(4));
    let producers: Vec<_> = (0..4)
        .map(|producer| {
            let (pinned, start) = (pinned.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for number in 0..1000 {
                    pinned.call(line(producer * 1000 + number)).detach();
                }
            })
        })
        .collect();
    drop(pinned);
    producers.into_iter().for_each(|producer| producer.join().expect("no panic"));
    let (_, lines) = deaths.try_recv().expect("the drop of the last handle has waited");
    assert_eq!(lines.len(), 4000);
    for producer in 0..4 {
        let own: Vec<_> = lines.iter().filter(|&line| line / 1000 == producer).collect();
        assert_eq!(own.len(), 1000);
        assert!(own.is_sorted());
    }
}

#[test]
fn dropping_the_last_handle_waits_for_all_accepted_calls() {
    let (pinned, deaths) = log();
    let other = pinned.clone();
    pinned.call(line(1)).detach();
    drop(pinned);
    other.call(line(2)).detach();
    drop(other);
    assert_eq!(deaths.try_recv().expect("it has waited").1, [1, 2]);
}

thread_local! {
    /// Destroyed with its thread.
    static THREAD_END: RefCell<Option<ThreadEnd>> = const { RefCell::new(None) };
}

struct ThreadEnd(Sender<()>);

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        self.0.send(()).expect("the test receives it");
    }
}

#[test]
fn dropping_the_last_handle_joins_the_thread() {
    let (end, ends) = channel();
    let pinned = wait(PinnedState::open(|| ())).expect("it opens");
    pinned.call(|()| THREAD_END.set(Some(ThreadEnd(end)))).detach();
    drop(pinned);
    ends.try_recv().expect("the thread-locals are destroyed");
}

#[test]
fn dropping_the_last_handle_on_a_loop_does_not_wait_and_all_calls_run() {
    let (pinned, deaths) = log();
    let (gate, first) = occupy(&pinned);
    pinned.call(line(7)).detach();
    {
        let _turn = context::enter_loop();
        drop(pinned);
    }
    assert!(!first.is_finished(), "it did not wait");
    gate.open();
    assert_eq!(deaths.recv_timeout(HANG).expect("it ends without a join").1, [7]);
}

#[test]
fn dropping_the_last_handle_in_a_call_does_not_wait_and_ends_the_state() {
    let (pinned, deaths) = log();
    let (gate, _first) = occupy(&pinned);
    let last = pinned.clone();
    let call = pinned.call(move |log| {
        line(1)(log);
        drop(last);
    });
    {
        // The call owns the last handle from now on.
        let _turn = context::enter_loop();
        drop(pinned);
    }
    gate.open();
    wait(call).expect("no deadlock");
    assert_eq!(deaths.recv_timeout(HANG).expect("it ends").1, [1]);
}

#[test]
fn a_last_handle_in_a_thread_local_of_the_states_own_thread_does_not_wait_for_it() {
    thread_local! {
        static KEPT: RefCell<Option<PinnedState<Log>>> = const { RefCell::new(None) };
    }
    let (pinned, deaths) = log();
    let kept = pinned.clone();
    wait(pinned.call(move |_| KEPT.set(Some(kept)))).expect("it ran");
    let closed = pinned.close();
    drop(pinned);
    wait(closed).expect("no panic");
    deaths.recv_timeout(HANG).expect("it ends");
}

#[test]
fn closing_runs_the_accepted_calls_and_refuses_others() {
    let (pinned, deaths) = log();
    let (gate, first) = occupy(&pinned);
    let accepted = pinned.call(line(1));
    assert!(!pinned.is_closed());
    let closes = [pinned.close(), pinned.clone().close()];
    assert!(pinned.is_closed());
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    assert_eq!(refusal(pinned.call(move |_| drop(kept))), PinnedCallError::Closed);
    assert_eq!(Arc::strong_count(&token), 1, "the closure is dropped without being called");
    gate.open();
    wait(first).expect("it ran");
    wait(accepted).expect("it ran");
    closes.into_iter().for_each(|close| wait(close).expect("no panic"));
    assert_eq!(deaths.try_recv().expect("it is dropped").1, [1]);
    assert_eq!(refusal(pinned.call(line(2))), PinnedCallError::Closed);
    wait(pinned.close()).expect("the state has been dropped");
}

#[test]
fn a_close_inside_a_call_completes_after_the_call() {
    let (pinned, _deaths) = log();
    let inside = pinned.clone();
    let closed = wait(pinned.call(move |_| inside.close())).expect("it ran");
    wait(closed).expect("no panic");
}

#[test]
fn an_aborted_close_still_closes_and_completes() {
    let (pinned, deaths) = log();
    let closed = pinned.close();
    closed.abort();
    wait(closed).expect("a close cannot be undone");
    deaths.try_recv().expect("it is dropped");
}

// P51
#[test]
fn the_panic_of_a_call_is_returned_and_the_state_stays_usable() {
    let (pinned, deaths) = log();
    for number in 0..3 {
        let call: JoinHandle<()> = pinned.call(move |log| {
            line(number)(log);
            panic!("number {number}");
        });
        let error = wait(call).expect_err("it panicked");
        assert!(error.is_panic());
        assert!(error.to_string().ends_with(&format!("panicked: number {number}")), "{error}");
    }
    wait(pinned.call(line(3))).expect("it ran");
    drop(pinned);
    assert_eq!(deaths.recv().expect("it is dropped").1, [0, 1, 2, 3]);
}

// P31
#[test]
fn a_payload_that_panics_when_dropped_ends_neither_thread_nor_state() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a bomb");
        }
    }
    let (pinned, _deaths) = log();
    pinned.call(|_| std::panic::resume_unwind(Box::new(Bomb))).detach();
    // Here the drop of the result panics. Below, the drop of a value that a closure owns panics.
    pinned.call(|_| Bomb).detach();
    let (gate, _first) = occupy(&pinned);
    let bomb = Bomb;
    let call = pinned.call(move |_| drop(bomb));
    call.abort();
    assert!(wait(call).expect_err("it was aborted").is_cancelled());
    gate.open();
    wait(pinned.call(line(1))).expect("the thread continues");
}

#[test]
fn a_panic_of_make_is_returned_by_the_opening() {
    let error =
        wait(PinnedState::open(|| -> Rc<()> { panic!("no state") })).expect_err("it panicked");
    assert!(error.is_panic());
    assert!(error.to_string().ends_with("panicked: no state"), "{error}");
}

#[test]
fn an_error_of_make_is_returned_by_the_opening() {
    let opened =
        PinnedState::try_open(|| Err::<Rc<()>, _>(io::Error::from(io::ErrorKind::NotFound)));
    let error = wait(opened).expect("it did not panic").expect_err("it failed");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let opened = PinnedState::try_open(|| Ok::<_, io::Error>(Rc::new(Cell::new(4))));
    let pinned = wait(opened).expect("it did not panic").expect("it did not fail");
    assert_eq!(wait(pinned.call(|cell| cell.replace(5))).expect("it ran"), 4);
}

struct Explosive(&'static str);

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn a_panic_of_the_states_destructor_is_returned_by_every_close() {
    let pinned = wait(PinnedState::open(|| Explosive("bang"))).expect("it opens");
    let (gate, _first) = occupy(&pinned);
    let closes = [pinned.close(), pinned.close()];
    gate.open();
    let has_message = |error: &JoinError| error.to_string().ends_with("panicked: bang");
    for close in closes {
        assert!(has_message(&wait(close).expect_err("it panicked")));
    }
    assert!(has_message(&wait(pinned.close()).expect_err("a later close gets the message")));
    // Without a close, the panic is dropped.
    drop(wait(PinnedState::open(|| Explosive("unread"))).expect("it opens"));
}

// P56
#[test]
fn an_aborted_call_is_removed_at_once_and_makes_room() {
    let opened = PinnedState::builder().calls_max(2).open(Vec::new);
    let pinned: PinnedState<Vec<usize>> = wait(opened).expect("it opens");
    let (gate, first) = occupy(&pinned);
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    let aborted = pinned.call(move |_| drop(kept));
    let second = pinned.call(|lines| lines.push(2));
    assert_eq!(refusal(pinned.call(|lines| lines.push(3))), PinnedCallError::Full);
    aborted.abort();
    assert_eq!(Arc::strong_count(&token), 1, "the closure is dropped by the abort");
    assert!(wait(aborted).expect_err("it was aborted").is_cancelled());
    let third = pinned.call(|lines| lines.push(4));
    assert_eq!(refusal(pinned.call(|lines| lines.push(5))), PinnedCallError::Full);
    first.abort();
    gate.open();
    wait(first).expect("a running call is not stopped");
    wait(second).expect("it ran");
    wait(third).expect("it ran");
    assert_eq!(wait(pinned.call(|lines| lines.clone())).expect("it ran"), [2, 4]);
}

/// Random waiting calls are aborted, in a random order. The other calls run in their order.
#[test]
fn aborts_anywhere_in_the_queue_keep_the_order_of_the_rest() {
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let (pinned, deaths) = log();
        let (gate, _first) = occupy(&pinned);
        let mut waiting: Vec<(usize, JoinHandle<()>)> = Vec::new();
        for number in 0..200 {
            if dice.below(3) > 0 || waiting.is_empty() {
                waiting.push((number, pinned.call(line(number))));
            } else {
                // Half of the aborts remove the newest call.
                let count = waiting.len() as u64;
                let index = if dice.below(2) == 0 { count - 1 } else { dice.below(count) };
                let (_, aborted) = waiting.remove(index as usize);
                aborted.abort();
                assert!(aborted.is_finished());
                assert!(wait(aborted).expect_err("it was aborted").is_cancelled());
            }
            assert_eq!(pinned.waiting(), waiting.len());
        }
        gate.open();
        drop(pinned);
        let left: Vec<_> = waiting.iter().map(|(number, _)| *number).collect();
        assert_eq!(deaths.recv().expect("it is dropped").1, left, "seed {seed}");
        waiting.into_iter().for_each(|(_, call)| wait(call).expect("it ran"));
    }
}

#[test]
fn a_call_may_submit_calls_which_run_after_it() {
    let (pinned, deaths) = log();
    let inside = pinned.clone();
    let call = pinned.call(move |log| {
        let later = inside.call(line(2));
        line(1)(log);
        later
    });
    wait(wait(call).expect("it ran")).expect("it ran");
    drop(pinned);
    assert_eq!(deaths.recv().expect("it is dropped").1, [1, 2]);
}

// P52
#[test]
fn a_thread_that_cannot_be_started_is_an_error_of_the_opening() {
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    let builder = PinnedState::builder()
        .spawner(|_name, _stack_size, _body| Err(io::Error::from(io::ErrorKind::WouldBlock)));
    let error = wait(builder.open(move || kept)).expect_err("no thread");
    assert!(error.is_refused(), "{error}");
    let source = error.source().expect("the system's error");
    let source = source.downcast_ref::<io::Error>().expect("the system's error");
    assert_eq!(source.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(Arc::strong_count(&token), 1, "the closure is dropped");
}

/// The system itself refuses the thread: no address space can hold this stack.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_stack_that_is_too_large_is_an_error_of_the_opening() {
    let error =
        wait(PinnedState::builder().stack_size(1 << 47).open(|| ())).expect_err("no thread");
    assert!(error.is_refused(), "{error}");
}

#[test]
fn the_thread_has_the_name_from_its_builder() {
    let name = |pinned: &PinnedState<()>| {
        wait(pinned.call(|()| thread::current().name().map(str::to_owned))).expect("it ran")
    };
    let pinned = wait(PinnedState::open(|| ())).expect("it opens");
    assert_eq!(name(&pinned).as_deref(), Some("pinned"));
    let pinned = wait(PinnedState::builder().thread_name("db").open(|| ())).expect("it opens");
    assert_eq!(name(&pinned).as_deref(), Some("db"));
}

#[test]
fn a_state_whose_opening_was_detached_is_dropped_on_its_thread() {
    let (death, deaths) = channel();
    let (gate, closed) = gate();
    let opening = PinnedState::open(move || {
        let _ = closed.recv();
        Log { lines: Rc::default(), death }
    });
    opening.detach();
    gate.open();
    let (home, _) = deaths.recv_timeout(HANG).expect("it is dropped");
    assert_ne!(home, thread::current().id());
}

#[test]
fn an_opening_aborted_before_it_begins_calls_no_make() {
    let (gate, closed) = gate();
    let closed = Mutex::new(Some(closed));
    let builder = PinnedState::builder().spawner(move |name, _stack_size, body| {
        let closed = closed.lock().take().expect("one thread");
        thread::Builder::new().name(name).spawn(move || {
            let _ = closed.recv();
            body();
        })
    });
    let opening = builder.open(|| -> Rc<()> { panic!("it is not called") });
    opening.abort();
    gate.open();
    assert!(wait(opening).expect_err("it was aborted").is_cancelled());
}

#[test]
fn a_handle_is_send_and_sync_for_every_state() {
    fn is_sent_and_shared<T: Send + Sync>(_: &T) {}
    let (pinned, _deaths) = log();
    is_sent_and_shared(&pinned);
    let shown = format!("{pinned:?}");
    assert!(shown.contains("closed: false") && shown.contains("waiting: 0"), "{shown}");
}

#[test]
fn a_running_call_sees_its_abort_and_its_hook_is_called() {
    let (pinned, _deaths) = log();
    let (sender, tokens) = channel();
    let (gate, closed) = gate();
    let call = pinned.call(move |_| {
        assert!(!is_cancelled());
        sender.send(CancelToken::current().expect("in a call")).expect("the test waits");
        let _ = closed.recv();
        is_cancelled()
    });
    let token = tokens.recv_timeout(HANG).expect("it begins");
    // Only the hook opens the gate.
    let hook = token.on_cancel(move || gate.open());
    call.abort();
    assert!(token.is_cancelled());
    assert!(wait(call).expect("it returns its result"));
    drop(hook);
    let next = wait(pinned.call(|_| (is_cancelled(), CancelToken::current().is_some())));
    assert_eq!(next.expect("it ran"), (false, true), "the next call was not aborted");
}
