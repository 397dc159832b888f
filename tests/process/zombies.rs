//! No child stays a zombie (P70). The tests look for each pid in `/proc`.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use aside::process::Child;
use aside::{Runtime, sleep, timeout};

use super::{script, waiting};
use crate::watchdog::watched;

/// Returns the state of a process, which is `Z` for a zombie, or `None` if no process has the pid.
fn state(id: u32) -> Option<char> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    line.rsplit_once(") ")?.1.chars().next()
}

/// Waits in async code until no process has the pid.
async fn reaped(id: u32) {
    while state(id).is_some() {
        sleep(Duration::from_millis(1)).await;
    }
}

fn id(child: &Child) -> u32 {
    child.id().unwrap()
}

#[test]
fn a_dropped_child_continues_and_is_reaped_at_its_exit() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            let (id, stdin) = (id(&child), child.stdin.take());
            drop(child);
            sleep(Duration::from_millis(10)).await;
            assert!(state(id).is_some_and(|state| state != 'Z'), "it continues to run");
            drop(stdin);
            reaped(id).await;
        });
    });
}

#[test]
fn a_child_that_has_exited_is_reaped_by_its_drop() {
    watched(|| {
        aside::run(async {
            let child = script("exit 0").spawn().unwrap();
            let id = id(&child);
            while state(id) != Some('Z') {
                sleep(Duration::from_millis(1)).await;
            }
            drop(child);
            assert_eq!(state(id), None);
        });
    });
}

#[test]
fn a_child_killed_on_drop_is_reaped() {
    watched(|| {
        aside::run(async {
            let mut command = script("read line; exit 3");
            let mut child = command.kill_on_drop(true).stdin(Stdio::piped()).spawn().unwrap();
            let (id, stdin) = (id(&child), child.stdin.take());
            drop(child);
            reaped(id).await;
            drop(stdin);
        });
    });
}

#[test]
fn a_child_whose_output_times_out_leaves_no_zombie() {
    watched(|| {
        aside::run(async {
            let mut command = script("echo $$ >&2; exec sleep 1000");
            let (read, write) = std::io::pipe().unwrap();
            let output = command.kill_on_drop(true).stderr(write).output();
            // After this drop only the child holds the pipe.
            drop(command);
            let id = aside::spawn_blocking(|| {
                let mut line = String::new();
                std::io::BufRead::read_line(&mut std::io::BufReader::new(read), &mut line).unwrap();
                line.trim().parse().unwrap()
            });
            let id = id.await.unwrap();
            assert!(state(id).is_some());
            assert!(timeout(Duration::from_millis(10), output).await.is_err());
            reaped(id).await;
        });
    });
}

#[test]
fn a_hundred_dropped_children_are_all_reaped() {
    watched(|| {
        aside::run(async {
            let ids: Vec<u32> = (0..100).map(|_| id(&waiting())).collect();
            for id in ids {
                reaped(id).await;
            }
        });
    });
}

#[test]
fn children_of_a_runtime_that_has_ended_are_reaped_when_the_next_child_is_started() {
    watched(|| {
        let runtime = Runtime::new();
        let (ids, kept, stdin) = runtime.block_on(async {
            let mut dropped = waiting();
            let (of_dropped, stdin) = (id(&dropped), dropped.stdin.take());
            drop(dropped);
            let mut command = script("exec sleep 1000");
            let killed = command.kill_on_drop(true).spawn().unwrap();
            let of_killed = id(&killed);
            // The end of the loop drops the task, which owns the child.
            aside::spawn(async move {
                let _killed = killed;
                std::future::pending::<()>().await;
            })
            .detach();
            let kept = waiting();
            (vec![of_dropped, of_killed, id(&kept)], kept, stdin)
        });
        drop(runtime);
        // These children exit after the end of the loop.
        drop((kept, stdin));
        for id in ids {
            while state(id).is_some() {
                aside::run(async { script("exit 0").status().await.unwrap() });
            }
        }
    });
}

#[test]
fn a_child_may_be_dropped_on_any_thread() {
    watched(|| {
        aside::run(async {
            let child = waiting();
            let id = id(&child);
            thread::spawn(|| drop(child));
            reaped(id).await;
        });
    });
}

#[test]
fn a_shutdown_reports_the_children_that_it_has_not_waited_for() {
    watched(|| {
        let runtime = Runtime::new();
        let stdin = runtime.block_on(async { waiting().stdin.take() });
        let report = runtime.shutdown(aside::blocking::Shutdown::Wait);
        let named: Vec<_> = report.tasks_cancelled.iter().filter_map(|task| task.name()).collect();
        assert_eq!(named.len(), 1);
        assert!(named[0].starts_with("the end of process "), "{named:?}");
        drop(stdin);
    });
}

/// Holds a child that is dropped when the thread ends, after the other thread-local values.
struct Held(std::cell::RefCell<Option<Child>>);

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

thread_local! {
    static HELD: Held = const { Held(std::cell::RefCell::new(None)) };
}

#[test]
fn a_child_may_be_dropped_at_the_end_of_a_thread() {
    watched(|| {
        let id = thread::spawn(|| {
            HELD.with(|held| {
                let child = aside::run(async { waiting() });
                let id = id(&child);
                held.0.replace(Some(child));
                id
            })
        });
        let id = id.join().unwrap();
        while state(id).is_some() {
            aside::run(async { script("exit 0").status().await.unwrap() });
        }
    });
}
