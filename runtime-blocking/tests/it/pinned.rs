//! States that live on one thread.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};

use runtime_blocking::{CancelToken, Pinned, PinnedCallError, is_cancelled};
use runtime_core::context;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::sync::Mutex;

use crate::{Dice, Gate, HANG, gate, wait};

/// A state that may not leave its thread, and tells when it is dropped, and where.
struct Log {
    /// Not `Send`.
    lines: Rc<RefCell<Vec<usize>>>,
    death: Sender<(ThreadId, Vec<usize>)>,
}

impl Drop for Log {
    fn drop(&mut self) {
        let lines = self.lines.borrow().clone();
        self.death.send((thread::current().id(), lines)).expect("the test listens");
    }
}

type Deaths = std::sync::mpsc::Receiver<(ThreadId, Vec<usize>)>;

fn log() -> (Pinned<Log>, Deaths) {
    let (death, deaths) = channel();
    let opened = Pinned::open(move || Log { lines: Rc::default(), death });
    (wait(opened).expect("it opens"), deaths)
}

fn line(number: usize) -> impl FnOnce(&mut Log) {
    move |log| log.lines.borrow_mut().push(number)
}

/// Has the state's thread wait at a gate, and returns when it does.
#[track_caller]
fn occupy<T>(pinned: &Pinned<T>) -> (Gate, JoinHandle<()>) {
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
    assert_eq!(deaths.try_recv().expect("it is dropped before the close is over").0, home);
    assert!(deaths.recv().is_err(), "and once");
}

#[test]
fn calls_run_in_their_order_and_their_results_come_back() {
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
fn each_of_many_producers_finds_its_own_order_kept() {
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
    let (_, lines) = deaths.try_recv().expect("who dropped the last handle has waited");
    assert_eq!(lines.len(), 4000);
    for producer in 0..4 {
        let own: Vec<_> = lines.iter().filter(|&line| line / 1000 == producer).collect();
        assert_eq!(own.len(), 1000);
        assert!(own.is_sorted());
    }
}

#[test]
fn dropping_the_last_handle_waits_and_loses_nothing() {
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
    static LAST_WORD: RefCell<Option<LastWord>> = const { RefCell::new(None) };
}

struct LastWord(Sender<()>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.send(()).expect("the test listens");
    }
}

#[test]
fn dropping_the_last_handle_joins_the_thread() {
    let (word, words) = channel();
    let pinned = wait(Pinned::open(|| ())).expect("it opens");
    pinned.call(|()| LAST_WORD.set(Some(LastWord(word)))).detach();
    drop(pinned);
    words.try_recv().expect("its thread-locals are destroyed");
}

#[test]
fn dropping_the_last_handle_on_a_loop_leaves_and_still_loses_nothing() {
    let (pinned, deaths) = log();
    let (gate, first) = occupy(&pinned);
    pinned.call(line(7)).detach();
    {
        let _turn = context::enter_loop();
        drop(pinned);
    }
    assert!(!first.is_finished(), "it did not wait");
    gate.open();
    assert_eq!(deaths.recv_timeout(HANG).expect("it ends by itself").1, [7]);
}

#[test]
fn dropping_the_last_handle_in_a_call_leaves_and_ends_it() {
    let (pinned, deaths) = log();
    let (gate, _first) = occupy(&pinned);
    let last = pinned.clone();
    let call = pinned.call(move |log| {
        line(1)(log);
        drop(last);
    });
    {
        // The call's is the last one now.
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
        static KEPT: RefCell<Option<Pinned<Log>>> = const { RefCell::new(None) };
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
fn closing_runs_what_was_accepted_and_refuses_the_rest() {
    let (pinned, deaths) = log();
    let (gate, first) = occupy(&pinned);
    let accepted = pinned.call(line(1));
    assert!(!pinned.is_closed());
    let closes = [pinned.close(), pinned.clone().close()];
    assert!(pinned.is_closed());
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    assert_eq!(refusal(pinned.call(move |_| drop(kept))), PinnedCallError::Closed);
    assert_eq!(Arc::strong_count(&token), 1, "the closure is dropped unrun");
    gate.open();
    wait(first).expect("it ran");
    wait(accepted).expect("it ran");
    closes.into_iter().for_each(|close| wait(close).expect("no panic"));
    assert_eq!(deaths.try_recv().expect("it is dropped").1, [1]);
    assert_eq!(refusal(pinned.call(line(2))), PinnedCallError::Closed);
    wait(pinned.close()).expect("it is over");
}

#[test]
fn closing_from_within_a_call_is_over_when_the_call_is() {
    let (pinned, _deaths) = log();
    let inside = pinned.clone();
    let closed = wait(pinned.call(move |_| inside.close())).expect("it ran");
    wait(closed).expect("no panic");
}

#[test]
fn an_aborted_close_stays_closed_and_is_over_all_the_same() {
    let (pinned, deaths) = log();
    let closed = pinned.close();
    closed.abort();
    wait(closed).expect("it cannot be taken back");
    deaths.try_recv().expect("it is dropped");
}

// P51
#[test]
fn a_call_that_panics_gets_its_panic_back_and_the_state_stays_in_use() {
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
    // The result, and the closure's own content.
    pinned.call(|_| Bomb).detach();
    let (gate, _first) = occupy(&pinned);
    let bomb = Bomb;
    let call = pinned.call(move |_| drop(bomb));
    call.abort();
    assert!(wait(call).expect_err("it was aborted").is_cancelled());
    gate.open();
    wait(pinned.call(line(1))).expect("it goes on");
}

#[test]
fn a_panic_of_make_comes_back_to_who_opens() {
    let error = wait(Pinned::open(|| -> Rc<()> { panic!("no state") })).expect_err("it panicked");
    assert!(error.is_panic());
    assert!(error.to_string().ends_with("panicked: no state"), "{error}");
}

#[test]
fn an_error_of_make_comes_back_to_who_opens() {
    let opened = Pinned::try_open(|| Err::<Rc<()>, _>(io::Error::from(io::ErrorKind::NotFound)));
    let error = wait(opened).expect("it did not panic").expect_err("it failed");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let opened = Pinned::try_open(|| Ok::<_, io::Error>(Rc::new(Cell::new(4))));
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
fn a_panic_of_the_states_destructor_comes_back_to_who_closes() {
    let pinned = wait(Pinned::open(|| Explosive("bang"))).expect("it opens");
    let (gate, _first) = occupy(&pinned);
    let closes = [pinned.close(), pinned.close()];
    gate.open();
    let says_so = |error: &JoinError| error.to_string().ends_with("panicked: bang");
    for close in closes {
        assert!(says_so(&wait(close).expect_err("it panicked")));
    }
    assert!(says_so(&wait(pinned.close()).expect_err("who comes later is told so too")));
    // And with nobody to tell, nobody is disturbed.
    drop(wait(Pinned::open(|| Explosive("unheard"))).expect("it opens"));
}

// P56
#[test]
fn an_aborted_call_is_removed_at_once_and_makes_room() {
    let opened = Pinned::builder().calls_max(2).open(Vec::new);
    let pinned: Pinned<Vec<usize>> = wait(opened).expect("it opens");
    let (gate, first) = occupy(&pinned);
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    let aborted = pinned.call(move |_| drop(kept));
    let second = pinned.call(|lines| lines.push(2));
    assert_eq!(refusal(pinned.call(|lines| lines.push(3))), PinnedCallError::Full);
    aborted.abort();
    assert_eq!(Arc::strong_count(&token), 1, "the closure is dropped where it was aborted");
    assert!(wait(aborted).expect_err("it was aborted").is_cancelled());
    let third = pinned.call(|lines| lines.push(4));
    assert_eq!(refusal(pinned.call(|lines| lines.push(5))), PinnedCallError::Full);
    first.abort();
    gate.open();
    wait(first).expect("what runs is not stopped");
    wait(second).expect("it ran");
    wait(third).expect("it ran");
    assert_eq!(wait(pinned.call(|lines| lines.clone())).expect("it ran"), [2, 4]);
}

/// Whichever of the calls that wait are aborted, in whichever order, the others run in theirs.
#[test]
fn aborts_anywhere_in_the_queue_leave_the_order_of_the_rest() {
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let (pinned, deaths) = log();
        let (gate, _first) = occupy(&pinned);
        let mut waiting: Vec<(usize, JoinHandle<()>)> = Vec::new();
        for number in 0..200 {
            if dice.below(3) > 0 || waiting.is_empty() {
                waiting.push((number, pinned.call(line(number))));
            } else {
                // The newest is aborted as often as any other.
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
fn a_call_may_make_calls_which_run_after_it() {
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
fn a_thread_that_cannot_start_is_an_error_of_the_open() {
    let token = Arc::new(());
    let kept = Arc::clone(&token);
    let builder = Pinned::builder()
        .spawner(|_name, _stack_size, _body| Err(io::Error::from(io::ErrorKind::WouldBlock)));
    let error = wait(builder.open(move || kept)).expect_err("no thread");
    assert!(error.is_refused(), "{error}");
    let source = error.source().expect("the system's error");
    let source = source.downcast_ref::<io::Error>().expect("the system's error");
    assert_eq!(source.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(Arc::strong_count(&token), 1, "nothing is kept");
}

/// The system itself: no address space holds this stack.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_stack_that_no_system_can_give_is_an_error_of_the_open() {
    let error = wait(Pinned::builder().stack_size(1 << 47).open(|| ())).expect_err("no thread");
    assert!(error.is_refused(), "{error}");
}

#[test]
fn the_thread_has_the_name_that_it_was_given() {
    let name = |pinned: &Pinned<()>| {
        wait(pinned.call(|()| thread::current().name().map(str::to_owned))).expect("it ran")
    };
    let pinned = wait(Pinned::open(|| ())).expect("it opens");
    assert_eq!(name(&pinned).as_deref(), Some("pinned"));
    let pinned = wait(Pinned::builder().thread_name("db").open(|| ())).expect("it opens");
    assert_eq!(name(&pinned).as_deref(), Some("db"));
}

#[test]
fn a_state_that_nobody_takes_is_dropped_on_its_thread() {
    let (death, deaths) = channel();
    let (gate, closed) = gate();
    let opening = Pinned::open(move || {
        let _ = closed.recv();
        Log { lines: Rc::default(), death }
    });
    opening.detach();
    gate.open();
    let (home, _) = deaths.recv_timeout(HANG).expect("it is dropped");
    assert_ne!(home, thread::current().id());
}

#[test]
fn an_opening_that_is_aborted_before_it_begins_makes_nothing() {
    let (gate, closed) = gate();
    let closed = Mutex::new(Some(closed));
    let builder = Pinned::builder().spawner(move |name, _stack_size, body| {
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
fn a_handle_may_go_anywhere_whatever_the_state_is() {
    fn is_sent_and_shared<T: Send + Sync>(_: &T) {}
    let (pinned, _deaths) = log();
    is_sent_and_shared(&pinned);
    let shown = format!("{pinned:?}");
    assert!(shown.contains("closed: false") && shown.contains("waiting: 0"), "{shown}");
}

#[test]
fn a_call_that_runs_sees_that_it_was_aborted_and_its_hook_is_called() {
    let (pinned, _deaths) = log();
    let (tell, told) = channel();
    let (gate, closed) = gate();
    let call = pinned.call(move |_| {
        assert!(!is_cancelled());
        tell.send(CancelToken::current().expect("in a call")).expect("the test waits");
        let _ = closed.recv();
        is_cancelled()
    });
    let token = told.recv_timeout(HANG).expect("it begins");
    // Its gate is opened by the hook alone.
    let hook = token.on_cancel(move || gate.open());
    call.abort();
    assert!(token.is_cancelled());
    assert!(wait(call).expect("its result comes"));
    drop(hook);
    let next = wait(pinned.call(|_| (is_cancelled(), CancelToken::current().is_some())));
    assert_eq!(next.expect("it ran"), (false, true), "the next call was not");
}
