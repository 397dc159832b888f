//! The document of a replay page: its text, and its rules.

use aside_trace::replay::frames::{
    BarKind, CodeQuote, Document, Frame, FrameKind, LaneBar, LineMark, Panel, PanelChange,
    PanelKind, PanelRow, Question, QuotedLine, RunFrames,
};

/// A task is spawned and polled.
fn small() -> Document {
    let mut run = RunFrames::named("small");
    run.lanes = vec!["loop".into()];
    run.panels = vec![
        Panel::new("LOOP", "ready queue", PanelKind::List),
        Panel::new("LOOP", "batch", PanelKind::List),
    ];
    run.subjects = vec!["a".into(), "b".into()];
    let mut spawn = Frame::new(5, 0, "TaskSpawned", "two tasks are spawned");
    spawn.quote = Some(0);
    spawn.changes = vec![
        PanelChange::Put(0, PanelRow::new("a", []).of(0)),
        PanelChange::Put(0, PanelRow::new("b", []).of(1)),
    ];
    let mut batch = Frame::new(6, 0, "BatchTaken", "the ready queue becomes the batch");
    batch.changes = vec![PanelChange::MoveAll(0, 1)];
    let mut poll = Frame::new(7, 0, "PollBegan", "the loop polls a");
    poll.kind = FrameKind::Poll;
    poll.subject = Some(0);
    poll.changes = vec![PanelChange::Remove(1, "a".into())];
    poll.question =
        Some(Question { choices: vec![0, 1], answer: 0, reason: "a is the first".into() });
    run.frames = vec![spawn, batch, poll];
    run.arrows = vec![(0, 2)];
    run.bars = vec![LaneBar { lane: 0, from: 1, to: 2, kind: BarKind::Runs, subject: Some(0) }];
    run.final_rows = vec![Vec::new(), vec![PanelRow::new("b", []).of(1)]];
    let lines = vec![QuotedLine { mark: LineMark::Performs, text: "spawn();".into() }];
    let quotes = vec![CodeQuote { file: "src/lib.rs".into(), line: 7, lines }];
    Document { title: "small".into(), about: "look".into(), quotes, runs: vec![run] }
}

#[test]
fn the_json_of_a_document_is_this_text() {
    let expected = concat!(
        r#"{"format":1,"title":"small","about":"look","#,
        r#""quotes":[{"file":"src/lib.rs","line":7,"lines":["\u003espawn();"]}],"#,
        r#""runs":[{"name":"small","question":"","lanes":["loop"],"subjects":["a","b"],"#,
        r#""panels":[{"group":"LOOP","name":"ready queue","kind":"list","columns":[]},"#,
        r#"{"group":"LOOP","name":"batch","kind":"list","columns":[]}],"frames":["#,
        r#"{"t":5,"lane":0,"event":0,"say":1,"quote":0,"#,
        r#""changes":[["+",0,["a",1]],["+",0,["b",2]]]},"#,
        r#"{"t":6,"lane":0,"event":2,"say":3,"changes":[["\u003e",0,1]]},"#,
        r#"{"t":7,"lane":0,"event":4,"say":5,"kind":"poll","subject":0,"#,
        r#""changes":[["-",1,"a"]],"ask":{"choices":[0,1],"answer":0,"why":6}}],"#,
        r#""arrows":[[0,2]],"bars":[[0,1,2,0,1]],"final":[[],[["b",2]]]}],"#,
        r#""texts":["TaskSpawned","two tasks are spawned","BatchTaken","#,
        r#""the ready queue becomes the batch","PollBegan","the loop polls a","a is the first"]}"#,
    );
    assert_eq!(small().to_json(), expected);
}

#[test]
fn text_that_looks_like_html_stays_text() {
    let hostile = "</script><!--\" & \\ \u{2028} \u{7} <script>";
    let mut document = small();
    document.title = hostile.into();
    document.runs[0].subjects[0] = hostile.into();
    document.runs[0].frames[0].sentence = hostile.into();
    let page = document.to_html();
    let without = small().to_html();
    for word in ["<script", "</script", "<!--", "<title"] {
        assert_eq!(page.matches(word).count(), without.matches(word).count(), "{word}");
    }
    let escaped = concat!(
        r#"\u003c/script\u003e\u003c!--\" \u0026 \\ "#,
        r#"\u2028 \u0007 \u003cscript\u003e"#
    );
    assert_eq!(page.matches(escaped).count(), 3);
    assert!(page.contains("<title>&lt;/script&gt;&lt;!--&quot; &amp; \\"));
}

#[test]
fn a_document_that_follows_the_rules_passes_the_check() {
    assert_eq!(small().check(), Ok(()));
}

#[test]
fn each_broken_rule_has_its_own_message() {
    type Break = fn(&mut Document);
    let cases: [(&str, Break); 14] = [
        ("one or two runs", |document| document.runs.clear()),
        ("no lane 3", |document| document.runs[0].frames[0].lane = 3),
        ("no quote 1", |document| document.runs[0].frames[0].quote = Some(1)),
        ("there are no quotes", |document| document.quotes.clear()),
        ("no subject Some(2)", |document| document.runs[0].frames[2].subject = Some(2)),
        ("its time is before", |document| document.runs[0].frames[1].time = 1),
        ("no later frame", |document| document.runs[0].arrows[0] = (2, 2)),
        ("outside the timeline", |document| document.runs[0].bars[0].to = 3),
        ("no panel 7", |document| {
            document.runs[0].frames[1].changes = vec![PanelChange::MoveAll(7, 0)];
        }),
        ("panel 0 is no other panel", |document| {
            document.runs[0].frames[1].changes = vec![PanelChange::MoveAll(0, 0)];
        }),
        ("has no row \"c\"", |document| {
            document.runs[0].frames[2].changes = vec![PanelChange::Remove(1, "c".into())];
        }),
        ("not the final rows", |document| document.runs[0].final_rows.truncate(1)),
        ("at least two choices", |document| {
            document.runs[0].frames[2].question.as_mut().unwrap().choices.truncate(1);
        }),
        ("none of the choices", |document| {
            document.runs[0].frames[2].question.as_mut().unwrap().answer = 7;
        }),
    ];
    for (message, break_rule) in cases {
        let mut document = small();
        break_rule(&mut document);
        let error = document.check().unwrap_err();
        assert!(error.contains(message), "{error:?} does not contain {message:?}");
    }
}

#[test]
fn the_page_is_small_and_may_load_nothing() {
    let page = Document { runs: vec![RunFrames::default()], ..Document::default() }.to_html();
    let lines = include_str!("../src/replay/page/selftest.js").lines().map(str::trim_start);
    let code = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    let selftest: usize = code.map(|line| line.len() + 1).sum();
    assert!(page.len() < 53_000, "{} bytes", page.len());
    assert!(
        page.len() - selftest < 44_000,
        "{} bytes without the self-test",
        page.len() - selftest
    );
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src"));
    for word in ["http:", "//www", "innerHTML", "eval(", "import(", "fetch("] {
        let uses = page.replace("http://www.w3.org/2000/svg", "").matches(word).count();
        assert_eq!(uses, 0, "the page contains {word}");
    }
}
