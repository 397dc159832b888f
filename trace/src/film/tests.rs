//! Tests with a film that is written here, and not by a model.

use std::path::Path;
use std::{env, fs};

use super::{ChangedLine, Film, FilmNames, FilmNote, FilmRun, FilmSources, film_document};
use crate::replay::frames::{FrameKind, LineMark};
use crate::replay::write::page_around;

const WAKER: &str = "\
impl TaskWaker {
    fn post(&self) {
        if !self.posted.swap(true, Ordering::AcqRel) {
            self.inbox.send(message);
        }
    }
    fn receive(&self) {
        let state = self
            .state
            .compare_exchange(RUNNING, PARKED, Ordering::AcqRel, Ordering::Acquire);
    }
}
const RUNNING: usize = 0;
const PARKED: usize = 2;
";

/// A lost wakeup: the second of two threads of the same name sleeps for ever.
fn lost() -> String {
    let steps = [
        "0\tspawn\t1\t-\t-\t-\t-\tfalse\tsrc/waker.rs\t1\t1",
        "1\tbegin\t-\t-\t-\t-\t-\tfalse\tsrc/waker.rs\t1\t1",
        "1\tswap\t1\tAcqRel\tfalse\ttrue\t-\ttrue\tsrc/waker.rs\t3\t25",
        "1\tsend\t3\t-\t-\t1\t-\tfalse\tsrc/waker.rs\t4\t24",
        "0\tempty\t3\t-\t-\t1\t-\tfalse\tsrc/waker.rs\t4\t24",
        "0\tload\t4\tRelaxed\t0\t-\t1\tfalse\t/rustc/x.rs\t4\t24",
        "1\tend\t-\t-\t-\t-\t-\tfalse\tsrc/waker.rs\t1\t1",
        "0\tcompare_exchange\t2\tAcqRel\t0\t2\t-\tfalse\tsrc/waker.rs\t10\t14",
        "0\tsleep\t-\t-\t-\tfalse\t-\tfalse\tsrc/waker.rs\t10\t1",
    ];
    let steps: String = steps.iter().map(|step| format!("step\t{step}\n")).collect();
    let end = "end\tfailed\t/loom/execution.rs\t215\tdeadlock; threads = [..]\n";
    format!("execution\t7\nthread\t0\tloop\nthread\t1\twaker\n{steps}{end}")
}

fn film(text: &str) -> (Film, FilmNames) {
    let film = Film::parse(text).expect("it is a film");
    let mut sources = FilmSources::default();
    sources.insert("src/waker.rs", WAKER);
    let names = FilmNames::new(&film, sources);
    (film, names)
}

#[test]
fn a_schedule_names_objects_and_values_after_the_source() {
    let (film, names) = film(&lost());
    let expected = "  \
  loop                                                  waker
  starts waker                                                                        waker.rs:1
                                                        begins                        waker.rs:1
*                                                       swaps posted (false -> true)  waker.rs:3
                                                        sends to inbox (message 1)    waker.rs:4
  finds nothing in inbox (it holds 1, not yet visible)                                waker.rs:4
  loads x (0, an old value: 1 was written)
                                                        ends                          waker.rs:1
  exchanges waker.state (RUNNING -> PARKED)                                           waker.rs:10
  falls asleep                                                                        waker.rs:10
* the changed line, waker.rs:3: if !self.posted.swap(true, Ordering::AcqRel) {
Deadlock: no thread can run. loop sleeps. waker has ended.
";
    assert_eq!(film.to_words(&names), expected);
}

#[test]
fn threads_are_a_column_if_there_is_no_room_for_one_each() {
    let name = "the thread that turns the loop, and that no column is wide enough for";
    let (film, names) = film(&lost().replace("0\tloop", &format!("0\t{name}")));
    let told = film.to_words(&names);
    assert!(told.starts_with(&format!("  {name}  starts waker")), "{told}");
    let marked = told.lines().find(|line| line.starts_with('*')).expect("one is marked");
    assert!(marked.starts_with("* waker  "), "{told}");
    assert!(marked.contains("  swaps posted (false -> true)  "), "{told}");
}

#[test]
fn repeated_steps_are_folded_and_a_long_schedule_is_cut() {
    let step = |verb: &str, line: usize| {
        format!("step\t0\t{verb}\t-\t-\t-\t-\t-\tfalse\tsrc/waker.rs\t{line}\t1\n")
    };
    let of = |steps: String| {
        let (film, names) = film(&format!("execution\t1\nthread\t0\tmain\n{steps}end\tpassed\n"));
        film.to_words(&names)
    };
    let told = of(format!("{}{}{}", step("begin", 1), step("note", 2).repeat(500), step("end", 3)));
    assert_eq!(told.lines().count(), 6, "{told}");
    assert!(told.contains("... the last step 500 times in all"), "{told}");
    let spin = step("begin", 4) + &step("take_token", 5);
    let told = of(spin.repeat(50_000));
    assert!(told.contains("... the last 2 steps 50000 times in all"), "{told}");
    let long: String = (0..1000).map(|line| step("note", line)).collect();
    let told = of(long);
    assert!(told.lines().count() <= 62, "{told}");
    assert!(told.contains("waker.rs:999") && told.contains("... 942 lines"), "{told}");
}

#[test]
fn a_page_shows_states_and_marks_the_changed_line() {
    let (film, mut names) = film(&lost());
    names.rename_threads(&["the loop"]);
    names.explain([FilmNote {
        file: "src/waker.rs".into(),
        snippet: "posted.swap(true".into(),
        before: Some("false".into()),
        text: "It is the first wake.".into(),
    }]);
    let replacement = Some(vec!["        if !self.posted.load(Relaxed) {".to_owned()]);
    let changed = [ChangedLine { file: "src/waker.rs".into(), line: 3, replacement }];
    let run = FilmRun {
        name: "the mutant",
        film: &film,
        names: &names,
        changed: &changed,
        quoted_for: None,
    };
    let page = film_document("A wake", "Look", &[run]);
    assert_eq!(page.check(), Ok(()));
    let run = &page.runs[0];
    assert_eq!(run.lanes, ["the loop", "waker"]);
    let swap = &run.frames[2];
    assert!(swap.sentence.ends_with("This is the changed line. It is the first wake."));
    let quote = &page.quotes[swap.quote.expect("its source is there")];
    let of = |mark| quote.lines.iter().filter(|line| line.mark == mark).count();
    assert_eq!((of(LineMark::Removed), of(LineMark::Added)), (1, 1));
    let rows = run.replayed_rows().expect("the changes apply");
    let cells = |panel: usize, key: &str| {
        let row = rows[panel].iter().find(|row| row.key == key);
        row.map_or_else(Vec::new, |row| row.cells.clone())
    };
    assert_eq!(cells(0, "the loop"), ["sleeps"]);
    assert_eq!(cells(0, "waker"), ["has ended"]);
    assert_eq!(cells(1, "posted"), ["true"]);
    assert_eq!(cells(1, "waker.state"), ["PARKED"]);
    assert_eq!(rows[3].len(), 1, "the message is still in the inbox");
    let last = run.frames.last().expect("there are frames");
    assert_eq!(last.kind, FrameKind::Failure);
    assert!(last.sentence.starts_with("Deadlock"), "{}", last.sentence);
    assert_eq!(run.arrows, [(0, 1)]);
}

#[test]
fn paths_are_resolved_and_messages_contain_no_times() {
    let end = "tests/models/src/../../../src/a.rs\t3\tInstant { tv_sec: 1 } is late";
    let text = format!("execution\t1\nend\tfailed\t{end}\n");
    let film = Film::parse(&text).expect("it is a film");
    assert_eq!(film.files(), ["src/a.rs"]);
    let words = film.to_words(&FilmNames::new(&film, FilmSources::default()));
    assert_eq!(words, "\nthread 0 panicked at a.rs:3: Instant { .. } is late\n");
}

#[test]
fn a_text_that_is_no_film_is_refused() {
    assert!(Film::parse("execution\t1\n").is_err());
    assert!(Film::parse("step\t0\tswap\nend\tpassed\n").is_err());
    assert_eq!(Film::parse("").map(|film| film.execution), Err("the film has no end".into()));
}

/// Films are made by `cargo loom --film`, but a change of the viewer needs no model: `BLESS=1` puts
/// the document of each committed page into the viewer of today.
#[test]
fn the_committed_films_have_the_current_viewer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/replays/films");
    let mut pages = 0;
    for entry in fs::read_dir(folder).expect("the films are committed") {
        let path = entry.expect("a folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let page = fs::read_to_string(&path).expect("a page can be read");
        let between = |begin: &str, end: &str| {
            let (_, rest) = page.split_once(begin).expect("a page of the viewer");
            rest.split_once(end).expect("a page of the viewer").0
        };
        let title = between("<title>", "</title>");
        let current = page_around(title, between("id=\"document\">", "</script>"));
        if env::var_os("BLESS").is_some() {
            fs::write(&path, current).expect("a page can be written");
        } else {
            let name = path.display();
            assert!(page == current, "{name}: BLESS=1 cargo test -p aside-trace committed_films");
        }
        pages += 1;
    }
    assert!(pages >= 12, "{pages} films");
}
