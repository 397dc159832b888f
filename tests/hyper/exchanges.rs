//! Requests and their responses.

use std::cell::Cell;
use std::rc::Rc;

use aside::{gather, spawn, yield_now};
use hyper::Response;

use crate::peers::{BOTH, Version, connect, connected, read, serve, text};
use crate::watchdog::watched;

#[test]
fn requests_on_one_connection_are_answered_one_after_the_other() {
    watched(|| {
        for version in BOTH {
            aside::run(async {
                let (near, far) = connected().await;
                let served = Rc::new(Cell::new(0));
                let counter = Rc::clone(&served);
                let server = serve(version, far, async move |request| {
                    counter.set(counter.get() + 1);
                    Response::new(text(format!("{} {}", counter.get(), request.uri().path())))
                });
                let (mut sender, connection) = connect(version, near).await;
                for number in 1..=20 {
                    let response = sender.send(&format!("/{number}"), text("")).await;
                    assert_eq!(response.status(), 200);
                    assert_eq!(read(response).await, format!("{number} /{number}"));
                }
                drop(sender);
                connection.await.unwrap().unwrap();
                server.await.unwrap().unwrap();
                assert_eq!(served.get(), 20);
            });
        }
    });
}

// Each request is a task of the loop, which the executor of `compat` spawns. The last request is
// answered first.
#[test]
fn http_2_requests_on_one_connection_overtake_each_other() {
    watched(|| {
        aside::run(async {
            const REQUESTS: u32 = 50;
            let (near, far) = connected().await;
            let arrived = Rc::new(Cell::new(0_u32));
            let order = Rc::new(Cell::new(REQUESTS));
            let turn = Rc::clone(&order);
            let server = serve(Version::Two, far, async move |_| {
                let number = arrived.get();
                arrived.set(number + 1);
                while turn.get() != number + 1 {
                    yield_now().await;
                }
                turn.set(number);
                Response::new(text(number.to_string()))
            });
            let (sender, connection) = connect(Version::Two, near).await;
            let crate::peers::Sender::Two(sender) = sender else { unreachable!() };
            let requests = (0..REQUESTS).map(|_| {
                let mut sender = crate::peers::Sender::Two(sender.clone());
                spawn(async move { read(sender.send("/", text("")).await).await })
            });
            let requests: Vec<_> = requests.collect();
            let mut numbers: Vec<u32> = Vec::new();
            for text in gather(requests).await {
                numbers.push(text.unwrap().parse().unwrap());
            }
            numbers.sort_unstable();
            assert!(numbers.iter().copied().eq(0..REQUESTS));
            assert_eq!(order.get(), 0);
            drop(sender);
            connection.await.unwrap().unwrap();
            server.await.unwrap().unwrap();
        });
    });
}

#[test]
fn a_panic_in_a_service_ends_its_own_task_alone() {
    watched(|| {
        aside::run(async {
            let (near, far) = connected().await;
            let server = serve(Version::Two, far, async |request| {
                assert_ne!(request.uri().path(), "/bad", "as meant");
                Response::new(text("good"))
            });
            let (mut sender, connection) = connect(Version::Two, near).await;
            assert!(sender.try_send("/bad", text("")).await.is_err());
            assert_eq!(read(sender.send("/good", text("")).await).await, "good");
            drop(sender);
            connection.await.unwrap().unwrap();
            server.await.unwrap().unwrap();
        });
    });
}
