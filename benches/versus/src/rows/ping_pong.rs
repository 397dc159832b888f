//! Two tasks that wait for each other. A round trip is two hand-overs; the figure is for both.

use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::peers::{Runtime, in_task};
use crate::rows::yields::Flag;
use crate::run::{Laps, Run};
use crate::work::Slot;

const LAP: usize = 1_000;

/// What is handed over: a number to be sent back, or the end.
type Ball = Option<usize>;

/// Through a place for one value, our own.
pub(super) fn slot<R: Runtime>(run: &Run) -> f64 {
    let laps = run.laps(LAP);
    in_task::<R, _>(async move {
        let (there, back) = (Slot::new(), Slot::new());
        let echo = R::spawn(echo_slot(Arc::clone(&there), Arc::clone(&back)));
        let figure = serve_slot(laps, &there, &back).await;
        there.put(None);
        R::output::<()>(echo.await);
        figure
    })
}

async fn serve_slot(mut laps: Laps, there: &Slot<Ball>, back: &Slot<Ball>) -> f64 {
    while laps.more() {
        for n in 0..LAP {
            there.put(Some(n));
            black_box(back.take().await);
        }
    }
    laps.figure()
}

async fn echo_slot(there: Arc<Slot<Ball>>, back: Arc<Slot<Ball>>) {
    while let ball @ Some(_) = there.take().await {
        back.put(ball);
    }
}

/// Through two channels, the same for all: async-channel, bounded to one.
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

/// Two boxed futures and a flag each, polled in turn.
pub(super) fn slot_limit(run: &Run) -> f64 {
    let (there, back) = (Slot::new(), Slot::new());
    let mut echo: Pin<Box<dyn Future<Output = ()>>> =
        Box::pin(echo_slot(Arc::clone(&there), Arc::clone(&back)));
    let mut server = pin!(serve_slot(run.laps(LAP), &there, &back));
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
