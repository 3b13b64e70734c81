//! Orders and executions of a run in little memory: a run of 10^8 rows may have 10^6 of them.
//!
//! An order takes 88 bytes, and what few orders have (a stop price, a parent, the limit that
//! refused it) stands apart. An execution is written as what changed since the one before, in as
//! few bytes as that has: some thirty.

use std::collections::BTreeMap;

use py_rt_kernel::event::{Denial, FillEvent, OrderEvent};
use py_rt_kernel::execution::Order;
use py_rt_kernel::signal::StrategyId;
use py_rt_types::{
    ClientOrderId, ExecId, InstrumentId, Liquidity, Money, NewOrder, OrderStatus, OrderType, Price,
    Qty, RejectReason, Side, TimeInForce, UnixNanos, VenueOrderId,
};

/// An order as it last stood, without what only its life needs: requests on their way, alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub order: Order,
    /// The limit that refused it, if one did.
    pub denial: Option<Denial>,
}

/// One execution.
pub type FillRow = FillEvent;

/// What every order has.
#[derive(Debug, Clone, Copy)]
struct Kept {
    sequence: u64,
    venue_order_id: u64,
    order_qty: Qty,
    limit_price: i64,
    cum_qty: Qty,
    cum_notional: [u64; 2],
    ts_created: UnixNanos,
    ts_updated: UnixNanos,
    instrument: InstrumentId,
    tag: u32,
    revision: u16,
    flags: u8,
    strategy: StrategyId,
    order_type: OrderType,
    tif: TimeInForce,
    status: OrderStatus,
    reason: Option<RejectReason>,
}

const BUY: u8 = 1;
const LIMITED: u8 = 2;
const POST_ONLY: u8 = 4;
const REDUCE_ONLY: u8 = 8;
const TARGET: u8 = 16;
const CANCEL_REQUESTED: u8 = 32;

/// What few orders have.
#[derive(Debug, Clone, Copy, Default)]
struct Rare {
    stop_price: Option<Price>,
    parent: u64,
    venue_order_id: VenueOrderId,
    denial: Option<Denial>,
}

impl Rare {
    const fn is_empty(&self) -> bool {
        self.stop_price.is_none()
            && self.parent == 0
            && self.venue_order_id.0 == 0
            && self.denial.is_none()
    }
}

/// Orders by their sequence.
#[derive(Debug, Default)]
pub struct OrderRows {
    kept: Vec<Kept>,
    rare: BTreeMap<u64, Rare>,
}

impl OrderRows {
    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The rows by rising sequence.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = OrderRow> + '_ {
        self.kept.iter().map(|kept| self.row(kept))
    }

    /// Takes an order as it begins and as it ends; what lies between is not kept. One that is
    /// refused and known stays as it stood, and says what refused it.
    pub(super) fn record(&mut self, event: &OrderEvent) {
        let sequence = event.order.client_order_id.sequence;
        let place = self.find(sequence);
        match (place, event.denial) {
            (Ok(_), Some(_)) => self.rare.entry(sequence).or_default().denial = event.denial,
            (Ok(_), None) if !event.order.is_terminal() => {}
            _ => self.write(place, &event.order, event.denial),
        }
    }

    /// Takes an order as it stands, where it is known.
    pub(super) fn keep(&mut self, order: &Order) {
        let place = self.find(order.client_order_id.sequence);
        if place.is_ok() {
            self.write(place, order, None);
        }
    }

    fn write(&mut self, place: Result<usize, usize>, order: &Order, denial: Option<Denial>) {
        let plain = order.stop_price.is_none() && order.parent == 0 && denial.is_none();
        if !plain || order.venue_order_id.0 >> 64 != 0 || !self.rare.is_empty() {
            self.write_rare(order, denial);
        }
        let kept = kept_of(order);
        match place {
            Ok(place) => self.kept[place] = kept,
            Err(place) if place == self.kept.len() => self.kept.push(kept),
            Err(place) => self.kept.insert(place, kept),
        }
    }

    #[cold]
    #[inline(never)]
    fn write_rare(&mut self, order: &Order, denial: Option<Denial>) {
        let sequence = order.client_order_id.sequence;
        let known = self.rare.get(&sequence).and_then(|rare| rare.denial);
        let rare = rare_of(order, denial.or(known));
        if rare.is_empty() {
            self.rare.remove(&sequence);
        } else {
            self.rare.insert(sequence, rare);
        }
    }

    /// Where the row of an order is, or has to be. Orders are numbered without gaps unless some
    /// were never told of, so the place is guessed first.
    fn find(&self, id: u64) -> Result<usize, usize> {
        let first = self.kept.first();
        let guess = first.map_or(0, |first| id.wrapping_sub(first.sequence));
        match self.kept.get(guess as usize) {
            Some(row) if row.sequence == id => Ok(guess as usize),
            None if self.kept.last().is_none_or(|last| last.sequence < id) => Err(self.kept.len()),
            _ => self.kept.binary_search_by_key(&id, |row| row.sequence),
        }
    }

    fn row(&self, kept: &Kept) -> OrderRow {
        let has = |flag| kept.flags & flag != 0;
        let rare = self.rare.get(&kept.sequence).copied().unwrap_or_default();
        let asked = NewOrder {
            client_order_id: ClientOrderId {
                sequence: kept.sequence,
                revision: kept.revision,
            },
            instrument: kept.instrument,
            side: if has(BUY) { Side::Buy } else { Side::Sell },
            order_type: kept.order_type,
            tif: kept.tif,
            order_qty: kept.order_qty,
            limit_price: has(LIMITED).then_some(Price(kept.limit_price)),
            stop_price: rare.stop_price,
            post_only: has(POST_ONLY),
            reduce_only: has(REDUCE_ONLY),
        };
        let [low, high] = kept.cum_notional.map(u128::from);
        let mut order = Order::new(&asked, kept.tag, has(TARGET), kept.ts_created);
        order.venue_order_id = match rare.venue_order_id {
            VenueOrderId(0) => VenueOrderId(kept.venue_order_id.into()),
            wide => wide,
        };
        (order.cum_qty, order.told_qty) = (kept.cum_qty, kept.cum_qty);
        order.cum_notional = Money((high << 64 | low) as i128);
        (order.status, order.reason) = (kept.status, kept.reason);
        order.cancel_requested = has(CANCEL_REQUESTED);
        (order.strategy, order.parent) = (kept.strategy, rare.parent);
        order.ts_updated = kept.ts_updated;
        let denial = rare.denial;
        OrderRow { order, denial }
    }
}

fn rare_of(order: &Order, denial: Option<Denial>) -> Rare {
    let wide = u64::try_from(order.venue_order_id.0).is_err();
    Rare {
        stop_price: order.stop_price,
        parent: order.parent,
        venue_order_id: if wide {
            order.venue_order_id
        } else {
            VenueOrderId::default()
        },
        denial,
    }
}

fn kept_of(order: &Order) -> Kept {
    let flag = |holds, flag| if holds { flag } else { 0 };
    let notional = order.cum_notional.0 as u128;
    Kept {
        sequence: order.client_order_id.sequence,
        venue_order_id: order.venue_order_id.0 as u64,
        order_qty: order.order_qty,
        limit_price: order.limit_price.map_or(0, |price| price.0),
        cum_qty: order.cum_qty,
        cum_notional: [notional as u64, (notional >> 64) as u64],
        ts_created: order.ts_created,
        ts_updated: order.ts_updated,
        instrument: order.instrument,
        tag: order.tag,
        revision: order.client_order_id.revision,
        flags: flag(order.side == Side::Buy, BUY)
            | flag(order.limit_price.is_some(), LIMITED)
            | flag(order.post_only, POST_ONLY)
            | flag(order.reduce_only, REDUCE_ONLY)
            | flag(order.target, TARGET)
            | flag(order.cancel_requested, CANCEL_REQUESTED),
        strategy: order.strategy,
        order_type: order.order_type,
        tif: order.tif,
        status: order.status,
        reason: order.reason,
    }
}

/// Numbers of an execution that have 64 bits, and that have more.
const SHORT: usize = 10;
const WIDE: usize = 3;

/// An execution as numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Numbers {
    short: [i64; SHORT],
    wide: [i128; WIDE],
}

/// Executions in the order in which they were booked.
#[derive(Debug, Default)]
pub struct FillRows {
    bytes: Vec<u8>,
    last: Numbers,
    count: usize,
}

impl FillRows {
    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows in the order in which they were booked.
    #[must_use]
    pub const fn iter(&self) -> Fills<'_> {
        Fills {
            bytes: self.bytes.as_slice(),
            last: Numbers {
                short: [0; SHORT],
                wide: [0; WIDE],
            },
            left: self.count,
        }
    }

    pub(super) fn push(&mut self, fill: &FillRow) {
        let numbers = numbers_of(fill);
        // Which numbers changed, then the changes: seven bits a byte, the sign at the end.
        let (mut changed, at) = (0u16, self.bytes.len());
        self.bytes.extend_from_slice(&[0; 2]);
        for (place, now) in numbers.short.iter().enumerate() {
            let change = now.wrapping_sub(self.last.short[place]);
            if change != 0 {
                changed |= 1 << place;
                let mut rest = ((change << 1) ^ (change >> 63)) as u64;
                while rest >= 0x80 {
                    self.bytes.push(rest as u8 | 0x80);
                    rest >>= 7;
                }
                self.bytes.push(rest as u8);
            }
        }
        for (place, now) in numbers.wide.iter().enumerate() {
            let change = now.wrapping_sub(self.last.wide[place]);
            if change != 0 {
                changed |= 1 << (SHORT + place);
                let mut rest = ((change << 1) ^ (change >> 127)) as u128;
                while rest >= 0x80 {
                    self.bytes.push(rest as u8 | 0x80);
                    rest >>= 7;
                }
                self.bytes.push(rest as u8);
            }
        }
        self.bytes[at..at + 2].copy_from_slice(&changed.to_le_bytes());
        self.last = numbers;
        self.count += 1;
    }
}

/// Executions, read one after the other.
#[derive(Debug, Clone)]
pub struct Fills<'a> {
    bytes: &'a [u8],
    last: Numbers,
    left: usize,
}

impl Fills<'_> {
    /// The next change, where there is one.
    fn change(&mut self) -> Option<i128> {
        let (mut read, mut shift) = (0u128, 0);
        loop {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            read |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        Some((read >> 1) as i128 ^ -((read & 1) as i128))
    }
}

impl Iterator for Fills<'_> {
    type Item = FillRow;

    fn next(&mut self) -> Option<FillRow> {
        self.left = self.left.checked_sub(1)?;
        let (changed, rest) = self.bytes.split_first_chunk::<2>()?;
        self.bytes = rest;
        let changed = u16::from_le_bytes(*changed);
        for place in 0..SHORT + WIDE {
            if changed & 1 << place == 0 {
                continue;
            }
            let change = self.change()?;
            match place.checked_sub(SHORT) {
                None => {
                    let number = &mut self.last.short[place];
                    *number = number.wrapping_add(change as i64);
                }
                Some(place) => {
                    let number = &mut self.last.wide[place];
                    *number = number.wrapping_add(change);
                }
            }
        }
        Some(fill_of(&self.last))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fills<'_> {}

fn numbers_of(fill: &FillRow) -> Numbers {
    let side = i64::from(fill.side == Side::Buy);
    let maker = i64::from(fill.liquidity == Liquidity::Maker);
    let code = side | maker << 1 | i64::from(fill.strategy.0) << 2;
    Numbers {
        short: [
            fill.ts_event.0,
            fill.ts_recv.0.wrapping_sub(fill.ts_event.0),
            fill.client_order_id.sequence as i64,
            fill.client_order_id.revision.into(),
            fill.instrument.0.into(),
            code,
            fill.last_qty.0,
            fill.last_price.0,
            fill.cum_qty.0,
            fill.position_qty.0,
        ],
        wide: [fill.exec_id.0 as i128, fill.fee.0, fill.fee_in_kind.0],
    }
}

const fn fill_of(numbers: &Numbers) -> FillRow {
    let [ts_event, took, sequence, revision, instrument, ..] = numbers.short;
    let [.., code, last_qty, last_price, cum_qty, position_qty] = numbers.short;
    let [exec_id, fee, fee_in_kind] = numbers.wide;
    FillRow {
        ts_event: UnixNanos(ts_event),
        ts_recv: UnixNanos(ts_event.wrapping_add(took)),
        client_order_id: ClientOrderId {
            sequence: sequence as u64,
            revision: revision as u16,
        },
        exec_id: ExecId(exec_id as u128),
        instrument: InstrumentId(instrument as u32),
        side: if code & 1 == 1 { Side::Buy } else { Side::Sell },
        last_qty: Qty(last_qty),
        last_price: Price(last_price),
        cum_qty: Qty(cum_qty),
        fee: Money(fee),
        fee_in_kind: Money(fee_in_kind),
        liquidity: if code & 2 == 2 {
            Liquidity::Maker
        } else {
            Liquidity::Taker
        },
        position_qty: Qty(position_qty),
        strategy: StrategyId((code >> 2) as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_back_whatever_it_was() {
        assert_eq!(size_of::<Kept>(), 88);
        let mut word = 0x5eed_8000_u64;
        let mut next = || {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            match word % 4 {
                0 => word,
                1 => word >> 40,
                2 => 0,
                _ => u64::MAX - (word >> 50),
            }
        };
        let (mut rows, mut told) = (FillRows::default(), Vec::new());
        for _ in 0..2_000 {
            let wide = |high: u64, low: u64| i128::from(high as i64) << 60 ^ i128::from(low);
            let fill = FillRow {
                ts_event: UnixNanos(next() as i64),
                ts_recv: UnixNanos(next() as i64),
                client_order_id: ClientOrderId {
                    sequence: next(),
                    revision: next() as u16,
                },
                exec_id: ExecId(u128::from(next()) << 64 | u128::from(next())),
                instrument: InstrumentId(next() as u32),
                side: [Side::Buy, Side::Sell][(next() % 2) as usize],
                last_qty: Qty(next() as i64),
                last_price: Price(next() as i64),
                cum_qty: Qty(next() as i64),
                fee: Money(wide(next(), next())),
                fee_in_kind: Money(wide(next(), next())),
                liquidity: [Liquidity::Maker, Liquidity::Taker][(next() % 2) as usize],
                position_qty: Qty(next() as i64),
                strategy: StrategyId(next() as u8),
            };
            rows.push(&fill);
            told.push(fill);
        }
        assert!(rows.iter().eq(told));
        assert_eq!((rows.len(), rows.iter().len()), (2_000, 2_000));
    }
}
