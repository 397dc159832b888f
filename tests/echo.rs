//! The example `echo`, end to end: a process of its own, and clients that are not ours.
#![cfg(all(feature = "net", unix))]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/watchdog.rs"]
mod watchdog;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::watchdog::watched;

/// The example, which `cargo test` builds; for a single test it is built here.
fn example() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.parent().unwrap().parent().unwrap().join("examples/echo");
    if !path.exists() {
        let arguments = ["build", "--quiet", "--example", "echo"];
        assert!(Command::new(env!("CARGO")).args(arguments).status().unwrap().success());
    }
    path
}

struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    address: String,
}

fn start() -> Server {
    let mut command = Command::new(example());
    let command = command.args(["--port", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    Server { child, stdin, stdout, address }
}

impl Server {
    /// Ends it by a line, and says what it said last.
    fn stop(mut self) -> String {
        self.stdin.write_all(b"enough\n").unwrap();
        let mut last = String::new();
        self.stdout.read_to_string(&mut last).unwrap();
        assert!(self.child.wait().unwrap().success());
        last
    }
}

#[test]
fn it_sends_back_what_clients_of_std_send_and_ends_on_a_line() {
    watched(|| {
        let server = start();
        let clients = (0..8_usize).map(|number| {
            let address = server.address.clone();
            thread::spawn(move || {
                let sent = vec![number as u8; 1000 * number];
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(&sent).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut echoed = Vec::new();
                stream.read_to_end(&mut echoed).unwrap();
                assert!(echoed == sent);
            })
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        assert_eq!(server.stop(), "8 connections, 28000 bytes\n");
    });
}

// P16: to be stopped and to go on ends a sleep of the loop without news, as any signal does.
#[test]
fn a_storm_of_signals_disturbs_nobody() {
    watched(|| {
        let server = start();
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let pid = Pid::from_child(&server.child);
        for byte in 0..100 {
            kill_process(pid, Signal::STOP).unwrap();
            stream.write_all(&[byte]).unwrap();
            kill_process(pid, Signal::CONT).unwrap();
            let mut echoed = [!byte];
            stream.read_exact(&mut echoed).unwrap();
            assert_eq!(echoed, [byte]);
            // And in mid-sleep.
            kill_process(pid, Signal::STOP).unwrap();
            kill_process(pid, Signal::CONT).unwrap();
        }
        drop(stream);
        assert_eq!(server.stop(), "1 connections, 100 bytes\n");
    });
}

#[test]
fn it_sends_back_what_a_shell_sends_if_there_is_one() {
    watched(|| {
        let server = start();
        let (host, port) = server.address.rsplit_once(':').unwrap();
        let script =
            format!("exec 3<>/dev/tcp/{host}/{port}; echo 'to be echoed' >&3; head -n 1 <&3");
        let Ok(shell) = Command::new("bash").args(["-c", &script]).output() else { return };
        assert_eq!(String::from_utf8_lossy(&shell.stdout), "to be echoed\n");
        assert_eq!(server.stop(), "1 connections, 13 bytes\n");
    });
}
