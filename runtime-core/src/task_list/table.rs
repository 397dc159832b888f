//! A [`TaskList`] as a table, and its parts as text.

use std::fmt;

use crate::metadata::Metadata;

use super::list::{JobStage, ListedTask, SocketDirection, TaskKind, TaskList, TaskState, Wait};

const HEADS: [&str; 7] = ["id", "name", "state", "for", "polls", "waits for", "spawned at"];

/// Writes a line for each task, in columns below a line of headings. A dash stands for a value that
/// is not known.
impl fmt::Display for TaskList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEADS.map(|head| head.chars().count());
        let rows: Vec<_> = self.iter().map(cells).collect();
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        write_row(f, &widths, &HEADS.map(str::to_owned))?;
        for row in &rows {
            writeln!(f)?;
            write_row(f, &widths, row)?;
        }
        Ok(())
    }
}

fn cells(task: &ListedTask) -> [String; 7] {
    let name = match (task.metadata.name(), task.kind) {
        (Some(name), _) => printable(name),
        (None, TaskKind::Main) => "(main)".to_owned(),
        (None, TaskKind::Spawned) => "-".to_owned(),
    };
    let since_poll = task.since_poll.map(|since| format!("{since:.1?}"));
    let polls = task.polls.map(|polls| polls.to_string());
    let waits: Vec<String> = task.waits.iter().map(Wait::to_string).collect();
    let waits = match task.waits_for_unknown() {
        true => "unknown".to_owned(),
        false => waits.join("; "),
    };
    let dash = || "-".to_owned();
    [
        task.metadata.id().to_string(),
        name,
        task.state.to_string(),
        since_poll.unwrap_or_else(dash),
        polls.unwrap_or_else(dash),
        if waits.is_empty() { dash() } else { waits },
        task.metadata.location().to_string(),
    ]
}

/// Writes the cells of a row. The last cell is not padded.
fn write_row(f: &mut fmt::Formatter<'_>, widths: &[usize; 7], row: &[String; 7]) -> fmt::Result {
    let [cells @ .., last] = row;
    for (cell, width) in cells.iter().zip(widths) {
        write!(f, "{cell:<width$}  ")?;
    }
    f.write_str(last)
}

/// A name without control characters, which would break a line or change the terminal.
pub(super) fn printable(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        match character.is_control() {
            true => text.extend(character.escape_default()),
            false => text.push(character),
        }
    }
    text
}

/// Writes `` 3 `resize` ``, or the number alone.
pub(super) fn write_label(f: &mut fmt::Formatter<'_>, metadata: &Metadata) -> fmt::Result {
    write!(f, "{}", metadata.id())?;
    match metadata.name() {
        Some(name) => write!(f, " `{}`", printable(name)),
        None => Ok(()),
    }
}

/// Writes `ready`, `polling` or `waiting`.
impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TaskState::Ready => "ready",
            TaskState::Polling => "polling",
            TaskState::Waiting => "waiting",
        })
    }
}

/// Writes `` job 7 `read`, running for 1.2s ``, for example. A job without a name has no line of
/// its own that would show its location, so the location follows its number.
impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Task { task } => {
                f.write_str("task ")?;
                write_label(f, task)
            }
            Wait::Job { job, stage } => {
                f.write_str("job ")?;
                write_label(f, job)?;
                if job.name().is_none() {
                    write!(f, " (spawned at {})", job.location())?;
                }
                write!(f, ", {stage}")
            }
            Wait::Timer { left: Some(left) } => write!(f, "timer, {left:.1?} left"),
            Wait::Timer { left: None } => f.write_str("timer that never fires"),
            Wait::Socket { descriptor, direction } => write!(f, "socket {descriptor}, {direction}"),
        }
    }
}

/// Writes `queued behind 2`, for example.
impl fmt::Display for JobStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobStage::BehindFullQueue => f.write_str("behind a full queue"),
            JobStage::Queued { ahead: 0 } => f.write_str("next in its queue"),
            JobStage::Queued { ahead } => write!(f, "queued behind {ahead}"),
            JobStage::Running { since } => write!(f, "running for {since:.1?}"),
        }
    }
}

/// Writes `to read` or `to write`.
impl fmt::Display for SocketDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SocketDirection::Read => "to read",
            SocketDirection::Write => "to write",
        })
    }
}
