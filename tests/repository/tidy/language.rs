//! Comments and documents contain no words or sentences that a reader must decode.

use std::collections::BTreeMap;

use super::assert_none;
use crate::sources::{Paragraph, files};

/// The checked text: the comments of every Rust file, and every Markdown page.
const ENDINGS: [&str; 2] = [".rs", ".md"];

/// Phrases that a plain verb replaces, and pronouns without a noun.
const PHRASES: &[&str] = &[
    "nought",
    "whoever",
    "for whom",
    "by whom",
    "of whom",
    "to whom",
    "with whom",
    "is to be",
    "are to be",
    "was to be",
    "so many",
    "what was told",
    "he",
    "him",
    "his",
];

/// Private words for ideas that have a standard term.
const HOUSEHOLD: &[&str] = &[
    "adversary",
    "at home",
    "bell",
    "bury",
    "buried",
    "clerk",
    "crew",
    "deaf",
    "desk",
    "ear",
    "errand",
    "errands",
    "heard",
    "hears",
    "household",
    "husk",
    "husks",
    "insider",
    "is away",
    "leash",
    "letter",
    "letters",
    "lookout",
    "quietly",
    "roster",
    "sabotage",
    "seat",
    "seats",
    "standstill",
    "straggler",
    "stragglers",
    "stranded",
    "the door",
    "told",
    "twin",
    "twins",
    "workshop",
];

/// Verbs of which a headless `who` is the subject.
const VERBS: &[&str] = &[
    "asks", "awaits", "calls", "comes", "did", "does", "drops", "finds", "gets", "goes", "has",
    "holds", "is", "knows", "listens", "looks", "needs", "polls", "reads", "runs", "sees", "sends",
    "takes", "uses", "waited", "waits", "wants", "was", "would", "writes",
];

const PERSONS: &[&str] = &[
    "anyone", "author", "authors", "everyone", "people", "person", "reader", "readers", "someone",
    "those", "user", "users",
];

/// First words of comments that are neither noun phrases nor sentences.
const OPENERS: &[&str] = &["That", "Which", "What", "Whether", "Whom", "Who", "Whose", "By which"];

/// A rule: its name, and a function that returns the positions of violations in the words of a
/// paragraph.
type Rule = (&'static str, fn(&[&str], &str) -> Vec<usize>);

const RULES: [Rule; 4] = [
    ("decoded phrase", |words, _| phrases(words, PHRASES)),
    ("household word", |words, _| phrases(words, HOUSEHOLD)),
    ("headless who", |words, _| headless(words)),
    ("opener", |words, marker| {
        let is_opener = !marker.is_empty() && OPENERS.iter().any(|opener| starts(words, opener));
        if is_opener && !words.iter().any(|word| word.ends_with('?')) { vec![0] } else { vec![] }
    }),
];

fn plain(word: &str) -> &str {
    word.trim_matches(|character: char| !character.is_alphanumeric())
}

fn starts(words: &[&str], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.len() >= phrase.len() && phrase.iter().zip(words).all(|(part, word)| part == word)
}

/// The positions at which one of these phrases begins.
fn phrases(words: &[&str], phrases: &[&str]) -> Vec<usize> {
    let lower: Vec<String> = words.iter().map(|word| plain(word).to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let is_hit = |&at: &usize| {
        // In "The reads name a position, so many may run" the phrase is not a quantity.
        let is_clause = at > 0 && words[at - 1].ends_with(',') && lower[at..].starts_with(&["so"]);
        !is_clause && phrases.iter().any(|phrase| starts(&lower[at..], phrase))
    };
    (0..words.len()).filter(is_hit).collect()
}

/// The positions at which `who` is the subject of a verb and refers to no person.
fn headless(words: &[&str]) -> Vec<usize> {
    let is_hit = |&at: &usize| {
        let next = words.get(at + 1).map_or("", |next| plain(next));
        let before = at.checked_sub(1).map_or("", |before| plain(words[before]));
        plain(words[at]).eq_ignore_ascii_case("who")
            && VERBS.contains(&next)
            && !PERSONS.contains(&before)
    };
    (0..words.len()).filter(is_hit).collect()
}

/// The words of a paragraph and the line of each, without code spans.
fn words(paragraph: &Paragraph) -> (Vec<usize>, Vec<&str>) {
    let mut is_code = false;
    let mut found = Vec::new();
    for (index, line) in paragraph.text.lines().enumerate() {
        for word in line.split_whitespace() {
            let marks = word.matches('`').count();
            if !is_code && marks == 0 {
                found.push((paragraph.first + index, word));
            } else {
                found.push((paragraph.first + index, "`"));
            }
            is_code ^= marks % 2 == 1;
        }
    }
    found.into_iter().unzip()
}

#[test]
fn comments_and_documents_are_plain_english() {
    let mut found = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for source in ENDINGS.iter().flat_map(|ending| files(ending)) {
        let is_own = source.path.ends_with("tidy/language.rs");
        if is_own {
            continue;
        }
        for paragraph in source.paragraphs() {
            let (lines, words) = words(&paragraph);
            for (rule, find) in RULES {
                for at in find(&words, &paragraph.marker) {
                    *counts.entry(rule).or_default() += 1;
                    let end = words.len().min(at + 6);
                    let text = words[at.saturating_sub(3)..end].join(" ");
                    found.push(format!("{}:{}: {rule}: {text}", source.path, lines[at]));
                }
            }
        }
    }
    assert_none(found, &format!("write it plainly ({counts:?})"));
}

#[test]
fn the_rules_find_what_they_are_for() {
    let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
    assert_eq!(headless(&words("wakes it. Who waits is woken")), [2]);
    assert_eq!(headless(&words("for users who has it, and a child whose end")), [] as [usize; 0]);
    assert_eq!(phrases(&words("Nought, and so many, so many run."), PHRASES), [0, 2]);
    let opener = RULES[3].1;
    assert_eq!(opener(&words("That it is ready."), "///"), [0]);
    assert_eq!(opener(&words("That it is ready."), ""), [] as [usize; 0]);
}
