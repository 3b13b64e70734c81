//! A kernel on a bench: a scripted strategy, a clock that the test moves, everything it says kept.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use py_rt_kernel::event::{Event, FillEvent, OrderEvent, ParentEvent};
use py_rt_kernel::execution::parents::ParentRequest;
use py_rt_kernel::execution::{ExecutionTimes, Order};
use py_rt_kernel::input::Person;
use py_rt_kernel::risk::{Control as Limit, Guards, RiskLimits};
use py_rt_kernel::signal::Quote;
use py_rt_kernel::{
    Context, Control, Input, Interests, Kernel, KernelConfig, OrderRequest, Output, Request,
    Strategy,
};
use py_rt_types::{
    AssetClass, Bar, CancelOrder, ClientOrderId, Decimal, ExecId, Instrument, InstrumentId,
    InstrumentSpec, Liquidity, MarketEvent, Money, NewOrder, OrderStatus, OrderType, Price, Qty,
    Query, RejectReason, ReplaceOrder, Report, ReportKind, Side, TimeInForce, UnixNanos,
    VenueOrderId,
};

pub mod dice;
pub mod guards;
pub mod life;
pub mod limits;
pub mod parents;
pub mod reconcile;
pub mod routes;
pub mod verdict;

pub use dice::Dice;

pub const MS: i64 = 1_000_000;
pub const SECOND: i64 = 1_000 * MS;
pub const FIRST: InstrumentId = InstrumentId(0);
pub const SECOND_INSTRUMENT: InstrumentId = InstrumentId(1);
/// One tick of one lot of [`instrument`]: a hundredth.
pub const TICK_VALUE: i128 = 10_000_000_000_000_000;

pub fn spec(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: symbol.into(),
        venue: "SIM".into(),
        tick_size: Decimal::parse("0.01").unwrap(),
        order_tick: None,
        lot_size: Decimal::parse("1").unwrap(),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: Decimal::parse("1").unwrap(),
        currency: "USD".into(),
        asset_class: AssetClass::Equity,
        shortable: true,
        sessions: true,
    }
}

pub fn instrument(symbol: &str) -> Instrument {
    Instrument::try_new(spec(symbol)).unwrap()
}

pub fn money(text: &str) -> Money {
    Money(Decimal::parse(text).unwrap().to_atto().unwrap())
}

/// Limits that nothing in a test reaches by accident.
pub fn loose() -> RiskLimits {
    RiskLimits {
        max_order_qty: Decimal::parse("1000000000").unwrap(),
        max_order_notional: money("1000000000000"),
        max_position_notional: money("1000000000000"),
        max_gross_notional: money("1000000000000"),
        max_open_orders: 100_000,
        max_orders_per_second: 100_000,
        price_collar_bps: 1_000_000,
        reference_age_ns_max: i64::MAX,
        max_daily_loss: money("1000000000000"),
        max_drawdown_e9: 1_000_000_000,
        max_leverage_e9: 1_000_000_000_000,
        guards: Guards::default(),
    }
}

pub fn config(instruments: Vec<Instrument>) -> KernelConfig {
    KernelConfig {
        instruments,
        limits: loose(),
        times: ExecutionTimes::default(),
        cash: money("1000000000"),
        reconciled: true,
        cancel_on_stop: true,
        bar_interval_ns: 0,
        strategies: Vec::new(),
        opens_at: UnixNanos::MIN,
        currencies: None,
        margin: None,
    }
}

/// Who resumes in tests.
pub fn ada() -> Person {
    Person::parse("ada").unwrap()
}

/// What the script wants at the next trade.
#[derive(Debug, Clone, Copy)]
pub enum Wish {
    Submit(OrderRequest),
    Cancel(u64),
    CancelAll,
    CancelAllOf(InstrumentId),
    Replace(u64, Option<i64>, Option<i64>),
    Target(InstrumentId, i64),
    Timer(u32, i64, i64),
    Fail,
}

/// Wishes at trades, in answer to a fill, in answer to a timer; and all that it was told.
#[derive(Debug, Default)]
pub struct Script {
    pub at_trade: Vec<Wish>,
    pub at_fill: Vec<Wish>,
    pub at_timer: Vec<Wish>,
    pub at_stop: Vec<Wish>,
    pub interests: Option<Interests>,
    pub starts: usize,
    pub timers: Vec<(i64, u32)>,
    pub quotes: Vec<Quote>,
    pub bars: Vec<Bar>,
    pub orders: Vec<OrderEvent>,
    pub fills: Vec<FillEvent>,
    /// Parent orders to ask for at the next trade.
    pub wanted: Vec<ParentRequest>,
    pub parents: Vec<ParentEvent>,
}

fn grant(ctx: &mut Context<'_>, wishes: &[Wish]) {
    for wish in wishes {
        match *wish {
            Wish::Submit(request) => {
                ctx.submit(request);
            }
            Wish::Cancel(sequence) => ctx.cancel(ClientOrderId::new(sequence)),
            Wish::CancelAll => ctx.cancel_all(None),
            Wish::CancelAllOf(instrument) => ctx.cancel_all(Some(instrument)),
            Wish::Replace(sequence, qty, price) => {
                ctx.replace(ClientOrderId::new(sequence), qty.map(Qty), price.map(Price));
            }
            Wish::Target(instrument, qty) => ctx.target(instrument, Qty(qty)),
            Wish::Timer(timer, at, every) => ctx.set_timer(timer, UnixNanos(at), every),
            Wish::Fail => ctx.fail(),
        }
    }
}

impl Strategy for Script {
    fn interests(&self) -> Interests {
        self.interests.unwrap_or(Interests::ALL)
    }
    fn on_start(&mut self, _ctx: &mut Context<'_>) {
        self.starts += 1;
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, _trade: &MarketEvent) {
        let wishes = std::mem::take(&mut self.at_trade);
        grant(ctx, &wishes);
        for request in std::mem::take(&mut self.wanted) {
            ctx.execute(request);
        }
    }
    fn on_quote(&mut self, _ctx: &mut Context<'_>, quote: &Quote) {
        self.quotes.push(*quote);
    }
    fn on_bar(&mut self, _ctx: &mut Context<'_>, bar: &Bar) {
        self.bars.push(*bar);
    }
    fn on_order(&mut self, _ctx: &mut Context<'_>, order: &OrderEvent) {
        self.orders.push(*order);
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        self.fills.push(*fill);
        let wishes = std::mem::take(&mut self.at_fill);
        grant(ctx, &wishes);
    }
    fn on_parent(&mut self, _ctx: &mut Context<'_>, parent: &ParentEvent) {
        self.parents.push(*parent);
    }
    fn on_timer(&mut self, ctx: &mut Context<'_>, timer: u32) {
        self.timers.push((ctx.now().0, timer));
        let wishes = self.at_timer.clone();
        grant(ctx, &wishes);
    }
    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        let wishes = std::mem::take(&mut self.at_stop);
        grant(ctx, &wishes);
    }
}

/// The bench.
pub struct Rig {
    pub kernel: Kernel<Script>,
    pub now: i64,
    pub sent: Vec<Request>,
    pub events: Vec<Event>,
}

impl Rig {
    /// A started kernel with a book of 99.99 to 100.01 for every instrument.
    pub fn new(config: KernelConfig) -> Self {
        Self::scripted(config, Script::default())
    }

    pub fn scripted(config: KernelConfig, script: Script) -> Self {
        let count = config.instruments.len() as u32;
        let mut rig = Self::silent(config, script);
        (0..count).for_each(|id| rig.book(InstrumentId(id), 9_999, 10_001));
        rig.control(Control::Start);
        rig.forget();
        rig
    }

    /// A kernel that has seen nothing.
    pub fn silent(config: KernelConfig, script: Script) -> Self {
        Self {
            kernel: Kernel::new(config, script),
            now: 10 * SECOND,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    pub fn one() -> Self {
        Self::new(config(vec![instrument("AAA")]))
    }

    pub fn with(limits: RiskLimits) -> Self {
        Self::new(KernelConfig {
            limits,
            ..config(vec![instrument("AAA")])
        })
    }

    pub fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.kernel.poll_output() {
            match output {
                Output::Send(request) => self.sent.push(request),
                Output::Emit(event) => self.events.push(event),
            }
        }
    }

    pub fn input(&mut self, input: Input<'_>) {
        self.kernel.handle_input(UnixNanos(self.now), input);
        self.drain();
    }

    pub fn control(&mut self, control: Control) {
        self.input(Input::Control(control));
    }

    pub fn market(&mut self, event: &MarketEvent) {
        self.kernel.handle_market(UnixNanos(self.now), event);
        self.drain();
    }

    /// Replaces the book by one level a side.
    pub fn book(&mut self, id: InstrumentId, bid: i64, ask: i64) {
        let mut row = row(id, self.now, 2, 0, 0, 0);
        row.flags = 0;
        self.market(&row);
        let mut bid = self::row(id, self.now, 0, 1, bid, 1_000);
        bid.flags = 0;
        self.market(&bid);
        self.market(&self::row(id, self.now, 0, -1, ask, 1_000));
    }

    pub fn trade(&mut self) {
        let event = row(FIRST, self.now, 1, 1, 10_000, 1);
        self.market(&event);
    }

    /// Lets the strategy ask for these in one callback.
    pub fn ask(&mut self, wishes: &[Wish]) {
        self.kernel
            .strategy_mut()
            .at_trade
            .extend_from_slice(wishes);
        self.trade();
    }

    /// Lets time pass, with every alarm at its own moment.
    pub fn pass(&mut self, duration_ns: i64) {
        let end = self.now + duration_ns;
        while self.kernel.poll_timeout().0 <= end {
            self.now = self.now.max(self.kernel.poll_timeout().0);
            self.input(Input::Timer);
        }
        self.now = end;
    }

    pub fn report(&mut self, report: &Report) {
        self.input(Input::Report(report));
    }

    /// The venue says this about order `sequence`, a buy of the first instrument.
    pub fn tell(&mut self, sequence: u64, kind: ReportKind) {
        self.report(&told(sequence, self.now, kind));
    }

    /// The venue says this about order `sequence`, a sell of the first instrument.
    pub fn tell_sell(&mut self, sequence: u64, kind: ReportKind) {
        let mut report = told(sequence, self.now, kind);
        report.side = Side::Sell;
        self.report(&report);
    }

    pub fn order(&self, sequence: u64) -> Order {
        *self
            .kernel
            .orders()
            .find(ClientOrderId::new(sequence))
            .expect("an order")
    }

    pub fn status(&self, sequence: u64) -> OrderStatus {
        self.order(sequence).status
    }

    pub fn held(&self) -> i64 {
        self.kernel.portfolio().position(FIRST).qty.0
    }

    /// Brings the position to `qty` lots at 100.00 with one order that fills at once.
    pub fn hold(&mut self, id: InstrumentId, qty: i64) {
        let side = if qty > 0 { Side::Buy } else { Side::Sell };
        let request = OrderRequest::market(id, side, Qty(qty.abs()));
        self.ask(&[Wish::Submit(request)]);
        let sequence = self.kernel.next_sequence() - 1;
        let mut report = told(sequence, self.now, fill(qty.abs(), qty.abs(), 10_000));
        report.side = side;
        report.instrument = id;
        self.report(&report);
        self.forget();
    }

    pub fn new_orders(&self) -> Vec<NewOrder> {
        let order = |request: &Request| match request {
            Request::New(approved) => Some(*approved.order()),
            _ => None,
        };
        self.sent.iter().filter_map(order).collect()
    }

    pub fn replaces(&self) -> Vec<ReplaceOrder> {
        let order = |request: &Request| match request {
            Request::Replace(approved) => Some(*approved.order()),
            _ => None,
        };
        self.sent.iter().filter_map(order).collect()
    }

    pub fn cancels(&self) -> Vec<CancelOrder> {
        let cancel = |request: &Request| match request {
            Request::Cancel(cancel) => Some(*cancel),
            _ => None,
        };
        self.sent.iter().filter_map(cancel).collect()
    }

    pub fn queries(&self) -> Vec<Query> {
        let query = |request: &Request| match request {
            Request::Query(query) => Some(*query),
            _ => None,
        };
        self.sent.iter().filter_map(query).collect()
    }

    /// The control that refused the latest order, if one did.
    pub fn denial(&self) -> Option<Limit> {
        let event = self.events.iter().rev().find_map(|event| match event {
            Event::Order(event) => Some(event.denial),
            _ => None,
        });
        event.flatten().map(|denial| denial.control)
    }

    pub fn fills(&self) -> Vec<FillEvent> {
        let fill = |event: &Event| match event {
            Event::Fill(fill) => Some(*fill),
            _ => None,
        };
        self.events.iter().filter_map(fill).collect()
    }
}

pub fn row(id: InstrumentId, ts: i64, kind: u8, side: i8, price: i64, qty: i64) -> MarketEvent {
    MarketEvent {
        ts_event: UnixNanos(ts),
        ts_recv: UnixNanos(ts),
        instrument: id,
        kind,
        side,
        flags: 1,
        price: Price(price),
        qty: Qty(qty),
        order_id: 0,
    }
}

pub fn told(sequence: u64, now: i64, kind: ReportKind) -> Report {
    let nameless = matches!(
        kind,
        ReportKind::NotFound
            | ReportKind::NewUnanswered
            | ReportKind::CancelUnanswered
            | ReportKind::ReplaceUnanswered
            | ReportKind::QueryUnanswered
    );
    Report {
        ts_event: UnixNanos(now),
        client_order_id: ClientOrderId::new(sequence),
        venue_order_id: VenueOrderId(if nameless {
            0
        } else {
            u128::from(sequence) + 1_000
        }),
        instrument: FIRST,
        side: Side::Buy,
        kind,
    }
}

pub fn fill(last: i64, cum: i64, price: i64) -> ReportKind {
    ReportKind::Fill {
        exec_id: ExecId(cum as u128),
        last_qty: Qty(last),
        last_price: Price(price),
        cum_qty: Qty(cum),
        fee: Money::ZERO,
        fee_asset: py_rt_types::FeeAsset::Quote,
        liquidity: Liquidity::Taker,
    }
}

pub fn snapshot(status: OrderStatus, order_qty: i64, cum_qty: i64) -> ReportKind {
    ReportKind::Snapshot {
        status,
        order_qty: Qty(order_qty),
        cum_qty: Qty(cum_qty),
        order_type: OrderType::Limit,
        tif: TimeInForce::Day,
        limit_price: Some(Price(9_990)),
    }
}

pub fn rejected(reason: RejectReason) -> ReportKind {
    ReportKind::Rejected { reason }
}

pub fn buy(qty: i64, price: i64) -> Wish {
    Wish::Submit(OrderRequest::limit(
        FIRST,
        Side::Buy,
        Qty(qty),
        Price(price),
    ))
}

pub fn sell(qty: i64, price: i64) -> Wish {
    Wish::Submit(OrderRequest::limit(
        FIRST,
        Side::Sell,
        Qty(qty),
        Price(price),
    ))
}

pub fn buy_market(qty: i64) -> Wish {
    Wish::Submit(OrderRequest::market(FIRST, Side::Buy, Qty(qty)))
}

pub fn sell_market(qty: i64) -> Wish {
    Wish::Submit(OrderRequest::market(FIRST, Side::Sell, Qty(qty)))
}
