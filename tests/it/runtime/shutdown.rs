//! The shutdown of a runtime: what it waits for, what it reports, and that it never hangs or
//! panics.

use std::future::pending;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::{Handle, Runtime, sleep, spawn, spawn_blocking, yield_now};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{panic_message, watched};

// Promise 3, P62: `run` waits for accepted jobs, including detached ones.
#[test]
fn run_returns_when_every_accepted_job_has_run() {
    watched(|| {
        let written = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&written);
        aside::run(async move {
            for _ in 0..200 {
                let written = Arc::clone(&counting);
                spawn_blocking(move || {
                    thread::yield_now();
                    written.fetch_add(1, Ordering::SeqCst);
                })
                .detach();
            }
        });
        assert_eq!(written.load(Ordering::SeqCst), 200);
    });
}

// Promise 3, P62: `run` waits for accepted jobs even if main panics.
#[test]
fn run_waits_for_jobs_although_main_panics() {
    watched(|| {
        let (sender, written) = mpsc::channel();
        let message = panic_message(|| {
            aside::run(async {
                spawn_blocking(move || sender.send(1).unwrap()).detach();
                panic!("in main");
            })
        });
        assert_eq!((message.as_str(), written.try_recv()), ("in main", Ok(1)));
    });
}

// Promise 3
#[test]
fn shutdown_reports_the_cancelled_tasks_by_name_and_location() {
    watched(|| {
        let runtime = Runtime::new();
        runtime.block_on(async {
            aside::named("listener").spawn(pending::<()>()).detach();
            spawn(sleep(Duration::from_secs(3600))).detach();
            spawn(async {}).await.unwrap();
        });
        let report = runtime.shutdown(Shutdown::Wait);
        let names: Vec<_> = report.tasks_cancelled.iter().map(|task| task.name()).collect();
        assert_eq!(names, [Some("listener"), None]);
        assert!(report.jobs.is_clean());
        let text = report.to_string();
        assert!(text.starts_with("2 tasks cancelled\n  `listener` (spawned at "), "{text}");
        assert!(text.contains("shutdown.rs:"), "{text}");
    });
}

// Promise 3
#[test]
fn shutdown_that_leaves_reports_running_and_cancelled_jobs() {
    watched(|| {
        for how in [Shutdown::Leave, Shutdown::WaitAtMost(Duration::from_millis(1))] {
            let runtime = Runtime::builder().threads_max(1).build();
            let (began, beginning) = mpsc::channel();
            let (go, may_go) = mpsc::channel::<()>();
            let (running, queued) = runtime.block_on(async move {
                let running = aside::named("copy").spawn_blocking(move || {
                    began.send(()).unwrap();
                    may_go.recv().unwrap();
                    7
                });
                let queued = aside::named("late").spawn_blocking(|| 8);
                (running, queued)
            });
            beginning.recv().unwrap();
            let report = runtime.shutdown(how);
            let cancelled: Vec<_> = report.jobs.cancelled.iter().map(|job| job.name()).collect();
            let left: Vec<_> = report.jobs.running.iter().map(|job| job.metadata.name()).collect();
            assert_eq!((cancelled, left), (vec![Some("late")], vec![Some("copy")]));
            let text = report.to_string();
            assert!(text.contains("1 job still runs: `copy` (spawned at "), "{text}");
            // The result of the abandoned job is still delivered.
            go.send(()).unwrap();
            assert_eq!(aside::run(running).unwrap(), 7);
            assert!(aside::run(queued).unwrap_err().is_cancelled());
        }
    });
}

// P46
#[test]
fn a_shutdown_with_a_zero_or_an_endless_limit_returns_when_no_job_runs() {
    watched(|| {
        let times = [Duration::ZERO, Duration::from_nanos(1), Duration::MAX];
        for how in times.map(Shutdown::WaitAtMost).into_iter().chain([Shutdown::Wait]) {
            let runtime = Runtime::new();
            runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
            let has_time = [Shutdown::Wait, Shutdown::WaitAtMost(Duration::MAX)].contains(&how);
            let report = runtime.shutdown(how);
            // A job counts as running until its worker has woken the awaiting task, so a shutdown
            // with a limit of zero may report the job.
            assert!(report.jobs.is_clean() || !has_time);
            assert!(report.jobs.cancelled.is_empty());
        }
    });
}

// P45: a job that waits for its runtime does not block the shutdown that waits for the job.
#[test]
fn a_job_that_awaits_a_task_during_shutdown_gets_an_error_and_ends() {
    watched(|| {
        let (closing, closed) = mpsc::channel::<()>();
        let runtime = Runtime::new();
        // The drop of the task shows that the shutdown has begun. After that no thread turns the
        // loop.
        let sign = OnDrop::new(move || drop(closing));
        runtime
            .spawn(async move {
                let _sign = sign;
                pending::<()>().await;
            })
            .detach();
        let job = runtime.handle().spawn_blocking(move || {
            let _ = closed.recv();
            let handle = Handle::current();
            let task = handle.block_on(handle.spawn(async { 1 }));
            let made = handle.block_on(handle.spawn_with(|| async { 2 }));
            assert!(task.unwrap_err().is_cancelled() && made.unwrap_err().is_cancelled());
            panic_message(|| handle.block_on(sleep(Duration::from_secs(3600))))
        });
        let report = runtime.shutdown(Shutdown::Wait);
        assert_eq!(report.tasks_cancelled.len(), 1);
        let message = aside::run(job).unwrap();
        assert!(message.contains("runtime"), "{message}");
    });
}

// P45: a job that already waits for its runtime when the shutdown starts does not block the
// shutdown either.
#[test]
fn a_job_that_waits_for_a_loop_that_closes_gets_an_error() {
    watched(|| {
        for _ in 0..100 {
            let runtime = Runtime::new();
            let (sender, asked) = mpsc::channel();
            let job = runtime.handle().spawn_blocking(move || {
                let handle = Handle::current();
                let task = handle.spawn(pending::<()>());
                sender.send(()).unwrap();
                handle.block_on(task)
            });
            asked.recv().unwrap();
            let _ = runtime.shutdown(Shutdown::Wait);
            assert!(aside::run(job).unwrap().unwrap_err().is_cancelled());
        }
    });
}

// Promise 3: the drop does not wait, because waiting would block the outer loop.
#[test]
fn a_runtime_dropped_inside_async_code_does_not_wait() {
    watched(|| {
        aside::run(async {
            let (go, may_go) = mpsc::channel::<()>();
            let (began, beginning) = mpsc::channel();
            let inner = Runtime::builder().threads_max(1).build();
            let (running, queued) = inner.block_on(async {
                let running = spawn_blocking(move || {
                    began.send(()).unwrap();
                    may_go.recv().unwrap();
                    1
                });
                (running, spawn_blocking(|| 2))
            });
            beginning.recv().unwrap();
            drop(inner);
            // The shutdown has not waited for the job, which waits for this message.
            assert!(!running.is_finished());
            go.send(()).unwrap();
            assert_eq!(running.await.unwrap(), 1);
            assert!(queued.await.unwrap_err().is_cancelled());
        });
    });
}

// Promise 3, P45: a runtime may be dropped on any thread.
#[test]
fn a_runtime_may_be_dropped_in_a_task_in_a_job_and_in_a_destructor() {
    watched(|| {
        aside::run(async {
            let busy = || {
                let runtime = Runtime::new();
                runtime.spawn(pending::<()>()).detach();
                runtime.block_on(async { spawn_blocking(thread::yield_now).detach() });
                runtime
            };
            spawn(async move { drop(busy()) }).await.unwrap();
            spawn_blocking(move || drop(busy())).await.unwrap();
            let runtime = busy();
            let held = OnDrop::new(move || drop(runtime));
            let task = spawn(async move {
                let _held = held;
                pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
    });
}

// P45: a job owns the last handle of its runtime.
#[test]
fn a_job_may_hold_and_drop_the_last_handle_of_its_own_pool() {
    watched(|| {
        for _ in 0..100 {
            let (began, beginning) = mpsc::channel();
            let (go, may_go) = mpsc::channel::<()>();
            let (sender, done) = mpsc::channel();
            let runtime = Runtime::new();
            let handle = runtime.handle();
            runtime
                .handle()
                .spawn_blocking(move || {
                    began.send(()).unwrap();
                    may_go.recv().unwrap();
                    drop(handle);
                    sender.send(()).unwrap();
                })
                .detach();
            beginning.recv().unwrap();
            let _ = runtime.shutdown(Shutdown::Leave);
            go.send(()).unwrap();
            done.recv().unwrap();
        }
    });
}

// P48
#[test]
fn a_job_submitted_during_shutdown_is_run_or_reported() {
    watched(|| {
        for _ in 0..200 {
            let runtime = Runtime::builder().threads_max(2).build();
            let (sender, results) = mpsc::channel();
            let job = move || {
                let ran = Arc::new(AtomicUsize::new(0));
                let counting = Arc::clone(&ran);
                let inner = Handle::current()
                    .spawn_blocking(move || counting.fetch_add(1, Ordering::SeqCst));
                sender.send((inner, ran)).unwrap();
            };
            runtime.handle().spawn_blocking(job).detach();
            let _ = runtime.shutdown(Shutdown::Wait);
            let (inner, ran) = results.recv().unwrap();
            match aside::run(inner) {
                Ok(_) => assert_eq!(ran.load(Ordering::SeqCst), 1),
                Err(error) => {
                    assert!(error.is_refused());
                    assert_eq!(ran.load(Ordering::SeqCst), 0);
                }
            }
        }
    });
}

/// An environment variable that is set in the child process of the next test.
const CHILD: &str = "ASIDE_TEST_SLOW_SHUTDOWN";

// Promise 3, P125: the report goes to stderr, so a child process is started to capture it.
#[test]
fn a_shutdown_that_waits_long_prints_the_running_jobs_to_stderr() {
    if std::env::var_os(CHILD).is_some() {
        let notice = Some(Duration::from_millis(20));
        let runtime = Runtime::builder().slow_shutdown_notice(notice).build();
        // The child ends when the parent has read the report and closes the child's stdin.
        let (begun, has_begun) = mpsc::channel();
        let wait = move || {
            begun.send(()).unwrap();
            std::io::read_to_string(std::io::stdin()).map(drop)
        };
        runtime.block_on(async { aside::named("copy").spawn_blocking(wait).detach() });
        // A job that has not begun would be reported as waiting.
        has_begun.recv().unwrap();
        drop(runtime);
        return;
    }
    watched(|| {
        let this = std::env::current_exe().unwrap();
        let mut child = Command::new(this)
            .args([
                "--exact",
                "runtime::shutdown::a_shutdown_that_waits_long_prints_the_running_jobs_to_stderr",
            ])
            .args(["--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
        let notice =
            lines.map(Result::unwrap).find(|line| line.starts_with("aside: the shutdown of pool"));
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
        let notice = notice.expect("a notice");
        assert!(notice.contains("1 job still runs: `copy` (spawned at "), "{notice}");
    });
}
