//! Measures cells, interleaved round by round, and takes the median of each cell.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Result, stderr};

use crate::arguments::Arguments;
use crate::builds::Build;
use crate::cell;
use crate::page_supply::touch_pages;
use crate::peers::Peer;
use crate::row::{Better, Of, Rounds, Row, Work};

/// The measured figures of a row.
#[derive(Debug)]
pub struct Measured {
    /// The row.
    pub row: Row,
    /// The profile of the build that was measured.
    pub profile: String,
    /// The medians, including those of aside and of the column `limit`.
    pub figures: BTreeMap<Peer, f64>,
}

/// The figures of a row, by build and peer.
type Samples = Vec<BTreeMap<Peer, Vec<f64>>>;

/// Measures all cells of these rows, in each round and in each build. If there are several builds,
/// the figures of a row are those of the build in which the row is less flattering for aside.
///
/// # Errors
/// If no process can be started.
pub fn measure(rows: Vec<Row>, arguments: &Arguments, builds: &[Build]) -> Result<Vec<Measured>> {
    let mut samples: Vec<Samples> =
        rows.iter().map(|_| vec![BTreeMap::new(); builds.len()]).collect();
    for round in 1..=arguments.rounds {
        for (row, samples) in rows.iter().zip(&mut samples) {
            if stderr().is_terminal() {
                eprint!("\r\x1b[Kround {round} of {}: {}", arguments.rounds, row.key);
            }
            for _ in 0..cells_in(row.rounds, round, arguments.rounds) {
                measure_row(row, arguments, builds, samples)?;
            }
        }
    }
    if stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    let measured = rows.into_iter().zip(samples);
    Ok(measured.map(|(row, samples)| least_flattering(row, builds, samples)).collect())
}

/// Returns the number of cells of each peer in this round, where `last` is the last one.
fn cells_in(rounds: Rounds, round: usize, last: usize) -> usize {
    match rounds {
        Rounds::Each => 1,
        Rounds::Twenty => 20_usize.div_ceil(last),
        Rounds::FirstThree => usize::from(round <= 3),
    }
}

/// Measures one cell of each peer in each build.
fn measure_row(
    row: &Row,
    arguments: &Arguments,
    builds: &[Build],
    samples: &mut Samples,
) -> Result<()> {
    for &(peer, work) in row.cells.iter().filter(|(peer, _)| arguments.peers.contains(peer)) {
        let mut figure = None;
        for (build, samples) in builds.iter().zip(&mut *samples) {
            // A cell that is no function of this program does not depend on the build.
            if figure.is_none() || matches!(work, Work::Call(_)) {
                touch_pages();
                figure = cell::measure(row, peer, work, arguments.budget, &build.program)?;
            }
            if figure.is_none() {
                eprintln!("{}: {} has no figure ({})", row.key, peer.name(), build.profile);
            }
            samples.entry(peer).or_default().extend(figure);
        }
    }
    Ok(())
}

fn least_flattering(row: Row, builds: &[Build], samples: Samples) -> Measured {
    let medians = |samples: BTreeMap<Peer, Vec<f64>>| -> BTreeMap<Peer, f64> {
        samples.into_iter().filter_map(|(peer, all)| Some((peer, median(all)?))).collect()
    };
    let mut measured = Measured { row, profile: String::new(), figures: BTreeMap::new() };
    let mut most = f64::NEG_INFINITY;
    for (build, samples) in builds.iter().zip(samples) {
        let figures = std::mem::replace(&mut measured.figures, medians(samples));
        let excess = measured.excess();
        if excess > most {
            most = excess;
            measured.profile.clone_from(&build.profile);
        } else {
            measured.figures = figures;
        }
    }
    measured
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
            Of::Best | Of::BestOf(_) | Of::Limit | Of::Unit => None,
        });
        self.best_but(left_out.unwrap_or_default())
    }

    fn best_but(&self, peers: &[Peer]) -> Option<f64> {
        self.best_where(|peer| !peers.contains(&peer))
    }

    fn best_where(&self, counts: impl Fn(Peer) -> bool) -> Option<f64> {
        let figures = self.rivals().filter(|&(peer, _)| counts(peer)).map(|(_, figure)| figure);
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
                Of::BestOf(peers) => self.best_where(|peer| peers.contains(&peer)),
                Of::Limit => self.figures.get(&Peer::Limit).copied(),
                Of::Unit => Some(1.0),
            };
            Some(floor.share * of?)
        });
        Some(allowed.min_by(f64::total_cmp)? / self.best()?)
    }

    /// Returns how unflattering the figures are: the ratio to the floor. A row without a floor has
    /// the ratio to the best rival, and a row without rivals has none.
    fn excess(&self) -> f64 {
        let ratio = self.ratio().map_or(0.0, |ratio| match self.row.better {
            Better::Less => ratio,
            Better::More => 1.0 / ratio,
        });
        ratio / self.floor().unwrap_or(1.0)
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
        let mut row = Row::new("row", "a row", Vec::new());
        row.floors.clear();
        let row = floors.iter().fold(row, |row, &(share, of)| row.floor(share, of));
        Measured { row, profile: "lto".into(), figures: figures.iter().copied().collect() }
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
        let row = measured(&[(0.9, Of::Best), (0.05, Of::BestOf(Peer::TOKIO))], FIGURES);
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

    #[test]
    fn every_row_is_measured_against_tokio_and_smol() {
        let figures = [(Peer::Aside, 40.0), (Peer::TokioLocal, 39.0), (Peer::Monoio, 50.0)];
        let row = Row::new("row", "a row", Vec::new());
        let row = Measured { row, profile: "lto".into(), figures: figures.into() };
        assert_eq!((row.floor(), row.is_met()), (Some(1.0), Some(false)));
    }

    #[test]
    fn the_less_flattering_build_is_kept() {
        let build = |profile: &str| Build { profile: profile.into(), program: "versus".into() };
        let builds = [build("release"), build("lto")];
        let samples = |ours: [f64; 2], theirs: [f64; 2]| {
            let sample = |of| [(Peer::Aside, vec![ours[of]]), (Peer::Tokio, vec![theirs[of]])];
            vec![BTreeMap::from(sample(0)), BTreeMap::from(sample(1))]
        };
        let kept = |row: Row, ours, theirs| {
            let kept = least_flattering(row, &builds, samples(ours, theirs));
            (kept.profile.clone(), kept.ours())
        };
        let row = || Row::new("row", "a row", Vec::new());
        assert_eq!(kept(row(), [2.0, 1.0], [2.0, 0.5]), ("lto".into(), Some(1.0)));
        assert_eq!(kept(row(), [2.0, 1.0], [2.0, 2.0]), ("release".into(), Some(2.0)));
        let rate = || row().rate("requests/s");
        assert_eq!(kept(rate(), [2.0, 1.0], [2.0, 2.0]), ("lto".into(), Some(1.0)));
    }

    #[test]
    fn a_row_can_have_more_cells_or_fewer_than_rounds() {
        let cells = |rounds| (1..=5).map(|round| cells_in(rounds, round, 5)).sum::<usize>();
        let all = [Rounds::Each, Rounds::Twenty, Rounds::FirstThree].map(cells);
        assert_eq!(all, [5, 20, 3]);
    }
}
