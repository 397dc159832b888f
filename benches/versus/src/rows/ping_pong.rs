//! Two tasks that wait for each other. A round trip is two hand-overs, and the figure is the cost
//! of both.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::LocalKey;

use crate::peers::{Runtime, in_task};
use crate::row::{Of, Row};
use crate::rows::yields::Flag;
use crate::run::{Laps, Run};

/// The rows of two tasks that wait for each other.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("ping-slot", "ping-pong of two tasks, slot", runtimes!(slot))
            .floor(0.80, Of::Best)
            .limit(slot_limit)
            .python(),
        Row::new("ping-channel", "ping-pong of two tasks, channel", runtimes!(channel))
            .floor(0.95, Of::Best)
            .limit(slot_limit),
    ]
}

const LAP: usize = 1_000;

/// The value that is handed over: a number to send back, or the end.
type Ball = Option<usize>;

/// A slot for a value, with the waker of the waiting task. The tasks of all runtimes stay on one
/// thread here, so the slot needs no lock, and the figure is the cost of the runtime.
struct Place {
    ball: Cell<Option<Ball>>,
    waker: RefCell<Option<Waker>>,
}

impl Place {
    const fn new() -> Place {
        Place { ball: Cell::new(None), waker: RefCell::new(None) }
    }
}

thread_local! {
    static THERE: Place = const { Place::new() };
    static BACK: Place = const { Place::new() };
}

fn put(place: &'static LocalKey<Place>, ball: Ball) {
    let waker = place.with(|place| {
        place.ball.set(Some(ball));
        place.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}

async fn take(place: &'static LocalKey<Place>) -> Ball {
    std::future::poll_fn(|cx| {
        place.with(|place| match place.ball.take() {
            Some(ball) => Poll::Ready(ball),
            None => {
                *place.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        })
    })
    .await
}

/// A round trip through two slots.
pub(super) fn slot<R: Runtime>(run: &Run) -> f64 {
    let laps = run.laps(LAP);
    in_task::<R, _>(async move {
        let echo = R::spawn(echo());
        let figure = serve(laps).await;
        put(&THERE, None);
        R::output::<()>(echo.await);
        figure
    })
}

async fn serve(mut laps: Laps) -> f64 {
    while laps.more() {
        for n in 0..LAP {
            put(&THERE, Some(n));
            black_box(take(&BACK).await);
        }
    }
    laps.figure()
}

async fn echo() {
    while let ball @ Some(_) = take(&THERE).await {
        put(&BACK, ball);
    }
}

/// A round trip through two channels. All runtimes use channels of `async-channel`, bounded to one
/// value.
pub(super) fn channel<R: Runtime>(run: &Run) -> f64 {
    let mut laps = run.laps(LAP);
    in_task::<R, _>(async move {
        let (there, at_echo) = async_channel::bounded::<usize>(1);
        let (back, at_home) = async_channel::bounded::<usize>(1);
        let echo = R::spawn(async move {
            while let Ok(n) = at_echo.recv().await {
                let _ = back.send(n).await;
            }
        });
        while laps.more() {
            for n in 0..LAP {
                let _ = there.send(n).await;
                black_box(at_home.recv().await.is_ok());
            }
        }
        drop(there);
        R::output::<()>(echo.await);
        laps.figure()
    })
}

/// The program of the column `limit`: two boxed futures with a flag each, polled in turn.
pub(super) fn slot_limit(run: &Run) -> f64 {
    let mut echo: Pin<Box<dyn Future<Output = ()>>> = Box::pin(echo());
    let mut server = pin!(serve(run.laps(LAP)));
    let flags = [(); 2].map(|()| Arc::new(Flag::default()));
    let wakers = [0, 1].map(|of| Waker::from(Arc::clone(&flags[of])));
    loop {
        if let Poll::Ready(figure) = server.as_mut().poll(&mut Context::from_waker(&wakers[0])) {
            return figure;
        }
        black_box(flags[1].take());
        assert!(echo.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
        black_box(flags[0].take());
    }
}
