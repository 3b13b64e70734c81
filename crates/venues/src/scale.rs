//! From the units of a format to the coarsest decimal steps that hold every row.
//!
//! A venue's file counts prices in 1e-4 or 1e-9 whatever the tick is. An instrument's tick is the
//! largest power of ten that all its prices are multiples of, and not more than a whole unit.

use alloc::vec;
use alloc::vec::Vec;

use py_rt_types::MarketEvent;

/// Decimals of an instrument's tick and lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Decimals of the tick.
    pub price: u32,
    /// Decimals of the lot.
    pub qty: u32,
}

const TENS: [i64; 19] = {
    let mut tens = [1i64; 19];
    let mut i = 1;
    while i < 19 {
        tens[i] = tens[i - 1] * 10;
        i += 1;
    }
    tens
};

/// Divides prices and quantities by what all rows of their instrument allow; returns the decimals
/// that are left, by instrument. `given` are those of the rows as they come; not more than 18.
pub fn coarsen(rows: &mut [MarketEvent], instruments: usize, given: Places) -> Vec<Places> {
    let most = Places {
        price: given.price.min(18),
        qty: given.qty.min(18),
    };
    let mut dropped = vec![most; instruments];
    for row in rows.iter() {
        if let Some(places) = dropped.get_mut(row.instrument.index()) {
            places.price = droppable(row.price.0, places.price);
            places.qty = droppable(row.qty.0, places.qty);
        }
    }
    for row in rows.iter_mut() {
        if let Some(places) = dropped.get(row.instrument.index()) {
            row.price.0 = without(row.price.0, places.price);
            row.qty.0 = without(row.qty.0, places.qty);
        }
    }
    dropped
        .into_iter()
        .map(|less| Places {
            price: given.price - less.price,
            qty: given.qty - less.qty,
        })
        .collect()
}

#[inline]
const fn droppable(value: i64, mut places: u32) -> u32 {
    while places > 0 && without(value, places) * TENS[places as usize] != value {
        places -= 1;
    }
    places
}

/// A value without its last digits. Few of them are the rule, and a division by a number that the
/// compiler knows is a multiplication.
#[inline]
const fn without(value: i64, places: u32) -> i64 {
    match places {
        0 => value,
        1 => value / 10,
        2 => value / 100,
        3 => value / 1_000,
        4 => value / 10_000,
        _ => value / TENS[places as usize],
    }
}

/// A column of decimal text whose finest number is not known before the end.
///
/// Values are pushed with the scale of the moment; [`Growing::finish`] brings the older ones up.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    scale: u32,
    raised: Vec<(usize, u32)>,
}

impl Growing {
    /// The value of digits and places in the scale of the moment, for the row of this number;
    /// `None` when it does not fit into 64 bits.
    #[inline]
    pub fn value(&mut self, (digits, places): (i64, u32), row: usize) -> Option<i64> {
        if places > self.scale {
            self.raised.push((row, places - self.scale));
            self.scale = places;
        }
        digits.checked_mul(*TENS.get((self.scale - places) as usize)?)
    }

    /// Decimals of the finest value.
    #[must_use]
    pub const fn scale(&self) -> u32 {
        self.scale
    }

    /// Brings the values of all rows to the final scale. `None` when one does not fit.
    pub fn finish(
        &self,
        rows: &mut [MarketEvent],
        field: impl Fn(&mut MarketEvent) -> &mut i64,
    ) -> Option<()> {
        let mut from = 0;
        let mut behind = self.scale;
        for &(row, by) in &self.raised {
            let factor = *TENS.get(behind as usize)?;
            for event in rows.get_mut(from..row)? {
                let value = field(event);
                *value = value.checked_mul(factor)?;
            }
            from = row;
            behind -= by;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use py_rt_types::{InstrumentId, Price, Qty, UnixNanos};

    fn row(instrument: u32, price: i64, qty: i64) -> MarketEvent {
        MarketEvent {
            ts_event: UnixNanos(0),
            ts_recv: UnixNanos(0),
            instrument: InstrumentId(instrument),
            kind: 0,
            side: 1,
            flags: 1,
            price: Price(price),
            qty: Qty(qty),
            order_id: 0,
        }
    }

    #[test]
    fn the_coarsest_step_that_holds_every_row() {
        let mut rows = [
            row(0, 5_853_300, 1_000),
            row(0, 5_853_350, 20),
            row(1, 120_000, 0),
        ];
        let places = coarsen(&mut rows, 3, Places { price: 4, qty: 1 });
        assert_eq!(places[0], Places { price: 3, qty: 0 });
        assert_eq!(places[1], Places { price: 0, qty: 0 });
        assert_eq!(places[2], Places { price: 0, qty: 0 });
        assert_eq!((rows[0].price.0, rows[0].qty.0), (585_330, 100));
        assert_eq!((rows[1].price.0, rows[1].qty.0), (585_335, 2));
        assert_eq!(rows[2].price.0, 12);
    }

    #[test]
    fn older_rows_are_brought_to_the_finest_scale() {
        let mut column = Growing::default();
        let values = [(5, 0), (25, 1), (7, 0), (125, 3), (2, 0)];
        let mut rows: Vec<MarketEvent> = Vec::new();
        for value in values {
            let price = column.value(value, rows.len()).unwrap();
            rows.push(row(0, price, 1));
        }
        column
            .finish(&mut rows, |event| &mut event.price.0)
            .unwrap();
        let prices: Vec<i64> = rows.iter().map(|row| row.price.0).collect();
        assert_eq!(
            (prices, column.scale()),
            (vec![5_000, 2_500, 7_000, 125, 2_000], 3)
        );
        assert_eq!(column.value((i64::MAX, 0), 9), None);
    }
}
