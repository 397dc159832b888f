//! Storms of signals: an interrupted sleep continues, and ends after its full time.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use aside::net::UdpSocket;
use aside::{interval, sleep, spawn_blocking, timeout};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::support::watchdog::watched;

const ROLE: &str = "ASIDE_TEST_IS_IN_A_STORM";

/// Sleeps on a parker, then in the selector, then between rounds of work. Each sleep is longer than
/// the interval between two signals.
fn program() {
    const LONG: Duration = Duration::from_millis(400);
    aside::run(async {
        sleep(LONG).await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut buffer = [0; 8];
        assert!(timeout(LONG, socket.recv(&mut buffer)).await.is_err());
        let mut ticks = interval(LONG / 60);
        for round in 0..30 {
            ticks.tick().await;
            socket.send_to(&[round], socket.local_addr().unwrap()).await.unwrap();
            assert_eq!(socket.recv(&mut buffer).await.unwrap(), 1);
            assert_eq!((buffer[0], spawn_blocking(move || round).await.unwrap()), (round, round));
        }
    });
}

/// Interrupts the process until it ends, and returns the number of interruptions. Stopping and
/// continuing it interrupts every sleeping system call, as every handled signal does.
fn storm(child: &Child) -> usize {
    let (_never, pause) = mpsc::channel::<()>();
    let pid = Pid::from_child(child);
    for interrupts in 0.. {
        let _nothing = pause.recv_timeout(Duration::from_millis(1));
        kill_process(pid, Signal::STOP).unwrap();
        // A stop that is undone before it takes effect interrupts nothing.
        let (_, status) = waitpid(Some(pid), WaitOptions::UNTRACED).unwrap().unwrap();
        if !status.stopped() {
            assert_eq!(status.exit_status(), Some(0));
            return interrupts;
        }
        kill_process(pid, Signal::CONT).unwrap();
    }
    unreachable!("there are more numbers than that")
}

// P16: if each interrupted sleep started anew, the program would never end.
#[test]
#[expect(clippy::zombie_processes, reason = "the storm waits for its end")]
fn a_program_in_a_storm_of_signals_sleeps_for_its_full_time() {
    if std::env::var_os(ROLE).is_some() {
        return program();
    }
    watched(|| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = "net::interrupted::a_program_in_a_storm_of_signals_sleeps_for_its_full_time";
        command.args([test, "--exact", "--test-threads=1"]).env(ROLE, "yes");
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        assert!(storm(&child) > 20, "too few to be a storm");
    });
}
