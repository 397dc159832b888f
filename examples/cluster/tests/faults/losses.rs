//! Hosts and the broker are lost in the middle of many jobs.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use aside::{sleep, timeout};
use cluster::{Cluster, Priority};

use crate::calls::{Batch, send, stamped};
use crate::ends::{monitor, until_waiting};
use crate::link::Link;
use crate::processes::{BOUND, Broker, Host, until};

const JOBS: u64 = 1_000;

/// One host is killed. Another one is cut off from the broker: for five seconds, and then for as
/// long as it takes the others to answer all calls.
pub(crate) fn lost_hosts_lose_no_job(broker: &Broker) {
    let stamps = broker.stamps("lost-hosts");
    let test = async {
        let (link, other) = (Link::new(broker.port()).await, Link::new(broker.port()).await);
        let cut_off = start(&link, &stamps).await;
        let mut killed = start(&other, &stamps).await;

        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let mut batch = Batch::send(&cluster, JOBS);
        batch.answers(200).await;
        killed.kill();
        let replacement = broker.host(2, &stamps);
        batch.answers(400).await;
        // For the broker, the host is not lost yet after this time.
        link.cut();
        sleep(Duration::from_secs(5)).await;
        link.heal();
        let healed = Instant::now();
        batch.all_once().await;
        println!("  all answers {:.1?} after a cut of 5 s", healed.elapsed());

        let mut batch = Batch::send(&cluster, 200);
        batch.answers(50).await;
        link.cut();
        let cut = Instant::now();
        // All jobs are answered although the host is still cut off, with some of them.
        batch.all_once().await;
        println!("  all answers {:.1?} after a cut without an end", cut.elapsed());
        link.heal();

        // The host that was cut off runs jobs again: there is no other.
        replacement.finish();
        Batch::send(&cluster, 20).all_once().await;
        cluster.close().await;
        drop(cut_off);
    };
    aside::run(async { timeout(BOUND, test).await.unwrap() });
    let runs = stamped(&stamps);
    let different: HashSet<u64> = runs.iter().copied().collect();
    assert_eq!(different.len() as u64, JOBS);
    println!("  {} jobs in {} runs", JOBS + 220, runs.len());
}

/// Starts a host that reaches the broker by this link, which the current loop serves.
async fn start(link: &Link, stamps: &Path) -> Host {
    let (command, address, stamps) = (link.command(), link.address(), stamps.to_owned());
    aside::spawn_blocking(move || Host::start(command, &address, 2, &stamps)).await.unwrap()
}

/// The broker keeps jobs and answers, and both sides connect again.
pub(crate) fn a_restarted_broker_loses_no_job(broker: &Broker) {
    let stamps = broker.stamps("restarted-broker");
    let host = broker.host(2, &stamps);
    let runtime = aside::Runtime::new();
    let (cluster, mut batch) = runtime.block_on(async {
        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let mut batch = Batch::send(&cluster, JOBS);
        timeout(BOUND, batch.answers(100)).await.unwrap();
        (cluster, batch)
    });
    // The loop is not turned meanwhile: to the broker, the client is a process that is stopped.
    broker.restart();
    let back = Instant::now();
    runtime.block_on(async {
        timeout(BOUND, batch.answers(101)).await.unwrap();
        println!("  the next answer {:.1?} after the broker is back", back.elapsed());
        timeout(BOUND, batch.all_once()).await.unwrap();
        cluster.close().await;
    });
    host.finish();
}

/// A host finishes its jobs, and the broker goes away. The host ends at once, and another one gets
/// its jobs.
pub(crate) fn a_stopping_host_ends_with_its_broker(broker: &Broker) {
    let stamps = broker.stamps("stopping");
    let runtime = aside::Runtime::new();
    let (cluster, hanging, behind) = runtime.block_on(async {
        let cluster = Cluster::connect(&broker.address()).await.unwrap();
        let hanging = send(&cluster.limit(Duration::from_secs(3600)), "hang", 0);
        let behind = send(&cluster, "stamp", 1);
        until_waiting(&monitor(broker).await, Priority::Normal, 2).await;
        (cluster, hanging, behind)
    });
    let mut host = broker.host(1, &stamps);
    runtime.block_on(async {
        let monitor = monitor(broker).await;
        until("the first job runs", async || host.has_worker()).await;
        host.ask_to_finish();
        // Where the host holds a job, RabbitMQ counts it still.
        let is_so = async || monitor.queue(Priority::Low).await.unwrap().hosts == 0;
        until("the host takes no more jobs", is_so).await;
    });
    broker.restart();
    host.wait_for_its_end();
    let host = broker.host(2, &stamps);
    runtime.block_on(async {
        assert_eq!(timeout(BOUND, behind).await.unwrap().unwrap().unwrap(), 1);
        hanging.abort();
        assert!(timeout(BOUND, hanging).await.unwrap().unwrap_err().is_cancelled());
        cluster.close().await;
    });
    host.finish();
    assert_eq!(stamped(&stamps), [1]);
}
