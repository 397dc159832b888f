//! Two hundred HTTP calls to a slow server, done in four ways, and what each of them costs.
//!
//! ```sh
//! cargo run --release --features hyper --example four_ways
//! ```
//!
//! The server takes 100 ms for each answer, and any number of calls at a time. It is a process of
//! its own, and so is each way, so that no figure is another's. `--scale 0.1` makes the server ten
//! times as fast. What the figures mean is told in `docs/guide/native-io.md`.

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

/// How long the server takes for one call.
const ONE_CALL: Duration = Duration::from_millis(100);
const CALLS: usize = 200;

fn main() -> Done<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => compare(1.0),
        ["--scale", scale] => compare(scale.parse()?),
        // The processes that it starts.
        ["serve", seconds] => server::serve(Duration::from_secs_f64(seconds.parse()?)),
        ["go", name, address] => go(name, address.parse()?),
        _ => Err("usage: four_ways [--scale NUMBER]".into()),
    }
}

/// Starts a server, has each way call it, and prints what that took.
fn compare(scale: f64) -> Done<()> {
    let one_call = ONE_CALL.mul_f64(scale);
    let (mut server, stdin, address) = start_server(one_call)?;
    println!("{CALLS} calls, each of which the server takes {one_call:?} for\n");
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
    // It ends when its stdin does.
    drop(stdin);
    server.wait()?;
    Ok(())
}

/// Gives the process, what ends it, and its address.
fn start_server(one_call: Duration) -> Done<(Child, ChildStdin, String)> {
    let mut server = Command::new(env::current_exe()?);
    server.args(["serve", &one_call.as_secs_f64().to_string()]);
    let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(stdin), Some(stdout)) = (server.stdin.take(), server.stdout.take()) else {
        return Err("the pipes that were asked for are not there".into());
    };
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim_end().strip_prefix("listening on ").ok_or("the server has failed")?;
    Ok((server, stdin, address.to_owned()))
}

/// Goes one way in this process, which does nothing else.
fn go(name: &str, address: SocketAddr) -> Done<()> {
    let way = WAYS.iter().find(|way| way.name == name).ok_or("there is no such way")?;
    let figures = (way.go)(address, CALLS)?;
    println!("{}", figures.row(name));
    Ok(())
}
