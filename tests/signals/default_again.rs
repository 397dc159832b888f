//! Programs whose signals have their default action again after the first arrival (P105).

use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;

use aside::signal::{Signal, Signals, ctrl_c};

use super::raise;
use crate::watchdog::watched;

const ROLE: &str = "ASIDE_TEST_RAISES_SIGNALS";

/// Runs a program in a process of its own: this test, once more. Returns the signal that has ended
/// the process, or `None` if the program has returned.
fn ending_of(test: &'static str, program: fn()) -> Option<Signal> {
    if std::env::var_os(ROLE).is_some() {
        program();
        std::process::exit(0);
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    watched(move || {
        let mut own = Command::new(std::env::current_exe().unwrap());
        let name = format!("default_again::{test}");
        let own = own.args([&name, "--exact", "--nocapture"]).env(ROLE, "");
        sender.send(own.stdout(Stdio::null()).status().unwrap()).unwrap();
    });
    let status = receiver.recv().unwrap();
    assert!(status.success() || status.signal().is_some(), "{status}");
    status.signal().map(|number| Signal::try_from(number).unwrap())
}

fn hang() {
    loop {
        thread::park();
    }
}

// P105. A job of the cleanup hangs.
#[test]
fn the_second_ctrl_c_ends_a_program_whose_cleanup_hangs() {
    let ending = ending_of("the_second_ctrl_c_ends_a_program_whose_cleanup_hangs", || {
        aside::run(async {
            let interrupt = ctrl_c().then_default();
            raise(Signal::INT);
            interrupt.await.unwrap();
            let job = aside::spawn_blocking(hang);
            raise(Signal::INT);
            job.await.unwrap();
        });
    });
    assert_eq!(ending, Some(Signal::INT));
}

// P105. The first ctrl-c has not even been received.
#[test]
fn the_second_ctrl_c_ends_a_program_whose_loop_is_blocked() {
    let ending = ending_of("the_second_ctrl_c_ends_a_program_whose_loop_is_blocked", || {
        aside::run(async {
            let _interrupt = ctrl_c().then_default();
            raise(Signal::INT);
            raise(Signal::INT);
            hang();
        });
    });
    assert_eq!(ending, Some(Signal::INT));
}

// P105. `run` waits for a job that has not ended.
#[test]
fn the_second_ctrl_c_ends_a_shutdown_that_waits() {
    let ending = ending_of("the_second_ctrl_c_ends_a_shutdown_that_waits", || {
        aside::run(async {
            let interrupt = ctrl_c().then_default();
            raise(Signal::INT);
            interrupt.await.unwrap();
            aside::spawn_blocking(|| {
                raise(Signal::INT);
                hang();
            })
            .detach();
        });
    });
    assert_eq!(ending, Some(Signal::INT));
}

// P105. The program ends for another reason.
#[test]
fn the_first_ctrl_c_after_the_drop_ends_the_program() {
    let ending = ending_of("the_first_ctrl_c_after_the_drop_ends_the_program", || {
        aside::run(async {
            drop(ctrl_c().then_default());
            raise(Signal::INT);
            hang();
        });
    });
    assert_eq!(ending, Some(Signal::INT));
}

// P105.
#[test]
fn the_default_action_is_off_while_any_receiver_waits_for_the_first_arrival() {
    let test = "the_default_action_is_off_while_any_receiver_waits_for_the_first_arrival";
    let ending = ending_of(test, || {
        aside::run(async {
            for _line_of_a_shell in 0..3 {
                let (dropped, waiting) = (ctrl_c().then_default(), ctrl_c().then_default());
                drop(dropped);
                raise(Signal::INT);
                waiting.await.unwrap();
            }
            // The arrival that the first receiver is still to take does not count for the second.
            let first = ctrl_c().then_default();
            raise(Signal::INT);
            let second = ctrl_c().then_default();
            raise(Signal::INT);
            first.await.unwrap();
            second.await.unwrap();
        });
    });
    assert_eq!(ending, None);
}

// P105.
#[test]
fn each_signal_of_a_receiver_has_a_first_arrival_of_its_own() {
    let test = "each_signal_of_a_receiver_has_a_first_arrival_of_its_own";
    let ending = ending_of(test, || {
        aside::run(async {
            let stop = [Signal::INT, Signal::TERM, Signal::TERM];
            let mut stop = Signals::new(stop).unwrap().then_default().unwrap();
            for signal in [Signal::INT, Signal::TERM] {
                raise(signal);
                assert_eq!(stop.recv().await.unwrap(), signal);
            }
            raise(Signal::TERM);
            pending::<()>().await;
        });
    });
    assert_eq!(ending, Some(Signal::TERM));
}

#[test]
fn a_signal_without_a_known_default_action_is_an_error() {
    aside::run(async {
        let signals = Signals::new([Signal::try_from(47).unwrap()]).unwrap();
        assert!(signals.then_default().is_err());
    });
}
