//! The function under an attribute: its parts, and the reasons to refuse it.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::options::Attribute;
use crate::syntax_error::SyntaxError;

/// An async function without arguments.
pub(crate) struct AsyncFunction {
    /// Its other attributes, documentation comments included.
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    /// The arrow and the type after it; nothing if the function returns nothing.
    pub(crate) output: TokenStream,
    pub(crate) body: Group,
}

impl AsyncFunction {
    /// Splits a function into its parts.
    pub(crate) fn parse(
        attribute: Attribute,
        item: TokenStream,
    ) -> Result<AsyncFunction, SyntaxError> {
        let tokens = ungrouped(item);
        let mut rest = &tokens[..];
        let attributes = take_attributes(attribute, &mut rest)?;
        let visibility = take_qualifiers(attribute, &mut rest)?;
        let Some(TokenTree::Ident(name)) = rest.first().cloned() else {
            return Err(not_a_function(attribute, rest));
        };
        let Some((TokenTree::Group(body), signature)) = rest[1..].split_last() else {
            return Err(not_a_function(attribute, rest));
        };
        if body.delimiter() != Delimiter::Brace {
            return Err(SyntaxError::new(body.span(), "the function has no body"));
        }
        let output = match signature {
            [TokenTree::Group(arguments), output @ ..] if arguments.stream().is_empty() => output,
            [TokenTree::Group(arguments), ..] => {
                let message = format!("a function under `{attribute}` has no arguments");
                return Err(SyntaxError::new(arguments.span(), message));
            }
            generics => {
                let message = format!("a function under `{attribute}` has no generic parameters");
                return Err(SyntaxError::new(span_of(generics), message));
            }
        };
        let output = output.iter().cloned().collect();
        Ok(AsyncFunction { attributes, visibility, name, output, body: body.clone() })
    }

    /// Returns true if the function returns `()`.
    pub(crate) fn returns_nothing(&self) -> bool {
        let output: Vec<TokenTree> = self.output.clone().into_iter().collect();
        match &output[..] {
            [] => true,
            [_, _, TokenTree::Group(unit)] => {
                unit.delimiter() == Delimiter::Parenthesis && unit.stream().is_empty()
            }
            _ => false,
        }
    }
}

/// The name of a function that is refused. A function of this name prevents further errors, such as
/// that the program has no `main`.
pub(crate) fn name_of(item: TokenStream) -> Option<Ident> {
    let tokens = ungrouped(item);
    let name = tokens.windows(2).find(|pair| is_word(&pair[0], "fn"))?;
    match &name[1] {
        TokenTree::Ident(name) => Some(name.clone()),
        _ => None,
    }
}

/// The tokens, without the invisible groups around the fragments of a `macro_rules` macro.
fn ungrouped(stream: TokenStream) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    for token in stream {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                tokens.extend(ungrouped(group.stream()));
            }
            token => tokens.push(token),
        }
    }
    tokens
}

/// Takes the attributes before a function, and refuses a second one of the same kind.
fn take_attributes(
    attribute: Attribute,
    rest: &mut &[TokenTree],
) -> Result<TokenStream, SyntaxError> {
    let mut attributes = Vec::new();
    while let [mark, TokenTree::Group(group), after @ ..] = *rest {
        if !is_sign(mark, '#') {
            break;
        }
        let is_end =
            |token: &TokenTree| matches!(token, TokenTree::Group(_)) || is_sign(token, '=');
        let path = group.stream().into_iter().take_while(|token| !is_end(token));
        if path.last().is_some_and(|word| is_word(&word, attribute.word())) {
            let role = match attribute {
                Attribute::Main => "the main function",
                Attribute::Test => "a test",
            };
            let message =
                format!("a second attribute that makes this {role}: `{attribute}` is enough");
            return Err(SyntaxError::new(group.span(), message));
        }
        attributes.extend_from_slice(&rest[..2]);
        *rest = after;
    }
    Ok(attributes.into_iter().collect())
}

/// Takes everything up to `fn`, and returns the visibility.
fn take_qualifiers(
    attribute: Attribute,
    rest: &mut &[TokenTree],
) -> Result<TokenStream, SyntaxError> {
    let Some(end) = rest.iter().position(|token| is_word(token, "fn")) else {
        return Err(not_a_function(attribute, rest));
    };
    let (qualifiers, after) = rest.split_at(end);
    let length = match qualifiers {
        [public, TokenTree::Group(_), ..] if is_word(public, "pub") => 2,
        [public, ..] if is_word(public, "pub") => 1,
        _ => 0,
    };
    let (visibility, qualifiers) = qualifiers.split_at(length);
    // As in `const F: fn()`.
    if !qualifiers.iter().all(is_qualifier) {
        return Err(not_a_function(attribute, rest));
    }
    if let Some(other) = qualifiers.iter().find(|token| !is_word(token, "async")) {
        let message = format!("a function under `{attribute}` is not `{other}`");
        return Err(SyntaxError::new(other.span(), message));
    }
    if qualifiers.is_empty() {
        let message = format!("a function under `{attribute}` is async: write `async fn`");
        return Err(SyntaxError::new(after[0].span(), message));
    }
    *rest = &after[1..];
    Ok(visibility.iter().cloned().collect())
}

/// Returns true for the words before `fn`, and for the name of an interface after `extern`.
fn is_qualifier(token: &TokenTree) -> bool {
    let words = ["async", "const", "unsafe", "extern"];
    matches!(token, TokenTree::Literal(_)) || words.iter().any(|word| is_word(token, word))
}

fn not_a_function(attribute: Attribute, tokens: &[TokenTree]) -> SyntaxError {
    let message = format!("`{attribute}` is an attribute for an async function");
    SyntaxError::new(span_of(tokens), message)
}

/// The place of the first token.
fn span_of(tokens: &[TokenTree]) -> Span {
    tokens.first().map_or_else(Span::call_site, TokenTree::span)
}

pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

pub(crate) fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}
