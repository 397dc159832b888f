//! JSON text without a library.

use std::time::Duration;

/// A writer of JSON text. Commas are set by the writer.
///
/// Strings are escaped so that the text can also stand in a `<script>` element of HTML: `<`, `>`
/// and `&` are written as `\u003c` and so on, and so are the line separators that old parsers of
/// JavaScript refuse.
#[derive(Debug, Default)]
pub struct JsonWriter {
    text: String,
}

impl JsonWriter {
    /// The text so far.
    pub fn finish(self) -> String {
        self.text
    }

    fn comma(&mut self) {
        if !matches!(self.text.chars().next_back(), None | Some('{' | '[' | ':')) {
            self.text.push(',');
        }
    }

    /// Writes the name of a member. Its value is written next.
    pub fn key(&mut self, name: &str) -> &mut JsonWriter {
        self.string(name);
        self.text.push(':');
        self
    }

    /// Writes an object; `members` writes its members.
    pub fn object(&mut self, members: impl FnOnce(&mut JsonWriter)) {
        self.comma();
        self.text.push('{');
        members(self);
        self.text.push('}');
    }

    /// Writes an array; `item` writes each item.
    pub fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut JsonWriter, T),
    ) {
        self.comma();
        self.text.push('[');
        for value in items {
            item(self, value);
        }
        self.text.push(']');
    }

    /// Writes a number.
    pub fn number(&mut self, number: impl Into<u64>) {
        self.comma();
        self.text.push_str(&number.into().to_string());
    }

    /// Writes an index.
    pub fn index(&mut self, index: usize) {
        self.number(index as u64);
    }

    /// Writes a time in microseconds, with three decimals.
    pub fn microseconds(&mut self, time: Duration) {
        self.comma();
        let nanos = time.as_nanos();
        self.text.push_str(&format!("{}.{:03}", nanos / 1_000, nanos % 1_000));
    }

    /// Writes a string.
    pub fn string(&mut self, string: &str) {
        self.comma();
        self.text.push('"');
        for c in string.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => {
                    self.text.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                _ => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}
