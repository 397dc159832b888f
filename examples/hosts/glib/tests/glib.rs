//! The program as a process: both loops make progress, in order, and both end.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;

use programs::{Fifo, Program};

/// The lines of the program, and the ticks of both loops among them.
struct Output {
    program: Program,
    /// The last tick of glib and of aside.
    ticks: (usize, usize),
    /// The number of tasks that ended between their own tick and the next one, because the timer of
    /// their sleep made glib turn the runtime. Otherwise the next tick would do that.
    in_time: usize,
}

impl Output {
    fn start(fifo: &Fifo) -> (Output, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glib-host"));
        command.arg(fifo.path());
        let mut program = Program::of(command);
        let address = program.address();
        (Output { program, ticks: (0, 0), in_time: 0 }, address)
    }

    /// Returns the next line that is no tick. A task is spawned by its tick of glib, so its line
    /// comes later.
    fn line(&mut self) -> String {
        loop {
            let line = self.program.line();
            if !self.is_tick(&line) {
                return line;
            }
        }
    }

    fn is_tick(&mut self, line: &str) -> bool {
        let number = |prefix| line.strip_prefix(prefix).and_then(|rest| rest.parse().ok());
        if let Some(tick) = number("glib: tick ") {
            assert_eq!(tick, self.ticks.0 + 1, "a tick of glib is missing");
            self.ticks.0 = tick;
        } else if let Some(tick) = number("aside: tick ") {
            assert_eq!(tick, self.ticks.1 + 1, "a task of a tick is missing");
            assert!(tick <= self.ticks.0, "a task ran before it was spawned");
            self.ticks.1 = tick;
            self.in_time += usize::from(tick == self.ticks.0);
        } else {
            return false;
        }
        true
    }

    /// Waits for two more ticks of each loop. Fails if another line comes first.
    fn two_ticks(&mut self) {
        let (glib, in_time) = (self.ticks.0, self.in_time);
        while self.ticks.0 < glib + 2 || self.in_time < in_time + 2 {
            let line = self.program.line();
            assert!(self.is_tick(&line), "{line:?} came too early");
        }
    }
}

#[test]
fn both_loops_make_progress_while_a_job_blocks_and_a_socket_is_echoed() {
    let fifo = Fifo::new("glib-host-progress");
    let (mut output, address) = Output::start(&fifo);
    let mut job = fifo.writer();
    output.two_ticks();
    let mut stream = TcpStream::connect(address).expect("the program listens");
    for sent in [*b"hello", *b"again"] {
        let mut echoed = [0; 5];
        stream.write_all(&sent).expect("the connection is open");
        stream.read_exact(&mut echoed).expect("the connection is open");
        assert_eq!(echoed, sent);
    }
    stream.shutdown(Shutdown::Write).expect("the connection is open");
    assert_eq!(output.line(), "aside: 10 bytes");
    output.two_ticks();
    job.write_all(b"one\ntwo\nthree\n").expect("the job reads");
    output.two_ticks();
    drop(job);
    assert_eq!(output.line(), "aside: 3 lines");
    output.two_ticks();
}

#[test]
fn a_signal_of_glib_ends_both_loops_and_the_report_names_what_was_left() {
    let fifo = Fifo::new("glib-host-signal");
    let (mut output, _address) = Output::start(&fifo);
    let job = fifo.writer();
    output.two_ticks();
    output.program.signal("TERM");
    drop(job);
    let (rest, status) = output.program.end();
    assert!(status.success(), "{status}");
    let (_, report) = rest.split_once("cancelled").expect("a report is printed");
    assert!(report.contains("main.rs:"), "{rest}");
    assert!(report.contains("every job has ended"), "{rest}");
}
