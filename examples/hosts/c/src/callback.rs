//! The functions of C that the library calls: a job, and the callback at its end.
#![expect(unsafe_code, reason = "a function pointer of C is called")]

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

use crate::failure::code;

/// `aside_work`: a job.
pub type Work = unsafe extern "C" fn(data: *mut c_void) -> *mut c_void;

/// `aside_done`: a callback.
pub type Done = unsafe extern "C" fn(data: *mut c_void, status: c_int, result: *mut c_void);

/// A pointer of the C program. The library never dereferences it.
#[derive(Clone, Copy, Debug)]
pub struct Pointer(*mut c_void);

// SAFETY: the pointer is only handed from one thread to another, as `pthread_create` does. The
// header says of each pointer which thread receives it, and when.
unsafe impl Send for Pointer {}

impl Pointer {
    /// Wraps a pointer of the C program.
    pub fn new(pointer: *mut c_void) -> Pointer {
        Pointer(pointer)
    }

    /// The result of an operation that has none.
    pub fn null() -> Pointer {
        Pointer(ptr::null_mut())
    }
}

/// A function of C and its argument, to call once on a thread of the pool.
#[derive(Debug)]
pub struct Job {
    work: Work,
    data: Pointer,
}

impl Job {
    /// A job that calls `work(data)`.
    ///
    /// # Safety
    /// `work` may be called once with `data`, on another thread, at any later time.
    pub unsafe fn new(work: Work, data: Pointer) -> Job {
        Job { work, data }
    }

    /// Calls the function.
    pub fn run(self) -> Pointer {
        // SAFETY: `new` requires that this call is allowed, and it is made once.
        Pointer(unsafe { (self.work)(self.data.0) })
    }
}

/// A callback, which is called exactly once: by [`finish`](Callback::finish), or when it is
/// dropped, as cancelled.
#[derive(Debug)]
pub struct Callback {
    done: Done,
    data: Pointer,
    is_armed: bool,
    /// Keeps the callback on its thread.
    not_send: PhantomData<*mut ()>,
}

impl Callback {
    /// A callback that calls `done` with `data`.
    ///
    /// # Safety
    /// `done` may be called once with `data`, on this thread, at any later time.
    pub unsafe fn new(done: Done, data: Pointer) -> Callback {
        Callback { done, data, is_armed: true, not_send: PhantomData }
    }

    /// Drops the callback without a call, because the operation was not accepted.
    pub fn disarm(mut self) {
        self.is_armed = false;
    }

    /// Calls the function with a status and a result.
    pub fn finish(mut self, status: c_int, result: Pointer) {
        self.call(status, result);
    }

    fn call(&mut self, status: c_int, result: Pointer) {
        if std::mem::replace(&mut self.is_armed, false) {
            // SAFETY: `new` requires that one call is allowed on the thread that made the callback.
            // The callback is not `Send`, so this is that thread. The flag permits no other call.
            unsafe { (self.done)(self.data.0, status, result.0) }
        }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.call(code::ECANCELLED, Pointer::null());
    }
}
