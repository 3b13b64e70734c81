//! What happened, counted, as Prometheus text on a page of its own.

use std::fmt::Write as _;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use tokio::net::TcpListener;
use tonic::Code;

/// Methods of the service; everything else counts as `other`.
pub(super) const METHODS: [&str; 13] = [
    "CalculateMeanReversion",
    "OptimizePortfolio",
    "DetectRegime",
    "StreamMarketData",
    "GetOrderBook",
    "RunHMM",
    "RunMCMC",
    "CalculateSparsePortfolio",
    "BoxTaoDecomposition",
    "RiskAnalytics",
    "RunBacktest",
    "GetVersion",
    "other",
];
const CODES: usize = 17;
/// Upper ends of the buckets of durations, in microseconds.
const BUCKETS: [u64; 8] = [
    100, 1_000, 10_000, 50_000, 250_000, 1_000_000, 5_000_000, 30_000_000,
];

#[derive(Debug, Default)]
struct Counts {
    by_code: [AtomicU64; CODES],
    by_bucket: [AtomicU64; BUCKETS.len()],
    micros: AtomicU64,
}

/// The counts of all methods.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    methods: [Counts; METHODS.len()],
    in_flight: AtomicI64,
}

/// One call that is running.
pub(super) struct Running<'a>(&'a Metrics);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    pub(super) fn begin(&self) -> Running<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// Counts an answered call: for a stream, until its first message may flow.
    pub(super) fn note(&self, method: usize, code: Code, took: Duration) {
        let counts = &self.methods[method.min(METHODS.len() - 1)];
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        counts.by_code[(code as usize).min(CODES - 1)].fetch_add(1, Ordering::Relaxed);
        counts.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(at) = BUCKETS.iter().position(|end| micros <= *end) {
            counts.by_bucket[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn text(&self) -> String {
        let mut out = String::from("# TYPE py_rt_calls_total counter\n");
        for (name, counts) in METHODS.iter().zip(&self.methods) {
            for (code, count) in counts.by_code.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = format!("method=\"{name}\",code=\"{code}\"");
                    let _ = writeln!(out, "py_rt_calls_total{{{labels}}} {count}");
                }
            }
        }
        out.push_str("# TYPE py_rt_call_seconds histogram\n");
        for (name, counts) in METHODS.iter().zip(&self.methods) {
            self::durations(&mut out, name, counts);
        }
        let running = self.in_flight.load(Ordering::Relaxed);
        out.push_str("# TYPE py_rt_calls_in_flight gauge\n");
        let _ = writeln!(out, "py_rt_calls_in_flight {running}");
        out
    }
}

fn durations(out: &mut String, name: &str, counts: &Counts) {
    let total: u64 = counts
        .by_code
        .iter()
        .map(|count| count.load(Ordering::Relaxed))
        .sum();
    if total == 0 {
        return;
    }
    let family = "py_rt_call_seconds";
    let mut below = 0;
    for (end, count) in BUCKETS.iter().zip(&counts.by_bucket) {
        below += count.load(Ordering::Relaxed);
        let end = *end as f64 / 1e6;
        let _ = writeln!(
            out,
            "{family}_bucket{{method=\"{name}\",le=\"{end}\"}} {below}"
        );
    }
    let sum = counts.micros.load(Ordering::Relaxed) as f64 / 1e6;
    let _ = writeln!(
        out,
        "{family}_bucket{{method=\"{name}\",le=\"+Inf\"}} {total}"
    );
    let _ = writeln!(out, "{family}_sum{{method=\"{name}\"}} {sum}");
    let _ = writeln!(out, "{family}_count{{method=\"{name}\"}} {total}");
}

/// Shows the counts until the server closes; without a listener it only waits for nothing.
pub(super) async fn show(
    page: Option<TcpListener>,
    metrics: Arc<Metrics>,
    closed: impl Future<Output = ()> + Send + 'static,
) {
    let Some(page) = page else {
        return;
    };
    let show = move || {
        let text = metrics.text();
        async move { text }
    };
    let router = axum::Router::new().route("/metrics", get(show));
    let served = axum::serve(page, router).with_graceful_shutdown(closed);
    // The server goes on without its page.
    let _ = served.await;
}
