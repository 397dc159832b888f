//! That none stay (P70). Of each child its number is asked of the system.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use aside::process::Child;
use aside::{Runtime, sleep, timeout};

use super::{script, waiting};
use crate::watchdog::watched;

/// What the system says of a process: `Z` for a zombie. `None` if nobody has the number.
fn state(id: u32) -> Option<char> {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    line.rsplit_once(") ")?.1.chars().next()
}

/// Waits in async code until nobody has the number.
async fn buried(id: u32) {
    while state(id).is_some() {
        sleep(Duration::from_millis(1)).await;
    }
}

fn id(child: &Child) -> u32 {
    child.id().unwrap()
}

#[test]
fn a_child_that_is_dropped_goes_on_and_is_buried_at_its_end() {
    watched(|| {
        aside::run(async {
            let mut child = waiting();
            let (id, stdin) = (id(&child), child.stdin.take());
            drop(child);
            sleep(Duration::from_millis(10)).await;
            assert!(state(id).is_some_and(|state| state != 'Z'), "it goes on");
            drop(stdin);
            buried(id).await;
        });
    });
}

#[test]
fn a_child_that_has_ended_is_buried_by_its_drop() {
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
fn who_is_killed_on_drop_is_buried() {
    watched(|| {
        aside::run(async {
            let mut command = script("read line; exit 3");
            let mut child = command.kill_on_drop().stdin(Stdio::piped()).spawn().unwrap();
            let (id, stdin) = (id(&child), child.stdin.take());
            drop(child);
            buried(id).await;
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
            let output = command.kill_on_drop().stderr(write).output();
            // Only the child has the pipe from here on.
            drop(command);
            let id = aside::spawn_blocking(|| {
                let mut line = String::new();
                std::io::BufRead::read_line(&mut std::io::BufReader::new(read), &mut line).unwrap();
                line.trim().parse().unwrap()
            });
            let id = id.await.unwrap();
            assert!(state(id).is_some());
            assert!(timeout(Duration::from_millis(10), output).await.is_err());
            buried(id).await;
        });
    });
}

#[test]
fn a_hundred_that_are_dropped_are_all_buried() {
    watched(|| {
        aside::run(async {
            let ids: Vec<u32> = (0..100).map(|_| id(&waiting())).collect();
            for id in ids {
                buried(id).await;
            }
        });
    });
}

#[test]
fn children_of_a_runtime_that_ends_are_buried_by_who_comes_after() {
    watched(|| {
        let runtime = Runtime::new();
        let (ids, kept, stdin) = runtime.block_on(async {
            let mut dropped = waiting();
            let (of_dropped, stdin) = (id(&dropped), dropped.stdin.take());
            drop(dropped);
            let mut command = script("exec sleep 1000");
            let killed = command.kill_on_drop().spawn().unwrap();
            let of_killed = id(&killed);
            // It is dropped, and its child with it, when its loop ends.
            aside::spawn(async move {
                let _killed = killed;
                std::future::pending::<()>().await;
            })
            .detach();
            let kept = waiting();
            (vec![of_dropped, of_killed, id(&kept)], kept, stdin)
        });
        drop(runtime);
        // Of these, the end comes after the loop's.
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
            buried(id).await;
        });
    });
}

#[test]
fn a_shutdown_says_for_whose_end_it_has_not_waited() {
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

/// Dropped when its thread ends, after whatever else the thread had.
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
