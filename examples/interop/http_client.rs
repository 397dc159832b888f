//! An HTTP client by hyper, with TLS by rustls: HTTP/1 or HTTP/2, as the server likes.
//!
//! ```sh
//! cargo run --release --package interop --example http_client
//! cargo run --release --package interop --example http_client -- http://127.0.0.1:7007/
//! cargo run --release --package interop --example http_client -- --ca own.pem https://localhost/
//! ```
//!
//! It prints the version, the status, and how long the body is. Without a URL it makes itself a
//! certificate and a server, and fetches from that. Whom a server of `https` may be signed by is in
//! the file after `--ca`, or else in the system's.

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

/// How long it may take in all.
const TIME_MAX: Duration = Duration::from_secs(30);

/// What the arguments say.
struct Wanted {
    /// Of a server of its own, if there is none.
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

fn wanted(mut arguments: impl Iterator<Item = String>) -> Done<Wanted> {
    let mut wanted = Wanted { url: None, trusted: None };
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
