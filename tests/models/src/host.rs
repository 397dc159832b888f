//! Models of a loop inside a host: the descriptor, the replacement of the hook, and the helper
//! thread. The operating system is simulated (`device`). The models of a hook that stays are in
//! `turn`.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use runtime_core::join::JoinHandle as TaskHandle;
use runtime_core::metadata::Metadata;
use runtime_core::park::WakeHook;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};
use runtime_core::sync::explore::{Record, Witness};
use runtime_core::sync::thread::{self, JoinHandle};
use runtime_executor::reactor::{Direction, Selector, WaitUntilReadable};
use runtime_executor::{EventLoop, NextTurn};

use crate::device::{Addressing, Device};
use crate::model::{Model, Mutant};
use crate::threads::{join, spawn};
use crate::waking::{publish_and_wake, word};

const PARK: &str = "runtime-core/src/park.rs";
const UNPARK: &str = "self.state.swap(NOTIFIED";
const TRY_PARK: &str = "self.state.compare_exchange(RUNNING, how";
const WAKE_THREAD: &str = "PARKED => self.thread.unpark()";
const WAKE_OWNER: &str = "self.thread.unpark(); // the owner";
const DEVICE: &str = "tests/models/src/device.rs";
const WAKE_POLL: &str = "self.loop_thread.unpark(); // the wake";
const WAKER: &str = "runtime-executor/src/task/waker.rs";

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "host::a_host_that_sleeps_on_the_descriptor_misses_no_wake",
        bound: None,
        executions: 130,
        witnesses: &["slept", "did not sleep"],
        mutants: &[
            Mutant::lose(PARK, UNPARK),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::split(PARK, TRY_PARK),
            Mutant::lose(DEVICE, WAKE_POLL),
            Mutant::body("the descriptor reports events of sockets only", |witness| {
                the_descriptor_reports_wakes(1, sockets_only, witness);
            }),
            Mutant::body("the host uses the deadline of the turn before", uses_an_old_deadline),
        ],
        body: |witness| the_descriptor_reports_wakes(1, EventLoop::descriptor, witness),
    },
    Model {
        name: "host::two_wakes_make_the_descriptor_readable_once_each_time",
        bound: Some(3),
        executions: 4_917,
        witnesses: &["slept", "did not sleep", "slept twice"],
        mutants: &[Mutant::split(PARK, UNPARK), Mutant::relaxed(WAKER, "self.posted.swap(true")],
        body: |witness| the_descriptor_reports_wakes(2, EventLoop::descriptor, witness),
    },
    Model {
        name: "host::a_hook_replaced_during_a_wake_misses_no_wake_and_runs_no_more",
        bound: None,
        executions: 5_262,
        witnesses: &["before the replacement", "the new hook", "both hooks"],
        mutants: &[
            Mutant::lose(PARK, WAKE_OWNER),
            Mutant::relaxed(PARK, UNPARK),
            Mutant::body("the replacement does not wait", the_replacement_does_not_wait),
            Mutant::body("the replacement announces nothing", the_replacement_announces_nothing),
        ],
        body: a_replaced_hook,
    },
    Model {
        name: "host::the_hook_is_not_called_after_the_end_of_the_loop",
        bound: None,
        executions: 9_586,
        witnesses: &["called before the end", "not called"],
        mutants: &[
            Mutant::lose(PARK, WAKE_OWNER),
            Mutant::body("the loop is forgotten", |witness| {
                the_hook_is_not_called_after_the_end(std::mem::forget, witness);
            }),
        ],
        body: |witness| the_hook_is_not_called_after_the_end(drop, witness),
    },
    Model {
        name: "host::the_helper_reports_the_events_of_each_detachment",
        bound: Some(2),
        executions: 3_297,
        witnesses: &["one call", "two calls"],
        mutants: &[
            Mutant::lose(PARK, WAKE_THREAD),
            Mutant::lose(PARK, UNPARK),
            Mutant::body("the helper unparks the loop before it is disarmed", |witness| {
                the_helper_reports_events(Toy::start, witness);
            }),
        ],
        body: |witness| the_helper_reports_events(Helper::start, witness),
    },
    Model {
        name: "host::the_helper_ends_in_every_phase",
        bound: None,
        executions: 108,
        witnesses: &["ended"],
        mutants: &[Mutant::lose(PARK, WAKE_THREAD)],
        body: the_helper_ends,
    },
];

/// A task that ends once these threads have published their data, and the threads.
fn published_remotely(
    event_loop: &EventLoop,
    threads: usize,
) -> (TaskHandle<()>, Record<JoinHandle<()>>) {
    let data: Vec<_> = (0..threads).map(|_| word()).collect();
    let started = Record::new();
    let starting = started.clone();
    let mut is_first = true;
    let task = poll_fn(move |cx| {
        if std::mem::replace(&mut is_first, false) {
            let start =
                |data| starting.note(publish_and_wake(cx.waker().clone(), Arc::clone(data)));
            data.iter().for_each(start);
        }
        let all_published = data.iter().all(|data| data.load(Ordering::Relaxed) == 1);
        if all_published { Poll::Ready(()) } else { Poll::Pending }
    });
    (event_loop.spawn(Metadata::here(), task), started)
}

fn turn(event_loop: &EventLoop) -> NextTurn {
    event_loop.turn(Duration::ZERO).next
}

/// Opens the selector, and returns its descriptor without a notice to the loop.
fn sockets_only(event_loop: &EventLoop) -> io::Result<OwnedFd> {
    event_loop.socket_watcher().map(drop)?;
    Ok(std::fs::File::open("/dev/null")?.into())
}

/// wake‖sleep of the host. The host asks when the next turn is due, sleeps on the descriptor, and
/// turns the loop. Of all wakes between two turns, one makes the descriptor readable. (P141)
fn the_descriptor_reports_wakes(
    wakes: usize,
    watch: fn(&EventLoop) -> io::Result<OwnedFd>,
    witness: &'static Witness,
) {
    let device = Device::new(Addressing::Token);
    let event_loop = device.executor();
    let _descriptor = watch(&event_loop).expect("the device has a descriptor");
    let (task, threads) = published_remotely(&event_loop, wakes);
    let (mut sleeps, mut detachments) = (0, 1);
    while !task.is_finished() {
        match event_loop.next_turn() {
            NextTurn::Now => {}
            NextTurn::At(_) => panic!("there is no timer"),
            NextTurn::OnWake => {
                sleeps += 1;
                detachments += 1;
                device.watch_descriptor();
            }
        }
        detachments += usize::from(turn(&event_loop) == NextTurn::OnWake);
    }
    threads.take().into_iter().for_each(join);
    assert!(device.wakes() <= detachments, "a second wake was not elided");
    witness.saw(match sleeps {
        0 => "did not sleep",
        1 => "slept",
        _ => "slept twice",
    });
}

/// A host with a mistake: a turn of its own comes between the report and the sleep.
fn uses_an_old_deadline(_: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let event_loop = device.executor();
    let _descriptor = event_loop.descriptor().expect("the device has a descriptor");
    let (task, threads) = published_remotely(&event_loop, 1);
    while turn(&event_loop) == NextTurn::Now {}
    while !task.is_finished() {
        let _newer = turn(&event_loop);
        device.watch_descriptor();
    }
    threads.take().into_iter().for_each(join);
}

/// A hook that wakes the host, with a record of its calls. `running` is not zero while it runs.
fn hook(calls: &Record<()>, running: &Arc<AtomicUsize>) -> WakeHook {
    let (calls, running, host) = (calls.clone(), Arc::clone(running), thread::current());
    Box::new(move || {
        running.store(1, Ordering::Relaxed);
        calls.note(());
        host.unpark();
        running.store(0, Ordering::Relaxed);
    })
}

fn wait_for(calls: &Record<()>, more_than: usize) {
    while calls.len() == more_than {
        thread::park();
    }
}

/// wake‖replacement. The host sleeps until its new hook is called. When the replacement returns,
/// the former hook does not run, and it is not called again. (P142)
fn a_replaced_hook(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let event_loop = device.executor();
    let (former, new, running) = (Record::new(), Record::new(), word());
    event_loop.set_wake_hook(hook(&former, &running));
    let (task, threads) = published_remotely(&event_loop, 1);
    while turn(&event_loop) == NextTurn::Now {}
    let before = former.len();
    event_loop.set_wake_hook(hook(&new, &word()));
    assert_eq!(running.load(Ordering::Relaxed), 0, "the former hook runs");
    let after = former.len();
    let mut handled = 0;
    while !task.is_finished() {
        wait_for(&new, handled);
        handled = new.len();
        while turn(&event_loop) == NextTurn::Now {}
    }
    threads.take().into_iter().for_each(join);
    assert_eq!(former.len(), after, "the former hook was called after its replacement");
    witness.saw(match (after - before, new.len()) {
        (0, 0) => "before the replacement",
        (0, _) => "the new hook",
        _ => "both hooks",
    });
}

/// A replacement with a mistake: the former hook may still run.
fn the_replacement_does_not_wait(_: &'static Witness) {
    let (calls, running) = (Record::new(), word());
    let slot = Arc::new(Mutex::new(Arc::new(hook(&calls, &running))));
    let waking = spawn({
        let slot = Arc::clone(&slot);
        move || {
            let hook = Arc::clone(&slot.lock());
            hook();
        }
    });
    *slot.lock() = Arc::new(hook(&calls, &word()));
    assert_eq!(running.load(Ordering::Relaxed), 0, "the former hook runs");
    join(waking);
}

/// A replacement with a mistake: a wake that has called the former hook is not announced to the new
/// one.
fn the_replacement_announces_nothing(_: &'static Witness) {
    let (former, new) = (Record::new(), Record::new());
    let parker = Arc::new(runtime_core::park::Parker::new());
    parker.set_hook(Some(hook(&former, &word())));
    assert!(parker.detach());
    let waking = spawn({
        let parker = Arc::clone(&parker);
        move || parker.unpark()
    });
    parker.set_hook(Some(hook(&new, &word())));
    wait_for(&new, 0);
    join(waking);
}

/// wake‖drop of the loop. The drop waits for a call of the hook, and no call follows it. (P142)
fn the_hook_is_not_called_after_the_end(end: fn(EventLoop), witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let event_loop = device.executor();
    let (calls, running) = (Record::new(), word());
    event_loop.set_wake_hook(hook(&calls, &running));
    let (task, threads) = published_remotely(&event_loop, 1);
    drop(task);
    while turn(&event_loop) == NextTurn::Now {}
    let before = calls.len();
    end(event_loop);
    assert_eq!(running.load(Ordering::Relaxed), 0, "the hook runs");
    let after = calls.len();
    threads.take().into_iter().for_each(join);
    assert_eq!(calls.len(), after, "the hook was called after the end");
    witness.saw(if after == before { "not called" } else { "called before the end" });
}

/// A helper thread that unparks the loop when there are events.
trait WatchThread: Sized {
    fn stop(self);
}

struct Helper {
    watch: runtime_executor::SocketWatch,
    thread: JoinHandle<()>,
}

impl Helper {
    fn start(_device: &Device, event_loop: &EventLoop) -> Helper {
        let watcher = event_loop.socket_watcher().expect("the device can be watched");
        let watch = watcher.watch();
        let arming = watch.clone();
        event_loop.set_on_detach(Box::new(move || arming.arm()));
        Helper { watch, thread: spawn(move || watcher.run()) }
    }
}

impl WatchThread for Helper {
    fn stop(self) {
        self.watch.stop();
        join(self.thread);
    }
}

/// A helper with a mistake: it unparks the loop before it is disarmed.
struct Toy {
    device: Device,
    state: Arc<ToyState>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct ToyState {
    is_armed: Mutex<bool>,
    is_stopped: AtomicUsize,
}

impl Toy {
    fn start(device: &Device, event_loop: &EventLoop) -> Toy {
        // The selector is opened, and the loop receives all its events.
        drop(event_loop.socket_watcher());
        let state = Arc::new(ToyState::default());
        let thread = spawn({
            let (state, handle, mut device) =
                (Arc::clone(&state), event_loop.handle(), device.clone());
            move || {
                while state.is_stopped.load(Ordering::Relaxed) == 0 {
                    if !*state.is_armed.lock() {
                        thread::park();
                        continue;
                    }
                    device.wait_until_readable().expect("the device does not fail");
                    handle.spawn(Metadata::here(), async {}).detach();
                    *state.is_armed.lock() = false;
                }
            }
        });
        let (arming, helper) = (Arc::clone(&state), thread.thread().clone());
        event_loop.set_on_detach(Box::new(move || {
            if !std::mem::replace(&mut *arming.is_armed.lock(), true) {
                helper.unpark();
            }
        }));
        Toy { device: device.clone(), state, thread }
    }
}

impl WatchThread for Toy {
    fn stop(self) {
        self.state.is_stopped.store(1, Ordering::Relaxed);
        self.device.wake();
        self.thread.thread().unpark();
        join(self.thread);
    }
}

/// arm‖events. A task reads two bytes, which arrive one after the other. The host sleeps until its
/// hook is called. (P143)
fn the_helper_reports_events<W: WatchThread>(
    start: fn(&Device, &EventLoop) -> W,
    witness: &'static Witness,
) {
    let device = Device::new(Addressing::Token);
    let event_loop = device.executor();
    let socket = {
        let handle = event_loop.handle();
        event_loop.block_on(async { device.register(&handle, io::stdin()).expect("it lives") })
    };
    let calls = Record::new();
    event_loop.set_wake_hook(hook(&calls, &word()));
    let reading = device.clone();
    let task = event_loop.spawn(Metadata::here(), async move {
        for _ in 0..2 {
            socket.io(Direction::Read, || reading.read()).await.expect("a byte arrives");
        }
    });
    while turn(&event_loop) == NextTurn::Now {}
    let helper = start(&device, &event_loop);
    let before = calls.len();
    let mut handled = before;
    device.arrive();
    let peer = spawn({
        let device = device.clone();
        move || device.arrive()
    });
    while !task.is_finished() {
        wait_for(&calls, handled);
        handled = calls.len();
        while turn(&event_loop) == NextTurn::Now {}
    }
    join(peer);
    helper.stop();
    witness.saw(if calls.len() - before == 1 { "one call" } else { "two calls" });
}

/// stop‖wait. The helper is armed or, after an event, no longer armed. It waits or does not wait
/// yet. (P143)
fn the_helper_ends(witness: &'static Witness) {
    let device = Device::new(Addressing::Token);
    let event_loop = device.executor();
    let helper = Helper::start(&device, &event_loop);
    device.wake();
    helper.stop();
    drop(event_loop);
    witness.saw("ended");
}
