//! The functions of `aside.h`, in its order. The header documents them.
#![expect(unsafe_code, reason = "C calls these functions by their names, with raw pointers")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::time::Duration;

use aside::blocking::Shutdown;

use crate::callback::{Callback, Done, Job, Pointer, Work};
use crate::failure::{Failure, code, guard, set_message, text, with_message};
use crate::hosted::Hosted;
use crate::registry;

/// Makes a runtime.
///
/// # Safety
/// `runtime` is NULL, or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aside_new(threads_max: c_uint, runtime: *mut u64) -> c_int {
    guard(|| {
        if runtime.is_null() {
            return Err(Failure::new(code::EINVAL, "`runtime` is NULL"));
        }
        let threads_max = usize::try_from(threads_max).unwrap_or(usize::MAX);
        let hosted = Hosted::new(threads_max).map_err(|e| Failure::new(code::ESYSTEM, e))?;
        let number = registry::insert(hosted)?;
        // SAFETY: it is not NULL, so the caller promises that it may be written to.
        unsafe { runtime.write(number) };
        Ok(code::OK)
    })
}

/// Returns the descriptor to wait for.
#[unsafe(no_mangle)]
pub extern "C" fn aside_fd(runtime: u64) -> c_int {
    guard(|| Ok(registry::get(runtime)?.descriptor()))
}

/// Returns the timeout for `poll`.
#[unsafe(no_mangle)]
pub extern "C" fn aside_next_turn_ms(runtime: u64) -> c_int {
    guard(|| Ok(registry::get(runtime)?.next_turn_ms()))
}

/// Turns the loop once.
#[unsafe(no_mangle)]
pub extern "C" fn aside_turn(runtime: u64) -> c_int {
    guard(|| registry::get(runtime)?.turn().map(|()| code::OK))
}

/// Submits a job.
///
/// # Safety
/// `name` is NULL or a string. `work` may be called once with `data` on another thread, and `done`
/// on this thread. `operation` is NULL, or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aside_submit(
    runtime: u64,
    name: *const c_char,
    work: Option<Work>,
    data: *mut c_void,
    done: Option<Done>,
    operation: *mut u64,
) -> c_int {
    guard(|| {
        let work = work.ok_or_else(|| Failure::new(code::EINVAL, "`work` is NULL"))?;
        let done = done.ok_or_else(|| Failure::new(code::EINVAL, "`done` is NULL"))?;
        let name = if name.is_null() {
            c"job"
        } else {
            // SAFETY: it is not NULL, so the caller promises that it is a string, for this call.
            unsafe { CStr::from_ptr(name) }
        };
        let name = name.to_str().map_err(|_| Failure::new(code::EINVAL, "`name` is not UTF-8"))?;
        let hosted = registry::get(runtime)?;
        let data = Pointer::new(data);
        // SAFETY: the caller promises that `work` may be called once on another thread.
        let job = unsafe { Job::new(work, data) };
        // SAFETY: the caller promises that `done` may be called once on this thread.
        let callback = unsafe { Callback::new(done, data) };
        let number = hosted.submit(name, job, callback)?;
        // SAFETY: the caller promises that `operation` is NULL, or may be written to.
        unsafe { store(operation, number) };
        Ok(code::OK)
    })
}

/// Starts a sleep.
///
/// # Safety
/// `done` may be called once with `data` on this thread. `operation` is NULL, or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aside_sleep(
    runtime: u64,
    milliseconds: u64,
    done: Option<Done>,
    data: *mut c_void,
    operation: *mut u64,
) -> c_int {
    guard(|| {
        let done = done.ok_or_else(|| Failure::new(code::EINVAL, "`done` is NULL"))?;
        let hosted = registry::get(runtime)?;
        // SAFETY: the caller promises that `done` may be called once on this thread.
        let callback = unsafe { Callback::new(done, Pointer::new(data)) };
        let number = hosted.sleep(Duration::from_millis(milliseconds), callback);
        // SAFETY: the caller promises that `operation` is NULL, or may be written to.
        unsafe { store(operation, number) };
        Ok(code::OK)
    })
}

/// Writes the number of an operation.
///
/// # Safety
/// `operation` is NULL, or may be written to.
unsafe fn store(operation: *mut u64, number: u64) {
    if !operation.is_null() {
        // SAFETY: it is not NULL, so the caller promises that it may be written to.
        unsafe { operation.write(number) }
    }
}

/// Cancels an operation.
#[unsafe(no_mangle)]
pub extern "C" fn aside_cancel(runtime: u64, operation: u64) -> c_int {
    guard(|| registry::get(runtime)?.cancel(operation).map(|()| code::OK))
}

/// Returns whether the current job was requested to end.
#[unsafe(no_mangle)]
pub extern "C" fn aside_is_cancelled() -> c_int {
    guard(|| Ok(c_int::from(aside::blocking::is_cancelled())))
}

/// Shuts a runtime down.
#[unsafe(no_mangle)]
pub extern "C" fn aside_shutdown(runtime: u64, milliseconds: c_int) -> c_int {
    guard(|| {
        let how = match u64::try_from(milliseconds) {
            Ok(limit) => Shutdown::WaitAtMost(Duration::from_millis(limit)),
            Err(_) if milliseconds == -1 => Shutdown::Wait,
            Err(_) => return Err(Failure::new(code::EINVAL, "`milliseconds` is less than -1")),
        };
        let (left_running, report) = registry::take(runtime)?.shutdown(how);
        if left_running > 0 {
            set_message(report);
        }
        Ok(left_running)
    })
}

/// Returns one line about a code.
#[unsafe(no_mangle)]
pub extern "C" fn aside_strerror(code: c_int) -> *const c_char {
    text(code).as_ptr()
}

/// Returns the last message of this thread.
#[unsafe(no_mangle)]
pub extern "C" fn aside_message() -> *const c_char {
    with_message(CStr::as_ptr)
}
