//! An error of the program that uses an attribute, and the place to which the compiler points.

use proc_macro::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};

#[derive(Debug)]
pub(crate) struct SyntaxError {
    span: Span,
    message: String,
}

impl SyntaxError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> SyntaxError {
        SyntaxError { span, message: message.into() }
    }

    /// An item that makes the compiler report this error.
    pub(crate) fn into_item(self) -> TokenStream {
        let message = TokenTree::from(Literal::string(&self.message));
        let mut item: TokenStream = "::core::compile_error!".parse().expect("a path and a mark");
        item.extend([TokenTree::from(Group::new(Delimiter::Brace, message.into()))]);
        item.into_iter()
            .map(|mut token| {
                token.set_span(self.span);
                token
            })
            .collect()
    }
}
