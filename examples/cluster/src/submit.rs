//! `cluster submit`: many calls, a bar, and how they ended.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, Instant};

use aside::blocking::{Executor, Pool};
use aside::process_pool::{Call, ProcessPool};
use aside::task::JoinSet;
use aside::{JoinError, run_in_executor};
use cluster::{Cluster, Threads};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{Order, Place};
use crate::work::Input;

/// The ends of the calls.
#[derive(Default)]
struct Summary {
    returned: u64,
    latencies: Vec<Duration>,
    /// The other ends, without the numbers in their texts, and how many there are.
    failed: BTreeMap<String, u64>,
}

pub(crate) async fn submit(order: Order) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let summary = match order.place {
        Place::Cluster => {
            let cluster = Cluster::with_calls_max(&order.broker, order.calls_max).await?;
            let executor = cluster.priority(order.priority).limit(order.limit);
            let summary = call_all(&order, &executor).await;
            cluster.close().await;
            summary
        }
        Place::Processes => {
            let processes = ProcessPool::builder().job_timeout(order.limit).build();
            call_all(&order, &processes).await
        }
        Place::Threads => call_all(&order, &Threads(Pool::builder().build())).await,
    };
    summary.print(start.elapsed());
    Ok(())
}

/// Calls the function for each job. The executor decides where the calls run.
async fn call_all<E, R>(order: &Order, executor: &E) -> Summary
where
    E: Executor<Call<Input, u64>, Output = Result<u64, R>>,
    R: Display + Send + 'static,
{
    let template = "{bar:40} {pos}/{len} jobs, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    let bar = ProgressBar::new(order.jobs).with_style(style);
    let mut calls = JoinSet::new();
    let mut summary = Summary::default();
    for n in 0..order.jobs {
        let input = (n, vec![(n % 251) as u8; order.bytes]);
        let (expected, start) = (order.kind.expected(&input), Instant::now());
        let call = run_in_executor(executor, order.kind.call(input));
        calls.spawn_local(async move { (expected, start, call.await) });
        // More calls than this would only wait in memory.
        while calls.len() >= 2 * order.calls_max {
            summary.add(calls.join_next().await, &bar);
        }
    }
    while !calls.is_empty() {
        summary.add(calls.join_next().await, &bar);
    }
    bar.finish_and_clear();
    summary
}

type Ended<R> = (Option<u64>, Instant, Result<Result<u64, R>, JoinError>);

impl Summary {
    fn add<R: Display>(&mut self, ended: Option<Result<Ended<R>, JoinError>>, bar: &ProgressBar) {
        let Some(ended) = ended else { return };
        let (expected, start, result) = ended.unwrap_or_else(|error| error.resume());
        bar.inc(1);
        self.latencies.push(start.elapsed());
        let failure = match result {
            Ok(Ok(result)) if expected.is_none_or(|expected| result == expected) => {
                self.returned += 1;
                return;
            }
            Ok(Ok(_wrong)) => "a wrong result".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        *self.failed.entry(without_numbers(&failure)).or_default() += 1;
    }

    fn print(mut self, took: Duration) {
        self.latencies.sort_unstable();
        let at = |part: usize| self.latencies.get(self.latencies.len() * part / 100);
        let rate = self.latencies.len() as f64 / took.as_secs_f64();
        println!("{} returned, {} in all", self.returned, self.latencies.len());
        println!("{:.2} s, {rate:.0} jobs a second", took.as_secs_f64());
        if let (Some(median), Some(late)) = (at(50), at(99)) {
            println!("latency: half within {median:.2?}, 99 of 100 within {late:.2?}");
        }
        for (failure, count) in self.failed {
            println!("{count} failed: {failure}");
        }
    }
}

/// Replaces each number by `#`, so that failures of one kind have one text.
fn without_numbers(text: &str) -> String {
    let digit = |character: char| if character.is_ascii_digit() { '#' } else { character };
    let mut characters: Vec<char> = text.chars().map(digit).collect();
    characters.dedup_by(|next, last| (*next, *last) == ('#', '#'));
    characters.into_iter().collect()
}
