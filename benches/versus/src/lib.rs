//! Measures the rows of `benches/README.md`: the cost of each row in aside, in other runtimes, and
//! in a program that is written by hand for the row.
//!
//! Read in this order: [`rows`] lists the rows, and [`row`] defines the type of a row. Each group
//! of rows has a module with the work, written once for all runtimes. [`peers`] defines what
//! *spawn* or *sleep* means for each runtime, and [`servers`] what a server does. [`load`] keeps
//! the servers busy. [`run`] is the stopwatch. [`rounds`] starts one process per [`cell`] and takes
//! medians. [`table`] prints.

pub mod arguments;
pub mod cell;
pub mod load;
pub mod peers;
pub mod rounds;
pub mod row;
pub mod rows;
pub mod run;
pub mod servers;
pub mod smallest;
pub mod table;
pub mod work;
