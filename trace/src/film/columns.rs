//! The lines of a schedule: threads as columns if they fit, repeated lines folded.

use std::fmt::Write;

/// The widest line.
const WIDTH: usize = 100;
/// The number of lines beyond which the middle of a schedule is left out.
const LINES_MAX: usize = 60;
/// The number of lines that are kept of the beginning.
const BEGINNING: usize = 14;
/// The longest block of lines whose repetition is folded.
const BLOCK_MAX: usize = 12;

/// One step, as text.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct WordLine {
    pub(super) thread: usize,
    pub(super) text: String,
    pub(super) site: String,
    pub(super) is_marked: bool,
}

/// A line of a schedule.
enum ScheduleRow {
    Step(WordLine),
    /// Stands for lines that are left out.
    Folded(String),
}

/// Lays the steps out, one line each.
pub(super) fn lay_out(lines: Vec<WordLine>, threads: &[String]) -> String {
    let rows = shorten(fold(lines));
    let widths: Vec<usize> = (0..threads.len())
        .map(|thread| {
            let texts = steps(&rows).filter(|line| line.thread == thread).map(|line| &line.text);
            let widest = texts.map(|text| text.chars().count()).max();
            // A thread without a step has no column.
            widest.map_or(0, |widest| widest.max(threads[thread].chars().count()) + 2)
        })
        .collect();
    let sites = steps(&rows).map(|line| line.site.chars().count()).max().unwrap_or(0);
    if 2 + widths.iter().sum::<usize>() + sites <= WIDTH {
        in_columns(&rows, threads, &widths)
    } else {
        in_a_list(&rows, threads)
    }
}

fn steps(rows: &[ScheduleRow]) -> impl Iterator<Item = &WordLine> {
    rows.iter().filter_map(|row| match row {
        ScheduleRow::Step(line) => Some(line),
        ScheduleRow::Folded(_) => None,
    })
}

/// Replaces the repetitions of a block of lines by one line.
fn fold(lines: Vec<WordLine>) -> Vec<ScheduleRow> {
    let mut rows = Vec::new();
    let mut rest = &lines[..];
    while let Some((first, others)) = rest.split_first() {
        match (1..=BLOCK_MAX).find_map(|len| Some((len, repetitions(rest, len)?))) {
            Some((len, times)) => {
                rows.extend(rest[..len].iter().cloned().map(ScheduleRow::Step));
                let what = if len == 1 { "step".to_owned() } else { format!("{len} steps") };
                rows.push(ScheduleRow::Folded(format!("... the last {what} {times} times in all")));
                rest = &rest[len * times..];
            }
            None => {
                rows.push(ScheduleRow::Step(first.clone()));
                rest = others;
            }
        }
    }
    rows
}

/// The number of times that the first `len` lines are repeated, if folding them saves a line.
fn repetitions(lines: &[WordLine], len: usize) -> Option<usize> {
    let block = lines.get(..len)?;
    let times = lines.chunks(len).take_while(|chunk| *chunk == block).count();
    (times > 2 || (times == 2 && len > 2)).then_some(times)
}

/// Leaves the middle out, apart from the changed line.
fn shorten(mut rows: Vec<ScheduleRow>) -> Vec<ScheduleRow> {
    if rows.len() <= LINES_MAX {
        return rows;
    }
    let end = rows.split_off(rows.len() - (LINES_MAX - BEGINNING - 2));
    let middle = rows.split_off(BEGINNING);
    let marked =
        middle.iter().rposition(|row| matches!(row, ScheduleRow::Step(line) if line.is_marked));
    let omitted = |count: usize| ScheduleRow::Folded(format!("... {count} lines"));
    let len = middle.len();
    match marked.and_then(|at| Some((at, middle.into_iter().nth(at)?))) {
        Some((at, line)) => rows.extend([omitted(at), line, omitted(len - at - 1)]),
        None => rows.push(omitted(len)),
    }
    rows.extend(end);
    rows
}

fn in_columns(rows: &[ScheduleRow], threads: &[String], widths: &[usize]) -> String {
    let mut text = String::from("  ");
    for (thread, width) in threads.iter().zip(widths).filter(|(_, width)| **width > 0) {
        let _ = write!(text, "{thread:width$}");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for row in rows {
        match row {
            ScheduleRow::Folded(words) => {
                let _ = writeln!(text, "  {words}");
            }
            ScheduleRow::Step(line) => {
                let before: usize = widths.iter().take(line.thread).sum();
                let after: usize = widths.iter().skip(line.thread).sum();
                let mark = if line.is_marked { '*' } else { ' ' };
                let row = format!("{mark} {:before$}{:after$}{}", "", line.text, line.site);
                let _ = writeln!(text, "{}", row.trim_end());
            }
        }
    }
    text
}

fn in_a_list(rows: &[ScheduleRow], threads: &[String]) -> String {
    let name = |line: &WordLine| threads.get(line.thread).map_or("?", String::as_str).to_owned();
    let names = steps(rows).map(|line| name(line).chars().count()).max().unwrap_or(0);
    let sites = steps(rows).map(|line| line.site.chars().count()).max().unwrap_or(0);
    let words = WIDTH.saturating_sub(names + sites + 6);
    let mut text = String::new();
    for row in rows {
        let row = match row {
            ScheduleRow::Folded(words) => format!("  {words}"),
            ScheduleRow::Step(line) => {
                let mark = if line.is_marked { '*' } else { ' ' };
                format!("{mark} {:names$}  {:words$}  {}", name(line), line.text, line.site)
            }
        };
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}
