//! A row of the table: its peers, its clock, and the permitted cost of aside.

use crate::peers::Peer;
use crate::run::{Meter, Run};
use crate::scale::{Kind, Scale};
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
    /// The number of cells of each peer.
    pub rounds: Rounds,
    /// The program that runs the cells.
    pub program: Program,
    /// Defines whether smaller or larger figures are better.
    pub better: Better,
    /// The row's position among the rows of scale, if it is one of them. These rows have tables of
    /// their own.
    pub scale: Option<Scale>,
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

/// The number of cells of each peer, compared with the rounds of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounds {
    /// One cell in each round.
    Each,
    /// At least twenty cells, for figures that differ much from process to process.
    Twenty,
    /// One cell in each of the first three rounds, for long cells.
    FirstThree,
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
    /// The best of the listed rivals.
    BestOf(&'static [Peer]),
    /// The column `limit`.
    Limit,
    /// One unit of the row's figures.
    Unit,
}

impl Row {
    /// Makes a row in nanoseconds of processor time, on all cores, without a cell in the column
    /// `limit`. It has the floors of all rows: aside is behind neither tokio nor smol.
    pub fn new(key: &'static str, name: &'static str, cells: Vec<(Peer, Work)>) -> Row {
        Row {
            key,
            name,
            unit: "ns CPU",
            meter: Meter::Cpu,
            cores: Cores::All,
            rounds: Rounds::Each,
            program: Program::Versus,
            better: Better::Less,
            scale: None,
            floors: [Peer::TOKIO, Peer::SMOL]
                .map(|peers| Floor { share: 1.0, of: Of::BestOf(peers) })
                .into(),
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

    /// Measures a rate per second, by the wall clock. A rate has no floor.
    #[must_use]
    pub fn rate(self, unit: &'static str) -> Row {
        Row { meter: Meter::Wall, better: Better::More, unit, floors: Vec::new(), ..self }
    }

    /// Sets the number of cells of each peer.
    #[must_use]
    pub fn rounds(self, rounds: Rounds) -> Row {
        Row { rounds, ..self }
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

    /// Makes this row one of the rows of scale.
    #[must_use]
    pub fn scale(self, scale: Scale) -> Row {
        Row { scale: Some(scale), ..self }
    }

    /// Adds a floor: aside's figure is at most this share of the reference.
    #[must_use]
    pub fn floor(mut self, share: f64, of: Of) -> Row {
        self.floors.push(Floor { share, of });
        self
    }

    /// Replaces the floors by this one.
    #[must_use]
    pub fn only_floor(mut self, share: f64, of: Of) -> Row {
        self.floors.clear();
        self.floor(share, of)
    }

    /// Returns true if the pools of this row's cells have the minimal number of threads.
    pub fn is_narrow(&self) -> bool {
        let counts_jobs = self.scale.is_some_and(|scale| scale.kind == Kind::Jobs);
        counts_jobs || self.program == Program::Bytes
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
