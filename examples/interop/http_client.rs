//! An HTTP client: hyper, with TLS by rustls. The server chooses HTTP/1 or HTTP/2.
//!
//! ```sh
//! cargo run --release --package interop --example http_client
//! cargo run --release --package interop --example http_client -- http://127.0.0.1:7007/
//! cargo run --release --package interop --example http_client -- --ca own.pem https://localhost/
//! ```
//!
//! The program prints the HTTP version, the status, and the length of the body. Without a URL it
//! starts a server with a self-signed certificate, and fetches a page from it. The program trusts
//! the certificates in the file after `--ca`, or, without that argument, the system's certificates.

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

/// The time limit of the complete request.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The arguments of the command line.
struct Arguments {
    /// `None` selects a server of this program.
    url: Option<Uri>,
    trusted: Option<PathBuf>,
}

fn main() -> Done<()> {
    let wanted = wanted(std::env::args().skip(1))?;
    aside::run(async {
        let fetched = match wanted.url {
            Some(url) => {
                let roots = trust::roots(wanted.trusted).await?;
                timeout(TIME_MAX, fetch::fetch(&url, roots)).await??
            }
            None => {
                let (url, roots) = own_server::start().await?;
                timeout(TIME_MAX, fetch::fetch(&url, roots)).await??
            }
        };
        println!("{:?} {}, {} bytes", fetched.version, fetched.status, fetched.length);
        Ok(())
    })
}

fn wanted(mut arguments: impl Iterator<Item = String>) -> Done<Arguments> {
    let mut wanted = Arguments { url: None, trusted: None };
    while let Some(argument) = arguments.next() {
        if argument == "--ca" {
            wanted.trusted = Some(arguments.next().ok_or("--ca FILE")?.into());
        } else if argument.starts_with('-') || wanted.url.is_some() {
            return Err("usage: http_client [--ca FILE] [URL]".into());
        } else {
            wanted.url = Some(argument.parse()?);
        }
    }
    Ok(wanted)
}
