//! Spans of tasks and jobs, as a subscriber receives them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use aside::blocking::Shutdown;
use aside::observe::{Observer, TracingSpans};
use aside::{Runtime, named, spawn, yield_now};
use runtime_core::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

use crate::support::watchdog::{panic_message, watched};

/// Records the spans, and where they are entered.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    spans: Vec<RecordedSpan>,
    entered: HashMap<ThreadId, Vec<u64>>,
    /// The message of each event, and the path of its spans.
    events: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
struct RecordedSpan {
    fields: BTreeMap<String, String>,
    parent: Option<u64>,
    enters: usize,
    references: usize,
}

impl RecordedSpan {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value)
    }
}

impl Recorded {
    fn span(&mut self, id: u64) -> &mut RecordedSpan {
        &mut self.spans[id as usize - 1]
    }

    fn current(&self) -> Option<u64> {
        self.entered.get(&thread::current().id())?.last().copied()
    }

    /// The names of the open spans, the outermost first.
    fn path(&mut self) -> String {
        let (mut path, mut next) = (String::new(), self.current());
        while let Some(id) = next {
            let span = self.span(id).clone();
            path = format!("/{}{}{path}", span.field("kind"), span.field("task.name"));
            next = span.parent;
        }
        path
    }
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = self.0.entry(field.name().to_owned()).or_default();
        write!(text, "{value:?}").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "aside" || metadata.target().ends_with("tracing_spans")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut recorded = self.0.lock();
        let mut span = RecordedSpan { references: 1, ..RecordedSpan::default() };
        attributes.record(&mut Fields(&mut span.fields));
        assert!(attributes.is_contextual());
        span.parent = recorded.current();
        assert_eq!(attributes.metadata().name(), "runtime.spawn");
        recorded.spans.push(span);
        Id::from_u64(recorded.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let mut recorded = self.0.lock();
        let path = recorded.path();
        recorded.events.push((fields["message"].clone(), path));
    }

    fn enter(&self, id: &Id) {
        let mut recorded = self.0.lock();
        recorded.span(id.into_u64()).enters += 1;
        recorded.entered.entry(thread::current().id()).or_default().push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        let mut recorded = self.0.lock();
        let innermost = recorded.entered.get_mut(&thread::current().id()).unwrap().pop();
        assert_eq!(innermost, Some(id.into_u64()), "spans are exited from inside to outside");
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.lock().span(id.into_u64()).references += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut recorded = self.0.lock();
        let span = recorded.span(id.into_u64());
        span.references -= 1;
        span.references == 0
    }
}

impl Recorder {
    /// Returns the spans. All of them are closed, and none is entered.
    fn closed_spans(&self) -> Vec<RecordedSpan> {
        let recorded = self.0.lock();
        assert!(recorded.entered.values().all(Vec::is_empty));
        assert!(recorded.spans.iter().all(|span| span.references == 0), "{:?}", recorded.spans);
        recorded.spans.clone()
    }
}

#[test]
fn each_poll_and_each_job_is_inside_its_span_and_that_of_its_spawner() {
    watched(|| {
        let recorder = Recorder::default();
        let line = line!() + 5;
        subscriber::with_default(recorder.clone(), || {
            let runtime = Runtime::builder().tracing().build();
            runtime.block_on(async {
                tracing::info!("in main");
                let outer = named("outer").spawn(async {
                    yield_now().await;
                    let inner = named("inner").spawn(async { tracing::info!("in inner") });
                    inner.await.unwrap();
                    tracing::info!("in outer");
                    named("job").spawn_blocking(|| ()).await.unwrap();
                });
                spawn(async { tracing::info!("beside") }).await.unwrap();
                outer.await.unwrap();
            });
            assert!(runtime.shutdown(Shutdown::Wait).jobs.is_clean());
        });
        let events = std::mem::take(&mut recorder.0.lock().events);
        let events: Vec<_> =
            events.iter().map(|(text, path)| (text.as_str(), path.as_str())).collect();
        let expected = [
            ("in main", "/block_on"),
            ("beside", "/block_on/task"),
            ("in inner", "/block_on/taskouter/taskinner"),
            ("in outer", "/block_on/taskouter"),
        ];
        assert_eq!(events, expected);
        let spans = recorder.closed_spans();
        let of = |name: &str| spans.iter().find(|span| span.field("task.name") == name).unwrap();
        // Polled first, after the yield, after the inner task, and after the job, which may have
        // ended before it was awaited.
        assert!((3..=4).contains(&of("outer").enters));
        assert_eq!((of("inner").enters, of("job").enters), (1, 1));
        assert_eq!(of("outer").field("loc.line"), line.to_string());
        assert_eq!(of("outer").field("loc.file"), file!());
        assert_eq!(of("job").field("kind"), "blocking");
        assert_eq!(
            of("job").parent.map(|parent| &spans[parent as usize - 1].fields),
            Some(&of("outer").fields)
        );
        assert_ne!(of("outer").field("task.id"), of("inner").field("task.id"));
    });
}

#[test]
fn a_main_future_that_panics_leaves_no_span_entered() {
    watched(|| {
        let recorder = Recorder::default();
        subscriber::with_default(recorder.clone(), || {
            let runtime = Runtime::builder().tracing().build();
            let panicking = || runtime.block_on(async { panic!("the main future panics") });
            assert_eq!(panic_message(panicking), "the main future panics");
            assert!(recorder.0.lock().current().is_none());
            runtime.block_on(async { spawn(std::future::pending::<()>()).detach() });
        });
        assert_eq!(recorder.closed_spans().len(), 3);
    });
}

#[test]
fn without_a_subscriber_nothing_is_recorded() {
    watched(|| {
        let runtime = Runtime::builder().tracing().build();
        runtime.block_on(async { spawn(yield_now()).await.unwrap() });
        let spans = TracingSpans::new();
        spans.task_spawned(&aside::Metadata::here());
        assert_eq!(format!("{spans:?}"), "TracingSpans { spans: 1 }");
    });
}
