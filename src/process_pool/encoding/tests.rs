//! Values that are nested more deeply than the stack allows.

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Serialize, Deserialize)]
enum List {
    Nil,
    Cons(Box<List>),
}

const STACK: usize = 4 * 1024 * 1024;

/// Runs the test on a thread with a stack of this size.
fn on_stack(bytes: usize, test: impl FnOnce(StackLimit) + Send + 'static) {
    let body = move || test(StackLimit::of_thread(bytes));
    std::thread::Builder::new().stack_size(bytes).spawn(body).unwrap().join().unwrap();
}

/// Drops a list without recursion.
fn unwind(mut list: List) {
    while let List::Cons(next) = list {
        list = *next;
    }
}

// P128.
#[test]
fn a_value_that_fits_the_stack_is_decoded_and_a_deeper_one_is_an_error() {
    on_stack(STACK, |stack| {
        for depth in [0, 1, 1_000] {
            let bytes = [vec![1; depth], vec![0]].concat();
            unwind(decode::<List>(&bytes, stack).unwrap());
        }
        for depth in [100_000, 10_000_000] {
            let bytes = [vec![1; depth], vec![0]].concat();
            let why = decode::<List>(&bytes, stack).err().unwrap();
            assert!(why.contains("nested too deeply"), "{why}");
        }
    });
}

// P128.
#[test]
fn an_argument_that_is_nested_too_deeply_is_an_error() {
    on_stack(STACK, |stack| {
        let mut list = List::Nil;
        for _ in 0..1_000_000 {
            list = List::Cons(Box::new(list));
        }
        let mut bytes = vec![7];
        let why = encode_onto(&mut bytes, &list, stack).unwrap_err();
        assert!(why.contains("nested too deeply"), "{why}");
        unwind(list);
        encode_onto(&mut bytes, &List::Nil, stack).unwrap();
        assert_eq!(bytes, [0]);
    });
}

#[test]
fn malformed_bytes_are_errors_of_their_own() {
    let stack = StackLimit::unknown();
    assert!(decode::<u8>(&[], stack).is_err_and(|why| !why.contains("nested")));
    assert_eq!(&*decode::<u8>(&[1, 2], stack).unwrap_err(), "1 bytes are left over");
    assert_eq!(decode::<u8>(&[1], stack).unwrap(), 1);
}
