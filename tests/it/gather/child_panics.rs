//! Children and destructors that panic.

use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

use aside::{first_ok, gather, race, try_gather};

use super::controlled::{Bomb, Fuse, Gate, Task, panic_of};

type Child = Pin<Box<dyn Future<Output = Result<u8, u8>>>>;

/// Three children: the second panics when the gate opens, the others wait for ever.
fn children(trigger: &Gate<()>, bystander: &Gate<Result<u8, u8>>) -> Vec<Child> {
    let trigger = trigger.wait();
    vec![
        Box::pin(bystander.wait()),
        Box::pin(async move {
            trigger.await;
            panic!("the child panicked")
        }),
        Box::pin(bystander.wait()),
    ]
}

/// Checks that the panic propagates through the poll at once, and that the siblings stay until the
/// group is dropped.
fn check<F: Future>(name: &str, make: impl FnOnce(Vec<Child>) -> F) {
    let (trigger, bystander) = (Gate::new(), Gate::new());
    let mut group = Box::pin(make(children(&trigger, &bystander)));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    trigger.open(());
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "the child panicked");
    assert_eq!((bystander.polls(), bystander.drops()), (2, 0));
    let again = panic_of(|| task.poll(group.as_mut()));
    assert_eq!(again, format!("{name} polled after a child panicked"));
    task.take_wakes();
    bystander.wake();
    assert_eq!(task.take_wakes(), 0, "a broken group wakes no task");
    drop(group);
    assert_eq!(bystander.drops(), 2);
}

#[test]
fn a_panicking_child_panics_through_a_gather_p84() {
    check("gather", gather);
    check("gather", |children| gather(children).limit(3));
    check("gather", |children| {
        let [a, b, c] = <[Child; 3]>::try_from(children).ok().expect("there are three");
        gather((a, b, c))
    });
}

#[test]
fn a_panicking_child_panics_through_a_try_gather_p84() {
    check("try_gather", try_gather);
}

#[test]
fn a_panicking_child_panics_through_a_race_p84() {
    check("race", race);
}

#[test]
fn a_panicking_child_panics_through_a_first_ok_p84() {
    check("first_ok", first_ok);
}

#[test]
fn the_destructor_of_a_finished_child_counts_as_the_child() {
    let task = Task::new();
    let kept = Rc::new(());
    let mut vector = Box::pin(gather(vec![Fuse::new(Rc::clone(&kept))]));
    assert_eq!(panic_of(|| task.poll(vector.as_mut())), "the fuse burnt");
    assert_eq!(Rc::strong_count(&kept), 1, "the output is lost");
    assert_eq!(panic_of(|| task.poll(vector.as_mut())), "gather polled after a child panicked");
    drop(vector);

    let mut tuple = Box::pin(gather((ready(1), Fuse::new(2))));
    assert_eq!(panic_of(|| task.poll(tuple.as_mut())), "the fuse burnt");
    assert_eq!(panic_of(|| task.poll(tuple.as_mut())), "gather polled after a child panicked");
}

#[test]
fn a_loser_whose_destructor_panics_makes_the_race_panic() {
    let bystander = Gate::<u8>::new();
    let bomb = Bomb("the loser burnt");
    let loser: Pin<Box<dyn Future<Output = u8>>> = Box::pin(async move {
        let _bomb = bomb;
        std::future::pending().await
    });
    let winner = Gate::<u8>::new();
    let mut group =
        Box::pin(race(vec![loser, Box::pin(winner.wait()) as _, Box::pin(bystander.wait()) as _]));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    winner.open(1_u8);
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "the loser burnt");
    assert_eq!(bystander.drops(), 1, "the other losers are dropped all the same");
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "race polled after a child panicked");
}

#[test]
fn a_destructor_that_panics_while_a_group_is_dropped_leaves_no_sibling_behind() {
    let bystander = Gate::<()>::new();
    let bomb = Bomb("dropped while pending");
    let first: Pin<Box<dyn Future<Output = ()>>> = Box::pin(async move {
        let _bomb = bomb;
        std::future::pending().await
    });
    let mut group = Box::pin(gather(vec![first, Box::pin(bystander.wait()) as _]));
    assert!(Task::new().poll(group.as_mut()).is_pending());
    assert_eq!(panic_of(|| drop(group)), "dropped while pending");
    assert_eq!(bystander.drops(), 1);
}
