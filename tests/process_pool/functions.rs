//! The functions that the workers of these tests run.

use std::collections::BTreeMap;
use std::io::{Read, Write, stderr, stdin};
use std::process::Command;

use aside::process_pool::{Function, ProcessPool, Registered};
use serde::{Deserialize, Serialize, Serializer};

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
