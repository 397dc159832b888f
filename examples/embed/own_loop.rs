//! A program with a loop of its own, here a game that draws frames, drives the runtime turn by
//! turn.
//!
//! The frame loop never waits for the runtime. It asks when the next turn is due, waits on its own
//! channel for the next frame or that turn, and then turns. When another thread wakes a task,
//! `on_wake` sends a message to the channel, so a finished job does not have to wait for the next
//! frame. A loop that waits for descriptors instead of a channel would watch `Runtime::descriptor`,
//! and one with sockets and a channel would call `Runtime::start_wake_thread`. The guide's chapter
//! *Embedding* shows both.
//!
//! Run it with `cargo run --example own_loop`. It prints the frames, the wake-ups between them, and
//! the moment at which the level is loaded.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use aside::{NextTurn, Runtime, named, sleep};

const FRAME: Duration = Duration::from_millis(20);

/// An event of the frame loop. A real game would add the events of its keyboard.
enum Event {
    RuntimeWoken,
}

/// Loads the level in a blocking job on the pool, and shows it on the thread of the frame loop.
async fn load_level() {
    let loading = named("load").spawn_blocking(|| {
        thread::sleep(Duration::from_millis(110));
        "the caves"
    });
    match loading.await {
        Ok(level) => println!("  task: {level} are loaded"),
        Err(error) => println!("  task: {error}"),
    }
    sleep(Duration::from_millis(50)).await;
    println!("  task: the doors open");
}

/// Waits for the next frame, for a wake, or for the runtime's next timer, whichever comes first.
fn wait(events: &Receiver<Event>, next_frame: Instant, next_turn: NextTurn) {
    let to_frame = next_frame.saturating_duration_since(Instant::now());
    let timeout = next_turn.timeout().map_or(to_frame, |to_turn| to_turn.min(to_frame));
    match events.recv_timeout(timeout) {
        Ok(Event::RuntimeWoken) => println!("  wake: a task was woken between two frames"),
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => unreachable!("the runtime holds a sender"),
    }
}

fn main() {
    let (sender, events) = mpsc::channel();
    let on_wake = move || drop(sender.send(Event::RuntimeWoken));
    let runtime = Runtime::builder().on_wake(on_wake).build();
    let level = runtime.spawn(load_level());

    let mut next_frame = Instant::now();
    let mut frame = 0;
    // The task is checked between the turn and the wait: after its end nothing would end the wait.
    while !level.is_finished() {
        if Instant::now() >= next_frame {
            frame += 1;
            next_frame += FRAME;
            println!("frame {frame} is drawn");
        }
        wait(&events, next_frame, runtime.next_turn());
        runtime.turn(Duration::ZERO);
    }
    println!("{frame} frames were drawn, and none of them waited for the level");
}
