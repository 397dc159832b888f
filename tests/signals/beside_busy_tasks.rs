//! Signals beside a task that never waits, and signals that never stop.

use std::time::{Duration, Instant};

use aside::signal::{Signal, Signals};
use aside::{interval, spawn, yield_now};
use signal_hook::consts::{SIGPROF, SIGVTALRM};

use super::raise;
use crate::neighbour::{OPERATIONS_MAX, assert_fair, repeat};
use crate::watchdog::watched;

// P91: the handler has taken the default action away, so the signal must reach its task.
#[test]
fn a_signal_ends_a_run_beside_a_late_interval() {
    watched(|| {
        aside::run(async {
            let alarm = Signal::try_from(SIGVTALRM).unwrap();
            let mut interrupt = Signals::new([alarm]).unwrap();
            let busy = spawn(repeat(Default::default(), {
                let mut late = interval(Duration::from_micros(10));
                async move || {
                    late.tick().await;
                    let work = Instant::now();
                    while work.elapsed() < Duration::from_micros(30) {}
                }
            }));
            yield_now().await;
            raise(alarm);
            assert_eq!(interrupt.recv().await.unwrap(), alarm);
            assert!(!busy.is_finished());
            busy.abort();
        });
    });
}

// P91
#[test]
fn a_storm_of_signals_yields() {
    watched(|| {
        assert_fair("Signals", OPERATIONS_MAX, |count| async move {
            let profiling = Signal::try_from(SIGPROF).unwrap();
            let mut signals = Signals::new([profiling]).unwrap();
            let receive = async || {
                raise(profiling);
                assert_eq!(signals.recv().await.unwrap(), profiling);
            };
            repeat(count, receive).await;
        });
    });
}
