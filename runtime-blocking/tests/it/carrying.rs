//! A job runs in the context of its submitter. (P61)

use std::cell::Cell;

use runtime_blocking::{Pool, Shutdown};

use crate::wait;

thread_local! {
    static USER: Cell<&'static str> = const { Cell::new("nobody") };
}

fn carrying() -> Pool {
    let builder = Pool::builder().threads_max(1).carry(|| {
        let user = USER.get();
        move |job: &mut dyn FnMut()| {
            let before = USER.replace(user);
            job();
            USER.set(before);
        }
    });
    builder.build()
}

fn user_in_job(pool: &Pool) -> &'static str {
    wait(pool.submit(|| USER.get()).expect("accepted")).expect("it ran")
}

#[test]
fn a_job_sees_its_submitters_context_and_the_next_one_its_own() {
    let pool = carrying();
    USER.set("ada");
    assert_eq!(user_in_job(&pool), "ada");
    USER.set("grace");
    assert_eq!(user_in_job(&pool), "grace");
    let elsewhere = pool.clone();
    let other = std::thread::spawn(move || user_in_job(&elsewhere));
    assert_eq!(other.join().expect("no panic"), "nobody");
}

#[test]
fn a_second_context_is_nested_in_the_first_one() {
    let (sender, entered) = std::sync::mpsc::channel();
    let carry = |name: &'static str| {
        let sender = sender.clone();
        move || {
            let sender = sender.clone();
            move |job: &mut dyn FnMut()| {
                sender.send(name).expect("the test waits");
                job();
                sender.send(name).expect("the test waits");
            }
        }
    };
    let pool = Pool::builder().carry(carry("outer")).carry(carry("inner")).build();
    wait(pool.submit(|| ()).expect("accepted")).expect("it ran");
    pool.shutdown(Shutdown::Wait);
    assert!(entered.try_iter().eq(["outer", "inner", "inner", "outer"]));
}

#[test]
fn without_a_hook_nothing_leaks_from_the_submitter_to_the_worker() {
    USER.set("ada");
    let pool = Pool::builder().threads_max(1).build();
    assert_eq!(user_in_job(&pool), "nobody");
}

#[test]
fn a_context_that_does_not_call_its_job_cancels_it_and_one_that_panics_is_the_jobs_panic() {
    let pool = Pool::builder().carry(|| |_job: &mut dyn FnMut()| ()).build();
    let job = pool.submit(|| panic!("it is not called")).expect("accepted");
    assert!(wait(job).expect_err("cancelled").is_cancelled());

    let pool = Pool::builder().carry(|| |_job: &mut dyn FnMut()| panic!("in the context")).build();
    let error = wait(pool.submit(|| ()).expect("accepted")).expect_err("it panicked");
    assert!(error.is_panic() && error.to_string().contains("in the context"));
}

#[test]
fn a_capture_that_panics_is_the_submitters_panic_and_nothing_is_submitted() {
    fn fail() -> fn(&mut dyn FnMut()) {
        panic!("in the capture")
    }
    let pool = Pool::builder().carry(fail).build();
    let submit = std::panic::AssertUnwindSafe(|| pool.submit(|| ()));
    assert!(std::panic::catch_unwind(submit).is_err());
    assert_eq!((pool.stats().threads, pool.stats().queued), (0, 0));
}
