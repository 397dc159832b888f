//! The numbers of a drawing.

use std::time::Duration;

use runtime_core::record::event::Event;

use super::script::{LOOP, MAIN, Script, random_recording};
use crate::recording::Recording;
use crate::timeline::arrows::ARROWS_MAX;
use crate::timeline::axis::{duration_text, ticks};
use crate::timeline::bars::BAR_MIN;
use crate::timeline::labelled::LabelledRecording;
use crate::timeline::layout::Drawing;
use crate::timeline::measures::{LANES_MAX, PLOT_LEFT, PLOT_MARGIN, WIDTH};
use crate::timeline::spans::{LinkEffect, Spans};

const PLOT_RIGHT: f64 = WIDTH - PLOT_MARGIN;

pub(super) fn labelled(recording: Recording) -> LabelledRecording {
    LabelledRecording { heading: None, caption: String::new(), recording }
}

fn drawing_of(recording: Recording) -> Drawing {
    Drawing::new(&[labelled(recording)])
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn assert_near(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-6, "{actual} instead of {expected}");
}

#[test]
fn polls_jobs_and_parked_time_lie_where_they_were() {
    let mut script = Script::new();
    script.spawn(0, 7, "task").poll(0, 10, 7).park(10, 60).poll(60, 100, 7);
    script.job("job", 0, (10, 60));
    let drawing = drawing_of(script.recording());
    let x = |ms: f64| PLOT_LEFT + ms / 100.0 * (PLOT_RIGHT - PLOT_LEFT);
    let [lane, worker] = &drawing.rows[0].lanes[..] else { panic!("two lanes") };
    assert_eq!((&*lane.label, &*worker.label), ("loop", "worker 0"));
    let [first, second] = &lane.bars[..] else { panic!("two polls") };
    assert_near(first.left, x(0.0));
    assert_near(first.right, x(10.0));
    assert_near(second.left, x(60.0));
    assert_near(second.right, x(100.0));
    let [(parked, unparked)] = lane.parked[..] else { panic!("one park") };
    assert_near(parked, x(10.0));
    assert_near(unparked, x(60.0));
    assert_eq!((lane.busy_time, lane.parked_time), (ms(50), ms(50)));
    let [job] = &worker.bars[..] else { panic!("one job") };
    assert_eq!(job.name.as_deref(), Some("job"));
    assert_near(job.left, x(10.0));
    assert_near(job.right, x(60.0));
}

#[test]
fn each_poll_and_job_is_in_one_bar_and_bars_of_a_lane_do_not_overlap() {
    for seed in 0..20 {
        let recording = random_recording(seed, 1000);
        let polls = count(&recording, |event| matches!(event, Event::PollBegan { .. }));
        let jobs = count(&recording, |event| matches!(event, Event::JobTaken { .. }));
        let drawing = drawing_of(recording);
        let (mut drawn_polls, mut drawn_jobs) = (0, 0);
        for lane in &drawing.rows[0].lanes {
            let counted: u64 = lane.bars.iter().map(|bar| bar.count).sum();
            if lane.label == "loop" {
                drawn_polls += counted
            } else {
                drawn_jobs += counted
            }
            for bar in &lane.bars {
                assert!(bar.width() >= BAR_MIN - 1e-6, "seed {seed}: {bar:?}");
                assert!(bar.left >= PLOT_LEFT && bar.right <= PLOT_RIGHT + BAR_MIN, "{bar:?}");
            }
            for pair in lane.bars.windows(2) {
                assert!(pair[0].right <= pair[1].left, "seed {seed}: {pair:?}");
            }
        }
        assert_eq!((drawn_polls, drawn_jobs), (polls, jobs), "seed {seed}");
    }
}

fn count(recording: &Recording, is_counted: impl Fn(&Event) -> bool) -> u64 {
    recording.events.iter().filter(|recorded| is_counted(&recorded.event)).count() as u64
}

#[test]
fn arrows_point_forwards_in_time_and_to_another_lane() {
    for seed in 0..20 {
        let drawing = drawing_of(random_recording(seed, 1000));
        let arrows = &drawing.rows[0].arrows;
        assert!(!arrows.drawn.is_empty(), "seed {seed}");
        assert!(arrows.drawn.len() <= ARROWS_MAX);
        for arrow in &arrows.drawn {
            assert!(arrow.from.0 <= arrow.to.0, "seed {seed}: {arrow:?}");
            assert_ne!(arrow.from.1, arrow.to.1, "seed {seed}");
        }
        let has_note =
            drawing.rows[0].notes.iter().any(|(_, note)| note.ends_with("arrows are drawn."));
        assert_eq!(has_note, arrows.drawn.len() < arrows.total, "seed {seed}");
    }
}

#[test]
fn a_wake_leads_to_the_poll_that_follows_and_wakes_of_the_loop_itself_have_no_arrow() {
    let mut script = Script::new();
    script.spawn(0, 7, "task").poll(0, 10, 7).wake(20, LOOP, 7).wake(25, 9, 7).poll(40, 50, 7);
    script.wake(60, 9, 7).at(100, LOOP, Event::LoopLeft);
    let spans = Spans::new(&script.recording());
    let [link] = &spans.links[..] else { panic!("{:?}", spans.links) };
    assert_eq!((link.effect, link.begin, link.end), (LinkEffect::Wake, ms(25), ms(40)));
    assert_eq!((link.from.to_string(), link.to.to_string()), ("thread 9".into(), "loop".into()));
}

#[test]
fn threads_that_woke_nothing_have_no_lane() {
    let mut script = Script::new();
    script.main_begins(0).main_ends(10).at(5, 9, Event::CommandPosted);
    let labels: Vec<_> = drawing_of(script.recording()).rows[0]
        .lanes
        .iter()
        .map(|lane| lane.label.clone())
        .collect();
    assert_eq!(labels, ["loop"]);
}

/// The ring has dropped the spawn, the begin of a poll and the begin of a job.
#[test]
fn what_ran_before_the_first_event_is_drawn_from_the_beginning() {
    let mut script = Script::new();
    script.spawn(0, 7, "task").job("job", 0, (0, 300));
    script.at(0, LOOP, Event::PollBegan { key: 7 });
    script.at(200, LOOP, Event::PollEnded { key: 7, is_ready: false });
    script.at(400, LOOP, Event::LoopLeft);
    let mut recording = script.recording();
    recording.events.retain(|event| event.time >= ms(200));
    assert!(recording.lost() > 0);
    let spans = Spans::new(&recording);
    assert_eq!((spans.begin, spans.end), (ms(200), ms(400)));
    let [in_loop, worker] = &spans.lanes[..] else { panic!("two lanes") };
    assert_eq!(in_loop.busy[0].name, "unknown task");
    assert_eq!((in_loop.busy[0].time.begin, in_loop.busy[0].time.end), (ms(200), ms(200)));
    assert!(worker.busy[0].name.starts_with("job "));
    assert_eq!((worker.busy[0].time.begin, worker.busy[0].time.end), (ms(200), ms(300)));
    let drawing = drawing_of(recording);
    assert!(drawing.rows[0].notes[0].1.contains("events are missing"));
    assert_eq!(drawing.axis.ticks[0].1, "200 ms");
}

#[test]
fn a_poll_whose_end_was_not_recorded_lasts_to_the_end() {
    let mut script = Script::new();
    script.main_begins(10).at(
        50,
        9,
        Event::Woken { key: MAIN, route: runtime_core::record::event::WakeRoute::Posted },
    );
    let spans = Spans::new(&script.recording());
    assert_eq!(
        (spans.lanes[0].busy[0].time.begin, spans.lanes[0].busy[0].time.end),
        (ms(10), ms(50))
    );
}

#[test]
fn several_recordings_share_one_axis() {
    let recording = |length| {
        let mut script = Script::new();
        script.main_begins(0).main_ends(length);
        labelled(script.recording())
    };
    let drawing = Drawing::new(&[recording(8000), recording(2000)]);
    let right = |row: usize| drawing.rows[row].lanes[0].right;
    assert_near(right(0), PLOT_RIGHT);
    assert_near(right(1) - PLOT_LEFT, (PLOT_RIGHT - PLOT_LEFT) / 4.0);
    assert_eq!((&*drawing.rows[0].total, &*drawing.rows[1].total), ("8.000 s", "2.000 s"));
    let labels: Vec<_> = drawing.axis.ticks.iter().map(|(_, label)| &**label).collect();
    assert_eq!(labels, ["0 s", "1 s", "2 s", "3 s", "4 s", "5 s", "6 s", "7 s", "8 s"]);
}

#[test]
fn the_busiest_threads_are_drawn_and_the_others_are_counted() {
    let mut script = Script::new();
    script.main_begins(0).main_ends(1000);
    for worker in 0..30 {
        script.job("job", worker, (0, 10 + u64::from(worker)));
    }
    let drawing = drawing_of(script.recording());
    let labels: Vec<_> = drawing.rows[0].lanes.iter().map(|lane| &*lane.label).collect();
    assert_eq!(labels.len(), LANES_MAX);
    assert_eq!((labels[0], labels[1], labels[LANES_MAX - 1]), ("loop", "worker 7", "worker 29"));
    assert!(drawing.rows[0].notes.iter().any(|(_, note)| note.starts_with("24 of 31 threads")));
}

#[test]
fn ticks_are_round_and_few() {
    let labels = |begin, end| -> Vec<String> {
        let nanos = Duration::from_nanos;
        ticks(nanos(begin), nanos(end)).into_iter().map(|tick| tick.label).collect()
    };
    assert_eq!(labels(0, 0), ["0 ns"]);
    assert_eq!(labels(0, 3), ["0 ns", "1 ns", "2 ns", "3 ns"]);
    assert_eq!(
        labels(0, 45_000),
        ["0 µs", "5 µs", "10 µs", "15 µs", "20 µs", "25 µs", "30 µs", "35 µs", "40 µs", "45 µs"]
    );
    assert_eq!(
        labels(0, 1_200_000_000),
        ["0.0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s", "1.2 s"]
    );
    assert_eq!(
        labels(61_500_000_000, 63_000_000_000),
        ["61.6 s", "61.8 s", "62.0 s", "62.2 s", "62.4 s", "62.6 s", "62.8 s", "63.0 s"]
    );
    for power in 0..19 {
        for factor in 1..10 {
            let ticks = labels(0, factor * 10_u64.pow(power));
            assert!((2..=11).contains(&ticks.len()), "{factor}e{power}: {ticks:?}");
        }
    }
    assert!(ticks(Duration::ZERO, Duration::MAX).len() <= 11);
}

#[test]
fn times_have_units() {
    let text = |nanos| duration_text(Duration::from_nanos(nanos));
    assert_eq!(text(0), "0 ns");
    assert_eq!(text(999), "999 ns");
    assert_eq!(text(1_500), "1.500 µs");
    assert_eq!(text(12_345_000), "12.35 ms");
    assert_eq!(text(123_456_000), "123.5 ms");
    assert_eq!(text(8_000_000_000), "8.000 s");
    assert_eq!(text(3_600_000_000_000), "3600.000 s");
}
