//! The rows that show how the cost of a unit changes with the number of units.

use std::fmt::Write;

use crate::peers::Peer;
use crate::rounds::Measured;
use crate::table::{figure, whole};

/// The prefix of the keys of these rows.
pub const KEY: &str = "scale";

/// The permitted cost of a unit at the largest size, as a multiple of the cost at the size before
/// it. At both sizes the units do not fit into the caches.
const GROWTH: f64 = 1.2;

/// The position of a row among the rows of scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The counted units.
    pub kind: Kind,
    /// The state of the memory.
    pub memory: Memory,
    /// The number of units.
    pub size: usize,
}

/// The counted units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Tasks that are alive at the same time.
    Tasks,
    /// Timers that are set at the same time.
    Timers,
    /// Jobs that are queued at the same time.
    Jobs,
    /// Connections that are open at the same time.
    Sockets,
}

impl Kind {
    /// All kinds, in the order of the panels.
    pub const ALL: [Kind; 4] = [Kind::Tasks, Kind::Timers, Kind::Jobs, Kind::Sockets];

    /// The title for readers.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Tasks => "tasks",
            Kind::Timers => "timers",
            Kind::Jobs => "queued jobs",
            Kind::Sockets => "connections",
        }
    }

    /// The operation that the figure is the cost of.
    pub fn unit(self) -> &'static str {
        match self {
            Kind::Tasks => "ns CPU per task",
            Kind::Timers => "ns CPU per timer",
            Kind::Jobs => "ns CPU per job",
            Kind::Sockets => "ns server CPU per request",
        }
    }
}

/// The state of the memory that the units use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// The process has not used it before. For connections: a new connection and its first request.
    Cold,
    /// The units before have used it. For connections: a request of an old connection.
    Warm,
}

impl Memory {
    /// Both states, in the order of the lines.
    pub const ALL: [Memory; 2] = [Memory::Cold, Memory::Warm];

    /// The name for readers.
    pub fn name(self) -> &'static str {
        match self {
            Memory::Cold => "cold",
            Memory::Warm => "warm",
        }
    }
}

/// The figures of one peer for one kind and state of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The peer.
    pub peer: Peer,
    /// The state of the memory.
    pub memory: Memory,
    /// Sizes, ascending, and the cost of a unit at each.
    pub points: Vec<(usize, f64)>,
}

impl Curve {
    /// Returns the cost at the largest size, as a multiple of the cost at the size before it.
    pub fn growth(&self) -> Option<f64> {
        let [.., (_, before), (_, last)] = self.points[..] else { return None };
        Some(last / before)
    }
}

/// Returns the curves of a kind: those of cold memory first, in the order of the peers.
pub fn curves(measured: &[Measured], kind: Kind) -> Vec<Curve> {
    let of = |memory, peer| {
        let mut points: Vec<_> = measured
            .iter()
            .filter_map(|row| {
                let scale = row.row.scale.filter(|at| at.kind == kind && at.memory == memory)?;
                Some((scale.size, *row.figures.get(&peer)?))
            })
            .collect();
        points.sort_by_key(|&(size, _)| size);
        Curve { peer, memory, points }
    };
    let all = Memory::ALL.into_iter().flat_map(|memory| Peer::ALL.map(|peer| of(memory, peer)));
    all.filter(|curve| !curve.points.is_empty()).collect()
}

/// Returns a Markdown table for each kind that has been measured.
pub fn markdown(measured: &[Measured]) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let curves = curves(measured, kind);
        let mut sizes: Vec<usize> =
            curves.iter().flat_map(|curve| &curve.points).map(|&(size, _)| size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        if !sizes.is_empty() {
            table(&mut text, kind, &sizes, &curves);
        }
    }
    text
}

fn table(text: &mut String, kind: Kind, sizes: &[usize], curves: &[Curve]) {
    let heads: Vec<_> = sizes.iter().map(|&size| whole(size as f64)).collect();
    let _ = writeln!(
        text,
        "\n| {}: {} | | {} | growth | |",
        kind.title(),
        kind.unit(),
        heads.join(" | ")
    );
    let _ = writeln!(text, "|---|---|{}---|", "--:|".repeat(sizes.len() + 1));
    for curve in curves {
        let _ = write!(text, "| {} | {} |", curve.peer.name(), curve.memory.name());
        for size in sizes {
            let point = curve.points.iter().find(|(at, _)| at == size);
            let _ =
                write!(text, " {} |", point.map_or_else(String::new, |&(_, cost)| figure(cost)));
        }
        let growth = curve.growth();
        let met = match growth.filter(|_| curve.peer == Peer::Aside) {
            Some(growth) if growth <= GROWTH => "met",
            Some(_) => "**lost**",
            None => "",
        };
        let growth = growth.map_or_else(String::new, |growth| format!("{growth:.2}"));
        let _ = writeln!(text, " {growth} | {met} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;

    fn measured(memory: Memory, size: usize, figures: &[(Peer, f64)]) -> Measured {
        let row = Row::new("row", "a row", Vec::new());
        let row = row.scale(Scale { kind: Kind::Tasks, memory, size });
        Measured { row, profile: "release".into(), figures: figures.iter().copied().collect() }
    }

    #[test]
    fn a_curve_has_ascending_sizes() {
        let rows = [
            measured(Memory::Warm, 1_000, &[(Peer::Aside, 10.0)]),
            measured(Memory::Cold, 1_000, &[(Peer::Aside, 30.0)]),
            measured(Memory::Warm, 100, &[(Peer::Aside, 5.0), (Peer::Tokio, 7.0)]),
        ];
        let curves = curves(&rows, Kind::Tasks);
        let lines: Vec<_> =
            curves.iter().map(|line| (line.peer, line.memory, line.points.len())).collect();
        let warm = Memory::Warm;
        assert_eq!(
            lines,
            [(Peer::Aside, Memory::Cold, 1), (Peer::Aside, warm, 2), (Peer::Tokio, warm, 1)]
        );
        assert_eq!(curves[1].points, [(100, 5.0), (1_000, 10.0)]);
        assert_eq!(curves[1].growth(), Some(2.0));
        assert_eq!(curves[0].growth(), None);
    }

    #[test]
    fn a_table_tells_whether_aside_stays_flat() {
        let rows = [
            measured(Memory::Warm, 1_000, &[(Peer::Aside, 11.0), (Peer::Tokio, 5.0)]),
            measured(Memory::Warm, 100, &[(Peer::Aside, 10.0), (Peer::Tokio, 1.0)]),
        ];
        let table = markdown(&rows);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(
            lines[1..],
            [
                "| tasks: ns CPU per task | | 100 | 1,000 | growth | |",
                "|---|---|--:|--:|--:|---|",
                "| aside | warm | 10.0 | 11.0 | 1.10 | met |",
                "| tokio | warm | 1.00 | 5.00 | 5.00 |  |",
            ]
        );
    }
}
