//! Terminals: their mode stays unchanged, and they are awaited like sockets. The tests are for
//! Linux, where a pseudo-terminal is easy to create.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};

use aside::io::stdio::{stderr, stdin, stdout};
use aside::net::AsyncFd;
use aside::{spawn, spawn_blocking, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::watchdog::watched;

/// Returns the two ends of a pseudo-terminal: the controlling end, and the end for programs.
fn terminal() -> (OwnedFd, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    // These flags prevent the terminal from becoming the terminal of this process.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let inside = rustix::fs::open(name, flags, Mode::empty()).unwrap();
    (screen, inside.into())
}

fn is_non_blocking(descriptor: impl AsFd) -> bool {
    fcntl_getfl(descriptor).unwrap().contains(OFlags::NONBLOCK)
}

fn set_non_blocking(descriptor: impl AsFd) {
    let flags = fcntl_getfl(&descriptor).unwrap();
    fcntl_setfl(descriptor, flags | OFlags::NONBLOCK).unwrap();
}

const ROLE: &str = "ASIDE_TEST_IS_IN_A_TERMINAL";

/// The program in the terminal: it uses the standard streams in every way that aside offers.
fn program() {
    aside::run(async {
        let mut stdout = stdout();
        stdout.write_all(b"ready\n").await.unwrap();
        stdout.flush().await.unwrap();
        let mut stdin = stdin();
        let mut line = [0; 6];
        stdin.read_exact(&mut line).await.unwrap();
        for stream in [io::stdin().as_fd(), io::stdout().as_fd(), io::stderr().as_fd()] {
            assert!(!is_non_blocking(stream), "in mid-run");
        }
        let mut stderr = stderr();
        stderr.write_all(b"received: ").await.unwrap();
        stderr.write_all(&line).await.unwrap();
        // The program ends during this read.
        spawn(async move { stdin.read(&mut [0; 8]).await }).detach();
        yield_now().await;
    });
}

/// Reads until the text has arrived.
fn read_until(mut screen: &File, text: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(text) {
        let mut byte = [0];
        screen.read_exact(&mut byte).unwrap();
        seen.push(byte[0] as char);
    }
    seen
}

// P71: the three streams of a program in a terminal share one open file with the shell.
#[test]
fn a_program_leaves_the_mode_of_its_terminal_unchanged() {
    if std::env::var_os(ROLE).is_some() {
        return program();
    }
    watched(|| {
        let (screen, inside) = terminal();
        let screen = File::from(screen);
        let stream = || Stdio::from(inside.try_clone().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = "net::terminal::a_program_leaves_the_mode_of_its_terminal_unchanged";
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, "yes");
        command.stdin(stream()).stdout(stream()).stderr(stream());
        let mut child = command.spawn().unwrap();
        read_until(&screen, "ready\r\n");
        assert!(!is_non_blocking(&inside), "while it waits for a line");
        (&screen).write_all(b"hello\n").unwrap();
        read_until(&screen, "received: hello");
        assert!(child.wait().unwrap().success());
        assert!(!is_non_blocking(&inside), "when it has ended");
        // Reads in blocking mode, as the shell does: the read waits for a line.
        let shell = std::thread::spawn(move || {
            let mut line = [0; 8];
            let length = (&inside).read(&mut line).unwrap();
            line[..length].to_vec()
        });
        (&screen).write_all(b"next\n").unwrap();
        assert_eq!(shell.join().unwrap(), b"next\n");
    });
}

// P71: `AsyncFd` does not change the mode either.
#[test]
fn a_registered_descriptor_keeps_its_mode() {
    watched(|| {
        aside::run(async {
            let (screen, inside) = terminal();
            for non_blocking in [false, true] {
                if non_blocking {
                    set_non_blocking(&inside);
                }
                let waited_for = AsyncFd::new(inside.try_clone().unwrap()).unwrap();
                waited_for.writable().await.unwrap().clear_ready();
                assert_eq!(is_non_blocking(&inside), non_blocking);
                drop(waited_for.into_inner());
                assert_eq!(is_non_blocking(&inside), non_blocking);
            }
            drop(screen);
        });
    });
}

#[test]
fn a_terminal_is_read_and_written_like_a_socket_and_reports_a_hang_up() {
    watched(|| {
        aside::run(async {
            let (screen, inside) = terminal();
            set_non_blocking(&screen);
            let mut screen = AsyncFd::new(File::from(screen)).unwrap();
            let program = spawn_blocking(move || {
                (&inside).write_all(b"name?\n").unwrap();
                let mut line = [0; 16];
                let length = (&inside).read(&mut line).unwrap();
                assert_eq!(&line[..length], b"aside\n");
                // The descriptor is returned open, so that the written data is read before the
                // hang-up.
                inside
            });
            let mut asked = [0; 7];
            screen.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"name?\r\n");
            screen.write_all(b"aside\n").await.unwrap();
            let mut echoed = [0; 7];
            screen.read_exact(&mut echoed).await.unwrap();
            assert_eq!(&echoed, b"aside\r\n");
            let inside = program.await.unwrap();
            let hanging_up = spawn(async move {
                yield_now().await;
                drop(inside);
            });
            // The system reports this error for a terminal without programs.
            let error = screen.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::IO.raw_os_error()));
            hanging_up.await.unwrap();
        });
    });
}
