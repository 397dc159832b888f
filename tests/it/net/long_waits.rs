//! Sleeps that are longer than the selector's longest wait.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aside::Runtime;
use aside::net::UdpSocket;

use crate::support::watchdog::watched;

/// The numbers of the system calls `epoll_wait` and `epoll_pwait`.
const EPOLL: &[&str] = if cfg!(target_arch = "x86_64") { &["232", "281"] } else { &["22"] };

/// The time limit of the selector's wait, in milliseconds, in which this thread sleeps.
fn time_limit(thread: &str) -> i32 {
    let path = format!("/proc/self/task/{thread}/syscall");
    loop {
        // The number of the call and its arguments. The fourth argument is the time limit.
        let call = fs::read_to_string(&path).unwrap();
        let call: Vec<&str> = call.split_whitespace().collect();
        if let [number, _, _, _, limit, ..] = call[..]
            && EPOLL.contains(&number)
        {
            return u64::from_str_radix(limit.trim_start_matches("0x"), 16).unwrap() as i32;
        }
        thread::yield_now();
    }
}

// P101: before 1.2.1, mio keeps the low 32 bits of the milliseconds. Thirty days become a negative
// number, which means for ever.
#[test]
fn a_sleep_of_thirty_days_is_a_bounded_wait() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            let runtime = Runtime::new();
            let own = fs::read_link("/proc/thread-self").unwrap();
            let own = own.file_name().unwrap().to_str().unwrap().to_owned();
            runtime.block_on(async {
                let _socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let (stop, stopped) = async_channel::bounded::<()>(1);
                sender.send((own, stop)).unwrap();
                let days = aside::sleep(Duration::from_secs(30 * 24 * 3600));
                aside::race((days, async { stopped.recv().await.unwrap_or_default() })).await;
            });
        });
        let (thread, stop) = receiver.recv().unwrap();
        assert!(time_limit(&thread) > 0);
        drop(stop);
        sleeper.join().unwrap();
    });
}
