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

/// The encoding of a length.
fn length(length: u64) -> Vec<u8> {
    postcard::to_stdvec(&length).unwrap()
}

#[derive(Debug, Serialize, Deserialize)]
enum Nested {
    Units { many: Vec<()> },
    Pair((), Option<Box<Nested>>),
    Map(std::collections::BTreeMap<u8, Vec<((), [(); 3])>>),
}

// P131.
#[test]
fn a_false_length_of_elements_without_bytes_is_an_error() {
    let stack = StackLimit::unknown();
    let is_refused = |why: Box<str>| why.contains("too many elements");
    assert!(is_refused(decode::<Vec<()>>(&length(u64::MAX), stack).unwrap_err()));
    let units = [vec![0], length(1 << 60)].concat();
    assert!(is_refused(decode::<Nested>(&units, stack).unwrap_err()));
    let pair = [vec![1, 1], units].concat();
    assert!(is_refused(decode::<Nested>(&pair, stack).unwrap_err()));
    let map = [vec![2, 2, 7, 0, 8], length(1 << 60)].concat();
    assert!(is_refused(decode::<Nested>(&map, stack).unwrap_err()));
    // Elements that take bytes end with the bytes.
    assert!(!is_refused(decode::<Vec<u8>>(&length(u64::MAX), stack).unwrap_err()));
}

#[test]
fn values_of_every_shape_are_decoded() {
    let stack = StackLimit::unknown();
    assert_eq!(decode::<Vec<()>>(&length(1_000_000), stack).unwrap().len(), 1_000_000);
    let map = [(3, vec![((), [(); 3])]), (4, Vec::new())];
    let value = (
        (true, -1_i8, 2_u16, -3_i32, 4_u64, 5_u128, 6.5_f64, 'c'),
        ("text".to_owned(), vec![Some(1), None], Box::new([1_u8, 2])),
        [
            Nested::Map(map.into()),
            Nested::Pair((), Some(Box::new(Nested::Units { many: vec![()] }))),
        ],
    );
    let mut bytes = Vec::new();
    encode_onto(&mut bytes, &value, stack).unwrap();
    assert_eq!(bytes, postcard::to_stdvec(&value).unwrap());
    type Value = (
        (bool, i8, u16, i32, u64, u128, f64, char),
        (String, Vec<Option<i32>>, Box<[u8; 2]>),
        [Nested; 2],
    );
    let decoded: Value = decode(&bytes, stack).unwrap();
    assert_eq!(format!("{decoded:?}"), format!("{value:?}"));
}
