//! hyper's time limits with aside's timer, on a virtual clock.

use std::pin::Pin;
use std::time::{Duration, Instant};

use aside::compat::hyper::{LoopExecutor, LoopTimer};
use aside::time::{Clock, now};
use aside::{Runtime, sleep, spawn};
use futures_lite::AsyncWriteExt;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Sleep, Timer as _};
use hyper::service::service_fn;
use hyper::{Request, Response, server};

use crate::peers::connected;
use crate::watchdog::watched;

const MINUTE: Duration = Duration::from_secs(60);

fn virtual_runtime() -> Runtime {
    Runtime::builder().clock(Clock::virtual_time()).build()
}

async fn empty(_: Request<Incoming>) -> hyper::Result<Response<Empty<Bytes>>> {
    Ok(Response::new(Empty::new()))
}

#[test]
fn a_missing_header_ends_the_connection() {
    watched(|| {
        virtual_runtime().block_on(async {
            let (mut near, far) = connected().await;
            near.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
            let start = now();
            let mut http = server::conn::http1::Builder::new();
            http.timer(LoopTimer).header_read_timeout(7 * MINUTE);
            let served = http.serve_connection(far, service_fn(empty)).await;
            assert!(served.unwrap_err().is_timeout());
            assert_eq!(now() - start, 7 * MINUTE);
        });
    });
}

#[test]
fn a_complete_header_restarts_the_time_limit_for_the_next_one() {
    watched(|| {
        virtual_runtime().block_on(async {
            let (near, far) = connected().await;
            let start = now();
            let client = spawn(async move {
                let mut near = near;
                for _ in 0..5 {
                    sleep(6 * MINUTE).await;
                    near.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
                    let mut response = [0; 4096];
                    let length = near.read(&mut response).await.unwrap();
                    assert!(response[..length].starts_with(b"HTTP/1.1 200 OK\r\n"));
                }
                near
            });
            let mut http = server::conn::http1::Builder::new();
            http.timer(LoopTimer).header_read_timeout(7 * MINUTE);
            let served = http.serve_connection(far, service_fn(empty)).await;
            // The fifth response was the last one.
            assert!(served.unwrap_err().is_timeout());
            assert_eq!(now() - start, 5 * 6 * MINUTE + 7 * MINUTE);
            drop(client.await.unwrap());
        });
    });
}

#[test]
fn an_http_2_peer_that_answers_no_ping_is_disconnected() {
    watched(|| {
        virtual_runtime().block_on(async {
            let (mut near, far) = connected().await;
            // The client sends the preface of HTTP/2, and an empty frame of settings.
            near.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
            let start = now();
            let mut http = server::conn::http2::Builder::new(LoopExecutor);
            http.timer(LoopTimer).keep_alive_interval(10 * MINUTE).keep_alive_timeout(3 * MINUTE);
            let served = http.serve_connection(far, service_fn(empty)).await;
            assert!(served.unwrap_err().is_timeout());
            assert_eq!(now() - start, 13 * MINUTE);
        });
    });
}

/// The address of a sleep.
fn place(sleep: &Pin<Box<dyn Sleep>>) -> *const () {
    std::ptr::from_ref(&**sleep).cast()
}

#[test]
fn a_reset_sleep_keeps_its_address_and_ends_at_the_new_time() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start = now();
            let mut sleep = LoopTimer.sleep(MINUTE);
            let former = place(&sleep);
            LoopTimer.reset(&mut sleep, start + 3 * MINUTE);
            assert_eq!(place(&sleep), former);
            assert!(futures_lite::future::poll_once(&mut sleep).await.is_none());
            // The sleep is registered with the loop's timers now.
            LoopTimer.reset(&mut sleep, start + 2 * MINUTE);
            assert_eq!(place(&sleep), former);
            sleep.as_mut().await;
            assert_eq!(LoopTimer.now() - start, 2 * MINUTE);
            // The sleep is reset after it has elapsed.
            LoopTimer.reset(&mut sleep, start + 4 * MINUTE);
            sleep.as_mut().await;
            assert_eq!(now() - start, 4 * MINUTE);
        });
    });
}

/// A sleep of another timer. It has always elapsed.
struct Over;

impl Sleep for Over {}

impl Future for Over {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::task::Poll::Ready(())
    }
}

#[test]
fn a_sleep_of_another_timer_is_replaced() {
    watched(|| {
        virtual_runtime().block_on(async {
            let start: Instant = now();
            let mut sleep: Pin<Box<dyn Sleep>> = Box::pin(Over);
            LoopTimer.reset(&mut sleep, start + MINUTE);
            sleep.await;
            assert_eq!(now() - start, MINUTE);
        });
    });
}
