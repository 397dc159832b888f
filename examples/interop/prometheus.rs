//! Metrics for Prometheus: what the runtime does, in the text format that Prometheus reads.
//!
//! ```sh
//! cargo run --release --package interop --example prometheus -- --port 7007
//! curl http://127.0.0.1:7007/metrics
//! ```
//!
//! Without `--port` the system chooses a free port. The first line printed is `listening on
//! ADDRESS`. The server stops on ctrl-c or `SIGTERM`. A second ctrl-c ends the server at once.
//!
//! `Metrics::snapshot` returns plain values, so any library can export them. Here the values are
//! read at each scrape, by a `Collector` of `prometheus-client`. The text is made by a job on the
//! pool, so that a scrape does not hold the loop.

#[path = "../shared/servers.rs"]
mod servers;

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use aside::compat::hyper::LoopTimer;
use aside::net::{TcpListener, TcpStream};
use aside::observe::{Histogram, Metrics};
use aside::{Runtime, named, race, spawn};
use async_lock::SemaphoreGuardArc;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::servers::{Log, places, print_line, stop_signals, stopped};

type Done<T> = Result<T, Box<dyn Error>>;

/// The time limit for the header of a request.
const HEADER_MAX: Duration = Duration::from_secs(10);
/// The media type of the text format.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The upper bounds of the exported buckets, in microseconds. aside's own buckets are finer.
const BOUNDS: [u64; 10] = [10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000];

fn main() -> Done<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match &arguments[..] {
        [] => 0,
        [name, port] if name == "--port" => port.parse()?,
        _ => return Err("usage: prometheus [--port NUMBER]".into()),
    };
    let metrics = Metrics::new();
    let mut registry = Registry::with_prefix("aside");
    registry.register_collector(Box::new(RuntimeCollector(metrics.clone())));
    let runtime = Runtime::builder().metrics(&metrics).build();
    runtime.block_on(serve(port, Arc::new(registry)))?;
    // Each scrape is a job.
    print_line(format_args!("{} jobs were completed", metrics.snapshot().jobs_completed))?;
    Ok(())
}

/// Reads the values of a runtime at each scrape.
#[derive(Debug)]
struct RuntimeCollector(Metrics);

impl Collector for RuntimeCollector {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let values = self.0.snapshot();
        let counters = [
            ("tasks_spawned", "Tasks that were spawned", values.tasks_spawned),
            ("tasks_ended", "Tasks that have ended", values.tasks_ended),
            ("parks", "Sleeps of the loop", values.parks),
            ("jobs_submitted", "Jobs that were submitted", values.jobs_submitted),
            ("jobs_completed", "Jobs that have returned or panicked", values.jobs_completed),
            ("jobs_discarded", "Jobs that were refused or cancelled", values.jobs_discarded),
        ];
        for (name, help, value) in counters {
            write(&mut to, name, help, None, &ConstCounter::new(value))?;
        }
        let gauges = [
            ("tasks_alive", "Tasks that are alive", values.tasks_alive),
            ("jobs_queued", "Jobs that wait for a thread", values.jobs_queued),
            ("jobs_running", "Jobs that run", values.jobs_running),
            ("threads", "Threads of the pool", values.threads as u64),
        ];
        for (name, help, value) in gauges {
            write(&mut to, name, help, None, &ConstGauge::new(value as i64))?;
        }
        let busy = ConstCounter::new(values.busy.as_secs_f64());
        write(
            &mut to,
            "busy",
            "The time for which the loop was awake",
            Some(&Unit::Seconds),
            &busy,
        )?;
        let histograms = [
            ("poll", "Durations of polls", &values.poll_time),
            ("job_queue", "From the submit of a job to its begin", &values.job_queue_time),
            ("job_run", "Durations of jobs", &values.job_run_time),
        ];
        for (name, help, times) in histograms {
            write(&mut to, name, help, Some(&Unit::Seconds), &Times(times))?;
        }
        Ok(())
    }
}

fn write(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(to.encode_descriptor(name, help, unit, metric.metric_type())?)
}

/// A histogram of aside, in the buckets of `BOUNDS`.
struct Times<'a>(&'a Histogram);

impl EncodeMetric for Times<'_> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let count = self.0.count();
        let mut below = 0;
        let mut buckets = Vec::new();
        for micros in BOUNDS {
            let bound = Duration::from_micros(micros);
            let up_to = self.0.count_up_to(bound);
            buckets.push((bound.as_secs_f64(), up_to - below));
            below = up_to;
        }
        // The encoder writes this bound as `+Inf`.
        buckets.push((f64::MAX, count - below));
        let sum = self.0.sum().as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

async fn serve(port: u16, registry: Arc<Registry>) -> Done<()> {
    let signals = stop_signals()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    print_line(format_args!("listening on {}", listener.local_addr()?))?;
    race((stopped(signals), accept(&listener, &registry, &Log::start()?))).await?;
    Ok(())
}

/// Accepts connections until its future is dropped.
async fn accept(listener: &TcpListener, registry: &Arc<Registry>, log: &Log) -> io::Result<()> {
    let places = places();
    loop {
        let place = places.acquire_arc().await;
        match listener.accept().await {
            Ok((stream, _peer)) => spawn(connection(stream, Arc::clone(registry), place)).detach(),
            Err(error) => log.line(format_args!("a connection was not accepted: {error}")),
        }
    }
}

/// Serves a connection until its end.
async fn connection(stream: TcpStream, registry: Arc<Registry>, _place: SemaphoreGuardArc) {
    let mut http = http1::Builder::new();
    http.timer(LoopTimer).header_read_timeout(HEADER_MAX);
    let answer = service_fn(|request| answer(request, Arc::clone(&registry)));
    // An error means that the client has disconnected, or that its request was not a valid one.
    let _disconnected = http.serve_connection(stream, answer).await;
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: Request<Incoming>, registry: Arc<Registry>) -> Result<Answer, Infallible> {
    if request.uri().path() != "/metrics" {
        return Ok(status(StatusCode::NOT_FOUND));
    }
    let encoding = named("encode").spawn_blocking(move || {
        let mut text = String::new();
        encode(&mut text, &registry).map(|()| text)
    });
    let Ok(Ok(text)) = encoding.await else { return Ok(status(StatusCode::INTERNAL_SERVER_ERROR)) };
    let response = Response::builder().header(CONTENT_TYPE, TEXT).body(Full::from(text));
    Ok(response.unwrap_or_else(|_invalid| status(StatusCode::INTERNAL_SERVER_ERROR)))
}

fn status(status: StatusCode) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
