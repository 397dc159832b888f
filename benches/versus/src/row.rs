//! What a row of the table is: who takes part, on which clock, and what ours may cost.

use crate::peers::Peer;
use crate::run::{Meter, Run};
use crate::smallest;

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// For the command line.
    pub key: &'static str,
    /// For the reader.
    pub name: &'static str,
    /// What the figures are.
    pub unit: &'static str,
    /// Which clock.
    pub meter: Meter,
    /// On how many cores.
    pub cores: Cores,
    /// In which program.
    pub program: Program,
    /// Which figures are good ones.
    pub better: Better,
    /// What ours may cost; every one of them is to be met.
    pub floors: Vec<Floor>,
    /// Who takes part, and how.
    pub cells: Vec<(Peer, Work)>,
}

/// Which of two figures is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The smaller one, of costs.
    Less,
    /// The bigger one, of rates.
    More,
}

/// On how many cores a row runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cores {
    /// Pinned to the first.
    One,
    /// As many as there are.
    All,
}

/// Which program holds the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// This one.
    Versus,
    /// The one whose allocator counts.
    Bytes,
}

/// What a cell does.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// Calls this.
    Call(fn(&Run) -> f64),
    /// Has Python run the function of `asyncio.py` that bears the row's key.
    Python,
    /// Looks at the smallest program.
    Smallest(smallest::Facet),
}

/// What ours may be, as a share of something.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// The share.
    pub share: f64,
    /// Of what.
    pub of: Of,
}

/// What a floor is a share of.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// The best rival.
    Best,
    /// The best rival but these, which do not do the same.
    BestBut(&'static [Peer]),
    /// This rival.
    Peer(Peer),
    /// One unit.
    Unit,
}

impl Row {
    /// A row in nanoseconds of processor time, on all cores, without floor or limit.
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

    /// With figures of this kind.
    #[must_use]
    pub fn unit(self, unit: &'static str) -> Row {
        Row { unit, ..self }
    }

    /// By the wall clock.
    #[must_use]
    pub fn wall(self) -> Row {
        Row { meter: Meter::Wall, unit: "ns wall", ..self }
    }

    /// As so many of something a second, by the wall clock.
    #[must_use]
    pub fn rate(self, unit: &'static str) -> Row {
        Row { meter: Meter::Wall, better: Better::More, unit, ..self }
    }

    /// Pinned.
    #[must_use]
    pub fn on_one_core(self) -> Row {
        Row { cores: Cores::One, ..self }
    }

    /// In this program.
    #[must_use]
    pub fn by(self, program: Program) -> Row {
        Row { program, ..self }
    }

    /// Ours may be this share of that at most.
    #[must_use]
    pub fn floor(mut self, share: f64, of: Of) -> Row {
        self.floors.push(Floor { share, of });
        self
    }

    /// What it costs when it is written by hand for this row.
    #[must_use]
    pub fn limit(mut self, work: fn(&Run) -> f64) -> Row {
        self.cells.push((Peer::Limit, Work::Call(work)));
        self
    }

    /// asyncio takes part.
    #[must_use]
    pub fn python(mut self) -> Row {
        self.cells.push((Peer::Asyncio, Work::Python));
        self
    }
}
