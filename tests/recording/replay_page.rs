//! The replay pages of recordings that are not whole, and of long ones.

use std::time::Duration;

use aside::observe::{Recording, Trace};
use aside::{Runtime, sleep, yield_now};
use aside_trace::replay::Document;

/// A ring that was too small has lost the first events, and a copy during a run has gaps.
#[test]
fn a_recording_with_missing_events_has_a_page() {
    let trace = Trace::new();
    let runtime = Runtime::builder().record(&trace).threads_max(1).build();
    runtime.block_on(async {
        let job = aside::named("job").spawn_blocking(|| ());
        let nap = aside::named("nap").spawn(sleep(Duration::from_micros(1)));
        job.await.unwrap();
        nap.await.unwrap();
    });
    drop(runtime);
    let whole = trace.recording();
    let check = |recording: &Recording, what: &str| {
        let mut document = Document::default();
        document.add_recording(what, recording);
        assert_eq!(document.check(), Ok(()));
    };
    assert!(whole.events.len() > 30);
    for index in 0..whole.events.len() {
        let mut late = whole.clone();
        late.events.drain(..index);
        check(&late, &format!("the first {index} events are lost"));
        let mut gap = whole.clone();
        gap.events.remove(index);
        check(&gap, &format!("event {index} is lost"));
        gap.events.truncate(index + 1);
        check(&gap, &format!("event {index} is lost, and the next one is the last"));
    }
}

#[test]
fn the_page_of_a_long_recording_shows_its_last_events() {
    let trace = Trace::new();
    let runtime = Runtime::builder().record(&trace).build();
    runtime.block_on(async {
        for _ in 0..2_000 {
            yield_now().await;
        }
    });
    drop(runtime);
    let events = trace.recording().events.len();
    let page = trace.to_html();
    assert!(page.contains(&format!("\"about\":\"{} events before", events - 5_000)));
    assert_eq!(page.matches("{\"t\":").count(), 5_000);
}
