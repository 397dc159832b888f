//! The list of a runtime's tasks: plain values, as `aside::Handle::tasks` returns them.
//!
//! The loop fills the list. This module defines its values (`list.rs`) and writes them as a table
//! (`table.rs`) and as a tree of which task awaits which (`tree.rs`).

mod list;
mod table;
#[cfg(test)]
mod tests;
mod tree;

pub use list::{JobStage, ListedTask, SocketDirection, TaskKind, TaskList, TaskState, Wait};
pub use tree::TaskTree;
