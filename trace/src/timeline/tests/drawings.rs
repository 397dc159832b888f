//! The text of a drawing.

use std::time::Duration;
use std::{env, fs};

use runtime_core::metadata::Metadata;
use runtime_core::record::event::Event;

use super::script::{LOOP, MAIN, Script, random_recording};
use crate::recording::Recording;
use crate::timeline::Timeline;

/// One task, one job, a park and a wake. `BLESS=1` writes the drawing anew.
#[test]
fn the_drawing_of_a_small_recording_is_as_it_was() {
    let mut script = Script::new();
    script.main_begins(0).spawn(1, 1, "resize");
    script.at(2, LOOP, Event::PollEnded { key: MAIN, is_ready: false });
    script.poll(2, 9, 1).park(9, 30).job("read the file", 0, (2, 29));
    script.at(30, LOOP, Event::PollBegan { key: MAIN }).main_ends(34);
    let svg = Timeline::of("A task and a job", script.recording()).to_svg();
    assert_is_well_formed(&svg);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/timeline/tests/small.svg");
    if env::var_os("BLESS").is_some() {
        fs::write(path, &svg).unwrap();
    }
    assert_eq!(svg, fs::read_to_string(path).unwrap(), "run it with BLESS=1, and look at the file");
}

#[test]
fn names_are_escaped() {
    let name = "</script><a href=\"x\" b='y'>&\u{1b}[31m";
    let mut script = Script::new();
    script.spawn(0, 1, name).poll(0, 100, 1).job(name, 0, (0, 100));
    let recording = script.recording();
    let svg = Timeline::new(name).compare(name, name, recording.clone()).to_svg();
    assert_is_well_formed(&svg);
    assert_eq!(Timeline::of(name, recording).to_string().matches("<a").count(), 0);
    assert!(
        svg.contains("&lt;/script&gt;&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;\u{fffd}[31m")
    );
}

#[test]
fn a_recording_without_events_says_so() {
    for timeline in [
        Timeline::of("nothing", Recording::default()),
        Timeline::new("nothing").compare("none", "", Recording::default()),
    ] {
        let svg = timeline.to_svg();
        assert_is_well_formed(&svg);
        assert!(svg.contains("The recording has no events of a loop or a pool."));
    }
    assert_is_well_formed(&Timeline::new("without recordings").to_svg());
}

#[test]
fn nothing_comes_from_elsewhere() {
    let svg = Timeline::of("all", random_recording(1, 500)).to_svg();
    for word in ["<script", "href", "url(", "@import", "@font-face", "<image", "onload"] {
        assert!(!svg.contains(word), "{word}");
    }
    assert_eq!(svg.matches("http").count(), 1, "only the name space");
    for word in ["<title>", "<desc>", "role=\"img\"", "prefers-color-scheme:dark"] {
        assert!(svg.contains(word), "{word}");
    }
}

/// A machine that runs for a minute, by the system's clock: no two times are equal.
#[test]
fn the_size_is_bounded_however_long_the_recording_is() {
    let mut script = Script::new();
    let mut now = 0;
    let mut next = || {
        now += 211;
        Duration::from_micros(now)
    };
    script.main_begins(0).at(0, LOOP, Event::PollEnded { key: MAIN, is_ready: false });
    for round in 0..20_000_u64 {
        let metadata = Metadata::here().named(format!("job {round}"));
        let (job, worker) = (metadata.id(), (round % 40) as u32);
        let thread = u64::from(worker) + 1;
        script.at_time(next(), LOOP, Event::JobQueued { metadata });
        script.at_time(next(), thread, Event::JobTaken { job, worker });
        script.wake(now_ms(&mut next), thread, MAIN);
        script.at_time(next(), thread, Event::JobEnded { job, worker });
        script.at_time(next(), LOOP, Event::PollBegan { key: MAIN });
        script.at_time(next(), LOOP, Event::PollEnded { key: MAIN, is_ready: false });
    }
    let recording = script.recording();
    assert!(recording.events.len() > 100_000);
    let svg = Timeline::of("a minute of a busy machine", recording).to_svg();
    assert_is_well_formed(&svg);
    assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
    for note in ["24 of 41 threads are drawn", "80 of ", "and 1"] {
        assert!(svg.contains(note), "{note}");
    }
}

fn now_ms(next: &mut impl FnMut() -> Duration) -> u64 {
    u64::try_from(next().as_millis()).unwrap()
}

/// A small check of XML: each element is closed by an end tag of its name, attributes are quoted,
/// and text contains no markup.
fn assert_is_well_formed(svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some(begin) = rest.find('<') {
        assert!(!rest[..begin].contains('>'), "a bare `>`: {}", &rest[..begin]);
        let end = begin + rest[begin..].find('>').expect("a tag ends");
        let tag = &rest[begin + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().expect("a tag has a name"));
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    assert!(rest.trim().is_empty(), "after the end: {rest}");
    let entities = svg.split('&').skip(1);
    for entity in entities {
        let name = entity.split(';').next().expect("a part");
        assert!(["amp", "lt", "gt", "quot", "#39"].contains(&name), "&{name}");
    }
}
