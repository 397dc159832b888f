//! The program on an X server without a screen: its window is read pixel by pixel.

use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use programs::{Fifo, Program};

use display::{Display, Picture};

mod display;

const RUNNING: u32 = 0x0040_90e0;
const DONE: u32 = 0x0050_b060;
const PALE: u32 = 0x0048_5460;

/// The width of the progress bar, and a row of its pixels.
const BAR: (usize, usize) = (480, 56);

/// Returns the colours of the bar to the left and to the right of where `parts` of `all` end.
fn bar(picture: &Picture, parts: usize, all: usize) -> (u32, u32) {
    let x = 16 + BAR.0 * parts / all;
    (picture.pixel(x - 1, BAR.1), picture.pixel(x, BAR.1))
}

/// A program whose first file is held open by the test.
struct Running {
    program: Program,
    address: String,
}

impl Running {
    fn start(display: &Display, files: &[&Path]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_window-host"));
        command.args(files).env("DISPLAY", display.name()).env_remove("WAYLAND_DISPLAY");
        let mut program = Program::of(command);
        let address = program.address();
        Running { program, address }
    }

    /// Closes the window, waits until it has disappeared, and then calls `release`. Returns the
    /// rest of the output.
    fn close(&mut self, display: &Display, release: impl FnOnce()) -> String {
        display.close_window();
        release();
        let (output, status) = self.program.end();
        assert!(status.success(), "{status}");
        output
    }
}

/// Seven files, which are removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("window-host-{}", std::process::id()));
        std::fs::create_dir(&path).expect("the name is free");
        for number in 0..7 {
            std::fs::write(path.join(number.to_string()), [number]).expect("the folder exists");
        }
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn frames_are_drawn_while_a_job_blocks_and_text_arrives_and_none_when_all_is_idle() {
    let (display, fifo, folder) =
        (Display::start(), Fifo::new("window-host-frames"), Folder::new());
    let files: Vec<PathBuf> = (0..7).map(|number| folder.0.join(number.to_string())).collect();
    let mut paths = vec![fifo.path()];
    paths.extend(files.iter().map(PathBuf::as_path));
    let mut running = Running::start(&display, &paths);
    display.wait_for_window();
    let mut job = fifo.writer();

    // One job blocks, the others have ended, and the window goes on drawing.
    let begun = display.wait_for(|picture| picture.text(0) == "7 of 8 files");
    assert_eq!(bar(&begun, 7, 8), (RUNNING, PALE));
    let later = display.wait_for(|picture| picture.frame() >= begun.frame() + 20);
    assert_eq!(later.text(0), "7 of 8 files");

    // A socket is read meanwhile, and a timer of the runtime expires.
    let mut stream = TcpStream::connect(&running.address).expect("the program listens");
    stream.write_all(b"hello\n").expect("the connection is open");
    let received = display.wait_for(|picture| picture.text(3) == "6 bytes received, silent");
    assert_eq!((&*received.text(0), &*received.text(4)), ("7 of 8 files", "hello"));

    job.write_all(b"abc").expect("the job reads");
    drop(job);
    let done = display.wait_for(|picture| picture.text(0) == "8 of 8 files");
    assert_eq!(bar(&done, 7, 8), (DONE, DONE));
    assert_eq!(done.text(2), "ba7816bf8f01cfea414140de5dae22");

    // Nothing is animated any more. Only the hook and the deadline of the runtime wake the event
    // loop: once for the text, and once for the timer.
    stream.write_all(b"hello again\n").expect("the connection is open");
    let last = display.wait_for(|picture| picture.text(3) == "18 bytes received, silent");
    assert_eq!((last.frame(), last.text(4)), (done.frame() + 2, "hello again".to_owned()));

    let output = running.close(&display, || {});
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(output.contains(&format!("{digest}  {}\n", fifo.path().display())), "{output}");
    let frames = format!("\n{} frames, {} before", last.frame(), done.frame() - 1);
    assert!(output.contains(&frames), "{frames}: {output}");
    assert!(output.contains("\n2 tasks cancelled\n"), "{output}");
    assert!(output.ends_with("\nevery job has ended\n"), "{output}");
}

#[test]
fn closing_the_window_cancels_a_job_that_blocks_and_waits_for_its_end() {
    let (display, fifo) = (Display::start(), Fifo::new("window-host-close"));
    let mut running = Running::start(&display, &[fifo.path()]);
    display.wait_for_window();
    let job = fifo.writer();
    display.wait_for(|picture| picture.text(0) == "0 of 1 files" && picture.frame() > 2);
    // The window disappears although the job still blocks.
    let output = running.close(&display, || drop(job));
    assert!(output.contains("\n2 tasks cancelled\n"), "{output}");
    assert!(output.ends_with("\nevery job has ended\n"), "{output}");
    assert!(!output.contains(&fifo.path().display().to_string()), "{output}");
}
