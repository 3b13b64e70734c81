//! Fees that are paid in what is bought, against a naive purse that counts to the last unit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::TradingState;
use py_rt_kernel::{Control, Input, KernelConfig, Session};
use py_rt_types::{
    AccountReport, ExecId, FeeAsset, Instrument, Liquidity, Money, Price, Qty, Query, ReportKind,
    Side, VenueOrderId,
};
use rig::{config, money, spec, told, Dice, Rig, Script, Wish, FIRST};

const LOT: i128 = 10_000_000_000_000;

fn coin() -> Instrument {
    let mut spec = spec("AAA");
    spec.tick_size = py_rt_types::Decimal::parse("0.01").unwrap();
    spec.lot_size = py_rt_types::Decimal::parse("0.00001").unwrap();
    Instrument::try_new(spec).unwrap()
}

fn fill(qty: i64, price: i64, fee: i128, fee_asset: FeeAsset) -> ReportKind {
    ReportKind::Fill {
        exec_id: ExecId(1),
        last_qty: Qty(qty),
        last_price: Price(price),
        cum_qty: Qty(qty),
        fee: Money(fee),
        fee_asset,
        liquidity: Liquidity::Taker,
    }
}

/// What is really owned, in 1e-18.
#[derive(Debug, Clone, Copy, Default)]
struct Purse {
    coins: i128,
    cash: i128,
}

#[test]
fn what_is_held_is_what_can_be_sold() {
    for seed in [1u64, 0xfee, 0x5eed] {
        let mut rig = Rig::new(config(vec![coin()]));
        let unit = coin().tick_value();
        let (mut dice, mut purse) = (Dice(seed), Purse::default());
        for step in 0..2_000u64 {
            let at = format!("seed {seed:#x} step {step}");
            let held = rig.held();
            let sells = held > 0 && dice.one_in(2);
            let (side, qty) = if sells {
                (Side::Sell, dice.between(1, held.max(2)).min(held))
            } else {
                (Side::Buy, dice.between(1, 300))
            };
            let price = dice.between(9_000, 11_000);
            let value = i128::from(qty) * i128::from(price) * unit;
            // As Binance charges: a thousandth of what is received, cut at eight decimals.
            let cut = |amount: i128| amount / 1_000 / 10_000_000_000 * 10_000_000_000;
            let request = py_rt_kernel::OrderRequest::market(FIRST, side, Qty(qty));
            rig.ask(&[Wish::Submit(request)]);
            let kind = if sells {
                purse.coins -= i128::from(qty) * LOT;
                purse.cash += value - cut(value);
                fill(qty, price, cut(value), FeeAsset::Quote)
            } else {
                let bought = i128::from(qty) * LOT;
                purse.coins += bought - cut(bought);
                purse.cash -= value;
                fill(qty, price, cut(bought), FeeAsset::Base)
            };
            let mut report = told(step + 1, rig.now, kind);
            report.side = side;
            rig.report(&report);
            assert_eq!(i128::from(rig.held()), purse.coins / LOT, "{at}");
            let portfolio = rig.kernel.portfolio();
            let cash = money("1000000000").0 + purse.cash;
            assert_eq!(portfolio.cash(), Money(cash), "{at}");
            let position = portfolio.position(FIRST);
            rig.book(FIRST, 9_999, 10_001);
            let marked = rig.kernel.portfolio();
            let now = marked.position(FIRST);
            let total = now.realized_pnl.0 + now.unrealized_pnl().0 - now.fees.0;
            let gained = marked.equity().0 - money("1000000000").0;
            assert_eq!(total, gained, "{at}: nothing is lost");
            assert_eq!(portfolio_fees(&rig), now.fees, "{at}");
            assert!(position.qty.0 >= 0, "{at}");
            rig.forget();
        }
    }
}

fn portfolio_fees(rig: &Rig) -> Money {
    rig.kernel.portfolio().fees()
}

#[test]
fn a_fee_is_told_in_both_units() {
    let mut rig = Rig::new(config(vec![coin()]));
    let request = py_rt_kernel::OrderRequest::market(FIRST, Side::Buy, Qty(1_000));
    rig.ask(&[Wish::Submit(request)]);
    // 0.01 bought at 100.00, a thousandth of it charged.
    rig.tell(1, fill(1_000, 10_000, LOT, FeeAsset::Base));
    let told = rig.fills();
    assert_eq!(told[0].fee_in_kind, Money(LOT));
    assert_eq!(told[0].fee, money("0.001"));
    assert_eq!(told[0].position_qty, Qty(999));
    assert_eq!(rig.kernel.portfolio().position(FIRST).fees, money("0.001"));
}

/// A venue that holds `coins`, in 1e-18.
fn answer(rig: &mut Rig, coins: i128) {
    loop {
        let queries = rig.queries();
        rig.forget();
        if queries.is_empty() {
            return;
        }
        for query in queries {
            if query == Query::Positions {
                let qty = Qty(i64::try_from(coins.div_euclid(LOT)).unwrap());
                let (instrument, cost) = (FIRST, Money::ZERO);
                let position = AccountReport::Position {
                    instrument,
                    qty,
                    cost,
                };
                rig.input(Input::Account(&position));
            }
            rig.input(Input::Account(&AccountReport::Done(query)));
        }
    }
}

fn joined(foreign: i128) -> Rig {
    let config = KernelConfig {
        reconciled: false,
        ..config(vec![coin()])
    };
    let mut rig = Rig::silent(config, Script::default());
    rig.book(FIRST, 9_999, 10_001);
    rig.control(Control::Start);
    rig.input(Input::Session(Session::Connected));
    answer(&mut rig, foreign);
    assert!(rig.kernel.is_reconciled());
    rig
}

/// Buys `qty` lots for a fee, and returns whether the books still agree with a venue that holds
/// `coins` afterwards.
fn agrees(rig: &mut Rig, coins: i128) -> bool {
    rig.input(Input::Session(Session::Disconnected));
    rig.input(Input::Session(Session::Connected));
    for _ in 0..10 {
        answer(rig, coins);
        rig.pass(rig::SECOND);
    }
    rig.kernel.is_reconciled() && rig.kernel.trading_state() == TradingState::Active
}

#[test]
fn the_venues_fraction_of_a_lot_is_no_difference() {
    for foreign in [0, LOT / 2, 7 * LOT + LOT / 3 * 2] {
        let mut rig = joined(foreign);
        let mut coins = foreign;
        for sequence in 1..40u64 {
            let request = py_rt_kernel::OrderRequest::market(FIRST, Side::Buy, Qty(123));
            rig.ask(&[Wish::Submit(request)]);
            let fee = 123 * LOT / 1_000 / 10_000_000_000 * 10_000_000_000;
            rig.tell(sequence, fill(123, 10_000, fee, FeeAsset::Base));
            coins += 123 * LOT - fee;
            assert!(
                agrees(&mut rig, coins),
                "foreign {foreign} order {sequence}"
            );
        }
        assert!(!agrees(&mut rig, coins - 2 * LOT), "two lots are missing");
    }
}

#[test]
fn fees_of_others_are_theirs_until_the_order_is_ours() {
    let mut rig = joined(0);
    let fee = 3 * LOT / 10;
    let foreign = |rig: &mut Rig, total: i64| {
        let mut kind = fill(100, 10_000, fee, FeeAsset::Base);
        if let ReportKind::Fill { cum_qty, .. } = &mut kind {
            *cum_qty = Qty(total);
        }
        let mut report = told(1, rig.now, kind);
        report.client_order_id = py_rt_types::ClientOrderId::FOREIGN;
        report.venue_order_id = VenueOrderId(77);
        rig.report(&report);
    };
    for part in 1..=4 {
        foreign(&mut rig, 100 * part);
        foreign(&mut rig, 100 * part);
        let owned = i128::from(part) * (100 * LOT - fee);
        assert!(agrees(&mut rig, owned), "part {part}");
    }
    assert_eq!(rig.held(), 0);
}

#[test]
fn what_is_left_over_survives_a_restart() {
    let mut rig = joined(0);
    let buys = |rig: &mut Rig, sequence: u64| {
        let request = py_rt_kernel::OrderRequest::market(FIRST, Side::Buy, Qty(100));
        rig.ask(&[Wish::Submit(request)]);
        rig.tell(sequence, fill(100, 10_000, 3 * LOT / 10, FeeAsset::Base));
    };
    buys(&mut rig, 1);
    assert_eq!(rig.held(), 99);
    let bytes = rig.kernel.snapshot().encode();
    let books = py_rt_kernel::Snapshot::decode(&bytes).unwrap();
    let mut next = Rig::silent(
        KernelConfig {
            reconciled: false,
            ..config(vec![coin()])
        },
        Script::default(),
    );
    next.kernel.restore(&books).unwrap();
    next.book(FIRST, 9_999, 10_001);
    next.control(Control::Start);
    next.input(Input::Session(Session::Connected));
    answer(&mut next, 100 * LOT - 3 * LOT / 10);
    assert!(next.kernel.is_reconciled());
    for sequence in 2..4 {
        buys(&mut next, sequence);
    }
    // 0.9 of a lot was charged three times in all: one lot.
    assert_eq!(next.held(), 299);
    buys(&mut next, 4);
    assert_eq!(next.held(), 398);
}
