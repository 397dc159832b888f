//! A forwarder that is dropped while its hook is slow.

use std::sync::mpsc::channel;

use super::*;
use crate::process_pool::worker_output::OutputLine;

const LINES: usize = 10;

// P130.
#[test]
fn a_drop_on_a_loop_does_not_wait_for_a_slow_hook() {
    let (release, released) = channel::<()>();
    let (passed_on, lines) = channel();
    let released = Mutex::new(released);
    let hook = move |_: &OutputLine<'_>| {
        // All lines together take less time than a drop outside a loop waits.
        let _ = released.lock().recv_timeout(FLUSH_MAX / 12);
        passed_on.send(()).unwrap();
    };
    let forwarder = OutputForwarder::new(OutputSink::Hook(Arc::new(hook)));
    let (reader, mut writer) = io::pipe().unwrap();
    let output = forwarder.add(1, reader).unwrap();
    writer.write_all(&b"line\n".repeat(LINES)).unwrap();
    drop(writer);
    output.close();
    {
        let _on_loop = context::enter_loop();
        drop(forwarder);
    }
    assert!(lines.try_iter().count() < LINES, "the drop has waited for all lines");
    drop(release);
    // The thread passes on the other lines, and ends. Only then the hook is dropped.
    drop(output);
    while lines.recv().is_ok() {}
}
