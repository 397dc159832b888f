//! [`View`]: the state that the window shows. Tasks change it, and each frame draws it.

use std::cell::{Cell, RefCell};

use crate::canvas::{CELL, Canvas};

pub(crate) const WIDTH: u32 = 512;
pub(crate) const HEIGHT: u32 = 208;

const MARGIN: usize = 16;
const BAR: (usize, usize) = (WIDTH as usize - 2 * MARGIN, 16);
const LINE: usize = (WIDTH as usize - 2 * MARGIN) / CELL;

const BACKGROUND: u32 = 0x0020_2830;
const TEXT: u32 = 0x00e8_e8e8;
const PALE: u32 = 0x0048_5460;
const RUNNING: u32 = 0x0040_90e0;
const DONE: u32 = 0x0050_b060;
const MARKER: u32 = 0x00f0_b040;

/// The state of the window. It stays on one thread, so it consists of cells.
pub(crate) struct View {
    files: usize,
    hashed: Cell<usize>,
    digest: RefCell<String>,
    bytes: Cell<usize>,
    is_silent: Cell<bool>,
    line: RefCell<String>,
    frames: Cell<u64>,
    frames_while_hashing: Cell<u64>,
    /// Something has changed since the last frame.
    changed: Cell<bool>,
}

impl View {
    pub(crate) fn new(files: usize) -> View {
        View {
            files,
            hashed: Cell::new(0),
            digest: RefCell::default(),
            bytes: Cell::new(0),
            is_silent: Cell::new(false),
            line: RefCell::default(),
            frames: Cell::new(0),
            frames_while_hashing: Cell::new(0),
            changed: Cell::new(true),
        }
    }

    /// Counts a file, and shows its digest.
    pub(crate) fn show_digest(&self, digest: &str) {
        self.hashed.set(self.hashed.get() + 1);
        self.digest.replace(digest.to_owned());
        self.changed.set(true);
    }

    /// Counts received bytes, and shows their last line.
    pub(crate) fn show_text(&self, received: &[u8]) {
        self.bytes.set(self.bytes.get() + received.len());
        self.is_silent.set(false);
        if let Some(line) = String::from_utf8_lossy(received).lines().last() {
            self.line.replace(line.to_owned());
        }
        self.changed.set(true);
    }

    /// Shows that no more bytes arrive.
    pub(crate) fn show_silence(&self) {
        self.is_silent.set(true);
        self.changed.set(true);
    }

    /// Returns whether each frame differs from the one before: as long as files are hashed.
    pub(crate) fn is_animated(&self) -> bool {
        self.hashed.get() < self.files
    }

    /// Returns whether a task has changed something since the last call.
    pub(crate) fn take_changed(&self) -> bool {
        self.changed.take()
    }

    pub(crate) fn frames(&self) -> u64 {
        self.frames.get()
    }

    pub(crate) fn frames_while_hashing(&self) -> u64 {
        self.frames_while_hashing.get()
    }

    /// Draws a frame.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>) {
        self.frames.set(self.frames.get() + 1);
        if self.is_animated() {
            self.frames_while_hashing.set(self.frames.get());
        }
        canvas.clear(BACKGROUND);
        let mut line = |row: usize, text: &str| {
            let text: String = text.chars().take(LINE).collect();
            canvas.text((MARGIN, MARGIN + row * 2 * CELL), &text, TEXT);
        };
        line(0, &format!("{} of {} files", self.hashed.get(), self.files));
        line(2, &self.digest.borrow());
        let silent = if self.is_silent.get() { ", silent" } else { "" };
        line(3, &format!("{} bytes received{silent}", self.bytes.get()));
        line(4, &self.line.borrow());
        line(5, &format!("frame {}", self.frames.get()));
        self.draw_bar(canvas);
        self.draw_marker(canvas);
    }

    /// Draws the progress as a bar, which changes its colour at the end.
    fn draw_bar(&self, canvas: &mut Canvas<'_>) {
        let corner = (MARGIN, MARGIN + 2 * CELL);
        let colour = if self.is_animated() { RUNNING } else { DONE };
        let filled = BAR.0 * self.hashed.get() / self.files.max(1);
        canvas.fill(corner, BAR, PALE);
        canvas.fill(corner, (filled, BAR.1), colour);
    }

    /// Draws a square that moves by one place with each frame, so that the eye sees each stall.
    fn draw_marker(&self, canvas: &mut Canvas<'_>) {
        let place = (self.frames.get() % 32) as usize;
        let corner = (WIDTH as usize - MARGIN - 8 * (32 - place), MARGIN + 10 * CELL);
        canvas.fill(corner, (8, CELL), MARKER);
    }
}
