//! The options in the parentheses of an attribute.

use std::fmt;

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::syntax_error::SyntaxError;

/// One of the two attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attribute {
    Main,
    Test,
}

/// The options that are setters of `aside::Builder`, and take a value.
const SETTERS: [&str; 8] = [
    "keep_alive",
    "observer",
    "seed",
    "slow_shutdown_notice",
    "stack_size",
    "thread_name",
    "threads_max",
    "turn_bound",
];

/// Options of tokio's attributes, and what aside has instead.
const FOREIGN: [(&str, &str); 4] = [
    ("flavor", "every runtime of aside has one loop thread, so leave it out"),
    ("start_paused", "the option `virtual_time` is aside's name for it"),
    ("unhandled_panic", "await the `JoinHandle` of a task to learn of its panic"),
    ("worker_threads", "`threads_max` limits the threads for blocking calls"),
];

/// The options of one attribute.
pub(crate) struct Options {
    /// The path of the crate aside.
    pub(crate) krate: TokenStream,
    /// Calls of setters, each with its dot.
    pub(crate) setters: TokenStream,
    /// The place of the option `virtual_time`.
    virtual_time: Option<Span>,
    /// The number of seeds with which a test runs.
    pub(crate) seeds: Option<TokenStream>,
    /// The errors in the options. The options that have no error are used nevertheless.
    pub(crate) errors: Vec<SyntaxError>,
}

impl Options {
    /// Reads `NAME`, or `NAME = VALUE`, between commas.
    pub(crate) fn parse(attribute: Attribute, stream: TokenStream) -> Options {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
        let mut options = Options {
            krate: "::aside".parse().expect("a path"),
            setters: TokenStream::new(),
            virtual_time: None,
            seeds: None,
            errors: Vec::new(),
        };
        let mut names: Vec<String> = Vec::new();
        for option in tokens.split(is_comma).filter(|option| !option.is_empty()) {
            if let Err(error) = options.add(attribute, option, &mut names) {
                options.errors.push(error);
            }
        }
        if let Some(span) = options.virtual_time {
            let mut clock = options.krate.clone();
            clock.extend("::time::Clock::virtual_time()".parse::<TokenStream>());
            options.setters.extend(setter(&Ident::new("clock", span), clock));
        }
        options
    }

    fn add(
        &mut self,
        attribute: Attribute,
        option: &[TokenTree],
        names: &mut Vec<String>,
    ) -> Result<(), SyntaxError> {
        let (name, value) = match option {
            [TokenTree::Ident(name)] => (name, None),
            [TokenTree::Ident(name), TokenTree::Punct(sign), value @ ..]
                if sign.as_char() == '=' && !value.is_empty() =>
            {
                (name, Some(value))
            }
            _ => {
                let message = "an option is a name, or a name, `=` and a value";
                return Err(SyntaxError::new(option[0].span(), message));
            }
        };
        let word = name.to_string();
        if names.contains(&word) {
            return Err(SyntaxError::new(name.span(), format!("`{word}` is set twice")));
        }
        if names.iter().any(|other| excludes(other, &word)) {
            let message = "`seed` and `seeds` exclude each other";
            return Err(SyntaxError::new(name.span(), message));
        }
        match (&*word, value) {
            ("crate", Some(path)) => self.krate = path_of(path)?,
            ("virtual_time", None) => self.virtual_time = Some(name.span()),
            ("virtual_time", Some(value)) => {
                let message = "`virtual_time` has no value: its presence enables it";
                return Err(SyntaxError::new(value[0].span(), message));
            }
            ("seeds", Some(value)) if matches!(attribute, Attribute::Test) => {
                self.seeds = Some(value.iter().cloned().collect());
            }
            (setting, Some(value)) if SETTERS.contains(&setting) => {
                self.setters.extend(setter(name, value.iter().cloned().collect()));
            }
            _ => return Err(refusal(attribute, name, &word)),
        }
        names.push(word);
        Ok(())
    }
}

fn excludes(one: &str, other: &str) -> bool {
    matches!((one, other), ("seed", "seeds") | ("seeds", "seed"))
}

/// The call of a setter, `.NAME(VALUE)`. The compiler reports a wrong value at the value.
fn setter(name: &Ident, value: TokenStream) -> [TokenTree; 3] {
    let mut group = Group::new(Delimiter::Parenthesis, value);
    group.set_span(name.span());
    let mut dot = Punct::new('.', Spacing::Alone);
    dot.set_span(name.span());
    [dot.into(), name.clone().into(), group.into()]
}

/// Reads the value of `crate`: a path, or a path in quotation marks, as in tokio's attributes.
fn path_of(value: &[TokenTree]) -> Result<TokenStream, SyntaxError> {
    let [TokenTree::Literal(text)] = value else { return Ok(value.iter().cloned().collect()) };
    let path = quoted(text).and_then(|path| path.parse::<TokenStream>().ok());
    let path = path.filter(|path| !path.is_empty());
    path.ok_or_else(|| SyntaxError::new(text.span(), "the value of `crate` is the path of a crate"))
}

fn quoted(literal: &Literal) -> Option<String> {
    let text = literal.to_string();
    Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// Says why there is no such option, or why its value is missing.
fn refusal(attribute: Attribute, name: &Ident, word: &str) -> SyntaxError {
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == word);
    let message = if let Some((_, instead)) = foreign {
        format!("`{attribute}` has no option `{word}`: {instead}")
    } else if word == "seeds" && matches!(attribute, Attribute::Main) {
        "`seeds` is an option of `#[aside::test]`; `#[aside::main]` has `seed`".to_owned()
    } else if SETTERS.contains(&word) || matches!(word, "crate" | "seeds") {
        format!("`{word}` needs a value: `{word} = ...`")
    } else {
        let mut known = SETTERS.to_vec();
        known.extend(["crate", "virtual_time"]);
        if matches!(attribute, Attribute::Test) {
            known.push("seeds");
        }
        known.sort_unstable();
        format!("`{attribute}` has no option `{word}`; its options are {}", known.join(", "))
    };
    SyntaxError::new(name.span(), message)
}

impl Attribute {
    /// The last word of the attribute's path.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Attribute::Main => "main",
            Attribute::Test => "test",
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#[aside::{}]", self.word())
    }
}
