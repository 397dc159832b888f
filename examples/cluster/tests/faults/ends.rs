//! The ends of single calls.

use std::fs;
use std::process::Command;
use std::time::Duration;

use aside::{JoinError, timeout};
use cluster::{Cluster, ClusterError, Monitor, Priority};

use crate::calls::{Batch, send, stamped};
use crate::processes::{BOUND, Broker, PROGRAM, until};

/// Runs a test with a limit.
fn run<T>(test: impl Future<Output = T>) -> T {
    aside::run(async { timeout(BOUND, test).await.unwrap() })
}

fn output(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

pub(crate) fn without_a_broker_the_error_says_so(_: &Broker) {
    for command in ["worker", "submit"] {
        let (code, text) = output(&[command, "--broker", "amqp://127.0.0.1:1"]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("no broker answers at 127.0.0.1:1"), "{text}");
        assert!(text.contains("refused"), "{text}");
    }
    let (code, help) = output(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(help.contains("cluster worker") && help.contains("cluster submit"), "{help}");
    let (code, text) = output(&["submit", "dance"]);
    assert!(code == Some(2) && text.contains("no job `dance`"), "{text}");
}

/// The same calls in the program itself, in worker processes and on a host.
pub(crate) fn the_program_runs_jobs_in_each_place(broker: &Broker) {
    let host = broker.host(1, &broker.stamps("places"));
    let submit = |job, place| {
        output(&["submit", job, "--jobs", "20", "--on", place, "--broker", &broker.address()])
    };
    for place in ["threads", "processes", "cluster"] {
        let (code, text) = submit("digest", place);
        assert_eq!(code, Some(0), "{place}: {text}");
        assert!(text.contains("20 returned, 20 in all"), "{place}: {text}");
        let (code, text) = submit("panic", place);
        assert_eq!(code, Some(0), "{place}: {text}");
        assert!(text.contains("0 returned, 20 in all"), "{place}: {text}");
        assert!(text.contains("20 failed") && text.contains("job # panics"), "{place}: {text}");
    }
    let (_, text) = submit("crash", "processes");
    assert!(text.contains("0 returned, 20 in all") && text.contains("SIGABRT"), "{text}");
    let (code, text) = submit("digest", "paper");
    assert!(code == Some(2) && text.contains("not on `paper`"), "{text}");
    host.finish();
}

/// The names of the threads of this process.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<fs::DirEntry>| {
        fs::read_to_string(task.unwrap().path().join("comm")).unwrap().trim().to_owned()
    };
    tasks.map(name).collect()
}

/// The loop serves the connection. One thread is lapin's own.
pub(crate) fn a_client_starts_one_thread(broker: &Broker) {
    if !cfg!(target_os = "linux") {
        return;
    }
    run(async {
        // The pool's thread, which looks up the name of the broker.
        aside::spawn_blocking(|| ()).await.unwrap();
        let before = threads().len();
        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let during = threads();
        assert_eq!(during.len(), before + 1, "{during:?}");
        assert!(during.iter().any(|name| name == "lapin-io-loop"), "{during:?}");
        cluster.close().await;
        let is_gone = async || threads().iter().all(|name| name != "lapin-io-loop");
        until("the thread ends", is_gone).await;
    });
}

pub(crate) fn a_panic_is_a_panic_of_the_caller(broker: &Broker) {
    let host = broker.host(1, &broker.stamps("panic"));
    run(async {
        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let error: JoinError = send(&cluster, "panic", 7).await.unwrap_err();
        assert!(error.is_panic());
        assert!(error.to_string().contains("job 7 panics"), "{error}");
        let unknown = send(&cluster, "no-such-function", 7).await.unwrap();
        assert!(matches!(unknown, Err(ClusterError::Function(_))), "{unknown:?}");
        cluster.close().await;
    });
    host.finish();
}

/// The process of the job is killed, and the slot runs the next job.
pub(crate) fn a_hanging_job_is_killed(broker: &Broker) {
    let host = broker.host(1, &broker.stamps("hang"));
    run(async {
        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let limit = Duration::from_secs(1);
        let hanging = send(&cluster.limit(limit), "hang", 0).await.unwrap();
        assert!(matches!(hanging, Err(ClusterError::TimedOut(at)) if at == limit), "{hanging:?}");
        Batch::send(&cluster, 10).all_once().await;
        cluster.close().await;
    });
    host.finish();
}

pub(crate) fn a_job_that_crashes_is_set_aside(broker: &Broker) {
    let host = broker.host(1, &broker.stamps("crash"));
    run(async {
        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let crashed = send(&cluster, "crash", 0).await.unwrap();
        let Err(ClusterError::Crashed { deliveries: 3, why }) = crashed else {
            panic!("{crashed:?}")
        };
        assert!(why.contains("SIGABRT"), "{why}");
        Batch::send(&cluster, 10).all_once().await;
        cluster.close().await;
    });
    host.finish();
}

/// Three hosts die of the job. The fourth one answers the caller.
pub(crate) fn a_job_that_kills_its_host_is_set_aside(broker: &Broker) {
    let stamps = broker.stamps("killer");
    let runtime = aside::Runtime::new();
    let cluster = runtime.block_on(Cluster::connect(&broker.address())).unwrap();
    let entered = runtime.enter();
    let killer = send(&cluster, "kill-host", 0);
    drop(entered);
    runtime.block_on(async {
        until_waiting(&monitor(broker).await, Priority::Normal, 1).await;
    });
    for _ in 0..3 {
        broker.host(1, &stamps).wait_for_its_end();
    }
    let host = broker.host(1, &stamps);
    runtime.block_on(async {
        let ended = timeout(BOUND, killer).await.unwrap().unwrap();
        assert!(matches!(ended, Err(ClusterError::Crashed { deliveries: 3, .. })), "{ended:?}");
        cluster.close().await;
    });
    host.finish();
}

pub(crate) async fn monitor(broker: &Broker) -> Monitor {
    Monitor::connect(&broker.address()).await.unwrap()
}

/// Waits until this many jobs of a priority are in the queue and with no host.
pub(crate) async fn until_waiting(monitor: &Monitor, priority: Priority, jobs: u32) {
    let is_so = async || monitor.queue(priority).await.unwrap().waiting == jobs;
    until("the jobs are stored", is_so).await;
}

/// Calls beyond the limit wait for room; a cancelled job does not run; the highest priority is
/// first.
pub(crate) fn queued_jobs_have_limits_and_order(broker: &Broker) {
    let stamps = broker.stamps("queued");
    let host = broker.host(1, &stamps);
    run(async {
        let cluster = Cluster::with_calls_max(&broker.address(), 7).await.unwrap();
        let hanging = send(&cluster, "hang", 0);
        let mut calls = Vec::new();
        for (n, priority) in [(1, Priority::Low), (2, Priority::Normal), (3, Priority::High)] {
            let cluster = cluster.priority(priority);
            calls.push(send(&cluster, "stamp", 10 * n));
            calls.push(send(&cluster, "stamp", 10 * n + 1));
        }
        // This one is the eighth.
        calls.push(send(&cluster, "stamp", 40));
        let monitor = monitor(broker).await;
        // The host holds one job of a priority, and the hanging one is of the normal priority.
        for (priority, jobs) in [(Priority::Low, 1), (Priority::High, 1), (Priority::Normal, 2)] {
            until_waiting(&monitor, priority, jobs).await;
        }
        // Of the cancelled jobs, one is with the host and one in the queue.
        calls.remove(0).abort();
        calls.remove(0).abort();
        hanging.abort();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        cluster.close().await;
    });
    host.finish();
    let mut ran = stamped(&stamps);
    assert_eq!(ran[0], 30, "the highest priority is first: {ran:?}");
    ran.sort_unstable();
    assert_eq!(ran, [20, 21, 30, 31, 40]);
}
