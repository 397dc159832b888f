//! The standard streams. Each test starts itself as a child process whose streams are pipes.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aside::io::stdio::{Stdin, stderr, stdin, stdout};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::watchdog::watched;

const ROLE: &str = "ASIDE_TEST_IS_A_CHILD";

/// Runs `child` if this is the child process. Otherwise starts the child process and passes it to
/// `parent`.
pub(crate) fn in_child_process(test: &str, child: fn(), parent: impl FnOnce(Child)) {
    let spawned = spawn_child(test, child, |command| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    });
    if let Some(spawned) = spawned {
        parent(spawned);
    }
}

/// Runs `child` if this is the child process, and then returns `None`. Otherwise starts the child
/// process with the given streams. `test` is the path of the calling test.
pub(crate) fn spawn_child(
    test: &str,
    child: fn(),
    streams: impl FnOnce(&mut Command),
) -> Option<Child> {
    if std::env::var_os(ROLE).is_some() {
        child();
        return None;
    }
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, "yes");
    streams(&mut command);
    Some(command.spawn().unwrap())
}

/// Returns the output of the child until it ends.
pub(crate) fn output(child: &mut Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    text
}

/// Reads the child's output until it says that it is ready.
pub(crate) fn wait_until_ready(child: &mut Child) {
    let stdout = child.stdout.as_mut().unwrap();
    let mut seen = String::new();
    while !seen.contains("ready\n") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        seen.push(byte[0] as char);
    }
}

pub(crate) async fn say(text: &str) {
    let mut stdout = stdout();
    stdout.write_all(text.as_bytes()).await.unwrap();
    stdout.flush().await.unwrap();
}

async fn read_exactly(stdin: &mut Stdin, count: usize) -> String {
    let mut bytes = vec![0; count];
    stdin.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Reads until a timeout that is long enough for data that has arrived.
pub(crate) async fn read_until_timeout(stdin: &mut Stdin) {
    let mut bytes = [0; 100];
    let read = aside::timeout(Duration::from_millis(20), stdin.read(&mut bytes)).await;
    assert!(read.is_err(), "there is nothing to read");
}

#[test]
fn a_program_ends_although_it_reads_stdin() {
    watched(|| {
        in_child_process(
            "io::stdio::a_program_ends_although_it_reads_stdin",
            || {
                aside::run(async {
                    read_until_timeout(&mut stdin()).await;
                    aside::spawn(async { stdin().read(&mut [0; 8]).await }).detach();
                    aside::yield_now().await;
                    say("it ends\n").await;
                });
            },
            |mut child| {
                // Stdin stays open until the child has ended.
                let stdin = child.stdin.take();
                assert!(output(&mut child).contains("it ends\n"));
                drop(stdin);
            },
        );
    });
}

// P114
#[test]
fn data_missed_by_a_cancelled_read_is_returned_by_the_next_one() {
    watched(|| {
        in_child_process(
            "io::stdio::data_missed_by_a_cancelled_read_is_returned_by_the_next_one",
            || {
                aside::run(async {
                    read_until_timeout(&mut stdin()).await;
                    say("ready\n").await;
                    let mut first = stdin();
                    let one = read_exactly(&mut first, 3).await;
                    drop(first);
                    let two = read_exactly(&mut stdin(), 4).await;
                    say(&format!("{one}|{two}|")).await;
                });
                // Another runtime continues where the first one stopped.
                aside::run(async {
                    let mut rest = String::new();
                    stdin().read_to_string(&mut rest).await.unwrap();
                    say(&format!("{rest}\n")).await;
                    assert_eq!(stdin().read(&mut [0; 8]).await.unwrap(), 0);
                });
            },
            |mut child| {
                wait_until_ready(&mut child);
                child.stdin.take().unwrap().write_all(b"onetwo, three and more").unwrap();
                let text = output(&mut child);
                assert!(text.contains("one|two,| three and more\n"), "{text}");
            },
        );
    });
}

#[test]
fn several_readers_of_stdin_get_each_byte_once() {
    watched(|| {
        in_child_process(
            "io::stdio::several_readers_of_stdin_get_each_byte_once",
            || {
                let read = || {
                    std::thread::spawn(|| {
                        aside::run(async {
                            let tasks = [(); 3].map(|()| async {
                                let mut sum = 0;
                                let mut byte = [0];
                                let mut stdin = stdin();
                                while stdin.read(&mut byte).await.unwrap() == 1 {
                                    sum += u64::from(byte[0]);
                                }
                                sum
                            });
                            aside::gather(tasks).await.iter().sum::<u64>()
                        })
                    })
                };
                let (one, two) = (read(), read());
                let sum = one.join().unwrap() + two.join().unwrap();
                aside::run(say(&format!("sum {sum}\n")));
            },
            |mut child| {
                let bytes: Vec<u8> = (0..30_000).map(|n| (n % 256) as u8).collect();
                child.stdin.take().unwrap().write_all(&bytes).unwrap();
                let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
                assert!(output(&mut child).contains(&format!("sum {sum}\n")));
            },
        );
    });
}

#[test]
fn data_accepted_by_stdout_is_written_before_the_program_ends() {
    watched(|| {
        in_child_process(
            "io::stdio::data_accepted_by_stdout_is_written_before_the_program_ends",
            || {
                aside::run(async {
                    stderr().write_all(b"to stderr\n").await.unwrap();
                    let mut stdout = stdout();
                    for _ in 0..10_000 {
                        stdout.write_all(b"a line\n").await.unwrap();
                    }
                });
            },
            |mut child| {
                let mut errors = child.stderr.take().unwrap();
                assert_eq!(output(&mut child).matches("a line\n").count(), 10_000);
                let mut text = String::new();
                errors.read_to_string(&mut text).unwrap();
                assert!(text.contains("to stderr\n"), "{text}");
            },
        );
    });
}

// P114: a read of a descriptor of its own is abandoned, and the child gets all input.
#[cfg(all(target_os = "linux", feature = "net"))]
#[test]
fn an_abandoned_read_through_an_async_fd_takes_no_input_of_a_child() {
    use aside::net::AsyncFd;
    use rustix::fs::{Mode, OFlags};

    watched(|| {
        in_child_process(
            "io::stdio::an_abandoned_read_through_an_async_fd_takes_no_input_of_a_child",
            || {
                aside::run(async {
                    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                    let own = rustix::fs::open("/proc/self/fd/0", flags, Mode::empty()).unwrap();
                    let input = AsyncFd::new(own).unwrap();
                    let mut bytes = [0; 8];
                    let read = input.read_with(|fd| Ok(rustix::io::read(fd, &mut bytes)?));
                    let read = aside::timeout(Duration::from_millis(20), read).await;
                    assert!(read.is_err(), "there is nothing to read");
                    say("ready\n").await;
                    let child = Command::new("cat").stdin(Stdio::inherit()).output().unwrap();
                    say(&format!("{}|\n", String::from_utf8(child.stdout).unwrap())).await;
                });
            },
            |mut child| {
                wait_until_ready(&mut child);
                child.stdin.take().unwrap().write_all(b"for the child").unwrap();
                assert!(output(&mut child).contains("for the child|\n"));
            },
        );
    });
}
