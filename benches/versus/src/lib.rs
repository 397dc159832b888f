//! The measure: what each row of `benches/README.md` costs aside, other runtimes, and a program
//! written by hand for that row alone.
//!
//! Read in this order: [`rows`] is the list of what is measured, [`row`] what one of them is; each
//! group of rows has a module with the work, written once for all runtimes; [`peers`] says what
//! *spawn* or *sleep* means to each of them, and [`servers`] what a server does; [`load`] is what
//! keeps the servers busy; [`run`] is the stopwatch; [`rounds`] starts one process per [`cell`] and
//! takes medians; [`table`] prints.

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
