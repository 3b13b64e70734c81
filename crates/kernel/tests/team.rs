//! Several strategies in one kernel: whose is what, in the journal and in a snapshot too.

#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

use py_rt_kernel::actions::{ActionKind, CorporateAction, Split};
use py_rt_kernel::event::{Event, FillEvent, OrderEvent};
use py_rt_kernel::journal::{encode_input, Entry};
use py_rt_kernel::kernel::{Snapshot, StrategySpec};
use py_rt_kernel::risk::RiskLimits;
use py_rt_kernel::signal::{StrategyId, Team};
use py_rt_kernel::{
    Context, Control, Input, Interests, Kernel, KernelConfig, OrderRequest, Output, Strategy,
};
use py_rt_types::{MarketEvent, Money, Qty, Report, ReportKind, Side, UnixNanos};
use rig::{ada, config, fill, instrument, loose, money, row, told, Dice, FIRST};

/// Orders at random on every trade, and keeps whatever it is told.
#[derive(Debug)]
struct Member {
    dice: Dice,
    heard: Vec<(u64, i64)>,
    timers: u32,
}

impl Member {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            heard: Vec::new(),
            timers: 0,
        }
    }
}

impl Strategy for Member {
    fn interests(&self) -> Interests {
        Interests::ALL
    }
    fn on_start(&mut self, ctx: &mut Context<'_>) {
        let at = ctx.now().plus(5);
        ctx.set_timer(1, at, 7);
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, _trade: &MarketEvent) {
        let qty = Qty(self.dice.between(1, 9));
        match self.dice.between(0, 4) {
            0 => drop(ctx.submit(OrderRequest::market(FIRST, Side::Buy, qty))),
            1 => drop(ctx.submit(OrderRequest::market(FIRST, Side::Sell, qty))),
            2 => ctx.target(FIRST, Qty(self.dice.between(-9, 9))),
            3 => ctx.cancel_all(None),
            _ => {}
        }
        let me = ctx.strategy();
        assert!(ctx.orders().all(|order| order.strategy == me));
    }
    fn on_order(&mut self, ctx: &mut Context<'_>, order: &OrderEvent) {
        assert_eq!(order.order.strategy, ctx.strategy());
        self.heard.push((order.order.client_order_id.sequence, -1));
    }
    fn on_fill(&mut self, ctx: &mut Context<'_>, fill: &FillEvent) {
        assert_eq!(fill.strategy, ctx.strategy());
        assert_eq!(ctx.position(FIRST).qty, fill.position_qty);
        self.heard
            .push((fill.client_order_id.sequence, fill.last_qty.0));
    }
    fn on_timer(&mut self, _ctx: &mut Context<'_>, _timer: u32) {
        self.timers += 1;
    }
}

fn several(limits: &[RiskLimits]) -> KernelConfig {
    let spec = |(place, limits): (usize, &RiskLimits)| StrategySpec {
        name: format!("member {place}"),
        limits: limits.clone(),
    };
    KernelConfig {
        strategies: limits.iter().enumerate().map(spec).collect(),
        ..config(vec![instrument("AAA")])
    }
}

fn team(count: u64) -> Team<Member> {
    Team::try_new((0..count).map(|seed| Member::new(seed + 1)).collect()).unwrap()
}

/// Runs a session against a venue that accepts and fills by dice; returns the inputs as journaled.
fn session(kernel: &mut Kernel<Team<Member>>, seed: u64, rows: i64) -> Vec<Vec<u8>> {
    let (mut dice, mut journal, mut now) = (Dice(seed), Vec::new(), 1_000_i64);
    let mut waiting: Vec<(u64, i64, Side)> = Vec::new();
    let mut feed = |kernel: &mut Kernel<Team<Member>>, now: i64, input: Input<'_>| {
        let mut bytes = Vec::new();
        encode_input(UnixNanos(now), &input, &mut bytes);
        journal.push(bytes);
        kernel.handle_input(UnixNanos(now), input);
        let mut sent = Vec::new();
        while let Some(output) = kernel.poll_output() {
            if let Output::Send(py_rt_kernel::Request::New(order)) = output {
                let order = order.order();
                sent.push((
                    order.client_order_id.sequence,
                    order.order_qty.0,
                    order.side,
                ));
            }
        }
        sent
    };
    for event in [
        row(FIRST, now, 0, 1, 9_999, 50),
        row(FIRST, now, 0, -1, 10_001, 50),
    ] {
        feed(kernel, now, Input::Market(&event));
    }
    waiting.extend(feed(kernel, now, Input::Control(Control::Start)));
    for _ in 0..rows {
        now += dice.between(1, 9);
        let price = dice.between(9_990, 10_010);
        let event = row(FIRST, now, 1, 1, price, 1);
        waiting.extend(feed(kernel, now, Input::Market(&event)));
        for (sequence, qty, side) in std::mem::take(&mut waiting) {
            let part = dice.between(0, qty);
            let mut kinds = vec![ReportKind::Accepted];
            if part > 0 {
                kinds.push(fill(part, part, price));
            }
            if part < qty {
                let cum_qty = Qty(part);
                kinds.push(ReportKind::Canceled { cum_qty });
            }
            for kind in kinds {
                let report = Report {
                    side,
                    ..told(sequence, now, kind)
                };
                waiting.extend(feed(kernel, now, Input::Report(&report)));
            }
        }
    }
    let kind = ActionKind::Split(Split { to: 3, from: 2 });
    let action = CorporateAction {
        instrument: FIRST,
        kind,
    };
    feed(kernel, now + 1, Input::Action(&action));
    journal
}

fn profit(kernel: &Kernel<Team<Member>>, id: StrategyId) -> i128 {
    kernel.portfolio_of(id).equity().0 - money("1000000000").0
}

#[test]
fn the_profits_of_all_add_up_to_the_accounts() {
    for seed in 1..30 {
        let mut kernel = Kernel::new(several(&vec![loose(); 3]), team(3));
        session(&mut kernel, seed, 300);
        let ids: Vec<StrategyId> = kernel.strategies().collect();
        assert_eq!(ids.len(), 3);
        let parts: i128 = ids.iter().map(|&id| profit(&kernel, id)).sum();
        assert_eq!(parts, profit(&kernel, StrategyId::ACCOUNT), "seed {seed}");
        let held: i64 = ids
            .iter()
            .map(|&id| kernel.portfolio_of(id).position(FIRST).qty.0)
            .sum();
        assert_eq!(
            held,
            kernel.portfolio().position(FIRST).qty.0,
            "seed {seed}"
        );
        for member in kernel.strategy().strategies() {
            assert!(member.timers > 50 && member.heard.len() > 50, "seed {seed}");
        }
    }
}

#[test]
fn a_journal_replays_to_the_same_books() {
    let mut kernel = Kernel::new(several(&vec![loose(); 3]), team(3));
    let journal = session(&mut kernel, 4, 400);
    let mut again = Kernel::new(several(&vec![loose(); 3]), team(3));
    for bytes in &journal {
        let Ok(Entry::Input(now, input)) = Entry::decode(bytes) else {
            panic!("an input");
        };
        again.handle_input(now, input.as_input());
        again.clear_outputs();
    }
    assert_eq!(again.order_hash(), kernel.order_hash());
    assert_eq!(again.snapshot(), kernel.snapshot());
    assert!(kernel.decisions() > 300);
}

#[test]
fn a_snapshot_keeps_whose_is_what_and_fits_only_as_many() {
    let mut kernel = Kernel::new(several(&vec![loose(); 2]), team(2));
    session(&mut kernel, 9, 200);
    let bytes = kernel.snapshot().encode();
    let snapshot = Snapshot::decode(&bytes).unwrap();
    let mut next = Kernel::new(several(&vec![loose(); 2]), team(2));
    next.restore(&snapshot).unwrap();
    assert_eq!(next.snapshot(), kernel.snapshot());
    for id in kernel.strategies() {
        assert_eq!(profit(&next, id), profit(&kernel, id));
    }
    for count in [0, 1, 3] {
        let limits = vec![loose(); count];
        let mut other = Kernel::new(several(&limits), team(3));
        assert_eq!(other.restore(&snapshot).unwrap_err().field, "strategies");
    }
    let mut old = bytes;
    old[0] = 3;
    assert_eq!(Snapshot::decode(&old).unwrap_err().field, "format");
}

#[test]
fn a_breaker_of_its_own_survives_a_restart() {
    let tight = RiskLimits {
        max_daily_loss: Money(1),
        ..loose()
    };
    let mut kernel = Kernel::new(several(&[tight.clone(), loose()]), team(2));
    session(&mut kernel, 2, 200);
    let [first, second] = [StrategyId(1), StrategyId(2)];
    let active = py_rt_kernel::event::TradingState::Active;
    assert_ne!(kernel.trading_state_of(first), active);
    assert_eq!(kernel.trading_state_of(second), active);
    assert_eq!(kernel.trading_state(), active);
    let mut next = Kernel::new(several(&[tight.clone(), loose()]), team(2));
    next.restore(&kernel.snapshot()).unwrap();
    assert_eq!(next.trading_state_of(first), kernel.trading_state_of(first));
    next.handle_input(
        UnixNanos(99_999),
        Input::Control(Control::Resume { by: ada() }),
    );
    assert_eq!(next.trading_state_of(first), active);
}

#[test]
fn halting_a_strategy_says_so_and_cancels_its_orders_only() {
    let tight = RiskLimits {
        max_drawdown_e9: 1,
        ..loose()
    };
    let mut kernel = Kernel::new(several(&[tight.clone(), loose()]), team(2));
    let (mut now, mut told_so) = (1_000, 0);
    session(&mut kernel, 5, 100);
    now += 100_000;
    let began = now;
    for price in [9_000, 8_000, 9_500] {
        now += 1;
        let event = row(FIRST, now, 1, 1, price, 1);
        kernel.handle_input(UnixNanos(now), Input::Market(&event));
        while let Some(output) = kernel.poll_output() {
            told_so += usize::from(matches!(
                output,
                Output::Emit(Event::StrategyTrading {
                    strategy: StrategyId(1),
                    ..
                })
            ));
        }
    }
    assert!(told_so <= 1);
    assert_ne!(
        kernel.trading_state_of(StrategyId(1)),
        kernel.trading_state()
    );
    let halted = |order: &&py_rt_kernel::execution::Order| order.strategy == StrategyId(1);
    let own = kernel.orders().open().iter().filter(halted);
    let held = kernel.portfolio_of(StrategyId(1)).position(FIRST).qty.0;
    // What only reduces may leave after the halt.
    let reduces = |order: &py_rt_kernel::execution::Order| order.signed_leaves() * held < 0;
    let mut own = own;
    assert!(
        own.all(|order| order.cancel_requested || (order.ts_created.0 > began && reduces(order)))
    );
}
