//! A window turns the runtime: frames are drawn while files are hashed and a socket is read.
//!
//! ```sh
//! cd examples/hosts
//! cargo run --release --package window-host -- FILE...
//! ```
//!
//! Needs X11 or XWayland, except on macOS. The files are hashed on the pool, four at a time, and
//! their SHA-256 digests are printed as `sha256sum` prints them. While they are hashed, the window
//! draws 60 frames a second. Then it sleeps until there is something to draw: text that arrives on
//! a TCP connection to the address in the first line of the output. Closing the window ends the
//! program, and cancels what still runs.
//!
//! `host.rs` is the part that every such program needs. The tasks (`work.rs`) run on the thread of
//! the window and write to the window's state (`view.rs`) without a lock.

mod canvas;
mod host;
mod view;
mod work;

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::rc::Rc;

use aside::Runtime;
use aside::blocking::Shutdown;
use aside::net::TcpListener;
use winit::event_loop::EventLoop;

use host::WindowHost;
use view::View;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let event_loop = EventLoop::new()?;
    let proxy = event_loop.create_proxy();
    let wake_event_loop = move || {
        let _event_loop_has_ended = proxy.send_event(());
    };
    let runtime = Runtime::builder().on_wake(wake_event_loop).build();
    // winit cannot watch a descriptor, so a thread watches the sockets and calls the hook.
    runtime.start_wake_thread()?;

    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    println!("listening on {}", listener.local_addr()?);

    let view = Rc::new(View::new(files.len()));
    runtime.spawn(work::hash_files(files, Rc::clone(&view))).detach();
    runtime.spawn(work::receive_text(listener, Rc::clone(&view))).detach();
    let mut host = WindowHost::new(runtime, Rc::clone(&view));
    event_loop.run_app(&mut host)?;

    let report = host.into_runtime()?.shutdown(Shutdown::Wait);
    println!("{} frames, {} before the last file", view.frames(), view.frames_while_hashing());
    println!("{report}");
    Ok(())
}
