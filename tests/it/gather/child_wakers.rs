//! The parent waker, and the wakers of the children.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use aside::gather;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::controlled::{Gate, Task, panic_of};

#[test]
fn the_task_that_polled_last_is_the_one_that_is_woken() {
    let gates = Gate::<()>::many(100);
    let mut group = pin!(gather(gates.iter().map(Gate::wait)));
    let tasks = [Task::new(), Task::new(), Task::new()];
    for turn in 0..12 {
        let task = &tasks[turn % 3];
        assert!(task.poll(group.as_mut()).is_pending());
        gates[turn * 8].wake();
        let woken: Vec<_> = tasks.iter().map(|task| task.take_wakes()).collect();
        assert_eq!(woken[turn % 3], 1);
        assert_eq!(woken.iter().sum::<usize>(), 1);
    }
}

#[test]
fn the_parent_waker_is_stored_once_however_often_the_group_is_polled_p34() {
    let task = Task::new();
    let gate = Gate::<()>::new();
    let mut group = pin!(gather((gate.wait(), pending::<()>())));
    assert!(task.poll(group.as_mut()).is_pending());
    let held = Arc::strong_count(&task);
    for _ in 0..10 {
        gate.wake();
        assert!(task.poll(group.as_mut()).is_pending());
        assert_eq!(Arc::strong_count(&task), held);
    }
}

#[test]
fn a_child_sees_the_same_waker_at_every_poll() {
    let seen = std::cell::RefCell::new(Vec::<Waker>::new());
    let child = poll_fn(|cx| {
        seen.borrow_mut().push(cx.waker().clone());
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    let mut group = pin!(gather((child,)));
    for task in [Task::new(), Task::new()] {
        assert!(task.poll(group.as_mut()).is_pending());
        assert!(task.poll(group.as_mut()).is_pending());
    }
    let seen = seen.borrow();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|waker| waker.will_wake(&seen[0])));
}

#[test]
fn wakers_kept_after_completion_or_drop_do_nothing_and_keep_nothing_of_the_task_alive() {
    let gates = Gate::many(70);
    let task = Task::new();
    let mut group = Box::pin(gather(gates.iter().map(Gate::wait)));
    assert!(task.poll(group.as_mut()).is_pending());
    let wakers: Vec<_> = gates.iter().filter_map(Gate::waker).collect();
    assert_eq!(wakers.len(), 70);
    gates.iter().for_each(|gate| gate.open(()));
    assert!(task.poll(group.as_mut()).is_ready());
    assert_eq!(Arc::strong_count(&task), 1);
    task.take_wakes();
    wakers.iter().for_each(Waker::wake_by_ref);
    drop(group);
    wakers.iter().for_each(Waker::wake_by_ref);

    let mut unfinished = Box::pin(gather(gates.iter().map(Gate::wait)));
    assert!(task.poll(unfinished.as_mut()).is_pending());
    drop(unfinished);
    gates.iter().for_each(Gate::wake);
    assert_eq!((task.take_wakes(), Arc::strong_count(&task)), (0, 1));
}

#[test]
fn wakes_from_many_threads_are_all_seen_with_their_data_p3() {
    const CHILDREN: usize = 130;
    const ROUNDS: usize = 200;
    const HANG: Duration = Duration::from_secs(60);
    let data: Arc<Vec<AtomicUsize>> =
        Arc::new((0..CHILDREN).map(|_| AtomicUsize::new(0)).collect());
    let group = gather((0..CHILDREN).map(|at| {
        let data = Arc::clone(&data);
        let mut started = false;
        poll_fn(move |cx| {
            if !std::mem::replace(&mut started, true) {
                let (data, waker) = (Arc::clone(&data), cx.waker().clone());
                let wake = move || {
                    for round in 1..=ROUNDS {
                        data[at].store(round, Ordering::Relaxed);
                        waker.wake_by_ref();
                    }
                };
                // One child in 32 is woken by a thread of its own. The others wake themselves
                // within this poll, so that few threads are needed.
                if at % 32 == 0 {
                    std::thread::spawn(wake);
                } else {
                    wake();
                }
            }
            match data[at].load(Ordering::Relaxed) {
                ROUNDS => Poll::Ready(at),
                _ => Poll::Pending,
            }
        })
    }));
    let parked = Arc::new(Parked { thread: std::thread::current() });
    let waker = Waker::from(parked);
    let mut group = pin!(group);
    let started = Instant::now();
    loop {
        if let Poll::Ready(outputs) = group.as_mut().poll(&mut Context::from_waker(&waker)) {
            assert_eq!(outputs, (0..CHILDREN).collect::<Vec<_>>());
            return;
        }
        std::thread::park_timeout(HANG);
        assert!(started.elapsed() < HANG, "the group hangs");
    }
}

struct Parked {
    thread: std::thread::Thread,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.thread.unpark();
    }
}

/// The waker of a task that awaits a group. When this waker is woken or dropped, it wakes a child
/// of the group.
struct Reentrant {
    child: Waker,
    wakes: Arc<AtomicUsize>,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::AcqRel);
        self.child.wake_by_ref();
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        self.child.wake_by_ref();
    }
}

#[test]
fn a_waker_may_use_the_group_when_it_is_woken_or_dropped_p37_p38() {
    let gate = Gate::<()>::new();
    let mut group = pin!(gather((gate.wait(), pending::<()>())));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    let child = gate.waker().expect("the child was polled");
    let wakes = Arc::new(AtomicUsize::new(0));
    let reentrant = Waker::from(Arc::new(Reentrant { child, wakes: Arc::clone(&wakes) }));
    assert!(group.as_mut().poll(&mut Context::from_waker(&reentrant)).is_pending());
    gate.wake();
    assert_eq!(wakes.load(Ordering::Acquire), 1);
    drop(reentrant);
    // This poll registers the waker of `task`, which drops the last clone of the reentrant waker.
    // The destructor wakes the child, and this poll takes that wake.
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!(gate.polls(), 2);
}

/// A waker that panics when it is woken, or when its last clone is dropped.
struct PanickingWaker {
    on_wake: bool,
    on_drop: bool,
}

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        if self.on_wake {
            panic!("wake panicked");
        }
    }
}

impl Drop for PanickingWaker {
    fn drop(&mut self) {
        if self.on_drop && !std::thread::panicking() {
            panic!("drop panicked");
        }
    }
}

#[test]
fn a_waker_that_panics_when_woken_leaves_the_group_usable_p39() {
    let gate = Gate::new();
    let mut group = pin!(gather((gate.wait(), async { 1 })));
    let grumpy = Waker::from(Arc::new(PanickingWaker { on_wake: true, on_drop: false }));
    assert!(group.as_mut().poll(&mut Context::from_waker(&grumpy)).is_pending());
    assert_eq!(panic_of(|| gate.open('x')), "wake panicked");
    // The wake was recorded before the waker panicked.
    assert_eq!(Task::new().poll(group.as_mut()), Poll::Ready(('x', 1)));
}

#[test]
fn a_waker_that_panics_at_the_end_of_a_poll_leaves_the_group_usable_p39() {
    let mut turns = 0;
    let restless = poll_fn(move |cx| {
        turns += 1;
        cx.waker().wake_by_ref();
        if turns == 3 { Poll::Ready(turns) } else { Poll::Pending }
    });
    let mut group = pin!(gather((restless,)));
    let grumpy = Waker::from(Arc::new(PanickingWaker { on_wake: true, on_drop: false }));
    let poll = panic_of(|| group.as_mut().poll(&mut Context::from_waker(&grumpy)));
    assert_eq!(poll, "wake panicked");
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(group.as_mut()), Poll::Ready((3,)));
}

#[test]
fn a_waker_that_panics_when_it_is_replaced_leaves_the_group_usable_p39() {
    let gate = Gate::new();
    let mut group = pin!(gather((gate.wait(),)));
    let grumpy = Waker::from(Arc::new(PanickingWaker { on_wake: false, on_drop: true }));
    assert!(group.as_mut().poll(&mut Context::from_waker(&grumpy)).is_pending());
    drop(grumpy);
    gate.open('x');
    let task = Task::new();
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "drop panicked");
    assert_eq!(task.poll(group.as_mut()), Poll::Ready(('x',)));
}

/// A task whose wake moves the group to another task, in which another child is then woken.
struct MovesTheGroup {
    group: Mutex<Pin<Box<PendingPair>>>,
    second: Arc<Notified>,
    children: [StoredWaker; 2],
}

type PendingPair = dyn Future<Output = ((), ())> + Send;
type StoredWaker = Arc<Mutex<Option<Waker>>>;

struct Notified(AtomicBool);

impl Wake for Notified {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl MovesTheGroup {
    fn poll(&self, waker: &Waker) {
        let polled = self.group.lock().as_mut().poll(&mut Context::from_waker(waker));
        assert!(polled.is_pending());
    }

    fn wake_child(&self, child: usize) {
        let waker = self.children[child].lock().clone();
        waker.expect("the child was polled").wake();
    }
}

impl Wake for MovesTheGroup {
    fn wake(self: Arc<Self>) {
        self.poll(&Waker::from(Arc::clone(&self.second)));
        self.wake_child(1);
    }
}

/// The former task's waker is still in use when the second child is woken. (P95)
#[test]
fn a_wake_during_the_wake_of_the_former_task_reaches_the_present_one() {
    let children = [StoredWaker::default(), StoredWaker::default()];
    let [first, second] = children.clone().map(|stored| {
        poll_fn(move |cx| {
            *stored.lock() = Some(cx.waker().clone());
            Poll::<()>::Pending
        })
    });
    let group = Mutex::new(Box::pin(gather((first, second))) as _);
    let second = Arc::new(Notified(AtomicBool::new(false)));
    let task = Arc::new(MovesTheGroup { group, second, children });
    task.poll(&Waker::from(Arc::clone(&task)));
    task.wake_child(0);
    assert!(task.second.0.load(Ordering::SeqCst));
}
