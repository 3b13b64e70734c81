//! What one decision of the kernel costs, from the row of the market to the checked request.
//!
//! `cargo run --release -p py-rt-kernel --example decision [DECISIONS]` prints one JSON line: the
//! nanoseconds of `handle_input` with everything it has to say, for rows on which the strategy
//! orders (`decision`) and for the venue's answers (`report`). The controls that a session has by
//! default are on. The clock's own cost is in all of them and stands beside.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

#[path = "../tests/rig/mod.rs"]
mod rig;

use std::time::Instant;

use py_rt_kernel::risk::{Guards, Pace};
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{
    Context, Control, Input, Interests, Kernel, KernelConfig, OrderRequest, Output, Request,
    Strategy,
};
use py_rt_types::{Price, Qty, ReportKind, Side, UnixNanos};
use rig::{config, fill, instrument, loose, row, told, FIRST};

const STEP_NS: i64 = 1_000_000;

/// Bids one lot at the touch on every quote.
#[derive(Debug, Default)]
struct Bidder;

impl Strategy for Bidder {
    fn interests(&self) -> Interests {
        Interests::QUOTE
    }
    fn on_quote(&mut self, ctx: &mut Context<'_>, _quote: &Quote) {
        ctx.submit(OrderRequest::limit(FIRST, Side::Buy, Qty(1), Price(9_990)));
    }
}

const fn wide(window_ns: i64) -> Option<Pace> {
    Some(Pace {
        most: 10_000,
        window_ns,
    })
}

fn guarded() -> KernelConfig {
    let mut limits = loose();
    limits.guards = Guards {
        duplicates: wide(100_000_000),
        executions: wide(1_000_000_000),
        instrument_orders: wide(1_000_000_000),
        cancels: wide(1_000_000_000),
        no_self_trade: true,
        price_move_bps: wide(1_000_000_000),
        phases: true,
        max_net_notional: Some(limits.max_gross_notional),
        max_daily_notional: Some(limits.max_gross_notional),
        max_concentration_e9: Some(1_000_000_000_000),
        ..Guards::default()
    };
    KernelConfig {
        limits,
        ..config(vec![instrument("AAA")])
    }
}

struct Bench {
    kernel: Kernel<Bidder>,
    now: i64,
    /// The sequence of the last input's new order.
    ordered: Option<u64>,
}

impl Bench {
    /// Nanoseconds that one input took with all it led to.
    fn timed(&mut self, input: Input<'_>) -> u64 {
        self.ordered = None;
        let began = Instant::now();
        self.kernel.handle_input(UnixNanos(self.now), input);
        while let Some(output) = self.kernel.poll_output() {
            if let Output::Send(Request::New(order)) = output {
                self.ordered = Some(order.order().client_order_id.sequence);
            }
        }
        nanos(began)
    }

    fn book(&mut self, side: i8, price: i64, qty: i64) -> u64 {
        let row = row(FIRST, self.now, 0, side, price, qty);
        self.timed(Input::Market(&row))
    }

    fn tell(&mut self, sequence: u64, kind: ReportKind) -> u64 {
        let report = told(sequence, self.now, kind);
        self.timed(Input::Report(&report))
    }
}

fn nanos(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn part(sorted: &[u64], of_thousand: usize) -> u64 {
    let last = sorted.len().saturating_sub(1);
    let found = sorted.get(last * of_thousand / 1_000);
    found.copied().unwrap_or_default()
}

fn line(name: &str, mut taken: Vec<u64>) -> String {
    taken.sort_unstable();
    let (half, most, rare) = (part(&taken, 500), part(&taken, 990), part(&taken, 999));
    format!("\"{name}\": {{\"p50\": {half}, \"p99\": {most}, \"p999\": {rare}}}")
}

fn main() {
    let asked = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let decisions: usize = asked.unwrap_or(200_000);
    let mut bench = Bench {
        kernel: Kernel::new(guarded(), Bidder),
        now: 10 * rig::SECOND,
        ordered: None,
    };
    bench.timed(Input::Control(Control::Start));
    bench.book(-1, 10_001, 1_000);
    let (mut decided, mut reported, mut clock) = (Vec::new(), Vec::new(), Vec::new());
    let mut without = 0;
    for turn in 0..decisions {
        bench.now += STEP_NS;
        let taken = bench.book(1, 9_990, 1 + turn as i64 % 50);
        let Some(sequence) = bench.ordered else {
            without += 1;
            continue;
        };
        decided.push(taken);
        reported.push(bench.tell(sequence, ReportKind::Accepted));
        let end = match turn % 4 {
            0 => fill(1, 1, 9_990),
            _ => ReportKind::Canceled { cum_qty: Qty(0) },
        };
        reported.push(bench.tell(sequence, end));
        clock.push(nanos(Instant::now()));
    }
    println!(
        "{{\"decisions\": {}, \"without\": {without}, {}, {}, {}}}",
        decided.len(),
        line("decision", decided),
        line("report", reported),
        line("clock", clock)
    );
}
