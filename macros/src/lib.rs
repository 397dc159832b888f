//! The attributes `#[aside::main]` and `#[aside::test]` of the runtime aside.
//!
//! Use them through aside, with its feature `macros`; aside documents them. They expand to plain
//! functions:
//!
//! ```text
//! #[aside::main(threads_max = 4)]        fn main() -> io::Result<()> {
//! async fn main() -> io::Result<()> {        async fn main() -> io::Result<()> { ... }
//!     ...                                    ::aside::Runtime::attribute_builder()
//! }                                              .threads_max(4).build().block_on(main())
//!                                        }
//! ```
//!
//! The function is kept as it was written, inside a function of the same name. So the compiler's
//! messages about it are those about any async function. The package has no dependencies, because
//! it reads only a function's signature and a list of options: `function` and `options` read them,
//! and `expand` writes the result.

use proc_macro::TokenStream;

mod expand;
mod function;
mod options;
mod syntax_error;

/// Makes an async function a plain one, which runs a new aside runtime until the function's future
/// is ready. `aside::main` describes the options.
#[proc_macro_attribute]
pub fn main(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(options::Attribute::Main, options, function)
}

/// Makes an async function a test, which runs on a new aside runtime. `aside::test` describes the
/// options.
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(options::Attribute::Test, options, function)
}
