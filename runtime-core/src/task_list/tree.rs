//! A [`TaskList`] as a tree: below each task stands what it waits for.
//!
//! The result of a task has one reader, so a task has one parent at most, and the tasks that no
//! listed task awaits are the roots. Tasks that await each other in a circle have no root: the task
//! with the lowest number is taken for one, and the line that closes the circle says so.

use std::collections::BTreeSet;
use std::fmt;

use crate::metadata::Id;

use super::list::{ListedTask, TaskKind, TaskList, Wait};
use super::table::write_label;

/// A [`TaskList`] that displays which task awaits which. Made by [`TaskList::tree`].
///
/// ```text
/// task 1 (main), waiting
/// ├─ task 2 `resize`, waiting
/// │  ├─ job 3 `read`, running for 1.2s
/// │  └─ timer, 3.0s left
/// └─ task 4 `upload`, waiting
///    └─ socket 9, to write
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TaskTree<'a> {
    list: &'a TaskList,
}

impl TaskList {
    /// Returns a form of the list that displays which task awaits which: below each task stands
    /// what it waits for.
    pub fn tree(&self) -> TaskTree<'_> {
        TaskTree { list: self }
    }
}

/// The depth from which on lines are not indented further, so that the size of the text stays in
/// proportion to the list.
const DEPTH_MAX: usize = 24;

/// A line that is still to be written.
enum TreeLine<'a> {
    /// A task, and what it waits for below it.
    Task(&'a ListedTask),
    /// A wait for anything but a listed task.
    Leaf(&'a Wait),
    /// A task waits for something that the list does not show.
    Unknown,
}

/// Writes the tree: one walk with a stack of lines, because a chain of tasks may be deeper than the
/// stack of a thread allows.
struct TreeWriter<'a> {
    list: &'a TaskList,
    /// The tasks that have been written.
    written: BTreeSet<Id>,
    /// The lines to write, the next one on top, with the indentation of each.
    stack: Vec<(Indent, TreeLine<'a>)>,
    is_first_line: bool,
}

/// The position of a line: for each level, whether more lines follow on that level.
#[derive(Clone, Default)]
struct Indent(Vec<bool>);

impl Indent {
    fn below(&self, is_followed: bool) -> Indent {
        let mut levels = self.0.clone();
        if levels.len() == DEPTH_MAX {
            levels.pop();
        }
        levels.push(is_followed);
        Indent(levels)
    }
}

impl fmt::Display for Indent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((own, outer)) = self.0.split_last() else { return Ok(()) };
        for is_followed in outer {
            f.write_str(if *is_followed { "│  " } else { "   " })?;
        }
        f.write_str(if *own { "├─ " } else { "└─ " })
    }
}

impl fmt::Display for TaskTree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut awaited = BTreeSet::new();
        for task in self.list.iter().flat_map(|task| &task.waits) {
            if let Wait::Task { task } = task {
                awaited.insert(task.id());
            }
        }
        let is_root = |task: &&ListedTask| !awaited.contains(&task.metadata.id());
        let mut writer = TreeWriter {
            list: self.list,
            written: BTreeSet::new(),
            stack: Vec::new(),
            is_first_line: true,
        };
        self.list.iter().filter(is_root).try_for_each(|root| writer.write_from(root, f))?;
        // The tasks that are left await each other in circles.
        self.list.iter().try_for_each(|task| writer.write_from(task, f))
    }
}

impl<'a> TreeWriter<'a> {
    /// Writes a task and everything below it, unless the task has been written.
    fn write_from(&mut self, root: &'a ListedTask, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.written.contains(&root.metadata.id()) {
            return Ok(());
        }
        self.stack.push((Indent::default(), TreeLine::Task(root)));
        while let Some((indent, line)) = self.stack.pop() {
            if !std::mem::take(&mut self.is_first_line) {
                writeln!(f)?;
            }
            write!(f, "{indent}")?;
            match line {
                TreeLine::Task(task) => self.write_task(task, &indent, f)?,
                TreeLine::Leaf(wait) => write!(f, "{wait}")?,
                TreeLine::Unknown => f.write_str("something unknown")?,
            }
        }
        Ok(())
    }

    fn write_task(
        &mut self,
        task: &'a ListedTask,
        indent: &Indent,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        f.write_str("task ")?;
        write_label(f, &task.metadata)?;
        if task.kind == TaskKind::Main {
            f.write_str(" (main)")?;
        }
        if !self.written.insert(task.metadata.id()) {
            return f.write_str(": shown above");
        }
        write!(f, ", {}", task.state)?;
        if let Some(since) = task.since_poll {
            write!(f, " for {since:.1?}")?;
        }
        if task.waits_for_unknown() {
            self.stack.push((indent.below(false), TreeLine::Unknown));
        }
        for (index, wait) in task.waits.iter().enumerate().rev() {
            let line = match wait {
                Wait::Task { task } => self.list.get(task.id()).map(TreeLine::Task),
                _ => None,
            };
            let is_followed = index + 1 < task.waits.len();
            let line = line.unwrap_or(TreeLine::Leaf(wait));
            self.stack.push((indent.below(is_followed), line));
        }
        Ok(())
    }
}
