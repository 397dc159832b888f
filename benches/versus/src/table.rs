//! The table: Markdown for readers, JSON for programs.

use std::fmt::Write;

use crate::peers::Peer;
use crate::rounds::Measured;

/// Returns a Markdown table, with a column for each peer that has a figure. The rows of
/// [scale](crate::scale) have tables of their own.
pub fn markdown(measured: &[Measured]) -> String {
    let measured: Vec<_> = measured.iter().filter(|row| row.row.scale.is_none()).collect();
    if measured.is_empty() {
        return String::new();
    }
    let has_figure = |peer: &Peer| measured.iter().any(|row| row.figures.contains_key(peer));
    let peers: Vec<Peer> = Peer::ALL.into_iter().filter(has_figure).collect();
    let names: Vec<_> = peers.iter().map(|peer| peer.name()).collect();
    let mut table =
        format!("| row | unit | build | {} | ours/best | floor | |\n", names.join(" | "));
    let _ = writeln!(table, "|---|---|---|{}", "--:|".repeat(peers.len() + 2) + "---|");
    for row in &measured {
        let _ = write!(table, "| {} | {} | {} |", row.row.name, row.row.unit, row.profile);
        for peer in &peers {
            let _ = write!(
                table,
                " {} |",
                row.figures.get(peer).copied().map_or_else(String::new, figure)
            );
        }
        let share =
            |share: Option<f64>| share.map_or_else(String::new, |share| format!("{share:.2}"));
        let met = row.is_met().map_or("", |met| if met { "met" } else { "**lost**" });
        let _ = writeln!(table, " {} | {} | {met} |", share(row.ratio()), share(row.floor()));
    }
    table
}

/// Formats a figure with at least three significant digits, and groups thousands by commas.
pub(crate) fn figure(figure: f64) -> String {
    if figure < 9.995 {
        return format!("{figure:.2}");
    }
    if figure < 99.95 {
        return format!("{figure:.1}");
    }
    whole(figure)
}

/// Formats the nearest whole number, and groups thousands by commas.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a JSON list of objects with `key`, `row`, `unit`, `build`, `ours`, `rivals`, `limit`,
/// `best`, `ratio` and `floor`.
pub fn json(measured: &[Measured]) -> String {
    let rows: Vec<String> = measured.iter().map(object).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

fn object(row: &Measured) -> String {
    let number =
        |figure: Option<f64>| figure.map_or("null".into(), |figure| format!("{figure:.4}"));
    let rivals: Vec<String> =
        row.rivals().map(|(peer, figure)| format!("\"{}\": {figure:.4}", peer.name())).collect();
    format!(
        "  {{\"key\": \"{}\", \"row\": \"{}\", \"unit\": \"{}\", \"build\": \"{}\", \
         \"ours\": {}, \"rivals\": {{{}}}, \"limit\": {}, \"best\": {}, \"ratio\": {}, \
         \"floor\": {}}}",
        row.row.key,
        row.row.name,
        row.row.unit,
        row.profile,
        number(row.ours()),
        rivals.join(", "),
        number(row.figures.get(&Peer::Limit).copied()),
        number(row.best()),
        number(row.ratio()),
        number(row.floor()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Of, Row};

    #[test]
    fn figures_have_three_digits_and_commas() {
        let figures = [1.0, 9.996, 99.96, 1_234.5, 1_234_567.0].map(figure);
        assert_eq!(figures, ["1.00", "10.0", "100", "1,234", "1,234,567"]);
    }

    #[test]
    fn a_row_in_both_forms() {
        let row = Row::new("row", "a row", Vec::new()).floor(0.5, Of::Best);
        let figures = [(Peer::Aside, 40.0), (Peer::Tokio, 50.0), (Peer::Limit, 1.0)].into();
        let measured = [Measured { row, profile: "lto".into(), figures }];
        let table = markdown(&measured);
        assert_eq!(table.lines().nth(1), Some("|---|---|---|--:|--:|--:|--:|--:|---|"));
        assert_eq!(
            table.lines().nth(2),
            Some("| a row | ns CPU | lto | 40.0 | 50.0 | 1.00 | 0.80 | 0.50 | **lost** |")
        );
        assert_eq!(
            json(&measured),
            "[\n  {\"key\": \"row\", \"row\": \"a row\", \"unit\": \"ns CPU\", \"build\": \"lto\", \
             \"ours\": 40.0000, \"rivals\": {\"tokio\": 50.0000}, \"limit\": 1.0000, \
             \"best\": 50.0000, \"ratio\": 0.8000, \"floor\": 0.5000}\n]\n"
        );
    }
}
