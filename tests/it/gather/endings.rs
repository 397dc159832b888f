//! The time at which children are dropped, and the behaviour of a group after its end.

use std::future::{Ready, pending, ready};
use std::pin::pin;
use std::task::Poll;

use aside::{first_ok, gather, race, try_gather};

use super::controlled::{Gate, Task, panic_of};

fn drops<T>(gates: &[Gate<T>]) -> Vec<usize> {
    gates.iter().map(Gate::drops).collect()
}

#[test]
fn a_finished_child_is_dropped_at_once_p36() {
    let gates = Gate::many(3);
    let mut tuple = pin!(gather((gates[0].wait(), gates[1].wait())));
    let mut vector = pin!(gather(vec![gates[2].wait()].into_iter().chain([gates[1].wait()])));
    let task = Task::new();
    assert!(task.poll(tuple.as_mut()).is_pending());
    assert!(task.poll(vector.as_mut()).is_pending());
    gates[0].open(0);
    gates[2].open(2);
    assert!(task.poll(tuple.as_mut()).is_pending());
    assert!(task.poll(vector.as_mut()).is_pending());
    assert_eq!(drops(&gates), [1, 0, 1]);
}

#[test]
fn a_group_dropped_while_pending_drops_every_child_once() {
    let gates = Gate::<()>::many(200);
    let task = Task::new();
    let mut group = Box::pin(gather(gates.iter().map(Gate::wait)));
    assert!(task.poll(group.as_mut()).is_pending());
    gates[7].open(());
    assert!(task.poll(group.as_mut()).is_pending());
    drop(group);
    assert_eq!(drops(&gates), [1; 200]);
}

#[test]
fn a_group_never_polled_drops_every_child_once() {
    let gates = Gate::<()>::many(12);
    drop(gather(gates.iter().map(Gate::wait).collect::<Vec<_>>()));
    drop(gather((gates[0].wait(), gates[1].wait())));
    assert_eq!(drops(&gates), [2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn children_that_were_not_started_are_dropped_with_the_group() {
    let gates = Gate::<()>::many(5);
    let task = Task::new();
    let mut group = Box::pin(gather(gates.iter().map(Gate::wait).collect::<Vec<_>>()).limit(2));
    assert!(task.poll(group.as_mut()).is_pending());
    drop(group);
    assert_eq!(drops(&gates), [1; 5]);
}

#[test]
fn the_first_error_drops_the_others_before_it_is_returned() {
    let gates = Gate::<Result<u8, &str>>::many(4);
    let mut group = pin!(try_gather(gates.iter().map(Gate::wait)));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    gates[1].open(Ok(1));
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!(drops(&gates), [0, 1, 0, 0]);
    gates[2].open(Err("broken"));
    gates[3].open(Err("broken too"));
    assert_eq!(task.poll(group.as_mut()), Poll::Ready(Err("broken")));
    assert_eq!(drops(&gates), [1; 4]);
    assert_eq!(gates[3].polls(), 1);
}

#[test]
fn the_winner_of_a_race_ends_the_losers() {
    let gates = Gate::many(3);
    let mut group = pin!(race((gates[0].wait(), gates[1].wait(), gates[2].wait())));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    gates[2].open("third");
    assert_eq!(task.poll(group.as_mut()), Poll::Ready("third"));
    assert_eq!(drops(&gates), [1; 3]);
}

#[test]
fn the_first_success_drops_the_others() {
    let gates = Gate::<Result<u8, u8>>::many(3);
    let mut group = pin!(first_ok([gates[0].wait(), gates[1].wait(), gates[2].wait()]));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    gates[0].open(Err(0));
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!(drops(&gates), [1, 0, 0]);
    gates[1].open(Ok(1));
    assert_eq!(task.poll(group.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(drops(&gates), [1; 3]);
}

#[test]
fn a_race_without_children_panics_at_the_call_or_at_the_first_poll() {
    let empty = "race of no futures: there is no winner";
    assert_eq!(panic_of(|| race(Vec::<Ready<()>>::new())), empty);
    assert_eq!(panic_of(|| race::<[Ready<()>; 0], _>([])), empty);
    let none = || [ready(1)].into_iter().filter(|_| false);
    let mut found_out = Box::pin(race(none()));
    assert_eq!(panic_of(|| Task::new().poll(found_out.as_mut())), empty);
}

#[test]
fn a_group_polled_after_completion_panics_with_a_clear_message() {
    let task = Task::new();
    let mut group = pin!(gather((ready(1), ready(2))));
    assert!(task.poll(group.as_mut()).is_ready());
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "gather polled after completion");
    let mut group = pin!(try_gather([ready(Err::<(), _>(1))]));
    assert!(task.poll(group.as_mut()).is_ready());
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "try_gather polled after completion");
    let mut group = pin!(race([ready(1)]));
    assert!(task.poll(group.as_mut()).is_ready());
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "race polled after completion");
    let mut group = pin!(first_ok([ready(Ok::<_, ()>(1))]));
    assert!(task.poll(group.as_mut()).is_ready());
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "first_ok polled after completion");
}

#[test]
fn the_debug_format_names_the_combinator_and_its_pending_children() {
    let mut group = Box::pin(race((pending::<()>(), pending())));
    assert!(Task::new().poll(group.as_mut()).is_pending());
    assert_eq!(format!("{group:?}"), "race { state: Running, running: 2, .. }");
}
