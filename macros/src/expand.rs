//! The function that replaces the one under an attribute.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::function::{AsyncFunction, name_of};
use crate::options::{Attribute, Options};

/// Expands an attribute. An error is reported at its place; for all other purposes the attribute
/// expands as though the faulty option were not there.
pub(crate) fn expand(attribute: Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let mut options = Options::parse(attribute, options);
    let errors = options.errors.drain(..).map(|error| error.into_item());
    let mut expanded: TokenStream = errors.collect();
    match AsyncFunction::parse(attribute, item.clone()) {
        Ok(function) => expanded.extend(replace(attribute, &options, function)),
        Err(error) => {
            expanded.extend(error.into_item());
            if let Some(name) = name_of(item) {
                expanded.extend(code("#[allow(dead_code)] fn"));
                expanded.extend([TokenTree::from(name)]);
                expanded.extend(code("() {}"));
            }
        }
    }
    expanded
}

/// Writes `fn NAME() -> OUTPUT { async fn NAME() -> OUTPUT { ... } run(NAME()) }`.
fn replace(attribute: Attribute, options: &Options, function: AsyncFunction) -> TokenStream {
    let name = || TokenTree::from(function.name.clone());
    let mut inner = code("#[allow(clippy::unused_async)] async fn");
    inner.extend([name()]);
    inner.extend(code("()"));
    inner.extend(function.output.clone());
    inner.extend([TokenTree::from(function.body.clone())]);
    inner.extend(call(options, &function));

    let mut outer = function.attributes.clone();
    if matches!(attribute, Attribute::Test) {
        outer.extend(code("#[::core::prelude::v1::test]"));
    }
    outer.extend(function.visibility.clone());
    outer.extend(code("fn"));
    outer.extend([name()]);
    outer.extend(code("()"));
    outer.extend(match options.seeds {
        Some(_) if !function.returns_nothing() => code("-> ::std::process::ExitCode"),
        _ => function.output.clone(),
    });
    outer.extend([TokenTree::from(Group::new(Delimiter::Brace, inner))]);
    outer
}

/// The last expression of the new function: the async function is called, and its future is run.
fn call(options: &Options, function: &AsyncFunction) -> TokenStream {
    let mut future = TokenStream::from(TokenTree::from(function.name.clone()));
    future.extend(code("()"));
    let future = Group::new(Delimiter::Parenthesis, future);

    let mut call = options.krate.clone();
    if options.setters.is_empty() && options.seeds.is_none() {
        call.extend(code("::run"));
        call.extend([TokenTree::from(future)]);
        return call;
    }
    call.extend(code("::Runtime::attribute_builder()"));
    call.extend(options.setters.clone());
    let Some(seeds) = options.seeds.clone() else {
        call.extend(code(".build().block_on"));
        call.extend([TokenTree::from(future)]);
        return call;
    };
    // A variable that neither the options nor the function's name can mean.
    let seed = TokenStream::from(TokenTree::from(Ident::new("seed", Span::mixed_site())));
    call.extend(code(".seed"));
    call.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, seed.clone()))]);
    call.extend(code(".build().block_on"));
    call.extend([TokenTree::from(future)]);

    let mut arguments = seeds;
    arguments.extend(code(", |"));
    arguments.extend(seed);
    arguments.extend(code("|"));
    arguments.extend(call);
    let mut all = options.krate.clone();
    all.extend(code("::macro_support::each_seed"));
    all.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, arguments))]);
    if function.returns_nothing() {
        all.extend(code(";"));
    }
    all
}

/// Tokens of the attribute's own.
fn code(text: &str) -> TokenStream {
    text.parse().expect("the text is Rust")
}
