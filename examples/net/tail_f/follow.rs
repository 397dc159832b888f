//! Reads the new lines of a file, and of the file that replaces it under its name.

use std::fs::Metadata;
use std::io::{self, ErrorKind, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aside::fs::{self, File};
use aside::io::stdio::{self, Stdout};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::watch::Watch;

const BLOCK: u64 = 64 * 1024;

/// Prints a file, and continues with the next file of the same name.
pub(crate) struct Follower {
    path: PathBuf,
    watch: Watch,
    /// The file that had the name at the last check, or `None` if there was no such file.
    open: Option<OpenFile>,
    stdout: Stdout,
    /// The number of lines that may still be printed.
    lines_left: u64,
}

/// A file, and the position up to which it has been read.
struct OpenFile {
    file: File,
    identity: (u64, u64),
    place: u64,
}

/// Returns the device and inode, which identify a file while it is open or has a name.
fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Opens the file. Returns `None` if it does not exist yet.
async fn open(path: &Path) -> io::Result<Option<OpenFile>> {
    let mut file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let identity = identity(&file.metadata().await?);
    Ok(Some(OpenFile { file, identity, place: 0 }))
}

impl Follower {
    /// Starts to watch the file. The watch must begin before the first lines are read, so that no
    /// later change is missed.
    pub(crate) fn new(path: &Path, lines_max: Option<u64>) -> io::Result<Follower> {
        let lines_left = lines_max.unwrap_or(u64::MAX);
        let (watch, stdout) = (Watch::over(path)?, stdio::stdout());
        Ok(Follower { path: path.to_owned(), watch, open: None, stdout, lines_left })
    }

    /// Prints the last lines.
    pub(crate) async fn begin(&mut self, lines: usize) -> io::Result<()> {
        self.open = open(&self.path).await?;
        if let Some(open) = &mut self.open {
            let length = open.file.metadata().await?.len();
            open.place = start_of_last(&open.file, length, lines).await?;
            open.file.seek(SeekFrom::Start(open.place)).await?;
        }
        self.update().await
    }

    /// Prints new lines until `lines_left` is zero.
    pub(crate) async fn follow(&mut self) -> io::Result<()> {
        while self.lines_left > 0 {
            self.watch.change().await?;
            self.update().await?;
        }
        Ok(())
    }

    /// Prints this many more lines.
    pub(crate) async fn follow_for(&mut self, lines: u64) -> io::Result<()> {
        self.lines_left = lines;
        self.follow().await
    }

    /// Prints the new lines of the open file, and then those of the file that has replaced it under
    /// its name.
    async fn update(&mut self) -> io::Result<()> {
        loop {
            self.print_new().await?;
            let now = match fs::metadata(&self.path).await {
                Ok(metadata) => identity(&metadata),
                // The file may have been renamed, and its writers may still append to it.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
            if self.open.as_ref().is_some_and(|open| open.identity == now) {
                return Ok(());
            }
            // Prints the lines written between the last check and the rename.
            self.print_new().await?;
            eprintln!("tail_f: `{}` has been replaced", self.path.display());
            self.open = open(&self.path).await?;
        }
    }

    async fn print_new(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if open.file.metadata().await?.len() < open.place {
            eprintln!("tail_f: `{}` has been truncated", self.path.display());
            open.place = open.file.seek(SeekFrom::Start(0)).await?;
        }
        let mut block = vec![0; BLOCK as usize];
        while self.lines_left > 0 {
            let count = open.file.read(&mut block).await?;
            if count == 0 {
                break;
            }
            open.place += count as u64;
            let (text, lines) = first_lines(&block[..count], self.lines_left);
            self.lines_left -= lines;
            self.stdout.write_all(text).await?;
        }
        self.stdout.flush().await
    }
}

/// Returns the text of at most `lines_max` lines, and their number.
fn first_lines(text: &[u8], lines_max: u64) -> (&[u8], u64) {
    let mut lines = 0;
    for (place, byte) in text.iter().enumerate() {
        lines += u64::from(*byte == b'\n');
        if lines == lines_max {
            return (&text[..=place], lines);
        }
    }
    (text, lines)
}

/// Returns the position of the last lines. Searches the file backwards, block by block.
async fn start_of_last(file: &File, length: u64, lines: usize) -> io::Result<u64> {
    if lines == 0 {
        return Ok(length);
    }
    let mut found = 0;
    let mut end = length;
    while end > 0 {
        let begin = end.saturating_sub(BLOCK);
        let block = file.read_at((end - begin) as usize, begin).await?;
        for (index, byte) in block.iter().enumerate().rev() {
            let place = begin + index as u64;
            // The newline at the end of the last line does not start another line.
            let begins_a_line = *byte == b'\n' && place + 1 < length;
            found += usize::from(begins_a_line);
            if begins_a_line && found == lines {
                return Ok(place + 1);
            }
        }
        end = begin;
    }
    Ok(0)
}
