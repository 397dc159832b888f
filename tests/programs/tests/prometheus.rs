//! `examples/interop/prometheus`, scraped with curl.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use programs::{INTEROP, Program, client};

/// Returns the status, the media type, and the body of a page.
fn scrape(address: &str, page: &str) -> (String, String) {
    let mut curl = client("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30"]);
    curl.args(["--write-out", "%{http_code} %{content_type}"]);
    let output = curl.arg(format!("http://{address}/{page}")).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
    (status.to_owned(), body.to_owned())
}

/// Parses the text format, and returns the value of each series.
fn parse(body: &str) -> BTreeMap<&str, f64> {
    let mut series = BTreeMap::new();
    let mut declared = "";
    let (samples, end) = body.rsplit_once('\n').unwrap();
    assert_eq!(end, "# EOF");
    for line in samples.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            assert!(["HELP", "TYPE", "UNIT"].contains(&words[0]), "{line}");
            declared = words[1];
            assert!(words[0] != "TYPE" || ["counter", "gauge", "histogram"].contains(&words[2]));
            continue;
        }
        assert!(line.starts_with(declared), "{line} after the declaration of {declared}");
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(series.insert(name, value.parse().unwrap()).is_none(), "{name} has two values");
    }
    series
}

#[test]
fn curl_gets_the_metrics_in_the_text_format() {
    let mut server = Program::start(INTEROP, "prometheus", &["--port", "0"]);
    let address = server.address();
    assert_eq!(scrape(&address, "").0, "404 ");
    let scrapes: Vec<_> = (0..3).map(|_| scrape(&address, "metrics")).collect();
    for (earlier, (status, body)) in scrapes.iter().enumerate() {
        assert_eq!(status, "200 application/openmetrics-text; version=1.0.0; charset=utf-8");
        let series = parse(body);
        let value = |name: &str| *series.get(name).unwrap_or_else(|| panic!("{name}: {body}"));
        // The job that writes the text is still running.
        assert_eq!(value("aside_jobs_submitted_total"), earlier as f64 + 1.0);
        assert_eq!(value("aside_jobs_completed_total"), earlier as f64);
        assert_eq!((value("aside_jobs_running"), value("aside_jobs_queued")), (1.0, 0.0));
        assert_eq!(value("aside_job_run_seconds_count"), earlier as f64);
        // One task for each connection.
        assert_eq!(value("aside_tasks_spawned_total"), earlier as f64 + 2.0);
        assert!(value("aside_threads") >= 1.0 && value("aside_busy_seconds_total") > 0.0);
        let polls = value("aside_poll_seconds_count");
        assert!(polls > 0.0);
        assert_eq!(value("aside_poll_seconds_bucket{le=\"+Inf\"}"), polls);
        let buckets = series.range("aside_poll_seconds_bucket{".."aside_poll_seconds_bucket~");
        assert_eq!(buckets.count(), 11);
    }
    assert_eq!(server.stop(), "3 jobs were completed\n");
}
