//! An HTTP client that keeps its connections: hyper-util's, with TLS by rustls. The server chooses
//! HTTP/1 or HTTP/2.
//!
//! ```sh
//! cargo run --release --package interop --example http_client
//! cargo run --release --package interop --example http_client -- http://127.0.0.1:7007/
//! cargo run --release --package interop --example http_client -- --ca own.pem https://localhost/
//! ```
//!
//! The program fetches the URLs one after the other, and prints the HTTP version, the status, and
//! the length of the body of each. URLs of one server use one connection. Without a URL the program
//! starts a server with a self-signed certificate, which accepts one connection, and fetches two
//! pages from it. The program trusts the certificates in the file after `--ca`, or, without that
//! argument, the system's certificates.

#[path = "http_client/fetch.rs"]
mod fetch;
#[path = "http_client/own_server.rs"]
mod own_server;
#[path = "http_client/trust.rs"]
mod trust;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use aside::timeout;
use hyper::Uri;

type Done<T> = Result<T, Box<dyn Error>>;

/// The time limit of a complete request.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The arguments of the command line.
struct Arguments {
    /// If there is none, the program uses a server of its own.
    urls: Vec<Uri>,
    trusted: Option<PathBuf>,
}

fn main() -> Done<()> {
    let wanted = wanted(std::env::args().skip(1))?;
    aside::run(async {
        let (urls, roots) = match wanted.urls.is_empty() {
            false => (wanted.urls, trust::roots(wanted.trusted).await?),
            true => own_server::start().await?,
        };
        let client = fetch::client(roots);
        for url in urls {
            let fetched = timeout(TIME_MAX, fetch::fetch(&client, &url)).await??;
            println!("{:?} {}, {} bytes", fetched.version, fetched.status, fetched.length);
        }
        Ok(())
    })
}

fn wanted(mut arguments: impl Iterator<Item = String>) -> Done<Arguments> {
    let mut wanted = Arguments { urls: Vec::new(), trusted: None };
    while let Some(argument) = arguments.next() {
        if argument == "--ca" {
            wanted.trusted = Some(arguments.next().ok_or("--ca FILE")?.into());
        } else if argument.starts_with('-') {
            return Err("usage: http_client [--ca FILE] [URL...]".into());
        } else {
            wanted.urls.push(argument.parse()?);
        }
    }
    Ok(wanted)
}
