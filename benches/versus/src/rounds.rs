//! Measures cells, interleaved round by round, and takes the median of each cell.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Result, stderr};

use crate::arguments::Arguments;
use crate::cell;
use crate::peers::Peer;
use crate::row::{Better, Of, Row};

/// The measured figures of a row.
#[derive(Debug)]
pub struct Measured {
    /// The row.
    pub row: Row,
    /// The medians, including those of aside and of the column `limit`.
    pub figures: BTreeMap<Peer, f64>,
}

/// Measures all cells of these rows, each cell once per round.
///
/// # Errors
/// If no process can be started.
pub fn measure(rows: Vec<Row>, arguments: &Arguments) -> Result<Vec<Measured>> {
    let mut samples: Vec<BTreeMap<Peer, Vec<f64>>> = rows.iter().map(|_| BTreeMap::new()).collect();
    for round in 1..=arguments.rounds {
        for (row, samples) in rows.iter().zip(&mut samples) {
            if stderr().is_terminal() {
                eprint!("\r\x1b[Kround {round} of {}: {}", arguments.rounds, row.key);
            }
            for &(peer, work) in row.cells.iter().filter(|(peer, _)| arguments.peers.contains(peer))
            {
                let figure = cell::measure(row, peer, work, arguments.budget)?;
                if figure.is_none() {
                    eprintln!("{}: {} has no figure in round {round}", row.key, peer.name());
                }
                samples.entry(peer).or_default().extend(figure);
            }
        }
    }
    if stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    let measured = rows.into_iter().zip(samples).map(|(row, samples)| Measured {
        row,
        figures: samples.into_iter().filter_map(|(peer, all)| Some((peer, median(all)?))).collect(),
    });
    Ok(measured.collect())
}

fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    let upper = *samples.get(middle)?;
    Some(if samples.len() % 2 == 1 { upper } else { (samples[middle - 1] + upper) / 2.0 })
}

impl Measured {
    /// Returns aside's figure.
    pub fn ours(&self) -> Option<f64> {
        self.figures.get(&Peer::Aside).copied()
    }

    /// Returns the rivals' figures.
    pub fn rivals(&self) -> impl Iterator<Item = (Peer, f64)> {
        let rivals = self.figures.iter().map(|(&peer, &figure)| (peer, figure));
        rivals.filter(|(peer, _)| !matches!(peer, Peer::Aside | Peer::Limit))
    }

    /// Returns the best of the rivals' figures, without the rivals that the floor excludes.
    pub fn best(&self) -> Option<f64> {
        let left_out = self.row.floors.iter().find_map(|floor| match floor.of {
            Of::BestBut(peers) => Some(peers),
            Of::Best | Of::Peer(_) | Of::Unit => None,
        });
        self.best_but(left_out.unwrap_or_default())
    }

    fn best_but(&self, peers: &[Peer]) -> Option<f64> {
        let figures = self.rivals().filter(|(peer, _)| !peers.contains(peer));
        let figures = figures.map(|(_, figure)| figure);
        match self.row.better {
            Better::Less => figures.min_by(f64::total_cmp),
            Better::More => figures.max_by(f64::total_cmp),
        }
    }

    /// Returns the ratio of aside's figure to the best rival's.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.ours()? / self.best()?)
    }

    /// Returns the permitted ratio: the strictest of the row's floors, as a share of the best
    /// rival's figure.
    pub fn floor(&self) -> Option<f64> {
        let allowed = self.row.floors.iter().filter_map(|floor| {
            let of = match floor.of {
                Of::Best => self.best_but(&[]),
                Of::BestBut(peers) => self.best_but(peers),
                Of::Peer(peer) => self.figures.get(&peer).copied(),
                Of::Unit => Some(1.0),
            };
            Some(floor.share * of?)
        });
        Some(allowed.min_by(f64::total_cmp)? / self.best()?)
    }

    /// Returns true if the floor is met, or `None` if aside or every rival has no figure.
    pub fn is_met(&self) -> Option<bool> {
        Some(self.ratio()? <= self.floor()? * (1.0 + f64::EPSILON))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(floors: &[(f64, Of)], figures: &[(Peer, f64)]) -> Measured {
        let row = Row::new("row", "a row", Vec::new());
        let row = floors.iter().fold(row, |row, &(share, of)| row.floor(share, of));
        Measured { row, figures: figures.iter().copied().collect() }
    }

    const FIGURES: &[(Peer, f64)] =
        &[(Peer::Aside, 40.0), (Peer::Tokio, 500.0), (Peer::Monoio, 50.0), (Peer::Limit, 1.0)];

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn the_best_rival_is_neither_ours_nor_the_limit() {
        let row = measured(&[(0.9, Of::Best)], FIGURES);
        assert_eq!((row.best(), row.ratio(), row.is_met()), (Some(50.0), Some(0.8), Some(true)));
    }

    #[test]
    fn the_strictest_floor_counts() {
        let row = measured(&[(0.9, Of::Best), (0.05, Of::Peer(Peer::Tokio))], FIGURES);
        assert_eq!((row.floor(), row.is_met()), (Some(0.5), Some(false)));
    }

    #[test]
    fn a_rival_that_does_something_else_is_left_out() {
        let row = measured(&[(0.75, Of::BestBut(&[Peer::Monoio]))], FIGURES);
        assert_eq!((row.best(), row.floor()), (Some(500.0), Some(0.75)));
    }

    #[test]
    fn a_row_without_us_is_neither_met_nor_lost() {
        assert_eq!(measured(&[(0.9, Of::Best)], &[(Peer::Tokio, 1.0)]).is_met(), None);
    }
}
