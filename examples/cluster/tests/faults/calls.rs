//! The calls of the tests. The functions themselves are in `cluster worker`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use aside::process_pool::{Call, Function};
use aside::task::JoinSet;
use aside::{JoinHandle, run_in_executor};
use cluster::{Cluster, ClusterError};

type Input = (u64, Vec<u8>);
type NumberCall = Call<Input, u64>;

/// A call of a function that the host finds by its name.
pub(crate) fn named(name: &'static str, n: u64) -> NumberCall {
    Function::new(name, |_: Input| -> u64 { unreachable!("it runs on a host") })
        .call((n, Vec::new()))
}

pub(crate) fn send(
    cluster: &Cluster,
    name: &'static str,
    n: u64,
) -> JoinHandle<Result<u64, ClusterError>> {
    run_in_executor(cluster, named(name, n))
}

/// Calls that each return their number.
pub(crate) struct Batch {
    calls: JoinSet<Result<u64, ClusterError>>,
    answered: HashMap<u64, u32>,
    sent: u64,
}

impl Batch {
    pub(crate) fn send(cluster: &Cluster, jobs: u64) -> Batch {
        let mut calls = JoinSet::new();
        for n in 0..jobs {
            calls.insert(send(cluster, "stamp", n));
        }
        Batch { calls, answered: HashMap::new(), sent: jobs }
    }

    /// Waits until this many calls are answered.
    pub(crate) async fn answers(&mut self, count: usize) {
        while self.answered.len() < count {
            let ended = self.calls.join_next().await.unwrap();
            *self.answered.entry(ended.unwrap().unwrap()).or_default() += 1;
        }
    }

    /// Waits for the rest, and checks that each call was answered once, with its own number.
    pub(crate) async fn all_once(mut self) {
        while let Some(ended) = self.calls.join_next().await {
            *self.answered.entry(ended.unwrap().unwrap()).or_default() += 1;
        }
        assert_eq!(self.answered.len() as u64, self.sent);
        assert!((0..self.sent).all(|n| self.answered[&n] == 1));
    }
}

/// The numbers of the jobs that hosts have run, in order.
pub(crate) fn stamped(path: &Path) -> Vec<u64> {
    fs::read_to_string(path).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}
