//! P99: names whose lookups hang. A name of these tests is looked up by the test itself.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::mpsc;

use futures_lite::future::poll_once;
use runtime_core::metadata::Metadata;

use super::look_up;
use crate::Runtime;

/// A name whose lookup reports that it has begun, and ends when the test drops its sender.
struct SlowName {
    began: mpsc::Sender<()>,
    answer: mpsc::Receiver<()>,
}

impl SlowName {
    fn resolve(self) -> io::Result<Vec<SocketAddr>> {
        self.began.send(()).unwrap();
        let _dropped = self.answer.recv();
        Ok(Vec::new())
    }
}

type Found = io::Result<Vec<SocketAddr>>;

/// Submits a lookup that hangs until the sender is dropped. The receiver tells when it begins.
async fn submit() -> (mpsc::Sender<()>, mpsc::Receiver<()>, Pin<Box<impl Future<Output = Found>>>) {
    let (answers, answer) = mpsc::channel();
    let (began, has_begun) = mpsc::channel();
    let mut lookup =
        Box::pin(look_up(Metadata::here(), move || SlowName { began, answer }.resolve()));
    assert!(poll_once(lookup.as_mut()).await.is_none());
    (answers, has_begun, lookup)
}

/// Begins a lookup that hangs until the sender is dropped.
async fn hang() -> (mpsc::Sender<()>, Pin<Box<impl Future<Output = Found>>>) {
    let (answers, has_begun, lookup) = submit().await;
    crate::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
    (answers, lookup)
}

/// A lookup that ends at once.
fn quick() -> impl Future<Output = Found> {
    look_up(Metadata::here(), || Ok(vec![(Ipv4Addr::LOCALHOST, 1).into()]))
}

/// The number of lookups that run.
fn running() -> usize {
    let running = crate::Handle::current().pool().running();
    running.into_iter().filter(|running| running.lane == "dns").count()
}

// P99.
#[test]
fn lookups_that_were_given_up_stop_no_other_lookup() {
    let runtime = Runtime::builder().lookups_max(2).build();
    runtime.block_on(async {
        let mut answers = Vec::new();
        for _ in 0..6 {
            let (answer, lookup) = hang().await;
            answers.push(answer);
            drop(lookup);
        }
        assert_eq!(quick().await.unwrap().len(), 1);
        assert!(running() >= 6);
    });
}

// P99.
#[test]
fn lookups_that_are_awaited_count_until_they_end() {
    let runtime = Runtime::builder().lookups_max(2).build();
    runtime.block_on(async {
        let ((first_answer, first), (_second_answer, second)) = (hang().await, hang().await);
        let mut waiting = Box::pin(quick());
        assert!(poll_once(waiting.as_mut()).await.is_none());
        drop(first_answer);
        assert!(first.await.unwrap().is_empty());
        assert_eq!(waiting.await.unwrap().len(), 1);
        drop(second);
    });
}

// P99.
#[test]
fn lookups_occupy_four_threads_for_each_place_at_most() {
    let runtime = Runtime::builder().lookups_max(1).build();
    runtime.block_on(async {
        let mut answers = Vec::new();
        for _ in 0..4 {
            let (answer, lookup) = hang().await;
            answers.push(answer);
            drop(lookup);
        }
        let mut waiting = Box::pin(quick());
        assert!(poll_once(waiting.as_mut()).await.is_none());
        assert_eq!(running(), 4);
        answers.pop();
        assert_eq!(waiting.await.unwrap().len(), 1);
    });
}

// P99.
#[test]
fn lookups_leave_half_of_the_threads_of_a_small_pool_to_other_jobs() {
    let runtime = Runtime::builder().threads_max(4).build();
    runtime.block_on(async {
        let hung = [hang().await, hang().await];
        let (answer, has_begun, lookup) = submit().await;
        for _ in 0..3 {
            crate::spawn_blocking(|| ()).await.unwrap();
        }
        assert_eq!(running(), 2);
        assert!(has_begun.try_recv().is_err());
        drop((hung, answer));
        assert!(lookup.await.unwrap().is_empty());
    });
}

// P99.
#[test]
fn a_pool_of_one_thread_looks_names_up() {
    let runtime = Runtime::builder().threads_max(1).build();
    assert_eq!(runtime.block_on(quick()).unwrap().len(), 1);
}

// P99.
#[test]
fn by_default_thirty_one_hung_lookups_leave_room_for_another() {
    crate::run(async {
        let mut hung = Vec::new();
        for _ in 0..31 {
            hung.push(hang().await);
        }
        assert_eq!(quick().await.unwrap().len(), 1);
        hung.clear();
    });
}
