//! Cash and positions against a naive book of lots and an exact average, over random fills.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::collections::VecDeque;

use py_rt_kernel::event::TradingState;
use py_rt_types::{Decimal, Instrument, Liquidity, Money, Price, Qty, ReportKind, Side};
use rig::{config, fill, money, sell_market, spec, told, Dice, Rig, Wish, FIRST};

/// Average cost as an exact fraction of atto units, and lots first in, first out.
#[derive(Default)]
struct Oracle {
    held: i64,
    cost: (i128, i128),
    realized: Vec<(i128, i128)>,
    lots: VecDeque<(i64, i64)>,
    fifo: i128,
    cash: i128,
}

fn reduce((top, bottom): (i128, i128)) -> (i128, i128) {
    let (mut a, mut b) = (top.abs(), bottom);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (top / a.max(1), bottom / a.max(1))
}

impl Oracle {
    fn fill(&mut self, qty: i64, price: i64, tick: i128, fee: i128) {
        self.cash -= i128::from(qty) * i128::from(price) * tick + fee;
        let closing = if self.held.signum() == -qty.signum() {
            qty.abs().min(self.held.abs())
        } else {
            0
        };
        if closing > 0 {
            let paid = i128::from(price) * i128::from(closing * -qty.signum()) * tick;
            let (top, bottom) = self.cost;
            let removed = reduce((
                top * i128::from(closing),
                bottom * i128::from(self.held.abs()),
            ));
            self.realized
                .push(reduce((paid * removed.1 - removed.0, removed.1)));
            let left = i128::from(self.held.abs() - closing);
            self.cost = reduce((top * left, bottom * i128::from(self.held.abs())));
        }
        let opening = qty.abs() - closing;
        let opened = i128::from(opening * qty.signum()) * i128::from(price) * tick;
        self.cost = reduce((self.cost.0 + opened * self.cost.1, self.cost.1));
        self.held += qty;
        self.match_lots(qty, price, tick);
    }

    fn match_lots(&mut self, qty: i64, price: i64, tick: i128) {
        let mut left = qty;
        while left != 0
            && self
                .lots
                .front()
                .is_some_and(|lot| lot.0.signum() == -left.signum())
        {
            let (lot, bought) = self.lots[0];
            let closed = left.abs().min(lot.abs());
            self.fifo += i128::from(price - bought) * i128::from(closed * lot.signum()) * tick;
            left -= closed * left.signum();
            self.lots[0].0 -= closed * lot.signum();
            if self.lots[0].0 == 0 {
                self.lots.pop_front();
            }
        }
        if left != 0 {
            self.lots.push_back((left, price));
        }
    }
}

fn run(seed: u64, tick: &str, lot: &str, multiplier: &str) {
    let mut spec = spec("AAA");
    (spec.tick_size, spec.lot_size) = (Decimal::parse(tick).unwrap(), Decimal::parse(lot).unwrap());
    spec.multiplier = Decimal::parse(multiplier).unwrap();
    let instrument = Instrument::try_new(spec).unwrap();
    let unit = instrument.tick_value();
    let mut rig = Rig::new(config(vec![instrument]));
    let (mut dice, mut oracle, mut since_flat) = (
        Dice(seed),
        Oracle {
            cost: (0, 1),
            ..Oracle::default()
        },
        0,
    );
    for step in 0..1_500u64 {
        let at = format!("seed {seed:#x} step {step}");
        let mut qty = dice.between(1, 30) * if dice.one_in(2) { 1 } else { -1 };
        since_flat += 1;
        if since_flat > 5 && oracle.held != 0 {
            qty = -oracle.held;
        }
        let (price, fee) = (
            dice.between(9_000, 11_000),
            Money(i128::from(dice.between(-5_000, 9_999))),
        );
        let side = if qty > 0 { Side::Buy } else { Side::Sell };
        let request = py_rt_kernel::OrderRequest::market(FIRST, side, Qty(qty.abs()));
        rig.ask(&[Wish::Submit(request)]);
        let kind = ReportKind::Fill {
            exec_id: py_rt_types::ExecId(1),
            last_qty: Qty(qty.abs()),
            last_price: Price(price),
            cum_qty: Qty(qty.abs()),
            fee,
            fee_asset: py_rt_types::FeeAsset::Quote,
            liquidity: Liquidity::Taker,
        };
        let mut report = told(step + 1, rig.now, kind);
        report.side = side;
        rig.report(&report);
        oracle.fill(qty, price, unit, fee.0);
        check(&rig, &oracle, unit, &at);
        if oracle.held == 0 {
            assert_eq!(
                rig.kernel.portfolio().position(FIRST).realized_pnl.0,
                oracle.fifo,
                "{at}: first in, first out"
            );
            (since_flat, oracle.cost) = (0, (0, 1));
        }
        let mid = dice.between(9_000, 11_000);
        rig.book(FIRST, mid - 1, mid + 2);
        let marked = rig.kernel.portfolio();
        let twice = i128::from(2 * mid + 1) * i128::from(oracle.held) * unit;
        assert!(
            (marked.position(FIRST).value.0 * 2 - twice).abs() <= 1,
            "{at}"
        );
        let position = marked.position(FIRST);
        let total = position.realized_pnl.0 + position.unrealized_pnl().0 - position.fees.0;
        assert_eq!(
            total,
            marked.equity().0 - money("1000000000").0,
            "{at}: nothing is lost"
        );
        rig.forget();
    }
}

fn check(rig: &Rig, oracle: &Oracle, _unit: i128, at: &str) {
    let portfolio = rig.kernel.portfolio();
    let position = portfolio.position(FIRST);
    assert_eq!(position.qty, Qty(oracle.held), "{at}");
    assert_eq!(
        portfolio.cash().0,
        money("1000000000").0 + oracle.cash,
        "{at}"
    );
    assert_eq!(portfolio.fees(), position.fees, "{at}");
    assert_eq!(portfolio.gross(), position.value.abs(), "{at}");
    let fills = oracle.realized.len() as i128 + 6;
    let exact: i128 = oracle
        .realized
        .iter()
        .map(|part| part.0.div_euclid(part.1))
        .sum();
    assert!(
        (position.realized_pnl.0 - exact).abs() <= fills,
        "{at}: average cost"
    );
    let cost = oracle.cost.0.div_euclid(oracle.cost.1);
    assert!(
        (position.cost.0 - cost).abs() <= 6,
        "{at}: {} against {cost}",
        position.cost.0
    );
}

#[test]
fn random_fills_agree_with_lots_and_averages() {
    run(0x5eed_6000, "0.01", "1", "1");
    run(0x5eed_6001, "0.25", "1", "50");
    run(0x5eed_6002, "0.00000001", "0.0001", "0.000001");
}

#[test]
fn a_number_that_does_not_fit_halts_and_changes_nothing() {
    let mut rig = Rig::one();
    rig.hold(FIRST, 5);
    let before = *rig.kernel.portfolio().positions().first().unwrap();
    let (cash, equity) = (
        rig.kernel.portfolio().cash(),
        rig.kernel.portfolio().equity(),
    );
    rig.ask(&[sell_market(100)]);
    let mut report = told(2, rig.now, fill(100, 100, i64::MAX));
    report.side = Side::Sell;
    for price in [i64::MAX, i64::MIN] {
        for last in [i64::MAX, i64::MAX / 2] {
            report.kind = fill(last, last, price);
            rig.report(&report);
        }
    }
    assert_eq!(rig.kernel.trading_state(), TradingState::Halted);
    assert_eq!(*rig.kernel.portfolio().positions().first().unwrap(), before);
    assert_eq!(
        (
            rig.kernel.portfolio().cash(),
            rig.kernel.portfolio().equity()
        ),
        (cash, equity)
    );
}
