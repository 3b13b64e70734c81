//! Which instruments of a run a strategy works on, and their steps as floats.

use py_rt_types::{Bar, Decimal, Instrument, Qty};

use crate::error::StrategyError;
use crate::params::Params;

/// Makes a state for the instrument named by the parameter `symbol`, or for each when it is empty;
/// the place in the list is the place of the instrument in the run.
pub(crate) fn per_instrument<T>(
    params: &Params<'_>,
    instruments: &[Instrument],
    mut make: impl FnMut(&Instrument) -> Result<T, StrategyError>,
) -> Result<Vec<Option<T>>, StrategyError> {
    let symbol = params.text("symbol")?;
    if !symbol.is_empty() && !instruments.iter().any(|i| i.symbol() == symbol) {
        let symbols: Vec<&str> = instruments.iter().map(Instrument::symbol).collect();
        return Err(StrategyError::bad_value(
            "symbol",
            format!("is {symbol:?}, which the run does not have"),
            format!("use one of {}, or \"\" for all", symbols.join(", ")),
        ));
    }
    let wanted = |instrument: &Instrument| symbol.is_empty() || instrument.symbol() == symbol;
    instruments
        .iter()
        .map(|instrument| wanted(instrument).then(|| make(instrument)).transpose())
        .collect()
}

/// Lots of the quantity in parameter `name`.
pub(crate) fn lots(
    params: &Params<'_>,
    name: &'static str,
    instrument: &Instrument,
) -> Result<Qty, StrategyError> {
    let qty = params.decimal(name)?;
    instrument.parse_qty(qty).map_err(|_| {
        let (symbol, lot) = (instrument.symbol(), instrument.spec().lot_size);
        StrategyError::bad_value(
            name,
            format!("is {qty}, which does not lie on the lot of {symbol}"),
            format!("use a multiple of {lot}"),
        )
    })
}

/// Ticks as a price, by the arithmetic that the Python face uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PriceScale {
    mantissa: f64,
    divisor: f64,
}

impl PriceScale {
    pub(crate) fn new(instrument: &Instrument) -> Self {
        let tick = instrument.spec().tick_size;
        Self {
            mantissa: tick.mantissa() as f64,
            divisor: 10u64.pow(tick.scale()) as f64,
        }
    }

    /// The close of a bar.
    #[inline]
    pub(crate) fn close(self, bar: &Bar) -> f64 {
        bar.close.0 as f64 * self.mantissa / self.divisor
    }
}

/// A decimal as the nearest float.
pub(crate) fn float(value: Decimal) -> f64 {
    value.mantissa() as f64 / 10u64.pow(value.scale()) as f64
}
