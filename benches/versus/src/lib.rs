//! Measures the rows of `benches/README.md`: the cost of each row in aside, in other runtimes, and
//! in a program that is written by hand for the row.
//!
//! Read in this order: [`row`] defines the type of a row. [`rows`] has a module for each group of
//! rows, with their list and their work, which is written once for all runtimes. [`peers`] defines
//! what *spawn* or *sleep* means for each runtime, and [`servers`] what a server does. [`load`]
//! keeps the servers busy. [`run`] is the stopwatch. [`rounds`] starts one process per [`cell`] and
//! [build](builds), and takes medians. [`table`] prints. [`scale`] collects the rows about the
//! number of units, and [`plot`] draws them.

pub mod arguments;
pub mod builds;
pub mod cell;
pub mod load;
mod page_supply;
pub mod peers;
pub mod plot;
pub mod rounds;
pub mod row;
pub mod rows;
pub mod run;
pub mod scale;
pub mod servers;
pub mod smallest;
pub mod svg;
pub mod table;
pub mod work;
