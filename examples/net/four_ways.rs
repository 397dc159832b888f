//! Two hundred HTTP calls to a slow server, made in four ways, and the cost of each way.
//!
//! ```sh
//! cargo run --release --features hyper --example four_ways
//! ```
//!
//! The four ways are: in sequence, blocking on the pool, async on the loop, and (the mistake)
//! blocking on the loop. The server takes 100 ms for each answer and serves any number of calls at
//! a time. The server and each way are processes of their own, so that the figures do not mix.
//! `--scale 0.1` makes the server ten times as fast.
//!
//! It prints a table of time, threads, memory and context switches. `docs/guide/native-io.md`
//! explains the table.

#[path = "four_ways/figures.rs"]
mod figures;
#[path = "four_ways/server.rs"]
mod server;
#[path = "four_ways/ways.rs"]
mod ways;

use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crate::ways::{WAYS, Way};

type Done<T> = Result<T, Box<dyn Error>>;

/// The time that the server takes for one call, at scale 1.
const ONE_CALL: Duration = Duration::from_millis(100);
const CALLS: usize = 200;

fn main() -> Done<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => compare(1.0),
        ["--scale", scale] => compare(scale.parse()?),
        // The program passes these arguments to its child processes.
        ["serve", seconds] => server::serve(Duration::from_secs_f64(seconds.parse()?)),
        ["go", name, address] => go(name, address.parse()?),
        _ => Err("usage: four_ways [--scale NUMBER]".into()),
    }
}

/// Starts a server, runs each way in a child process, and prints the figures.
fn compare(scale: f64) -> Done<()> {
    let one_call = ONE_CALL.mul_f64(scale);
    let (mut server, stdin, address) = start_server(one_call)?;
    println!("{CALLS} calls; the server takes {one_call:?} for each\n");
    println!("{}", figures::HEADER);
    for Way { name, .. } in WAYS {
        let mut way = Command::new(env::current_exe()?);
        let way = way.args(["go", name, &address]).stdin(Stdio::null());
        let output = way.stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err(format!("`{name}` has failed: {}", output.status).into());
        }
        print!("{}", String::from_utf8(output.stdout)?);
    }
    // The server ends at the end of its stdin.
    drop(stdin);
    server.wait()?;
    Ok(())
}

/// Starts a server process. Returns the process, its stdin, and its address. Dropping the stdin
/// ends the process.
fn start_server(one_call: Duration) -> Done<(Child, ChildStdin, String)> {
    let mut server = Command::new(env::current_exe()?);
    server.args(["serve", &one_call.as_secs_f64().to_string()]);
    let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(stdin), Some(stdout)) = (server.stdin.take(), server.stdout.take()) else {
        return Err("the child has no pipes".into());
    };
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim_end().strip_prefix("listening on ").ok_or("the server has failed")?;
    Ok((server, stdin, address.to_owned()))
}

/// Runs one way in this process.
fn go(name: &str, address: SocketAddr) -> Done<()> {
    let way = WAYS.iter().find(|way| way.name == name).ok_or("there is no such way")?;
    let figures = (way.go)(address, CALLS)?;
    println!("{}", figures.row(name));
    Ok(())
}
