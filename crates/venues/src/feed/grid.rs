//! Where symbols get their place and decimal texts their ticks and lots.
//!
//! Two grids: the instruments of a run are known ([`SymbolTable`]), those of a recording are learnt
//! as they come ([`LearntGrid`]).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use py_rt_types::{Price, Qty, TypeError};

use crate::feed::number::{exact, plain_units, units_at, Units, POWERS};
use crate::symbols::SymbolTable;

/// Ticks or lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Prices in ticks.
    Price,
    /// Quantities in lots.
    Qty,
}

/// How the numbers of one axis of an instrument are written and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Precision {
    /// One unit is `mantissa × 10^-scale`.
    pub mantissa: i64,
    /// See `mantissa`.
    pub scale: u32,
    /// The most decimals with which the venue wrote a number, trailing zeros included.
    pub written: u32,
}

impl Precision {
    fn note(&mut self, decimals: u8) {
        if decimals != super::number::NO_DECIMALS {
            self.written = self.written.max(u32::from(decimals));
        }
    }
}

/// All numbers of `axis` of the instrument must be multiplied by `factor` from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Whose.
    pub place: u32,
    /// Which.
    pub axis: Axis,
    /// By how much.
    pub factor: i64,
}

/// Symbols to places, texts to units.
pub trait Grid {
    /// The place of a symbol, or `None` when it is not in the run.
    fn place(&mut self, symbol: &[u8]) -> Option<u32>;
    /// Units of decimal text. A finer number than any before makes a learnt grid grow.
    ///
    /// # Errors
    /// [`TypeError`] when the text is no decimal, off a known grid, or too long.
    fn units(&mut self, place: u32, axis: Axis, text: &[u8]) -> Result<Units, TypeError>;
    /// A growth that is to be carried out, once.
    fn take_growth(&mut self) -> Option<Growth>;
    /// How the numbers of an instrument are written and counted.
    fn precision(&self, place: u32, axis: Axis) -> Precision;
}

/// The instruments of a run.
#[derive(Debug, Clone)]
pub struct KnownGrid {
    symbols: Arc<SymbolTable>,
    written: Vec<[Precision; 2]>,
}

impl KnownGrid {
    /// A grid over a table; a place is the place in the table's list.
    #[must_use]
    pub fn new(symbols: Arc<SymbolTable>) -> Self {
        let listings = symbols.listings().iter();
        let written = listings
            .map(|listing| {
                let spec = listing.instrument().spec();
                [spec.tick_size, spec.lot_size].map(|step| Precision {
                    mantissa: i64::try_from(step.mantissa()).unwrap_or(0),
                    scale: step.scale(),
                    written: 0,
                })
            })
            .collect();
        Self { symbols, written }
    }

    /// The table.
    #[must_use]
    pub const fn symbols(&self) -> &Arc<SymbolTable> {
        &self.symbols
    }
}

impl Grid for KnownGrid {
    #[inline]
    fn place(&mut self, symbol: &[u8]) -> Option<u32> {
        self.symbols.place(symbol)
    }

    #[inline]
    fn units(&mut self, place: u32, axis: Axis, text: &[u8]) -> Result<Units, TypeError> {
        let at = place as usize;
        let own = self.written.get_mut(at).ok_or(TypeError::NotDecimal)?;
        let own = &mut own[axis as usize];
        if own.mantissa == 1 {
            if let Some(units) = plain_units(text, own.scale) {
                own.note(units.decimals);
                return Ok(units);
            }
        }
        let (_, decimals) = exact(text)?;
        own.note(decimals);
        let listing = self
            .symbols
            .listings()
            .get(at)
            .ok_or(TypeError::NotDecimal)?;
        let count = match axis {
            Axis::Price => listing.price(text).map(|Price(ticks)| ticks)?,
            Axis::Qty => listing.qty(text).map(|Qty(lots)| lots)?,
        };
        Ok(Units { count, decimals })
    }

    #[inline]
    fn take_growth(&mut self) -> Option<Growth> {
        None
    }

    fn precision(&self, place: u32, axis: Axis) -> Precision {
        let both = self.written.get(place as usize);
        both.map_or_else(Precision::default, |both| both[axis as usize])
    }
}

/// An instrument of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// The venue's string for it.
    pub symbol: Vec<u8>,
    /// Prices and quantities.
    pub axes: [Precision; 2],
}

/// Instruments as they come; one unit is the finest decimal that was needed so far.
#[derive(Debug, Clone, Default)]
pub struct LearntGrid {
    learnt: Vec<Learnt>,
    by_symbol: BTreeMap<Vec<u8>, u32>,
    last: u32,
    growth: Option<Growth>,
}

/// How many instruments a recording may have.
const INSTRUMENTS_MAX: usize = 1 << 20;

impl LearntGrid {
    /// Everything learnt, by place.
    #[must_use]
    pub fn learnt(&self) -> &[Learnt] {
        &self.learnt
    }

    /// Makes one axis finer; returns the factor of every number so far.
    pub(crate) fn refine(&mut self, place: u32, axis: Axis, scale: u32) -> Option<i64> {
        let own = &mut self.learnt.get_mut(place as usize)?.axes[axis as usize];
        let more = scale.checked_sub(own.scale)?;
        own.scale = scale;
        POWERS.get(more as usize).copied()
    }

    #[cold]
    fn slow_units(&mut self, place: u32, axis: Axis, text: &[u8]) -> Result<Units, TypeError> {
        let (value, decimals) = exact(text)?;
        let own = self.learnt.get_mut(place as usize);
        let own = &mut own.ok_or(TypeError::NotDecimal)?.axes[axis as usize];
        own.note(decimals);
        if value.scale() > own.scale {
            let more = (value.scale() - own.scale) as usize;
            let factor = *POWERS.get(more).ok_or(TypeError::Overflow)?;
            let old = self.growth.map_or(1, |growth| growth.factor);
            own.scale = value.scale();
            self.growth = Some(Growth {
                place,
                axis,
                factor: factor.checked_mul(old).ok_or(TypeError::Overflow)?,
            });
        }
        match units_at(value, own.scale)? {
            Some(count) => Ok(Units { count, decimals }),
            None => Err(TypeError::Overflow),
        }
    }
}

impl Grid for LearntGrid {
    #[inline]
    fn place(&mut self, symbol: &[u8]) -> Option<u32> {
        if let Some(known) = self.learnt.get(self.last as usize) {
            if known.symbol == symbol {
                return Some(self.last);
            }
        }
        if let Some(&place) = self.by_symbol.get(symbol) {
            self.last = place;
            return Some(place);
        }
        if symbol.is_empty() || self.learnt.len() >= INSTRUMENTS_MAX {
            return None;
        }
        let place = self.learnt.len() as u32;
        let fresh = Precision {
            mantissa: 1,
            ..Precision::default()
        };
        self.learnt.push(Learnt {
            symbol: symbol.to_vec(),
            axes: [fresh; 2],
        });
        self.by_symbol.insert(symbol.to_vec(), place);
        self.last = place;
        Some(place)
    }

    #[inline]
    fn units(&mut self, place: u32, axis: Axis, text: &[u8]) -> Result<Units, TypeError> {
        if let Some(known) = self.learnt.get_mut(place as usize) {
            let own = &mut known.axes[axis as usize];
            if let Some(units) = plain_units(text, own.scale) {
                own.note(units.decimals);
                return Ok(units);
            }
        }
        self.slow_units(place, axis, text)
    }

    #[inline]
    fn take_growth(&mut self) -> Option<Growth> {
        self.growth.take()
    }

    fn precision(&self, place: u32, axis: Axis) -> Precision {
        let known = self.learnt.get(place as usize);
        known.map_or_else(Precision::default, |known| known.axes[axis as usize])
    }
}
