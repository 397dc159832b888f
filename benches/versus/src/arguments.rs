//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::peers::Peer;
use crate::row::Row;
use crate::smallest;

/// The usage message.
pub const USAGE: &str = "\
cargo run --release -p versus -- [OPTIONS]

  --quick         fewer rounds, shorter cells, small scales: to work on something, not to publish
  --rows A,B      these rows only (a key, or its beginning); `--rows list` prints the keys;
                  `--rows smallest` builds the smallest programs, which is slow;
                  `--rows scale` measures the cost of a unit at different scales
  --peers A,B     these columns only, e.g. aside,tokio,limit
  --rounds N      this number of rounds
  --lto           measures each row in two builds, with cargo's profiles `release` and `lto`, and
                  shows the less flattering one
  --plot FILE     the rows of scale as a picture (SVG), too
  --json FILE     the table as JSON, too
";

/// The parsed command line.
#[derive(Debug)]
pub struct Arguments {
    /// The number of rounds.
    pub rounds: usize,
    /// The time for one cell.
    pub budget: Duration,
    /// The beginnings of the keys of the requested rows. If this is empty, all rows except the slow
    /// ones are requested.
    pub rows: Vec<String>,
    /// The requested columns.
    pub peers: Vec<Peer>,
    /// The builds of this program that are measured.
    pub builds: Builds,
    /// The largest size of the rows of scale.
    pub largest: usize,
    /// The file to which the picture is written.
    pub plot: Option<PathBuf>,
    /// The file to which the JSON is written.
    pub json: Option<PathBuf>,
}

/// The builds of this program that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builds {
    /// The build of the running program.
    This,
    /// The build of the running program, and the build with the profile `lto`.
    AndLto,
}

/// The largest size of the rows of scale in a quick run.
const QUICK_SIZE: usize = 1_000;

impl Arguments {
    /// Reads the arguments that follow the program's name.
    ///
    /// # Errors
    /// If an argument is unknown or malformed.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Arguments, String> {
        let mut words = words.into_iter();
        let mut arguments = Arguments {
            rounds: 7,
            budget: Duration::from_millis(250),
            rows: Vec::new(),
            peers: Peer::ALL.to_vec(),
            builds: Builds::This,
            largest: usize::MAX,
            plot: None,
            json: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--quick" => {
                    arguments.rounds = 3;
                    arguments.budget = Duration::from_millis(40);
                    arguments.largest = QUICK_SIZE;
                }
                "--rows" => arguments.rows = value()?.split(',').map(String::from).collect(),
                "--peers" => arguments.peers = peers(&value()?)?,
                "--rounds" => {
                    let rounds = value()?;
                    arguments.rounds = rounds.parse().map_err(|_| format!("`{rounds}` rounds?"))?;
                }
                "--lto" => arguments.builds = Builds::AndLto,
                "--plot" => arguments.plot = Some(value()?.into()),
                "--json" => arguments.json = Some(value()?.into()),
                _ => return Err(format!("`{word}` is not understood")),
            }
        }
        arguments.peers.retain(|peer| peer.is_present());
        Ok(arguments)
    }

    /// Returns true if this row was requested.
    pub fn wants(&self, row: &Row) -> bool {
        if row.scale.is_some_and(|scale| scale.size > self.largest) {
            return false;
        }
        if self.rows.is_empty() {
            return !row.key.starts_with(smallest::KEY);
        }
        self.rows.iter().any(|wanted| row.key.starts_with(wanted.as_str()))
    }
}

fn peers(names: &str) -> Result<Vec<Peer>, String> {
    let find = |name| Peer::ALL.into_iter().find(|peer| peer.name() == name);
    names.split(',').map(|name| find(name).ok_or(format!("there is no peer `{name}`"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn rows_are_chosen_by_the_beginning_of_their_keys() {
        let keys = |line| {
            let arguments = parse(line).expect("the line is right");
            let rows = crate::rows::all();
            rows.iter().filter(|row| arguments.wants(row)).map(|row| row.key).collect::<Vec<_>>()
        };
        assert_eq!(keys("--rows yield-m,make"), ["yield-main", "make"]);
        assert!(keys("").contains(&"spawn-task"));
        assert!(!keys("").iter().any(|key| key.starts_with("smallest")));
        assert!(keys("").contains(&"scale-tasks-cold-1000000"));
        assert_eq!(keys("--quick --rows scale-sockets-c").len(), 2, "100 and 1,000");
    }

    #[test]
    fn an_unknown_argument_is_an_error() {
        assert!(parse("--fast").is_err());
        assert!(parse("--rounds").is_err());
        assert!(parse("--rounds many").is_err());
        assert!(parse("--peers unknown").is_err());
        assert!(parse("--plot").is_err());
    }
}
