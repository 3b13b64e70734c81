//! The makers on a kernel with a venue that answers at once, or not until it is told to.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::risk::{Guards, RiskLimits};
use py_rt_kernel::{Control, Input, Kernel, KernelConfig, Output, Request};
use py_rt_strategies::{create, Compiled, ParamValue};
use py_rt_types::*;

const HUGE: Money = Money(i128::MAX / 1_000_000);

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn bitcoin(shortable: bool, min_qty: &str) -> Instrument {
    Instrument::try_new(InstrumentSpec {
        symbol: "BTC".into(),
        venue: "SIM".into(),
        tick_size: decimal("0.01"),
        order_tick: None,
        lot_size: decimal("0.001"),
        min_qty: decimal(min_qty),
        min_notional: decimal("10"),
        multiplier: decimal("1"),
        currency: "USD".into(),
        asset_class: AssetClass::Crypto,
        shortable,
        sessions: false,
    })
    .unwrap()
}

struct Run {
    kernel: Kernel<Compiled>,
    now: i64,
    unanswered: Vec<Report>,
    sent: Vec<String>,
}

impl Run {
    fn new(name: &str, params: &[(&str, f64)], instrument: Instrument) -> Self {
        let params: Vec<_> = params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), ParamValue::Float(*value)))
            .collect();
        let instruments = vec![instrument];
        let strategy = create(name, &params, &instruments).unwrap();
        let config = KernelConfig {
            instruments,
            limits: RiskLimits {
                max_order_qty: decimal("1000000"),
                max_order_notional: HUGE,
                max_position_notional: HUGE,
                max_gross_notional: HUGE,
                max_open_orders: 100,
                max_orders_per_second: 1_000_000,
                price_collar_bps: 10_000,
                reference_age_ns_max: i64::MAX,
                max_daily_loss: HUGE,
                max_drawdown_e9: 1_000_000_000,
                max_leverage_e9: 100_000_000_000,
                guards: Guards::default(),
            },
            times: ExecutionTimes::default(),
            cash: Money(Money::ONE.0 * 1_000_000),
            reconciled: true,
            cancel_on_stop: false,
            bar_interval_ns: 0,
            strategies: Vec::new(),
            opens_at: UnixNanos::MIN,
            currencies: None,
            margin: None,
        };
        let mut run = Self {
            kernel: Kernel::new(config, strategy),
            now: 1_000,
            unanswered: Vec::new(),
            sent: Vec::new(),
        };
        run.input(Input::Control(Control::Start));
        run
    }

    fn input(&mut self, input: Input<'_>) {
        self.kernel.handle_input(UnixNanos(self.now), input);
        while let Some(output) = self.kernel.poll_output() {
            if let Output::Send(request) = output {
                self.note(&request);
            }
        }
    }

    fn note(&mut self, request: &Request) {
        let (text, id, side, kind) = match request {
            Request::New(approved) => {
                let order = approved.order();
                let price = order.limit_price.unwrap().0;
                let text = format!("{:?} {} at {price}", order.side, order.order_qty.0);
                (
                    text,
                    order.client_order_id,
                    order.side,
                    ReportKind::Accepted,
                )
            }
            Request::Replace(approved) => {
                let order = *approved.order();
                let text = format!(
                    "replace {} with {} at {}",
                    order.client_order_id.sequence,
                    order.order_qty.0,
                    order.limit_price.unwrap().0
                );
                let kind = ReportKind::Replaced {
                    order_qty: order.order_qty,
                    limit_price: order.limit_price,
                };
                (text, order.client_order_id, Side::Buy, kind)
            }
            Request::Cancel(cancel) => {
                let id = cancel.client_order_id;
                let cum_qty = self.kernel.orders().find(id).unwrap().cum_qty;
                let kind = ReportKind::Canceled { cum_qty };
                (format!("cancel {}", id.sequence), id, Side::Buy, kind)
            }
            Request::Query(_) => return,
        };
        self.sent.push(text);
        self.unanswered.push(report(id, side, kind));
    }

    fn answer(&mut self) {
        while !self.unanswered.is_empty() {
            for report in std::mem::take(&mut self.unanswered) {
                self.now += 1;
                self.input(Input::Report(&report));
            }
        }
    }

    fn fill(&mut self, sequence: u64, qty: i64, price: i64) {
        let id = ClientOrderId::new(sequence);
        let order = *self.kernel.orders().find(id).unwrap();
        let cum_qty = Qty(order.cum_qty.0 + qty);
        let kind = ReportKind::Fill {
            exec_id: ExecId(u128::from(sequence) << 32 | cum_qty.0 as u128),
            last_qty: Qty(qty),
            last_price: Price(price),
            cum_qty,
            fee: Money::ZERO,
            fee_asset: py_rt_types::FeeAsset::Quote,
            liquidity: Liquidity::Maker,
        };
        self.now += 1;
        self.input(Input::Report(&report(
            order.client_order_id,
            order.side,
            kind,
        )));
    }

    /// Shows a touch, and returns what was sent at it.
    fn touch(&mut self, bid: i64, ask: i64) -> Vec<String> {
        self.row(EventKind::Clear, 0, 0, 0, 0);
        self.row(EventKind::Snapshot, 1, bid, 5, 0);
        self.row(EventKind::Snapshot, -1, ask, 5, END)
    }

    fn row(&mut self, kind: EventKind, side: i8, price: i64, qty: i64, flags: u16) -> Vec<String> {
        self.now += 1;
        let event = MarketEvent {
            ts_event: UnixNanos(self.now),
            ts_recv: UnixNanos(self.now),
            instrument: InstrumentId(0),
            kind: kind as u8,
            side,
            flags,
            price: Price(price),
            qty: Qty(qty),
            order_id: 0,
        };
        self.input(Input::Market(&event));
        std::mem::take(&mut self.sent)
    }

    fn wait(&mut self, duration_ns: i64) -> Vec<String> {
        self.now += duration_ns;
        self.input(Input::Timer);
        std::mem::take(&mut self.sent)
    }
}

fn report(id: ClientOrderId, side: Side, kind: ReportKind) -> Report {
    Report {
        ts_event: UnixNanos(0),
        client_order_id: id,
        venue_order_id: VenueOrderId(u128::from(id.sequence)),
        instrument: InstrumentId(0),
        side,
        kind,
    }
}

fn maker(shortable: bool) -> Run {
    let params = [
        ("order_qty", 0.01),
        ("half_spread_ticks", 10.0),
        ("skew_ticks", 40.0),
        ("max_position", 0.02),
    ];
    Run::new("market_maker", &params, bitcoin(shortable, "0.002"))
}

#[test]
fn quotes_stand_around_the_middle_and_move_with_it() {
    let mut run = maker(true);
    assert_eq!(
        run.touch(6_000_000, 6_000_001),
        ["Buy 10 at 5999990", "Sell 10 at 6000011"]
    );
    run.answer();
    assert!(run.touch(6_000_000, 6_000_001).is_empty());
    let moved = run.touch(6_000_005, 6_000_006);
    assert_eq!(
        moved,
        [
            "replace 1 with 10 at 5999995",
            "replace 2 with 10 at 6000016"
        ]
    );
}

#[test]
fn a_side_on_its_way_is_left_alone() {
    let mut run = maker(true);
    run.touch(6_000_000, 6_000_001);
    assert!(run.touch(6_000_005, 6_000_006).is_empty());
    run.answer();
    assert_eq!(run.touch(6_000_005, 6_000_006).len(), 2);
    assert!(run.touch(6_000_000, 6_000_001).is_empty());
}

#[test]
fn a_wide_market_is_not_undercut() {
    let mut run = maker(true);
    assert_eq!(
        run.touch(6_000_000, 6_000_100),
        ["Buy 10 at 6000000", "Sell 10 at 6000100"]
    );
}

#[test]
fn what_is_held_shifts_both_quotes_and_ends_at_the_largest_position() {
    let mut run = maker(true);
    run.touch(6_000_000, 6_000_001);
    run.answer();
    run.fill(1, 10, 5_999_990);
    let half = run.touch(6_000_000, 6_000_001);
    assert_eq!(half, ["Buy 10 at 5999970", "replace 2 with 10 at 6000001"]);
    run.answer();
    run.fill(3, 10, 5_999_970);
    assert_eq!(
        run.touch(6_000_000, 6_000_001).len(),
        0,
        "already at the best ask"
    );
    run.fill(2, 10, 6_000_001);
    assert_eq!(run.touch(6_000_000, 6_000_001).len(), 2);
}

#[test]
fn only_what_is_held_is_sold_where_shorting_is_not_possible() {
    let mut run = maker(false);
    assert_eq!(run.touch(6_000_000, 6_000_001), ["Buy 10 at 5999990"]);
    run.answer();
    run.fill(1, 1, 5_999_990);
    assert!(run
        .touch(6_000_000, 6_000_001)
        .iter()
        .all(|sent| !sent.starts_with("Sell")));
    run.answer();
    run.fill(1, 3, 5_999_990);
    let sent = run.touch(6_000_000, 6_000_001);
    assert!(sent.contains(&"Sell 4 at 6000003".to_owned()), "{sent:?}");
}

#[test]
fn an_invalid_book_has_no_quotes() {
    let mut run = maker(true);
    run.touch(6_000_000, 6_000_001);
    run.answer();
    let gap = run.row(EventKind::Depth, 1, 5_999_000, 5, END | GAP);
    assert_eq!(gap, ["cancel 1", "cancel 2"]);
    run.answer();
    assert!(run.row(EventKind::Depth, 1, 5_999_001, 5, END).is_empty());
    assert_eq!(run.touch(6_000_000, 6_000_001).len(), 2);
}

#[test]
fn a_halted_run_has_no_quotes() {
    let mut run = maker(true);
    run.touch(6_000_000, 6_000_001);
    run.answer();
    run.input(Input::Control(Control::ReduceOnly));
    assert_eq!(run.touch(6_000_000, 6_000_001), ["cancel 1", "cancel 2"]);
    run.answer();
    assert!(run.touch(6_000_000, 6_000_001).is_empty());
}

#[test]
fn the_bench_maker_follows_its_rules() {
    let mut run = Run::new("bench_maker", &[], bitcoin(true, "0.001"));
    assert_eq!(
        run.touch(6_000_000, 6_000_001),
        ["Buy 1 at 5999999", "Sell 1 at 6000002"]
    );
    assert!(
        run.touch(6_000_001, 6_000_002).is_empty(),
        "both are on their way"
    );
    run.answer();
    let mut moved = run.touch(6_000_001, 6_000_002);
    moved.sort();
    assert_eq!(
        moved,
        [
            "Buy 1 at 6000000",
            "Sell 1 at 6000003",
            "cancel 1",
            "cancel 2"
        ]
    );
    assert_eq!(run.kernel.orders().open().len(), 4);
    assert!(run.touch(6_000_002, 6_000_003).is_empty());
    run.answer();
    assert!(run.touch(6_000_001, 6_000_002).is_empty());
    let trade = run.row(EventKind::Trade, 1, 6_000_002, 5, END);
    assert!(trade.is_empty());
}

#[test]
fn the_bench_maker_sends_a_filled_side_anew_only_when_its_tick_moves() {
    let mut run = Run::new("bench_maker", &[], bitcoin(true, "0.001"));
    run.touch(6_000_000, 6_000_001);
    run.answer();
    run.fill(1, 1, 5_999_999);
    assert!(run.touch(6_000_000, 6_000_001).is_empty());
    assert_eq!(run.touch(5_999_999, 6_000_001), ["Buy 1 at 5999998"]);
}

#[test]
fn the_bench_maker_that_waits_looks_every_ten_ms() {
    let mut run = Run::new("bench_maker_10ms", &[], bitcoin(true, "0.001"));
    assert!(run.touch(6_000_000, 6_000_001).is_empty());
    assert_eq!(run.wait(9_000_000).len(), 0);
    assert_eq!(run.wait(1_000_000).len(), 2);
    run.answer();
    assert!(run.touch(6_000_005, 6_000_006).is_empty());
    assert_eq!(run.wait(10_000_000).len(), 4);
}

#[test]
fn the_touch_reader_sends_nothing() {
    let mut run = Run::new("bench_touch", &[], bitcoin(true, "0.001"));
    assert!(run.touch(6_000_000, 6_000_001).is_empty());
    match run.kernel.strategy() {
        Compiled::BenchTouch(touch) => assert_eq!(touch.checksum(), 12_000_001),
        other => panic!("{other:?}"),
    }
}
