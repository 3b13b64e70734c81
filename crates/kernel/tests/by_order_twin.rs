//! The book by order against a naive list of orders, over random rows; and rows one can check.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::hash::OrderHash;
use py_rt_kernel::market::{ByOrder, ByPrice, Touched};
use py_rt_types::{EventKind, MarketEvent, Price, Qty, Side, GAP};
use rig::{row, Dice, FIRST};

const ADD: u8 = EventKind::OrderAdd as u8;
const REDUCE: u8 = EventKind::OrderReduce as u8;
const DELETE: u8 = EventKind::OrderDelete as u8;
const EXECUTE: u8 = EventKind::OrderExecute as u8;
const DEPTH: u8 = EventKind::Depth as u8;
const CLEAR: u8 = EventKind::Clear as u8;
const SNAPSHOT: u8 = EventKind::Snapshot as u8;

fn order_row(kind: u8, side: i8, price: i64, qty: i64, order_id: u64) -> MarketEvent {
    MarketEvent {
        order_id,
        ..row(FIRST, 0, kind, side, price, qty)
    }
}

/// Every order in one list, in the order in which its price would trade it.
#[derive(Default)]
struct Naive {
    orders: Vec<(u64, i8, i64, i64)>,
    broken: bool,
    unmatched: u64,
}

impl Naive {
    fn apply(&mut self, event: &MarketEvent) {
        self.broken |= event.flags & GAP != 0;
        let (id, side, price, qty) = (event.order_id, event.side, event.price.0, event.qty.0);
        let sided = side == 1 || side == -1;
        match event.kind {
            ADD | SNAPSHOT if event.kind == ADD || id != 0 => {
                let twice = self.orders.iter().any(|order| order.0 == id);
                if !sided || qty <= 0 || twice || id == 0 {
                    self.broken = true;
                } else {
                    self.orders.push((id, side, price, qty));
                }
            }
            REDUCE | EXECUTE | DELETE => self.take(event),
            DEPTH | SNAPSHOT if !sided || qty < 0 => self.broken = true,
            DEPTH | SNAPSHOT => {
                self.orders.retain(|order| {
                    (order.1, order.2) != (side, price) || (order.0 != 0 && qty != 0)
                });
                let known = self.at(side, price);
                if qty > known {
                    self.orders.insert(0, (0, side, price, qty - known));
                }
                self.broken |= qty < known;
            }
            CLEAR => {
                self.orders.retain(|order| sided && order.1 != side);
                self.broken &= event.flags & GAP != 0;
            }
            _ => {}
        }
    }

    fn take(&mut self, event: &MarketEvent) {
        let known = (event.order_id != 0)
            .then(|| self.orders.iter().position(|o| o.0 == event.order_id))
            .flatten();
        let (side, price) = (event.side, event.price.0);
        let unknown = |o: &(u64, i8, i64, i64)| o.0 == 0 && o.1 == side && o.2 == price;
        let Some(at) = known.or_else(|| self.orders.iter().position(unknown)) else {
            self.unmatched += 1;
            return;
        };
        let whole = event.kind == DELETE && known.is_some();
        let open = self.orders[at].3;
        let qty = if whole { open } else { event.qty.0 };
        self.broken |= qty < 0 || qty > open;
        self.orders[at].3 -= qty.clamp(0, open);
        if self.orders[at].3 == 0 {
            self.orders.remove(at);
        }
    }

    fn at(&self, side: i8, price: i64) -> i64 {
        let here = |o: &&(u64, i8, i64, i64)| (o.1, o.2) == (side, price);
        self.orders.iter().filter(here).map(|o| o.3).sum()
    }

    fn queue(&self, side: i8) -> Vec<(u64, i8, i64, i64)> {
        let mut queue: Vec<_> = self
            .orders
            .iter()
            .copied()
            .filter(|o| o.1 == side)
            .collect();
        queue.sort_by_key(|order| -order.2 * i64::from(side));
        queue
    }

    fn hash(&self) -> u128 {
        let mut hash = OrderHash::new();
        for side in [1i8, -1] {
            hash.write(i64::from(side) as u64);
            for (id, _, price, qty) in self.queue(side) {
                hash.write(id);
                hash.write(price as u64);
                hash.write(qty as u64);
            }
        }
        hash.finish()
    }

    fn crossed(&self) -> bool {
        match (self.queue(1).first(), self.queue(-1).first()) {
            (Some(bid), Some(ask)) => bid.2 >= ask.2,
            _ => false,
        }
    }
}

/// Sensible rows about some hundred orders, and some nonsense; a crossing now and then.
fn next_row(dice: &mut Dice, touch: &mut i64, stretch: u64) -> MarketEvent {
    let side: i8 = if dice.one_in(2) { 1 } else { -1 };
    let far = dice.one_in(500);
    let away = if far { 60_000 } else { 12 };
    let price = *touch - i64::from(side) * dice.between(if far { -20 } else { 1 }, away);
    let id = (dice.between(1, 400) as u64).wrapping_mul(stretch);
    let qty = dice.between(1, 40);
    *touch += dice.between(-1, 1);
    match dice.between(0, 999) {
        0..=449 => order_row(ADD, side, price, qty, id),
        450..=599 => order_row(REDUCE, side, price, dice.between(0, 20), id),
        600..=799 => order_row(EXECUTE, side, price, dice.between(1, 20), id),
        800..=949 => order_row(DELETE, side, price, dice.between(0, 20), id),
        950..=979 => order_row(DEPTH, side, price, dice.between(0, 200), 0),
        980..=984 => order_row(SNAPSHOT, side, price, qty, 0),
        985 => order_row(dice.between(0, 12) as u8, 0, price, qty, id),
        986 => order_row(ADD, side, price, -qty, id),
        987..=988 => row(FIRST, 0, CLEAR, dice.between(-1, 1) as i8, 0, 0),
        989 => {
            *touch += dice.between(-50_000, 50_000);
            row(FIRST, 0, CLEAR, 0, 0, 0)
        }
        990 => MarketEvent {
            flags: GAP,
            ..order_row(ADD, side, price, qty, id)
        },
        _ => order_row(EventKind::Trade as u8, side, price, qty, id),
    }
}

fn walk(seed: u64, rows: usize) {
    let stretch = if seed % 2 == 0 {
        1
    } else {
        0x1_0000_0001 << (seed % 11)
    };
    let (mut book, mut naive, mut dice) = (ByOrder::new(), Naive::default(), Dice(seed));
    let mut levels = ByPrice::new();
    let (mut touch, mut valid) = (1_000_000, 0);
    for step in 0..rows {
        let event = next_row(&mut dice, &mut touch, stretch);
        let touched = book.apply(&event);
        naive.apply(&event);
        levels.apply(&event);
        let at = format!("seed {seed:#x} row {step} {event:?}");
        if let Some(Touched { side, price, qty }) = touched {
            assert_eq!(naive.at(side as i8, price.0), qty.0, "{at}");
        }
        assert_eq!(book.unmatched(), naive.unmatched, "{at}");
        if step % 50 == 0 {
            assert_eq!(book.state_hash(), naive.hash(), "{at}");
            assert_eq!(book.valid(), !naive.broken && !naive.crossed(), "{at}");
            valid += usize::from(book.valid());
            assert_ahead(&book, &naive, &at);
            assert_levels(&levels, &book, &at);
        }
    }
    assert!(
        valid > rows / 50 / 20,
        "{valid} of {} were valid",
        rows / 50
    );
}

/// The book by price, fed with the same rows, shows the levels of the book by order.
fn assert_levels(levels: &ByPrice, book: &ByOrder, at: &str) {
    assert_eq!(levels.valid(), book.valid(), "{at}");
    for side in [Side::Buy, Side::Sell] {
        let (mut shown, mut expected) = (Vec::new(), Vec::new());
        levels.visit(side, |level| {
            shown.push(level);
            true
        });
        book.visit(side, |level| {
            expected.push(level);
            true
        });
        assert_eq!(shown, expected, "{at} {side:?}");
    }
}

fn assert_ahead(book: &ByOrder, naive: &Naive, at: &str) {
    let Some(order) = naive.orders.iter().rfind(|order| order.0 != 0) else {
        return;
    };
    let here = |o: &&(u64, i8, i64, i64)| (o.1, o.2) == (order.1, order.2);
    let queue = naive.orders.iter().filter(here);
    let ahead: i64 = queue.take_while(|o| o.0 != order.0).map(|o| o.3).sum();
    assert_eq!(book.qty_ahead(order.0), Some(Qty(ahead)), "{at}");
}

#[test]
fn a_million_rows_leave_equal_books() {
    for seed in 0..4 {
        walk(0x5eed_9000 + seed, 300_000);
    }
}

#[test]
fn unknown_quantity_stands_in_front_and_pays_for_unknown_orders() {
    let mut book = ByOrder::new();
    book.apply(&order_row(ADD, 1, 100, 5, 7));
    book.apply(&order_row(DEPTH, 1, 100, 12, 0));
    assert_eq!(book.qty_ahead(7), Some(Qty(7)));
    book.apply(&order_row(EXECUTE, 1, 100, 4, 99));
    assert_eq!(book.qty_ahead(7), Some(Qty(3)));
    book.apply(&order_row(EXECUTE, 1, 101, 4, 99));
    assert_eq!((book.unmatched(), book.valid()), (1, true));
    book.apply(&order_row(EXECUTE, 1, 100, 4, 99));
    assert!(!book.valid(), "more was taken than there was");
    book.apply(&row(FIRST, 0, CLEAR, 0, 0, 0));
    assert!(book.valid() && book.orders().is_empty());
}

#[test]
fn a_reduced_order_keeps_its_place() {
    let mut book = ByOrder::new();
    for id in 1..=3 {
        book.apply(&order_row(ADD, -1, 50, 10, id));
    }
    book.apply(&order_row(REDUCE, -1, 50, 9, 1));
    assert_eq!(book.qty_ahead(3), Some(Qty(11)));
    let touched = book.apply(&order_row(EXECUTE, -1, 50, 1, 1));
    let left = Touched {
        side: Side::Sell,
        price: Price(50),
        qty: Qty(20),
    };
    assert_eq!((touched, book.qty_ahead(2)), (Some(left), Some(Qty(0))));
    assert_eq!(book.qty_ahead(1), None);
}
