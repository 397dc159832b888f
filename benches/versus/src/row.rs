//! A row of the table: its peers, its clock, and the permitted cost of aside.

use crate::peers::Peer;
use crate::run::{Meter, Run};
use crate::smallest;

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// The key on the command line.
    pub key: &'static str,
    /// The title for readers.
    pub name: &'static str,
    /// The unit of the figures.
    pub unit: &'static str,
    /// The clock that measures the cells.
    pub meter: Meter,
    /// The cores on which the cells run.
    pub cores: Cores,
    /// The program that runs the cells.
    pub program: Program,
    /// Defines whether smaller or larger figures are better.
    pub better: Better,
    /// The floors: the permitted figures of aside. All of them must be met.
    pub floors: Vec<Floor>,
    /// The peers, and the work of each.
    pub cells: Vec<(Peer, Work)>,
}

/// Defines which of two figures is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The smaller figure, for costs.
    Less,
    /// The larger figure, for rates.
    More,
}

/// The cores on which a row runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cores {
    /// The first core only, by pinning.
    One,
    /// All cores.
    All,
}

/// The program that runs the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The program `versus`.
    Versus,
    /// The program `bytes`, which has the counting allocator.
    Bytes,
}

/// The work of a cell.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// A function.
    Call(fn(&Run) -> f64),
    /// The function of `asyncio.py` with the row's key, run by Python.
    Python,
    /// A measurement of the smallest program.
    Smallest(smallest::Facet),
}

/// The permitted figure of aside, as a share of a reference.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// The permitted share of the reference.
    pub share: f64,
    /// The reference of the share.
    pub of: Of,
}

/// The reference of a floor.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// The best rival.
    Best,
    /// The best rival, except the listed rivals, whose work in this row differs from aside's.
    BestBut(&'static [Peer]),
    /// The given rival.
    Peer(Peer),
    /// One unit of the row's figures.
    Unit,
}

impl Row {
    /// Makes a row in nanoseconds of processor time, on all cores, without a floor and without a
    /// cell in the column `limit`.
    pub fn new(key: &'static str, name: &'static str, cells: Vec<(Peer, Work)>) -> Row {
        Row {
            key,
            name,
            unit: "ns CPU",
            meter: Meter::Cpu,
            cores: Cores::All,
            program: Program::Versus,
            better: Better::Less,
            floors: Vec::new(),
            cells,
        }
    }

    /// Sets the unit of the figures.
    #[must_use]
    pub fn unit(self, unit: &'static str) -> Row {
        Row { unit, ..self }
    }

    /// Measures by the wall clock.
    #[must_use]
    pub fn wall(self) -> Row {
        Row { meter: Meter::Wall, unit: "ns wall", ..self }
    }

    /// Measures a rate per second, by the wall clock.
    #[must_use]
    pub fn rate(self, unit: &'static str) -> Row {
        Row { meter: Meter::Wall, better: Better::More, unit, ..self }
    }

    /// Pins the cells to one core.
    #[must_use]
    pub fn on_one_core(self) -> Row {
        Row { cores: Cores::One, ..self }
    }

    /// Sets the program that runs the cells.
    #[must_use]
    pub fn by(self, program: Program) -> Row {
        Row { program, ..self }
    }

    /// Adds a floor: aside's figure is at most this share of the reference.
    #[must_use]
    pub fn floor(mut self, share: f64, of: Of) -> Row {
        self.floors.push(Floor { share, of });
        self
    }

    /// Adds the cell of the column `limit`: a program written by hand for this row.
    #[must_use]
    pub fn limit(mut self, work: fn(&Run) -> f64) -> Row {
        self.cells.push((Peer::Limit, Work::Call(work)));
        self
    }

    /// Adds a cell for asyncio.
    #[must_use]
    pub fn python(mut self) -> Row {
        self.cells.push((Peer::Asyncio, Work::Python));
        self
    }
}
