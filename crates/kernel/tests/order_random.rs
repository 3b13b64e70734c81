//! Orders under reports of every kind in every order: what must hold whatever the venue says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::collections::BTreeMap;

use py_rt_kernel::event::Event;
use py_rt_kernel::Control;
use py_rt_types::{
    ClientOrderId, ExecId, Liquidity, Money, OrderStatus, Price, Qty, RejectReason, Report,
    ReportKind, Side,
};
use rig::{instrument, money, snapshot, told, Dice, Rig, Wish, FIRST, MS, TICK_VALUE};

/// What really happens to one order at the venue: its executions, in their order.
struct Truth {
    side: Side,
    executions: Vec<(i64, i64, i64)>,
    told: Vec<bool>,
}

/// The books as they must be, from what the kernel said of its fills.
#[derive(Default)]
struct Ledger {
    held: i64,
    cash: i128,
    booked: BTreeMap<u64, i64>,
    ended: BTreeMap<u64, OrderStatus>,
    read: usize,
}

impl Ledger {
    fn read(&mut self, rig: &Rig, at: &str) {
        for event in &rig.events[self.read..] {
            match event {
                Event::Fill(fill) => {
                    let signed = fill.last_qty.0 * fill.side.sign();
                    self.held += signed;
                    self.cash -= i128::from(signed * fill.last_price.0) * TICK_VALUE + fill.fee.0;
                    *self
                        .booked
                        .entry(fill.client_order_id.sequence)
                        .or_default() += fill.last_qty.0;
                    assert!(fill.last_qty.0 > 0, "{at}");
                    assert_eq!(fill.position_qty, Qty(self.held), "{at}");
                }
                Event::Order(event) => {
                    let sequence = event.order.client_order_id.sequence;
                    let status = event.order.status;
                    if let Some(ended) = self.ended.get(&sequence) {
                        let completed = status == OrderStatus::Filled;
                        assert!(
                            status == *ended || completed,
                            "{at}: {ended} became {status}"
                        );
                    }
                    if status.is_terminal() {
                        self.ended.insert(sequence, status);
                    }
                }
                _ => {}
            }
        }
        self.read = rig.events.len();
    }
}

fn union(truth: &Truth) -> i64 {
    let told = truth.executions.iter().zip(&truth.told);
    told.filter(|(_, told)| **told)
        .map(|(execution, _)| execution.0)
        .sum()
}

fn check(rig: &Rig, ledger: &Ledger, truths: &BTreeMap<u64, Truth>, at: &str) {
    let orders = rig.kernel.orders();
    let (mut buy, mut sell) = (0, 0);
    for order in orders.open() {
        assert!(!order.is_closed(), "{at}");
        let total = order
            .pending_replace
            .map_or(order.order_qty, |p| p.order_qty.max(order.order_qty));
        let leaves = (total.max(order.told_qty).0 - order.cum_qty.0).max(0);
        assert!(
            leaves > 0 || order.pending_replace.is_some(),
            "{at}: nothing left of {order:?}"
        );
        match order.side {
            Side::Buy => buy += leaves,
            Side::Sell => sell += leaves,
        }
    }
    for order in orders.closed() {
        assert!(order.is_closed(), "{at}");
        // What the venue says was executed and has not told one by one may change the position.
        let untold = (order.told_qty.0 - order.cum_qty.0).max(0);
        match order.side {
            Side::Buy => buy += untold,
            Side::Sell => sell += untold,
        }
    }
    let exposure = orders.exposure(FIRST);
    assert_eq!((exposure.buy, exposure.sell), (buy, sell), "{at}");
    let portfolio = rig.kernel.portfolio();
    assert_eq!(portfolio.position(FIRST).qty, Qty(ledger.held), "{at}");
    assert_eq!(
        portfolio.cash().0,
        money("1000000000").0 + ledger.cash,
        "{at}"
    );
    for (sequence, truth) in truths {
        let booked = ledger.booked.get(sequence).copied().unwrap_or(0);
        assert_eq!(
            booked,
            union(truth),
            "{at}: order {sequence} books what was told, once"
        );
        let order = orders.find(ClientOrderId::new(*sequence)).unwrap();
        assert_eq!(order.cum_qty.0, booked, "{at}");
    }
}

fn submit(rig: &mut Rig, dice: &mut Dice, truths: &mut BTreeMap<u64, Truth>) {
    let side = if dice.one_in(2) {
        Side::Buy
    } else {
        Side::Sell
    };
    let qty = dice.between(1, 40);
    let wish = if side == Side::Buy {
        rig::buy(qty, 9_990)
    } else {
        rig::sell(qty, 10_010)
    };
    rig.ask(&[wish]);
    let sequence = rig.kernel.next_sequence() - 1;
    let (mut executions, mut cum) = (Vec::new(), 0);
    while cum < qty {
        let last = dice.between(1, (qty - cum).min(15));
        cum += last;
        executions.push((last, cum, dice.between(9_980, 10_020)));
        if dice.one_in(8) {
            break;
        }
    }
    let told = vec![false; executions.len()];
    truths.insert(
        sequence,
        Truth {
            side,
            executions,
            told,
        },
    );
}

fn execution(truth: &mut Truth, dice: &mut Dice) -> (ReportKind, i64) {
    let place = dice.between(0, truth.executions.len() as i64 - 1) as usize;
    let (last, cum, price) = truth.executions[place];
    truth.told[place] = true;
    let kind = ReportKind::Fill {
        exec_id: ExecId(place as u128),
        last_qty: Qty(last),
        last_price: Price(price),
        cum_qty: Qty(cum),
        fee: Money(i128::from(price) * 7 + 1),
        fee_asset: py_rt_types::FeeAsset::Quote,
        liquidity: Liquidity::Maker,
    };
    (kind, cum)
}

fn any_kind(truth: &mut Truth, dice: &mut Dice) -> ReportKind {
    let cum = truth.executions.last().unwrap().1;
    let reasons = [
        RejectReason::Venue,
        RejectReason::UnknownOrder,
        RejectReason::TooLate,
        RejectReason::WouldCross,
    ];
    let reason = reasons[dice.between(0, 3) as usize];
    let statuses = [
        OrderStatus::New,
        OrderStatus::PartiallyFilled,
        OrderStatus::PendingCancel,
        OrderStatus::PendingReplace,
        OrderStatus::Canceled,
        OrderStatus::Filled,
        OrderStatus::Expired,
        OrderStatus::Rejected,
    ];
    match dice.between(0, 40) {
        0..=14 => execution(truth, dice).0,
        15..=18 => ReportKind::Accepted,
        19 => ReportKind::Canceled {
            cum_qty: Qty(dice.between(0, cum)),
        },
        20 => ReportKind::Expired { cum_qty: Qty(cum) },
        21 => ReportKind::DoneForDay { cum_qty: Qty(cum) },
        22 => ReportKind::Rejected { reason },
        23..=24 => ReportKind::Replaced {
            order_qty: Qty(dice.between(1, 60)),
            limit_price: Some(Price(dice.between(9_980, 10_020))),
        },
        25 => ReportKind::PendingCancel,
        26 => ReportKind::PendingReplace,
        27..=28 => ReportKind::CancelRejected { reason },
        29..=30 => ReportKind::ReplaceRejected { reason },
        31..=32 => snapshot(
            statuses[dice.between(0, 7) as usize],
            dice.between(1, 60),
            cum,
        ),
        33..=34 => ReportKind::NotFound,
        35..=36 => ReportKind::NewUnanswered,
        37 => ReportKind::CancelUnanswered,
        38 => ReportKind::ReplaceUnanswered,
        _ => ReportKind::QueryUnanswered,
    }
}

fn random_report(truths: &mut BTreeMap<u64, Truth>, dice: &mut Dice, now: i64) -> Report {
    let newest = truths.len() as i64;
    let sequence = dice.between((newest - 6).max(1), newest) as u64;
    let truth = truths.get_mut(&sequence).unwrap();
    let kind = any_kind(truth, dice);
    let mut report = told(sequence, now, kind);
    report.side = truth.side;
    report.client_order_id.revision = if dice.one_in(3) {
        dice.between(0, 3) as u16
    } else {
        0
    };
    if dice.one_in(4) {
        report.venue_order_id.0 = 0;
    }
    report
}

fn storm(seed: u64, steps: usize) {
    let mut dice = Dice(seed);
    let mut rig = Rig::new(rig::config(vec![instrument("AAA")]));
    let (mut truths, mut ledger) = (BTreeMap::new(), Ledger::default());
    for step in 0..steps {
        let at = format!("seed {seed:#x} step {step}");
        let sequence = dice.between(1, truths.len().max(1) as i64) as u64;
        match dice.between(0, 19) {
            0..=1 => submit(&mut rig, &mut dice, &mut truths),
            2 => rig.ask(&[Wish::Cancel(sequence)]),
            3..=4 => {
                let (qty, price) = (dice.between(1, 60), dice.between(9_980, 10_020));
                rig.ask(&[Wish::Replace(sequence, Some(qty), Some(price))]);
            }
            5 => rig.pass(dice.between(0, 4_000) * MS),
            6 if dice.one_in(20) => rig.control(Control::CancelAll),
            _ if truths.is_empty() => {}
            _ => {
                let report = random_report(&mut truths, &mut dice, rig.now);
                rig.report(&report);
            }
        }
        ledger.read(&rig, &at);
        check(&rig, &ledger, &truths, &at);
    }
}

#[test]
fn reports_of_every_kind_in_every_order_keep_the_books() {
    for seed in 0x5eed_1000..0x5eed_1040 {
        storm(seed, 700);
    }
}

/// Every order is told about completely in the end: then nothing is open and nothing is asked.
#[test]
fn when_the_venue_has_said_it_all_nothing_is_left_open() {
    for seed in 0x5eed_2000..0x5eed_2020 {
        let mut dice = Dice(seed);
        let mut rig = Rig::one();
        let mut truths = BTreeMap::new();
        for _ in 0..300 {
            if dice.one_in(6) || truths.is_empty() {
                submit(&mut rig, &mut dice, &mut truths);
            }
            let mut report = random_report(&mut truths, &mut dice, rig.now);
            if matches!(report.kind, ReportKind::Replaced { .. }) {
                report.kind = ReportKind::Accepted;
            }
            rig.report(&report);
            rig.pass(10 * MS);
        }
        for (sequence, truth) in &truths {
            for (last, cum, price) in &truth.executions {
                let mut report = told(*sequence, rig.now, rig::fill(*last, *cum, *price));
                report.side = truth.side;
                rig.report(&report);
            }
            let cum_qty = Qty(truth.executions.last().unwrap().1);
            let mut report = told(*sequence, rig.now, ReportKind::Canceled { cum_qty });
            report.side = truth.side;
            rig.report(&report);
        }
        assert!(rig.kernel.orders().open().is_empty(), "seed {seed:#x}");
        let total: i64 = truths
            .values()
            .map(|t| t.executions.last().unwrap().1 * t.side.sign())
            .sum();
        assert_eq!(rig.held(), total, "seed {seed:#x}");
        assert_eq!(rig.kernel.poll_timeout().0, i64::MAX, "seed {seed:#x}");
    }
}
