//! The descriptor that a host watches, and the helper thread of a host that cannot.

use std::future::pending;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aside::net::{AsyncFd, TcpListener, TcpStream, UnixStream};
use aside::{NextTurn, Runtime};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::support::watchdog::{on_a_thread, watched};

fn look(runtime: &Runtime) -> NextTurn {
    runtime.turn(Duration::ZERO).next
}

fn is_readable(descriptor: &impl AsFd) -> bool {
    let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&nothing)).unwrap() > 0
}

fn spawn_remotely(runtime: &Runtime) {
    let handle = runtime.handle();
    on_a_thread(move || handle.spawn(async {}).detach());
}

/// Uses sockets, a job, whose wake comes from another thread, and timers.
async fn exchange() -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let far = aside::spawn_blocking(move || std::net::TcpStream::connect(address)).await;
    let far = TcpStream::from_std(far.unwrap()?)?;
    let (near, _) = listener.accept().await?;
    let mut bytes = 0;
    for round in 1..20 {
        far.write(&[7; 100][..round]).await?;
        bytes += near.read(&mut [0; 100]).await?;
        aside::spawn_blocking(thread::yield_now).await.unwrap();
        aside::sleep(Duration::from_micros(100)).await;
    }
    Ok(bytes)
}

// P141
#[test]
fn one_descriptor_and_the_deadline_are_enough_for_a_host() {
    watched(|| {
        let runtime = Runtime::new();
        let descriptor = runtime.descriptor().unwrap();
        let task = runtime.spawn(exchange());
        let mut waits = 0;
        while !task.is_finished() {
            waits += 1;
            let timeout = runtime.next_turn().timeout();
            let timeout = timeout.map(|timeout| Timespec::try_from(timeout).unwrap());
            let watched = &mut [PollFd::new(&descriptor, PollFlags::IN)];
            poll(watched, timeout.as_ref()).unwrap();
            let _ = runtime.turn(Duration::ZERO);
        }
        assert_eq!(runtime.block_on(task).unwrap().unwrap(), 190);
        // Each wait ended for a reason.
        assert!(waits < 300, "it spins: {waits}");
    });
}

// P141
#[test]
fn the_descriptor_is_readable_from_a_wake_to_the_turn_that_receives_it() {
    watched(|| {
        let runtime = Runtime::new();
        let descriptor = runtime.descriptor().unwrap();
        runtime.spawn(pending::<()>()).detach();
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor));
        for _ in 0..3 {
            spawn_remotely(&runtime);
            spawn_remotely(&runtime);
            assert!(is_readable(&descriptor), "of a spawn on another thread");
            assert!(is_readable(&descriptor), "until the turn");
            assert_eq!(look(&runtime), NextTurn::OnWake);
            assert!(!is_readable(&descriptor), "the turn has received all");
            runtime.spawn(async {}).detach();
            assert!(is_readable(&descriptor), "of a spawn between two turns");
            while look(&runtime) == NextTurn::Now {}
            assert!(!is_readable(&descriptor));
            // Between the question and the sleep.
            assert_eq!(runtime.next_turn(), NextTurn::OnWake);
            spawn_remotely(&runtime);
            assert!(is_readable(&descriptor), "of a spawn after the question");
            assert_eq!(runtime.next_turn(), NextTurn::Now);
            while look(&runtime) == NextTurn::Now {}
        }
    });
}

#[test]
fn the_descriptor_is_readable_while_there_are_events_of_sockets() {
    watched(|| {
        let runtime = Runtime::new();
        let (near, far) = runtime.block_on(async { UnixStream::pair() }).unwrap();
        let descriptor = runtime.descriptor().unwrap();
        let task = runtime.spawn(async move { near.read(&mut [0; 16]).await });
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor));
        assert_eq!(far.try_write(b"four").unwrap(), 4);
        assert!(is_readable(&descriptor));
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor) && task.is_finished());
    });
}

#[test]
fn a_descriptor_that_is_requested_late_reports_what_has_happened_before() {
    watched(|| {
        let runtime = Runtime::new();
        assert!(!is_readable(&runtime.descriptor().unwrap()), "nothing has happened");
        let runtime = Runtime::new();
        runtime.spawn(async {}).detach();
        assert!(is_readable(&runtime.descriptor().unwrap()), "a task is ready");
        let runtime = Runtime::new();
        let _ = look(&runtime);
        spawn_remotely(&runtime);
        let first = runtime.descriptor().unwrap();
        assert!(is_readable(&first), "a message is in the inbox");
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&first));
        // Inside a turn, whose end detaches the loop.
        let runtime = std::rc::Rc::new(Runtime::new());
        let inside = std::rc::Rc::clone(&runtime);
        let task = runtime.spawn(async move { inside.descriptor().unwrap() });
        while look(&runtime) == NextTurn::Now {}
        let descriptor = runtime.block_on(task).unwrap();
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor));
        spawn_remotely(&runtime);
        assert!(is_readable(&descriptor));
    });
}

#[test]
fn the_descriptor_announces_what_block_on_and_drain_leave_behind() {
    watched(|| {
        let runtime = Runtime::new();
        let descriptor = runtime.descriptor().unwrap();
        runtime.block_on(async {});
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor));
        runtime.block_on(async { aside::spawn(async {}).detach() });
        assert!(is_readable(&descriptor), "a ready task");
        while look(&runtime) == NextTurn::Now {}
        runtime.block_on(async {
            aside::spawn(aside::sleep(Duration::from_secs(3600))).detach();
            aside::yield_now().await;
        });
        assert!(is_readable(&descriptor), "a deadline");
    });
}

// An edge is reported once. The outer loop registers descriptors edge-triggered.
#[test]
fn an_edge_triggered_host_turns_after_each_edge() {
    watched(|| {
        let inner = Runtime::new();
        let task = inner.spawn(exchange());
        let bytes = aside::run(async {
            let descriptor = AsyncFd::new(inner.descriptor()?)?;
            loop {
                let next = look(&inner);
                if task.is_finished() {
                    return inner.block_on(task).unwrap();
                }
                let readable =
                    async { descriptor.readable().await.map(|mut ready| ready.clear_ready()) };
                match next {
                    NextTurn::Now => aside::yield_now().await,
                    NextTurn::At(deadline) => {
                        drop(aside::timeout_at(deadline, readable).await);
                    }
                    NextTurn::OnWake => readable.await?,
                }
            }
        });
        assert_eq!(bytes.unwrap(), 190);
    });
}

// One poll of the selector receives a limited number of events.
#[test]
fn a_turn_that_has_not_received_all_events_is_followed_by_another() {
    watched(|| {
        let runtime = Runtime::new();
        let descriptor = runtime.descriptor().unwrap();
        let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let registered: Vec<_> = runtime.block_on(async {
            (0..300).map(|_| AsyncFd::new(near.try_clone().unwrap()).unwrap()).collect()
        });
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor));
        // One event for each registration, and no task that waits.
        far.write_all(b"!").unwrap();
        assert_eq!(look(&runtime), NextTurn::Now);
        while look(&runtime) == NextTurn::Now {}
        assert!(!is_readable(&descriptor));
        drop(registered);
    });
}

/// Makes a runtime with a socket that a task reads, and a hook that reports the threads of its
/// calls.
fn reading() -> (Runtime, UnixStream, mpsc::Receiver<Option<String>>, aside::JoinHandle<usize>) {
    let runtime = Runtime::builder().thread_name("hosted").build();
    let (near, far) = runtime.block_on(async { UnixStream::pair() }).unwrap();
    let (sender, calls) = mpsc::channel();
    runtime.set_on_wake(move || {
        let name = thread::current().name().map(str::to_owned);
        sender.send(name).unwrap();
    });
    let task = runtime.spawn(async move {
        let mut bytes = 0;
        while bytes < 10 {
            bytes += near.read(&mut [0; 16]).await.unwrap();
        }
        bytes
    });
    (runtime, far, calls, task)
}

// P143
#[test]
fn the_wake_thread_calls_the_hook_once_per_turn_for_events_of_sockets() {
    watched(|| {
        let (runtime, far, calls, task) = reading();
        runtime.start_wake_thread().unwrap();
        runtime.start_wake_thread().unwrap();
        while look(&runtime) == NextTurn::Now {}
        let own = thread::current().name().map(str::to_owned);
        assert!(calls.try_iter().all(|name| name == own), "for the spawn, on this thread");
        for round in 1..=10 {
            assert_eq!(far.try_write(b"!").unwrap(), 1);
            assert_eq!(calls.recv().unwrap().as_deref(), Some("hosted-wake"));
            assert!(!task.is_finished(), "round {round}");
            while look(&runtime) == NextTurn::Now {}
            assert_eq!(calls.try_iter().count(), 0);
        }
        assert!(task.is_finished());
    });
}

// P143
#[test]
fn a_wake_calls_the_hook_on_its_own_thread_although_there_is_a_wake_thread() {
    watched(|| {
        let (runtime, _far, calls, _task) = reading();
        runtime.start_wake_thread().unwrap();
        while look(&runtime) == NextTurn::Now {}
        calls.try_iter().for_each(drop);
        let handle = runtime.handle();
        let waking = move || handle.spawn(async {}).detach();
        thread::Builder::new().name("waking".into()).spawn(waking).unwrap().join().unwrap();
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), [Some("waking".to_owned())]);
    });
}

/// Returns whether this process has a thread with this name.
#[cfg(target_os = "linux")]
fn is_running(name: &str) -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
    names.into_iter().any(|comm| comm.is_ok_and(|comm| comm.trim_end() == name))
}

// P143
#[cfg(target_os = "linux")]
#[test]
fn the_wake_thread_runs_only_if_requested_and_ends_with_the_runtime() {
    watched(|| {
        for shut_down in [true, false] {
            let runtime = Runtime::builder().thread_name("ending").on_wake(|| ()).build();
            let (near, far) = runtime.block_on(async { UnixStream::pair() }).unwrap();
            assert!(!is_running("ending-wake"));
            runtime.start_wake_thread().unwrap();
            while look(&runtime) == NextTurn::Now {}
            // The thread itself sets its name.
            while !is_running("ending-wake") {
                thread::yield_now();
            }
            if shut_down {
                let _report = runtime.shutdown(aside::blocking::Shutdown::Leave);
            } else {
                drop(runtime);
            }
            // The kernel may list a thread for some time after its end.
            while is_running("ending-wake") {
                thread::yield_now();
            }
            drop((near, far));
        }
    });
}

// P143
#[test]
fn a_runtime_with_a_wake_thread_may_be_dropped_at_any_time() {
    watched(|| {
        for round in 0..500 {
            let (runtime, far, calls, task) = reading();
            runtime.start_wake_thread().unwrap();
            if round % 2 == 0 {
                while look(&runtime) == NextTurn::Now {}
            }
            assert_eq!(far.try_write(b"!").unwrap(), 1);
            if round % 3 == 0 {
                let _ = look(&runtime);
            }
            drop(runtime);
            // The hook, and with it the sender, is gone.
            assert_eq!(calls.iter().filter(Option::is_none).count(), 0);
            drop(task);
        }
    });
}
