//! Errors as C sees them: a code, and a message on the side.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The codes of `aside.h`. The value -1 is none of them, because it is a timeout for `poll`.
pub mod code {
    use std::ffi::c_int;

    /// No error.
    pub const OK: c_int = 0;
    /// An argument is not valid.
    pub const EINVAL: c_int = -2;
    /// The runtime belongs to another thread.
    pub const ETHREAD: c_int = -3;
    /// There is no such runtime.
    pub const EGONE: c_int = -4;
    /// The runtime is being turned.
    pub const ETURNING: c_int = -5;
    /// The operation was cancelled.
    pub const ECANCELLED: c_int = -6;
    /// The pool refused the job.
    pub const EREFUSED: c_int = -7;
    /// The job still runs after the shutdown.
    pub const ERUNNING: c_int = -8;
    /// An error of the operating system.
    pub const ESYSTEM: c_int = -9;
    /// There is no such operation.
    pub const ENOENT: c_int = -10;
    /// A panic was caught at the border.
    pub const EPANIC: c_int = -11;
}

/// Returns one line about a code.
pub fn text(code: c_int) -> &'static CStr {
    match code {
        code::OK => c"no error",
        code::EINVAL => c"an argument is NULL or not valid",
        code::ETHREAD => c"the runtime belongs to another thread",
        code::EGONE => c"there is no such runtime on this thread",
        code::ETURNING => c"the runtime is being turned by a caller of this function",
        code::ECANCELLED => c"the operation was cancelled",
        code::EREFUSED => c"the pool refused the job",
        code::ERUNNING => c"the job still runs",
        code::ESYSTEM => c"an error of the operating system",
        code::ENOENT => c"there is no such operation",
        code::EPANIC => c"a bug in the library",
        _ => c"not an error of this library",
    }
}

/// The reason why a call of C failed.
#[derive(Debug)]
pub struct Failure {
    /// One of the codes.
    pub code: c_int,
    /// The message, if there is more to say than the code's own text.
    pub detail: Option<String>,
}

impl Failure {
    /// A failure that says more than its code does.
    pub fn new(code: c_int, detail: impl ToString) -> Failure {
        Failure { code, detail: Some(detail.to_string()) }
    }
}

impl From<c_int> for Failure {
    fn from(code: c_int) -> Failure {
        Failure { code, detail: None }
    }
}

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::default();
}

/// Runs the body of a function that C calls. A failure, or a panic, becomes a code and a message.
pub fn guard(body: impl FnOnce() -> Result<c_int, Failure>) -> c_int {
    // Each body either changes nothing or leaves the runtime as a panic in a task would.
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => return value,
        Ok(Err(failure)) => failure,
        Err(payload) => {
            let failure = Failure::new(code::EPANIC, panic_text(&*payload));
            // Dropping a payload may panic again. This happens only after a bug, so it may leak.
            std::mem::forget(payload);
            failure
        }
    };
    match failure.detail {
        Some(detail) => set_message(detail),
        None => store_message(text(failure.code).to_owned()),
    }
    failure.code
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a text".to_owned())
}

/// Stores what [`with_message`] shows. C ends a string at its first zero byte.
pub fn set_message(text: String) {
    let mut bytes = text.into_bytes();
    bytes.retain(|byte| *byte != 0);
    store_message(CString::new(bytes).unwrap_or_default());
}

fn store_message(message: CString) {
    // The thread may be exiting, and its message gone.
    let _gone = MESSAGE.try_with(|place| drop(place.replace(message)));
}

/// Shows the message of the calling thread.
pub fn with_message<T>(show: impl FnOnce(&CStr) -> T) -> T {
    let mut show = Some(show);
    let shown = MESSAGE.try_with(|place| show.take().map(|show| show(&place.borrow())));
    match (shown, show) {
        (Ok(Some(shown)), _) => shown,
        (_, Some(show)) => show(c""),
        (_, None) => unreachable!("`show` is only taken to be called"),
    }
}

#[cfg(test)]
mod tests {
    use super::{code, guard, set_message, text, with_message};

    fn message() -> String {
        with_message(|message| message.to_string_lossy().into_owned())
    }

    #[test]
    fn a_panic_stops_at_the_border_and_becomes_a_code_and_a_message() {
        assert_eq!(guard(|| panic!("of {}", "a bug")), code::EPANIC);
        assert_eq!(message(), "of a bug");
        assert_eq!(guard(|| std::panic::panic_any(7)), code::EPANIC);
        assert_eq!(message(), "a panic without a text");
    }

    #[test]
    fn a_failure_without_a_detail_has_the_text_of_its_code() {
        assert_eq!(guard(|| Err(code::ENOENT.into())), code::ENOENT);
        assert_eq!(message(), text(code::ENOENT).to_string_lossy());
        assert_eq!(guard(|| Ok(7)), 7);
        assert_eq!(message(), text(code::ENOENT).to_string_lossy());
    }

    #[test]
    fn a_message_with_a_zero_byte_is_kept_whole() {
        set_message("a\0b".to_owned());
        assert_eq!(message(), "ab");
    }
}
