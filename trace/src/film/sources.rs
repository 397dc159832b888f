//! The source that a film quotes.

use std::collections::BTreeMap;

use super::FilmSite;

/// The text of source files, by the path in the repository.
#[derive(Clone, Debug, Default)]
pub struct FilmSources {
    files: BTreeMap<String, Vec<String>>,
}

impl FilmSources {
    /// Adds a file.
    pub fn insert(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.lines().map(str::to_owned).collect());
    }

    /// The lines of a file, or none.
    pub(crate) fn lines(&self, file: &str) -> &[String] {
        self.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// The line of a site, or an empty one.
    pub(crate) fn line(&self, site: &FilmSite) -> &str {
        let index = site.line.wrapping_sub(1);
        self.lines(&site.file).get(index).map_or("", String::as_str)
    }

    /// The expression whose method is called at the site: `self.posted` of `self.posted.swap(..)`.
    /// In a chain of calls, the expression may be on an earlier line than the name of the method.
    pub(crate) fn receiver(&self, site: &FilmSite) -> String {
        let before: String = self.line(site).chars().take(site.column.saturating_sub(1)).collect();
        let mut texts = vec![before];
        let earlier = self.lines(&site.file).iter().take(site.line.saturating_sub(1)).rev();
        texts.extend(earlier.take(4).cloned());
        let mut receiver = String::new();
        for text in texts {
            let text = text.trim_end();
            let part = trailing_expression(text);
            receiver.insert_str(0, part);
            let continues = text.trim() == part && part.starts_with('.');
            if !receiver.trim_matches('.').is_empty() && !continues {
                break;
            }
        }
        receiver.trim_matches('.').to_owned()
    }

    /// The constants of a file with a literal number: `const PARKED: usize = 2;`.
    pub(crate) fn constants(&self, file: &str) -> Vec<(&str, &str)> {
        let constant = |line: &'_ String| -> Option<(usize, usize, usize, usize)> {
            let begin = line.find("const ")? + "const ".len();
            let colon = begin + line[begin..].find(':')?;
            let value = line.find("= ")? + "= ".len();
            let end = value + line[value..].find(';')?;
            let is_number = line[value..end].bytes().all(|byte| byte.is_ascii_digit());
            is_number.then_some((begin, colon, value, end))
        };
        let lines = self.lines(file).iter();
        lines
            .filter_map(|line| {
                let (begin, colon, value, end) = constant(line)?;
                Some((&line[begin..colon], &line[value..end]))
            })
            .collect()
    }
}

/// The expression at the end of the text: names, fields, calls and indices.
fn trailing_expression(text: &str) -> &str {
    let mut depth = 0;
    for (at, letter) in text.char_indices().rev() {
        match letter {
            ')' | ']' => depth += 1,
            '(' | '[' if depth == 0 => return &text[at + 1..],
            '(' | '[' => depth -= 1,
            _ if depth > 0 => {}
            _ if letter.is_alphanumeric() || letter == '_' || letter == '.' => {}
            _ => return &text[at + letter.len_utf8()..],
        }
    }
    text
}
