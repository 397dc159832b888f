//! Futures and closures that are too large for the stack.
//!
//! A value that is passed to a function is copied, and a build without optimisation makes several
//! copies. A thread of 2 MiB, which is std's default, then overflows at a future of some hundred
//! KiB. So each public function moves a large value to the heap before it passes the value on. The
//! compiler decides by the type, so small values pay nothing.

/// The maximum number of bytes of a future or a closure that is passed on by value.
const BYTES_MAX: usize = 4 * 1024;

/// Returns whether a value of this type is moved to the heap before it is passed on.
pub const fn is_large<T>() -> bool {
    size_of::<T>() > BYTES_MAX
}

/// Evaluates an expression that uses the variable `$value` of the type `$type`. If the type is
/// large, the variable is a box in the expression, which `$make` makes.
///
/// ```
/// use std::pin::Pin;
/// use runtime_core::heap_if_large;
///
/// fn size<F: Future>(_future: F) -> usize {
///     size_of::<F>()
/// }
///
/// fn size_as_passed<F: Future>(future: F) -> usize {
///     heap_if_large!(Box::pin, future: F => size(future))
/// }
///
/// let large = [0_u8; 100_000];
/// assert_eq!(size_as_passed(async move { drop(large) }), size_of::<Pin<Box<u8>>>());
/// assert_eq!(size_as_passed(std::future::ready([0_u8; 100])), 101);
/// ```
#[macro_export]
macro_rules! heap_if_large {
    ($make:path, $value:ident: $type:ty => $use:expr) => {
        if const { $crate::large::is_large::<$type>() } {
            let $value = $make($value);
            $use
        } else {
            $use
        }
    };
}
