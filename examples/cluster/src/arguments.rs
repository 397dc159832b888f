//! The command line.

use std::thread::available_parallelism;
use std::time::Duration;

use cluster::{HostSettings, Priority};

use crate::work::Kind;

pub(crate) const HELP: &str = "\
Calls of functions on many machines, through RabbitMQ.

  cluster worker [--broker ADDRESS] [--slots N]
      Runs jobs in N processes (one for each core, unless set) until ctrl-c, and
      then finishes those that run. Start it on as many hosts as you like.

  cluster status [--broker ADDRESS]
      Prints how many jobs wait, and how many hosts are connected.

  cluster submit [JOB] [--jobs N] [--bytes N] [--priority high|normal|low]
                 [--limit SECONDS] [--calls-max N] [--on cluster|processes|threads]
                 [--broker ADDRESS]
      Sends N jobs (1,000), awaits them all and prints how they ended. At most
      --calls-max (1,000) are under way at once: the others wait for room.
      --on runs the same calls in processes or threads of this machine instead.

JOB is one of
  digest    sums up N bytes (the default; 1,024 bytes)
  primes    counts the primes below 100,000: some milliseconds
  panic     panics: the caller gets the panic
  crash     aborts its process: after three deliveries the caller gets an error
  hang      never returns: the caller gets an error after the limit (60 s)
  stamp     appends the number of the job to the file $CLUSTER_STAMPS

ADDRESS is amqp://USER:PASSWORD@HOST:PORT/VHOST?heartbeat=SECONDS, by default
$CLUSTER_BROKER, or else amqp://127.0.0.1:5672. `examples/cluster/broker FOLDER`
starts RabbitMQ on this machine, and `examples/cluster/demo` all of it.
";

pub(crate) enum Arguments {
    Help,
    Worker(HostSettings),
    Submit(Order),
    Status { broker: String },
}

/// The executor that runs the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Cluster,
    Processes,
    Threads,
}

/// The jobs of `cluster submit`, and the executor that runs them.
pub(crate) struct Order {
    pub(crate) broker: String,
    pub(crate) kind: Kind,
    pub(crate) jobs: u64,
    pub(crate) bytes: usize,
    pub(crate) priority: Priority,
    pub(crate) limit: Duration,
    pub(crate) calls_max: usize,
    pub(crate) place: Place,
}

/// Reads the arguments after the name of the program.
pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    match words.next().as_deref() {
        None | Some("help" | "--help" | "-h") => Ok(Arguments::Help),
        Some("worker") => worker(words),
        Some("status") => status(words),
        Some("submit") => submit(words),
        Some(other) => Err(format!("there is no command `{other}`")),
    }
}

fn broker() -> String {
    std::env::var("CLUSTER_BROKER").unwrap_or_else(|_| "amqp://127.0.0.1:5672".into())
}

/// Returns the value of an option, as a number or another type.
fn value<T: std::str::FromStr>(
    option: &str,
    words: &mut impl Iterator<Item = String>,
) -> Result<T, String> {
    let word = words.next().ok_or_else(|| format!("{option} has no value"))?;
    word.parse().map_err(|_| format!("`{word}` is no value for {option}"))
}

fn worker(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let cores = available_parallelism().map_or(1, usize::from);
    let slots = u16::try_from(cores).unwrap_or(u16::MAX);
    let mut settings = HostSettings { broker: broker(), slots };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" => return Ok(Arguments::Help),
            "--broker" => settings.broker = value(&word, &mut words)?,
            "--slots" => settings.slots = value::<u16>(&word, &mut words)?.max(1),
            other => return Err(format!("`cluster worker` has no option `{other}`")),
        }
    }
    Ok(Arguments::Worker(settings))
}

fn status(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut address = broker();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" => return Ok(Arguments::Help),
            "--broker" => address = value(&word, &mut words)?,
            other => return Err(format!("`cluster status` has no option `{other}`")),
        }
    }
    Ok(Arguments::Status { broker: address })
}

fn submit(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut order = Order {
        broker: broker(),
        kind: Kind::Digest,
        jobs: 1_000,
        bytes: 1_024,
        priority: Priority::Normal,
        limit: Duration::from_secs(60),
        calls_max: 1_000,
        place: Place::Cluster,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" => return Ok(Arguments::Help),
            "--broker" => order.broker = value(&word, &mut words)?,
            "--jobs" => order.jobs = value(&word, &mut words)?,
            "--bytes" => order.bytes = value(&word, &mut words)?,
            "--limit" => order.limit = Duration::from_secs(value(&word, &mut words)?),
            "--calls-max" => order.calls_max = value::<usize>(&word, &mut words)?.max(1),
            "--priority" => order.priority = priority(&value::<String>(&word, &mut words)?)?,
            "--on" => order.place = place(&value::<String>(&word, &mut words)?)?,
            name => order.kind = Kind::named(name).ok_or(format!("there is no job `{name}`"))?,
        }
    }
    Ok(Arguments::Submit(order))
}

fn priority(name: &str) -> Result<Priority, String> {
    match name {
        "high" => Ok(Priority::High),
        "normal" => Ok(Priority::Normal),
        "low" => Ok(Priority::Low),
        other => Err(format!("there is no priority `{other}`")),
    }
}

fn place(name: &str) -> Result<Place, String> {
    match name {
        "cluster" => Ok(Place::Cluster),
        "processes" => Ok(Place::Processes),
        "threads" => Ok(Place::Threads),
        other => Err(format!("jobs run on cluster, processes or threads, not on `{other}`")),
    }
}
