//! A program with a glib main loop turns the runtime: the loop of every program with GTK.
//!
//! ```sh
//! cd examples/hosts
//! cargo run --release --package glib-host -- FILE
//! ```
//!
//! Needs the headers of glib (`libglib2.0-dev`). The program counts the lines of the file in a job
//! on the pool, and sends back the bytes of all TCP connections to the address in the first line of
//! its output. A timer of glib ticks four times a second. Each tick spawns a task, which prints a
//! line of its own after half a period: a callback of glib spawns tasks, and tasks call glib,
//! because both run on one thread. Ctrl-c and `SIGTERM` are sources of glib, too: they end the main
//! loop, and then the runtime.

mod host;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::net::{TcpListener, TcpStream};
use aside::{Runtime, named, sleep, spawn};
use glib::{ControlFlow, MainLoop};

use host::GlibHost;

const TICK: Duration = Duration::from_millis(250);
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map(PathBuf::from).ok_or("usage: glib-host FILE")?;
    let main_loop = MainLoop::new(None, false);
    let host = GlibHost::attach(Runtime::new())?;
    let listener = host.runtime().block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    println!("listening on {}", listener.local_addr()?);
    host.runtime().spawn(serve(listener)).detach();
    host.runtime().spawn(count(file)).detach();
    tick(&host);
    for signal in [SIGINT, SIGTERM] {
        let main_loop = main_loop.clone();
        glib::source::unix_signal_add_local(signal, move || {
            main_loop.quit();
            ControlFlow::Continue
        });
    }
    main_loop.run();
    println!("{}", host.detach().shutdown(Shutdown::Wait));
    Ok(())
}

/// Adds a timer of glib, which spawns a task at each tick.
fn tick(host: &Rc<GlibHost>) {
    let host = Rc::downgrade(host);
    let mut ticks = 0;
    glib::timeout_add_local(TICK, move || {
        let Some(host) = host.upgrade() else { return ControlFlow::Break };
        ticks += 1;
        let tick = ticks;
        println!("glib: tick {tick}");
        let after_half_a_period = async move {
            sleep(TICK / 2).await;
            println!("aside: tick {tick}");
        };
        host.runtime().spawn(after_half_a_period).detach();
        ControlFlow::Continue
    });
}

/// Counts the lines of a file, in a job on the pool.
async fn count(file: PathBuf) {
    let lines = named("count").spawn_blocking(move || count_lines(file));
    match lines.await {
        Ok(Ok(lines)) => println!("aside: {lines} lines"),
        Ok(Err(error)) => eprintln!("glib-host: {error}"),
        Err(error) => eprintln!("glib-host: {error}"),
    }
}

fn count_lines(file: PathBuf) -> io::Result<usize> {
    let mut lines = 0;
    for line in BufReader::new(File::open(file)?).lines() {
        line?;
        lines += 1;
    }
    Ok(lines)
}

/// Sends back the bytes of all connections.
async fn serve(listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(connection(stream)).detach(),
            Err(error) => eprintln!("glib-host: {error}"),
        }
    }
}

async fn connection(stream: TcpStream) {
    match echo(&stream).await {
        Ok(bytes) => println!("aside: {bytes} bytes"),
        Err(error) => eprintln!("glib-host: {error}"),
    }
}

async fn echo(stream: &TcpStream) -> io::Result<usize> {
    let mut bytes = 0;
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(bytes);
        }
        bytes += length;
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let written = stream.write(rest).await?;
            rest = &rest[written..];
        }
    }
}
