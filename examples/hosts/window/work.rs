//! The tasks: they hash files on the pool, and receive text from sockets.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use aside::blocking::is_cancelled;
use aside::net::{TcpListener, TcpStream};
use aside::{gather, spawn, spawn_blocking, timeout};
use sha2::{Digest, Sha256};

use crate::view::View;

/// The number of files that are hashed at the same time.
const CONCURRENCY: usize = 4;

/// A connection that sends nothing for this long is shown as silent.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hashes files on the pool, and shows each digest.
pub(crate) async fn hash_files(files: Vec<PathBuf>, view: Rc<View>) {
    let hashes = files.into_iter().map(|path| hash_file(path, &view));
    gather(hashes).limit(CONCURRENCY).await;
}

async fn hash_file(path: PathBuf, view: &View) {
    let name = path.display().to_string();
    // The job is cancelled if the shutdown drops this task.
    let hash = spawn_blocking(move || hash(&path)).abort_on_drop();
    let shown = match hash.await {
        Ok(Ok(digest)) => {
            println!("{digest}  {name}");
            digest
        }
        Ok(Err(error)) => format!("{name}: {error}"),
        Err(error) => format!("{name}: {error}"),
    };
    view.show_digest(&shown);
}

/// Returns the SHA-256 digest of a file, in hexadecimal digits. This function blocks.
fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    while !is_cancelled() {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hexadecimal(&hasher.finalize())),
            Ok(length) => hasher.update(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string does not fail.
        let _written = write!(digits, "{byte:02x}");
        digits
    })
}

/// Accepts connections, and shows the text that arrives on them.
pub(crate) async fn receive_text(listener: TcpListener, view: Rc<View>) {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(connection(stream, Rc::clone(&view))).detach(),
            Err(error) => eprintln!("window-host: {error}"),
        }
    }
}

async fn connection(stream: TcpStream, view: Rc<View>) {
    let mut buffer = [0; 4096];
    loop {
        let received = match timeout(PATIENCE, stream.read(&mut buffer)).await {
            Ok(received) => received,
            Err(_elapsed) => {
                view.show_silence();
                stream.read(&mut buffer).await
            }
        };
        match received {
            Ok(0) => return,
            Ok(length) => view.show_text(&buffer[..length]),
            Err(error) => return eprintln!("window-host: {error}"),
        }
    }
}
