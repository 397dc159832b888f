//! A program that has a loop of its own, here the frames of a game, turns the runtime from it.
//!
//! The frame loop never waits for the runtime. It turns it once per frame, and sleeps on its own
//! channel until the next frame; `on_wake` puts a message there when the runtime has news from
//! another thread, so that a finished job need not wait for the frame.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use aside::{NextTurn, Runtime, named, sleep};

const FRAME: Duration = Duration::from_millis(20);

/// What the frame loop waits for. In a real game the keyboard would be here as well.
enum Event {
    RuntimeHasNews,
}

/// The level is loaded by blocking code on the pool, and shown by async code on this thread.
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
    println!("  task: and the doors open");
}

/// Waits for the next frame, for news, or for the runtime's next timer, whichever is first.
fn wait(events: &Receiver<Event>, next_frame: Instant, next_turn: NextTurn) {
    let until = match next_turn {
        NextTurn::Now => return,
        NextTurn::At(deadline) => next_frame.min(deadline),
        NextTurn::OnWake => next_frame,
    };
    match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(Event::RuntimeHasNews) => println!("  wake: the runtime has news between two frames"),
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => unreachable!("the runtime holds a sender"),
    }
}

fn main() {
    let (sender, events) = mpsc::channel();
    let on_wake = move || drop(sender.send(Event::RuntimeHasNews));
    let runtime = Runtime::builder().on_wake(on_wake).build();
    let level = runtime.spawn(load_level());

    let mut next_frame = Instant::now();
    let mut frame = 0;
    while !level.is_finished() {
        if Instant::now() >= next_frame {
            frame += 1;
            next_frame += FRAME;
            println!("frame {frame} is drawn");
        }
        let turn = runtime.turn(Duration::ZERO);
        wait(&events, next_frame, turn.next);
    }
    println!("{frame} frames were drawn, and none waited for the level");
}
