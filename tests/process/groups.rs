//! Process groups: a kill of the child kills its group (P113).

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;
use std::time::Duration;

use aside::process::{Child, Command};
use aside::{sleep, timeout};
use futures_lite::AsyncReadExt;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::script;
use crate::watchdog::watched;

/// Returns whether the process runs. A process whose parent has died may stay a zombie, if its new
/// parent does not wait for it.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

async fn dead(pid: u32) {
    while is_alive(pid) {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Starts a script that starts a process, and returns the pid of that process.
async fn parent_of_one(command: &mut Command) -> (Child, u32) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = Vec::new();
    let stdout = child.stdout.as_mut().unwrap();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stdout.read_exact(&mut byte).await.unwrap();
        line.push(byte[0]);
    }
    let pid = String::from_utf8(line).unwrap().trim().parse().unwrap();
    assert!(is_alive(pid));
    (child, pid)
}

const WAITS: &str = "sleep 1000 & echo $!; wait";
const EXITS: &str = "sleep 1000 & echo $!";

#[test]
fn a_child_in_a_group_of_its_own_is_killed_with_its_children() {
    watched(|| {
        aside::run(async {
            let (mut child, pid) = parent_of_one(script(WAITS).process_group(0)).await;
            child.kill().await.unwrap();
            dead(pid).await;
            let mut command = script(WAITS);
            let (child, pid) = parent_of_one(command.process_group(0).kill_on_drop(true)).await;
            drop(child);
            dead(pid).await;
        });
    });
}

/// Drops the output of a script that writes the pids of a process and of its shell to a file. The
/// process dies, too, even if its shell has exited before.
async fn time_out(text: &str) {
    let path =
        std::env::temp_dir().join(format!("aside-group-{}-{}", std::process::id(), text.len()));
    let mut command = script(text);
    let command = command.env("FILE", &path).process_group(0).kill_on_drop(true);
    let mut output = Box::pin(command.output());
    let (pid, shell) = loop {
        timeout(Duration::from_millis(5), &mut output).await.unwrap_err();
        let text = fs::read_to_string(&path).unwrap_or_default();
        if let Some((pid, shell)) = text.strip_suffix('\n').and_then(|pids| pids.split_once(' ')) {
            break (pid.parse().unwrap(), shell.parse().unwrap());
        }
    };
    if !text.ends_with("wait") {
        dead(shell).await;
        // The output has had time to see the exit.
        timeout(Duration::from_millis(5), &mut output).await.unwrap_err();
    }
    assert!(is_alive(pid));
    drop(output);
    dead(pid).await;
    fs::remove_file(path).unwrap();
}

// P146.
#[test]
fn a_timeout_of_a_command_kills_the_group_of_a_shell_that_has_exited() {
    watched(|| {
        aside::run(async {
            time_out("sleep 1000 & echo $! $$ > $FILE").await;
        });
    });
}

#[test]
fn a_timeout_of_a_command_kills_the_group() {
    watched(|| {
        aside::run(async {
            time_out("sleep 1000 & echo $! $$ > $FILE; wait").await;
        });
    });
}

#[test]
fn the_group_of_a_child_that_has_exited_is_killed_until_the_child_is_reaped() {
    watched(|| {
        aside::run(async {
            let mut command = script(EXITS);
            let (child, pid) = parent_of_one(command.process_group(0).kill_on_drop(true)).await;
            dead(child.id().unwrap()).await;
            assert!(is_alive(pid));
            drop(child);
            dead(pid).await;
        });
    });
}

#[test]
fn a_child_in_the_group_of_this_process_is_killed_alone() {
    watched(|| {
        aside::run(async {
            let mut command = script(WAITS);
            let (child, pid) = parent_of_one(command.kill_on_drop(true)).await;
            let id = child.id().unwrap();
            drop(child);
            dead(id).await;
            assert!(is_alive(pid));
            let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
        });
    });
}

#[test]
fn the_group_of_a_child_that_other_code_has_reaped_is_not_killed() {
    watched(|| {
        aside::run(async {
            let mut command = Command::new("sleep");
            let mut child =
                command.arg("1000").process_group(0).kill_on_drop(true).spawn().unwrap();
            let group = child.id().unwrap().cast_signed();
            let mut command = std::process::Command::new("sleep");
            let mut member = command.arg("1000").process_group(group).spawn().unwrap();
            let pid = Pid::from_raw(group).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
            waitpid(Some(pid), WaitOptions::empty()).unwrap();
            assert!(child.start_kill().is_err());
            drop(child);
            // The first of the two signals ends the process.
            kill_process(Pid::from_child(&member), Signal::TERM).unwrap();
            assert_eq!(member.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
        });
    });
}
