//! The `Debug` form of errors.

/// Implements `Debug` for an error by its `Display`: `main` prints the `Debug` form of an error
/// that it returns.
#[macro_export]
macro_rules! debug_as_message {
    ($error:ident $(<$type:ident>)?) => {
        /// The message, which is what `main` prints of an error that it returns.
        impl$(<$type>)? ::std::fmt::Debug for $error$(<$type>)? {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }
    };
}
