//! The functions that the workers of these tests run.

use std::collections::BTreeMap;
use std::io::{Read, Write, stderr, stdin};
use std::process::Command;

use aside::process_pool::{Function, ProcessPool, Registered};
use runtime_core::sync::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) const ALL: &[&dyn Registered] = &[
    &ECHO,
    &PID,
    &REPORT,
    &PANIC,
    &PANIC_WITH_NUMBER,
    &EXIT,
    &ABORT,
    &KILL_SELF,
    &HANG,
    &LENGTH,
    &BYTES,
    &NUMBER,
    &TAKES_TEXT,
    &UNWILLING,
    &CHATTER,
    &PRINT,
    &READ_INPUT,
    &GRANDCHILD,
    &NESTED,
    &AT_EXIT,
    &FLOOD,
    &YIELDS_STUCK,
    &TAKES_STUCK,
    &DEEP,
    &DEPTH,
    &LYING_BYTES,
    &BLOCKED_SIGNALS,
    &UNITS,
    &FRAGILE,
];

pub(crate) static ECHO: Function<u32, u32> = Function::new("echo", |n| n);
pub(crate) static PID: Function<(), u32> = Function::new("pid", |()| std::process::id());

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Shape {
    Circle { radius: f64 },
    Path(Vec<(i32, i32)>),
}

pub(crate) static REPORT: Function<(Vec<Shape>, Option<String>), BTreeMap<String, Shape>> =
    Function::new("report", |(shapes, prefix)| {
        let prefix = prefix.unwrap_or_default();
        let named = shapes.into_iter().enumerate();
        named.map(|(index, shape)| (format!("{prefix}{index}"), shape)).collect()
    });

pub(crate) static PANIC: Function<String, ()> =
    Function::new("panic", |text| panic!("it was said: {text}"));
pub(crate) static PANIC_WITH_NUMBER: Function<(), ()> =
    Function::new("panic with number", |()| std::panic::panic_any(7));
pub(crate) static EXIT: Function<i32, ()> = Function::new("exit", |code| {
    eprintln!("about to exit with {code}");
    std::process::exit(code)
});
pub(crate) static ABORT: Function<(), ()> = Function::new("abort", |()| std::process::abort());
pub(crate) static KILL_SELF: Function<(), ()> = Function::new("kill self", |()| {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
});

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Prints its pid, and never returns.
pub(crate) static HANG: Function<(), ()> = Function::new("hang", |()| {
    println!("hanging {}", std::process::id());
    hang()
});

pub(crate) static LENGTH: Function<String, usize> = Function::new("length", |text| text.len());
pub(crate) static BYTES: Function<usize, String> = Function::new("bytes", |n| "x".repeat(n));

/// Functions that are registered with one type and called with another type.
pub(crate) static NUMBER: Function<(), u8> = Function::new("number", |()| 200);
pub(crate) static NUMBER_AS_TEXT: Function<(), String> =
    Function::new("number", |()| unreachable!("the worker calls `NUMBER` or `TAKES_TEXT`"));
pub(crate) static TAKES_TEXT: Function<String, ()> = Function::new("takes text", drop);
pub(crate) static TAKES_TEXT_GETS_NUMBER: Function<u8, ()> =
    Function::new("takes text", |_| unreachable!("the worker calls `NUMBER` or `TAKES_TEXT`"));
pub(crate) static UNREGISTERED: Function<(), ()> = Function::new("unregistered", |()| ());

/// A value that cannot be encoded.
#[derive(Debug, Deserialize)]
pub(crate) struct Unwilling;

impl Serialize for Unwilling {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

pub(crate) static UNWILLING: Function<(), Unwilling> = Function::new("unwilling", |()| Unwilling);
pub(crate) static TAKES_UNWILLING: Function<Unwilling, ()> =
    Function::new("takes unwilling", |_| ());

/// Prints this number of lines of 100 bytes.
pub(crate) static CHATTER: Function<u32, u32> = Function::new("chatter", |lines| {
    let mut stderr = stderr().lock();
    for _ in 0..lines {
        stderr.write_all(&[b'c'; 99]).unwrap();
        stderr.write_all(b"\n").unwrap();
    }
    lines
});

pub(crate) static PRINT: Function<String, ()> = Function::new("print", |text| {
    println!("out: {text}");
    eprintln!("err: {text}");
    print!("no end: {text}");
});

pub(crate) static READ_INPUT: Function<(), usize> =
    Function::new("read input", |()| stdin().read_to_end(&mut Vec::new()).unwrap());

/// Starts a process, prints its pid, and never returns.
pub(crate) static GRANDCHILD: Function<(), ()> = Function::new("grandchild", |()| {
    let mut grandchild = Command::new("sleep").arg("1000").spawn().unwrap();
    println!("grandchild {}", grandchild.id());
    grandchild.wait().unwrap();
});

/// Starts a pool in this worker, makes a call, and returns the pid of the inner pool's worker.
pub(crate) static NESTED: Function<(), u32> = Function::new("nested", |()| {
    let pool = ProcessPool::builder().workers(1).build();
    aside::run(aside::timeout(std::time::Duration::MAX, pool.submit(PID.call(()))))
        .unwrap()
        .unwrap()
        .unwrap()
});

/// Prints without end.
pub(crate) static FLOOD: Function<(), ()> = Function::new("flood", |()| {
    loop {
        let _ = stderr().write_all(&[b"y".repeat(99), b"\n".to_vec()].concat());
    }
});

/// A value whose encoding and decoding block in the pool's process until [`release`] is called.
pub(crate) struct Stuck;

/// The number of values that have begun to block, and the number of releases.
static STUCK: Mutex<(u32, u32)> = Mutex::new((0, 0));

impl Stuck {
    /// The number of values that have begun to block.
    pub(crate) fn decoding() -> u32 {
        STUCK.lock().0
    }

    fn block() {
        let before = {
            let mut stuck = STUCK.lock();
            stuck.0 += 1;
            stuck.1
        };
        while STUCK.lock().1 == before {
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
    }
}

/// Ends the blocking of all values that block now.
pub(crate) fn release() {
    STUCK.lock().1 += 1;
}

fn is_worker() -> bool {
    std::env::args().nth(1).is_some_and(|first| first == "--aside-process-pool-worker")
}

impl Serialize for Stuck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !is_worker() {
            Stuck::block();
        }
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Stuck {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Stuck, D::Error> {
        if !is_worker() {
            Stuck::block();
        }
        <()>::deserialize(deserializer).map(|()| Stuck)
    }
}

pub(crate) static YIELDS_STUCK: Function<(), Stuck> = Function::new("yields stuck", |()| Stuck);
pub(crate) static TAKES_STUCK: Function<Stuck, ()> = Function::new("takes stuck", |_| ());

/// A type whose decoding takes a frame of the stack for each level.
#[derive(Serialize, Deserialize)]
pub(crate) enum List {
    Nil,
    Cons(Box<List>),
}

impl List {
    pub(crate) fn of(depth: u32) -> List {
        (0..depth).fold(List::Nil, |list, _| List::Cons(Box::new(list)))
    }

    /// Takes the list that follows the first level, and leaves an empty one.
    fn take_next(&mut self) -> Option<List> {
        match self {
            List::Cons(next) => Some(std::mem::replace(&mut **next, List::Nil)),
            List::Nil => None,
        }
    }

    /// Counts the levels.
    pub(crate) fn into_depth(mut self) -> u32 {
        let mut depth = 0;
        while let Some(next) = self.take_next() {
            self = next;
            depth += 1;
        }
        depth
    }
}

/// Drops the levels one by one, because this type is for tests of encoding and decoding only.
impl Drop for List {
    fn drop(&mut self) {
        let mut next = self.take_next();
        while let Some(mut list) = next {
            next = list.take_next();
        }
    }
}

pub(crate) static DEEP: Function<u32, List> = Function::new("deep", List::of);
pub(crate) static DEPTH: Function<List, u32> = Function::new("depth", List::into_depth);

/// Bytes without their number.
pub(crate) struct Bare(Vec<u8>);

impl Serialize for Bare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for byte in &self.0 {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }
}

/// Replies with the bytes of a list that is this deep, without making the list.
pub(crate) static LYING_BYTES: Function<usize, Bare> =
    Function::new("lying list", |depth| Bare([vec![1; depth], vec![0]].concat()));
pub(crate) static LYING_LIST: Function<usize, List> =
    Function::new("lying list", |_| unreachable!("the worker calls `LYING_BYTES`"));

/// Returns the signals that the current thread blocks.
pub(crate) fn blocked_signals() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    status.lines().find(|line| line.starts_with("SigBlk")).unwrap().to_owned()
}

pub(crate) static BLOCKED_SIGNALS: Function<(), String> =
    Function::new("blocked signals", |()| blocked_signals());

/// Replies with a length and nothing else.
pub(crate) static UNITS: Function<u64, u64> = Function::new("units", |length| length);
pub(crate) static LYING_UNITS: Function<u64, Vec<()>> =
    Function::new("units", |_| unreachable!("the worker calls `UNITS`"));

struct SaysGoodbye;

impl Drop for SaysGoodbye {
    fn drop(&mut self) {
        eprintln!("goodbye");
    }
}

/// Leaves a thread-local value behind, which is dropped when the main thread exits normally.
pub(crate) static AT_EXIT: Function<(), ()> = Function::new("at exit", |()| {
    std::thread_local! {
        static GOODBYE: SaysGoodbye = const { SaysGoodbye };
    }
    GOODBYE.with(|_| ());
});

/// A value whose destructor panics in the pool's process.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        if !is_worker() {
            std::panic::resume_unwind(Box::new("a fragile value was dropped"));
        }
    }
}

pub(crate) static FRAGILE: Function<Fragile, Fragile> = Function::new("fragile", |value| value);
