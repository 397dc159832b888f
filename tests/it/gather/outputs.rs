//! The outputs of a group, and their order.

use std::cell::Cell;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::Poll;

use aside::group::IntoGather;
use aside::{first_ok, gather, race, try_gather};

use super::controlled::{Gate, Task, run, yields};

async fn after<T>(turns: usize, output: T) -> T {
    yields(turns).await;
    output
}

#[test]
fn a_vector_yields_a_vector_in_its_order_whichever_child_finishes_first() {
    let group: Vec<_> = (0..200).map(|n| after(200 - n, n)).collect();
    assert_eq!(run(gather(group)), (0..200).collect::<Vec<_>>());
}

#[test]
fn an_array_yields_an_array_in_its_order() {
    let outputs: [String; 3] = run(gather([3, 1, 2].map(|n| after(n, n.to_string()))));
    assert_eq!(outputs, ["3", "1", "2"]);
}

#[test]
fn an_iterator_of_unknown_length_yields_a_vector_in_its_order() {
    let odd = (0..10_000).filter(|n| n % 2 == 1).map(|n| after(n % 3, n));
    assert_eq!(odd.size_hint().0, 0);
    let expected: Vec<_> = (0..10_000).filter(|n| n % 2 == 1).collect();
    assert_eq!(run(gather(odd)), expected);
}

#[test]
fn a_tuple_of_twelve_types_yields_a_tuple_of_twelve() {
    let outputs = run(gather((
        after(12, 0_u8),
        after(11, 1_u16),
        after(10, "2"),
        after(9, String::from("3")),
        after(8, [4_u8; 4]),
        after(7, Some(5)),
        ready('6'),
        after(5, ()),
        after(4, 8.0_f64),
        after(3, vec![9]),
        after(2, Box::new(10)),
        after(1, true),
    )));
    let (a, b, c, d, e, f, g, (), i, j, k, l) = outputs;
    assert_eq!((a, b, c, d.as_str(), e, f), (0, 1, "2", "3", [4; 4], Some(5)));
    assert_eq!((g, i, j, *k, l), ('6', 8.0, vec![9], 10, true));
}

#[test]
fn a_tuple_of_one_yields_a_tuple_of_one() {
    assert_eq!(run(gather((after(2, 7),))), (7,));
}

#[test]
fn an_empty_group_is_ready_at_the_first_poll_p79() {
    let task = Task::new();
    let none = || Vec::<std::future::Ready<u8>>::new();
    assert_eq!(task.poll(pin!(gather(none()))), Poll::Ready(vec![]));
    assert_eq!(task.poll(pin!(gather(none()).limit(1))), Poll::Ready(vec![]));
    assert_eq!(task.poll(pin!(gather(none().into_iter().filter(|_| true)))), Poll::Ready(vec![]));
    assert_eq!(task.poll(pin!(gather::<[std::future::Ready<u8>; 0], _>([]))), Poll::Ready([]));
    assert_eq!(task.poll(pin!(gather(()))), Poll::Ready(()));
    let fallible = || Vec::<std::future::Ready<Result<u8, u8>>>::new();
    assert_eq!(task.poll(pin!(try_gather(fallible()))), Poll::Ready(Ok(vec![])));
    assert_eq!(task.poll(pin!(first_ok(fallible()))), Poll::Ready(Err(vec![])));
}

#[test]
fn children_ready_at_the_first_poll_make_a_group_that_is_p80() {
    let task = Task::new();
    assert_eq!(task.poll(pin!(gather([ready(1), ready(2)]))), Poll::Ready([1, 2]));
    assert_eq!(task.poll(pin!(gather((ready(1), ready('2'))))), Poll::Ready((1, '2')));
    let many = task.poll(pin!(gather((0..5_000).map(ready))));
    assert_eq!(many, Poll::Ready((0..5_000).collect()));
    assert_eq!(task.take_wakes(), 0);
}

#[test]
fn children_may_borrow_and_share_cells() {
    let text = String::from("borrowed");
    let total = Cell::new(0);
    let add = async |n: usize| {
        yields(n).await;
        total.set(total.get() + n);
        &text[..n]
    };
    assert_eq!(run(gather([add(3), add(1), add(2)])), ["bor", "b", "bo"]);
    assert_eq!(total.get(), 6);
}

#[test]
fn gathers_nest() {
    let row = |y: usize| gather((0..10).map(move |x| after((x * y) % 4, x * y)));
    let table = run(gather((gather((0..10).map(row)), race((after(5, 'a'), after(3, 'b'))))));
    let expected: Vec<Vec<_>> = (0..10).map(|y| (0..10).map(|x| x * y).collect()).collect();
    assert_eq!(table, (expected, 'b'));
}

#[test]
fn inference_picks_the_kind_of_group_in_generic_code() {
    async fn outputs<M, G>(group: G) -> Vec<u8>
    where
        G: IntoGather<M> + IntoIterator<Item: Future<Output = u8>>,
    {
        gather(group.into_iter()).await
    }
    assert_eq!(run(outputs(vec![ready(1)])), [1]);
    assert_eq!(run(outputs([ready(1), ready(2)])), [1, 2]);
    assert_eq!(run(outputs([1, 2, 3].into_iter().map(ready))), [1, 2, 3]);
}

#[test]
fn try_gather_yields_all_values_in_order_if_none_fails() {
    let good = |n: usize| after(n, Ok::<_, String>(n));
    assert_eq!(run(try_gather([good(2), good(0), good(1)])), Ok([2, 0, 1]));
    assert_eq!(run(try_gather((0..3).map(good))), Ok(vec![0, 1, 2]));
    assert_eq!(run(try_gather((good(1), after(0, Ok('x'))))), Ok((1, 'x')));
}

#[test]
fn try_gather_yields_the_earliest_error() {
    let fail = |n: usize| after(n, Err::<(), _>(n));
    assert_eq!(run(try_gather([fail(3), fail(1), fail(2)])), Err(1));
    let mixed = (after(2, Ok::<_, u8>("fine")), after(1, Err::<char, u8>(9)));
    assert_eq!(run(try_gather(mixed)), Err(9));
}

#[test]
fn a_race_is_won_by_the_lowest_index_of_several_ready_at_once() {
    assert_eq!(run(race((after(1, 'a'), ready('b'), ready('c')))), 'b');
    // Two children are woken before the poll, the one with the higher index first.
    let gates = Gate::many(200);
    let mut group = pin!(race(gates.iter().map(Gate::wait)));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    gates[199].open("last");
    gates[70].open("seventieth");
    assert_eq!(task.poll(group.as_mut()), Poll::Ready("seventieth"));
}

#[test]
fn first_ok_yields_the_first_success_and_not_the_failures_before_it() {
    let group = (after(0, Err("a")), after(2, Ok('b')), after(1, Ok::<_, &str>('c')));
    assert_eq!(run(first_ok(group)), Ok('c'));
}

#[test]
fn first_ok_yields_all_errors_in_order_if_none_succeeds() {
    let fail = |n: usize| after(n, Err::<(), _>(n));
    assert_eq!(run(first_ok([fail(3), fail(1), fail(2)])), Err(vec![3, 1, 2]));
    assert_eq!(run(first_ok((fail(1), fail(0)))), Err(vec![1, 0]));
    assert_eq!(run(first_ok((0..4).map(fail))), Err(vec![0, 1, 2, 3]));
}
