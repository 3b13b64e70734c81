//! The book by price against a naive book of sorted maps, over random commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::collections::BTreeMap;

use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::market::ByPrice;
use py_rt_types::{MarketEvent, Price, Qty, Side, GAP};
use rig::{row, Dice, FIRST};

#[derive(Default)]
struct Naive {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    broken: bool,
}

impl Naive {
    fn side(&mut self, side: i8) -> &mut BTreeMap<i64, i64> {
        if side > 0 {
            &mut self.bids
        } else {
            &mut self.asks
        }
    }

    fn apply(&mut self, event: &MarketEvent) {
        self.broken |= event.flags & GAP != 0;
        let (side, price, qty) = (event.side, event.price.0, event.qty.0);
        match event.kind {
            0 | 3 if side == 0 => self.broken = true,
            0 | 3 if qty > 0 => {
                self.side(side).insert(price, qty);
            }
            0 | 3 => {
                self.side(side).remove(&price);
            }
            4 if side != 0 => {
                self.side(side).clear();
                if qty > 0 {
                    self.side(side).insert(price, qty);
                }
            }
            2 => {
                if side >= 0 {
                    self.bids.clear();
                }
                if side <= 0 {
                    self.asks.clear();
                }
                if event.flags & GAP == 0 {
                    self.broken = false;
                }
            }
            _ => {}
        }
    }

    fn levels(&self, side: Side) -> Vec<(i64, i64)> {
        match side {
            Side::Buy => self.bids.iter().rev().map(|(p, q)| (*p, *q)).collect(),
            Side::Sell => self.asks.iter().map(|(p, q)| (*p, *q)).collect(),
        }
    }

    fn hash(&self) -> u128 {
        let mut hash = OrderHash::new();
        for side in [Side::Buy, Side::Sell] {
            hash.write(side as u64);
            for (price, qty) in self.levels(side) {
                hash.write(price as u64);
                hash.write(qty as u64);
            }
        }
        hash.finish()
    }
}

fn assert_equal(book: &ByPrice, naive: &Naive, at: &str) {
    for side in [Side::Buy, Side::Sell] {
        let mut seen = Vec::new();
        book.visit(side, |level| {
            seen.push((level.price.0, level.qty.0));
            true
        });
        let expected = naive.levels(side);
        assert_eq!(seen, expected, "{at} {side:?}");
        let best = expected.first().copied();
        assert_eq!(book.best(side), best.map(|b| Price(b.0)), "{at}");
        let qty = if side == Side::Buy {
            book.bid_qty()
        } else {
            book.ask_qty()
        };
        assert_eq!(qty, Qty(best.map_or(0, |b| b.1)), "{at}");
        for (price, qty) in expected.iter().step_by(7) {
            assert_eq!(book.qty_at(side, Price(*price)), Qty(*qty), "{at}");
            let beside = naive
                .levels(side)
                .iter()
                .find(|l| l.0 == price + 1)
                .map_or(0, |l| l.1);
            assert_eq!(book.qty_at(side, Price(price + 1)), Qty(beside), "{at}");
        }
    }
    let (bid, ask) = (book.best_bid(), book.best_ask());
    let crossed = matches!((bid, ask), (Some(b), Some(a)) if b >= a);
    assert_eq!(book.is_crossed(), crossed, "{at}");
    assert_eq!(book.valid(), !naive.broken && !crossed, "{at}");
    let mid = match (bid, ask) {
        (Some(b), Some(a)) if !naive.broken && !crossed => Some(b.0 + a.0),
        _ => None,
    };
    assert_eq!(book.bid_plus_ask(), mid, "{at}");
}

/// A walking touch; now and then an outlier, a clear, a quote, a snapshot, a crossing.
fn next_events(dice: &mut Dice, touch: &mut i64, out: &mut Vec<MarketEvent>) {
    let side: i8 = if dice.one_in(2) { 1 } else { -1 };
    let away = |dice: &mut Dice| match dice.between(0, 99) {
        0..=79 => dice.between(1, 60),
        80..=94 => dice.between(1, 12_000),
        95..=96 => dice.between(12_000, 40_000),
        _ => dice.between(10_000, 1_000_000),
    };
    let price = |dice: &mut Dice, touch: i64| touch - i64::from(side) * away(dice);
    match dice.between(0, 9_999) {
        0 => out.push(row(FIRST, 0, 2, dice.between(-1, 1) as i8, 0, 0)),
        1..=3 => out.push(row(
            FIRST,
            0,
            4,
            side,
            *touch - i64::from(side),
            dice.between(0, 50),
        )),
        4 => {
            out.push(row(FIRST, 0, 2, 0, 0, 0));
            for level in 1..dice.between(2, 60) {
                out.push(row(FIRST, 0, 3, 1, *touch - level, dice.between(1, 9)));
                out.push(row(FIRST, 0, 3, -1, *touch + level, dice.between(1, 9)));
            }
        }
        5..=300 => {
            let through = *touch + i64::from(side) * dice.between(0, 30_000);
            out.push(row(FIRST, 0, 0, side, through, dice.between(0, 9)));
            out.push(row(FIRST, 0, 0, side, through, 0));
        }
        301..=330 => {
            let mut gap = row(FIRST, 0, 0, side, price(dice, *touch), dice.between(0, 9));
            gap.flags |= GAP;
            out.push(gap);
        }
        331..=340 => out.push(row(FIRST, 0, 0, 0, *touch, 5)),
        341..=360 => {
            let kind = [1, 4, 9, 200][dice.between(0, 3) as usize]; // 5 to 8 have a twin of their own
            out.push(row(FIRST, 0, kind, side, *touch, 5));
        }
        361..=380 => *touch += dice.between(-60_000, 60_000),
        _ => {
            let qty = dice.between(-3, 9);
            out.push(row(FIRST, 0, 0, side, price(dice, *touch), qty));
        }
    }
    *touch += dice.between(-1, 1);
}

fn walk(seed: u64, commands: usize, start: i64) {
    let (mut book, mut naive, mut dice) = (ByPrice::new(), Naive::default(), Dice(seed));
    let (mut touch, mut done, mut batch) = (start, 0, Vec::new());
    while done < commands {
        next_events(&mut dice, &mut touch, &mut batch);
        for event in batch.drain(..) {
            book.apply(&event);
            naive.apply(&event);
            done += 1;
            if done % 100 == 0 {
                let at = format!("seed {seed:#x} command {done}");
                assert_eq!(book.state_hash(), naive.hash(), "{at}");
                assert_eq!(
                    book.best_bid().map(|p| p.0),
                    naive.bids.keys().next_back().copied()
                );
                assert_eq!(
                    book.best_ask().map(|p| p.0),
                    naive.asks.keys().next().copied()
                );
            }
            if done % 5_000 == 0 {
                assert_equal(&book, &naive, &format!("seed {seed:#x} command {done}"));
            }
        }
    }
}

#[test]
fn a_million_commands_leave_equal_books() {
    walk(0x5eed_0001, 1_000_000, 6_000_000);
}

#[test]
fn prices_around_and_below_zero_leave_equal_books() {
    walk(0x5eed_0002, 100_000, 0);
    walk(0x5eed_0003, 100_000, -400_000);
}

#[test]
fn a_thin_book_that_empties_all_the_time_leaves_equal_books() {
    let (mut book, mut naive, mut dice) = (ByPrice::new(), Naive::default(), Dice(0x5eed_0004));
    for step in 0..200_000 {
        let side: i8 = if dice.one_in(2) { 1 } else { -1 };
        let price = dice.between(0, 7) * dice.between(1, 20_000);
        let event = row(FIRST, 0, 0, side, price, dice.between(0, 1));
        book.apply(&event);
        naive.apply(&event);
        if dice.one_in(20) {
            let held: Vec<(i8, i64)> = (naive.bids.keys().map(|p| (1, *p)))
                .chain(naive.asks.keys().map(|p| (-1, *p)))
                .collect();
            for (side, price) in held.into_iter().rev() {
                let event = row(FIRST, 0, 0, side, price, 0);
                book.apply(&event);
                naive.apply(&event);
            }
        }
        if step % 100 == 0 {
            assert_equal(&book, &naive, &format!("seed 0x5eed0004 step {step}"));
        }
    }
}

#[test]
fn prices_at_the_end_of_the_range_neither_panic_nor_stay_believed() {
    for extreme in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
        for side in [1i8, -1] {
            let mut book = ByPrice::new();
            book.apply(&row(FIRST, 0, 0, 1, 100, 5));
            book.apply(&row(FIRST, 0, 0, -1, 102, 5));
            book.apply(&row(FIRST, 0, 0, side, extreme, 5));
            book.apply(&row(FIRST, 0, 0, -side, extreme, 5));
            assert!(!book.valid(), "{extreme} {side}");
            let _ = (book.is_crossed(), book.bid_plus_ask(), book.state_hash());
            book.apply(&row(FIRST, 0, 2, 0, 0, 0));
            book.apply(&row(FIRST, 0, 0, 1, 100, 5));
            book.apply(&row(FIRST, 0, 0, -1, 102, 5));
            assert!(book.valid(), "a snapshot heals {extreme} {side}");
            assert_eq!(book.bid_plus_ask(), Some(202));
        }
    }
}
