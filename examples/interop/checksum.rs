//! The BLAKE3 digests of all files under a path, hashed on the pool and then on the loop.
//!
//! ```sh
//! cargo run --release --package interop --example checksum -- src
//! ```
//!
//! The files are hashed twice: first on the pool, with a limited number of concurrent jobs, and
//! then, by mistake, on the loop itself. During both runs a task ticks every 10 ms. The largest
//! delay of a tick is the time for which every other task of the loop had to wait.
//!
//! The digests are printed to stdout, so that `checksum PATH | b3sum --check` works; figures,
//! progress and errors go to stderr. An unreadable file does not end the run, but makes the exit
//! code 1. Files are read in chunks: memory holds the paths, the digests, and one chunk per running
//! job.

#[path = "checksum/walk.rs"]
mod walk;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{env, thread};

use aside::time::MissedTicks;
use aside::{AbortOnDrop, JoinError, interval, spawn, spawn_blocking, try_gather, yield_now};
use indicatif::{ProgressBar, ProgressStyle};

use walk::{Problem, walk};

const TICK: Duration = Duration::from_millis(10);
const CHUNK: usize = 64 * 1024;

/// Passing a job to a worker costs about as much as hashing a small file, so a job hashes several
/// files.
const FILES_PER_JOB: usize = 16;

struct Digest {
    hash: blake3::Hash,
    bytes: u64,
}

/// One digest for each file, in the order of the paths.
type Digests = Vec<io::Result<Digest>>;

/// The result of hashing all files once.
struct Run {
    digests: Digests,
    took: Duration,
    largest_delay: Duration,
}

fn main() -> ExitCode {
    let Some(root) = env::args_os().nth(1) else {
        eprintln!("usage: checksum PATH");
        return ExitCode::from(2);
    };
    match aside::run(checksum(PathBuf::from(root))) {
        Ok((files, pool, on_loop, problems)) => report(&files, &pool, &on_loop, problems),
        Err(error) => {
            eprintln!("checksum: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = (Vec<PathBuf>, Run, Run, Vec<Problem>);

async fn checksum(root: PathBuf) -> Result<Outcome, JoinError> {
    let tree = spawn_blocking(move || walk(root)).await?;
    let files = tree.files;
    // The first run hashes in jobs, which is right. The second run hashes on the loop, which is the
    // mistake.
    let jobs = files.chunks(FILES_PER_JOB).map(|some| hash_on_pool(some.to_vec()));
    let pool = measure("on the pool", files.len(), jobs).await?;
    let calls = files.chunks(FILES_PER_JOB).map(hash_on_loop);
    let on_loop = measure("on the loop", files.len(), calls).await?;
    Ok((files, pool, on_loop, tree.problems))
}

/// Hashes files in a job, so that the loop stays free.
async fn hash_on_pool(files: Vec<PathBuf>) -> Result<Digests, JoinError> {
    spawn_blocking(move || hash_all(&files)).await
}

/// Hashes files on the loop, so that no other task runs until the files are hashed.
async fn hash_on_loop(files: &[PathBuf]) -> Result<Digests, JoinError> {
    Ok(hash_all(files))
}

fn hash_all(files: &[PathBuf]) -> Digests {
    files.iter().map(|path| hash(path)).collect()
}

/// Reads and hashes a file. This function blocks.
fn hash(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(Digest { hash: hasher.finalize(), bytes: hasher.count() }),
            Ok(length) => drop(hasher.update(&chunk[..length])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Awaits all hashes, a limited number at a time, beside a progress bar and a ticker.
async fn measure<F>(
    title: &'static str,
    files: usize,
    hashes: impl Iterator<Item = F>,
) -> Result<Run, JoinError>
where
    F: Future<Output = Result<Digests, JoinError>>,
{
    let bar = progress_bar(title, files);
    let ticker = Ticker::start().await;
    let begun = Instant::now();
    let counted = hashes.map(|some| async {
        let digests = some.await?;
        bar.inc(digests.len() as u64);
        Ok(digests)
    });
    let digests: Vec<Digests> = try_gather(counted).limit(concurrency()).await?;
    let took = begun.elapsed();
    bar.finish_and_clear();
    let digests = digests.into_iter().flatten().collect();
    Ok(Run { digests, took, largest_delay: ticker.stop().await? })
}

/// Returns twice the number of cores, so that all cores are busy while some jobs wait for the disk.
fn concurrency() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get()) * 2
}

/// A progress bar on stderr. indicatif hides it if stderr is not a terminal.
fn progress_bar(title: &'static str, files: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} files, {per_sec}");
    let bar = ProgressBar::new(files as u64).with_message(title);
    bar.with_style(style.expect("the template is well-formed"))
}

/// A task that must run every 10 ms. It stands for the other tasks on the loop.
struct Ticker {
    stopped: Rc<Cell<bool>>,
    task: AbortOnDrop<Duration>,
}

impl Ticker {
    /// Returns after the first tick, so that blocking the loop cannot prevent the ticker from
    /// starting.
    async fn start() -> Ticker {
        let stopped = Rc::new(Cell::new(false));
        let task = spawn(tick_until(Rc::clone(&stopped))).abort_on_drop();
        yield_now().await;
        Ticker { stopped, task }
    }

    /// Waits for one more tick, and returns the largest delay of all ticks.
    async fn stop(self) -> Result<Duration, JoinError> {
        self.stopped.set(true);
        self.task.await
    }
}

async fn tick_until(stopped: Rc<Cell<bool>>) -> Duration {
    let mut ticks = interval(TICK).missed_ticks(MissedTicks::Skip);
    let mut largest = Duration::ZERO;
    while !stopped.get() {
        let due = ticks.tick().await;
        largest = largest.max(due.elapsed());
    }
    largest
}

fn report(files: &[PathBuf], pool: &Run, on_loop: &Run, problems: Vec<Problem>) -> ExitCode {
    let unseen = problems.into_iter().map(|problem| (problem.path, problem.error.to_string()));
    let mut problems: Vec<(PathBuf, String)> = unseen.collect();
    for (path, digest) in files.iter().zip(&pool.digests) {
        if let Err(error) = digest {
            problems.push((path.clone(), error.to_string()));
        }
    }
    if let Err(error) = print_digests(files, &pool.digests) {
        problems.push((PathBuf::from("stdout"), error.to_string()));
    }
    for (path, error) in &problems {
        eprintln!("checksum: {}: {error}", path.display());
    }
    eprintln!("hashed on the pool: {}", figures(pool));
    eprintln!("hashed on the loop: {}", figures(on_loop));
    eprintln!(
        "(the second run reads the files from the page cache; the first may have read the disk)"
    );
    let changed = pool.digests.iter().zip(&on_loop.digests).filter(|(a, b)| !agree(a, b)).count();
    if changed > 0 {
        eprintln!("{changed} files changed between the two runs");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn agree(first: &io::Result<Digest>, second: &io::Result<Digest>) -> bool {
    match (first, second) {
        (Ok(first), Ok(second)) => first.hash == second.hash,
        (Err(_), Err(_)) => true,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

fn print_digests(files: &[PathBuf], digests: &[io::Result<Digest>]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for (path, digest) in files.iter().zip(digests) {
        let Ok(digest) = digest else { continue };
        let (mark, name) = escape(&path.to_string_lossy());
        writeln!(out, "{mark}{}  {name}", digest.hash)?;
    }
    out.flush()
}

/// Escapes line breaks and backslashes in a name. The line of an escaped name starts with a
/// backslash.
fn escape(name: &str) -> (&'static str, String) {
    let escaped = name.replace('\\', r"\\").replace('\n', r"\n").replace('\r', r"\r");
    (if escaped == name { "" } else { r"\" }, escaped)
}

fn figures(run: &Run) -> String {
    let hashed = run.digests.iter().flatten();
    let (mut files, mut bytes) = (0, 0);
    for digest in hashed {
        files += 1;
        bytes += digest.bytes;
    }
    let seconds = run.took.as_secs_f64().max(f64::MIN_POSITIVE);
    format!(
        "{files} files, {:.1} MB in {seconds:.2} s: {:.0} files/s, {:.1} MB/s; \
         the largest delay of a 10 ms ticker was {:.1?}",
        megabytes(bytes),
        f64::from(files) / seconds,
        megabytes(bytes) / seconds,
        run.largest_delay,
    )
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
