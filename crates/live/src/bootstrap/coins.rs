//! What venues that trade coins have in common: pairs, one currency, whole lots.

use py_rt_types::{Decimal, Instrument, InstrumentSpec, Qty, UnixNanos};
use py_rt_venues::error::Malformed;
use py_rt_venues::symbols::{Listing, SymbolTable};
use py_rt_venues::Refusal;

use super::{Held, Wire};
use crate::clock::Clock;
use crate::error::LiveError;

/// How an answer is read.
pub(super) type Read<'a, T> = &'a dyn Fn(&[u8]) -> Result<T, LiveError>;

/// What does not make a request leaves it empty, and an empty one is not sent.
pub(super) fn made(_request: Result<(), Refusal>) {}

/// The venue's clock less ours: a request was refused for its time.
pub(super) fn venue_offset(
    wire: &mut Wire,
    clock: Clock,
    make: &mut dyn FnMut(&mut Vec<u8>),
    decode: impl Fn(&[u8]) -> Result<UnixNanos, Malformed>,
) -> Result<i64, LiveError> {
    let asked = clock.now();
    let time = wire.ask(make, "its time", |body| {
        decode(body).map_err(|error| LiveError::Venue(format!("the venue's clock: {error}")))
    })?;
    let half = clock.now().since(asked) / 2;
    Ok(time.since(asked.plus(half)))
}

/// The instruments of one currency: `told` is the status of each, and what the venue says of it;
/// `trading` is the status of one that can be traded.
pub(super) fn all_listed<'a>(
    symbols: &[String],
    trading: &str,
    told: impl Fn(&str) -> Option<(&'a String, InstrumentSpec)>,
) -> Result<Vec<Instrument>, LiveError> {
    let found = symbols
        .iter()
        .map(|symbol| listed(symbol, told(symbol), trading));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    one_currency(&found)?;
    Ok(found)
}

fn listed(
    symbol: &str,
    found: Option<(&String, InstrumentSpec)>,
    trading: &str,
) -> Result<Instrument, LiveError> {
    let (status, spec) = found.ok_or_else(|| {
        LiveError::Config(format!(
            "the venue does not know `{symbol}`: correct `run.symbols`"
        ))
    })?;
    if status != trading {
        return Err(LiveError::Config(format!(
            "the venue does not trade `{symbol}` now ({status}): take it out of `run.symbols`"
        )));
    }
    Instrument::try_new(spec).map_err(|error| {
        LiveError::Venue(format!("the venue's `{symbol}` cannot be traded: {error}"))
    })
}

/// A session keeps its cash in one currency.
fn one_currency(instruments: &[Instrument]) -> Result<(), LiveError> {
    let currency = |one: &Instrument| one.spec().currency.clone();
    let Some(first) = instruments.first() else {
        return Ok(());
    };
    match instruments
        .iter()
        .find(|one| currency(one) != currency(first))
    {
        None => Ok(()),
        Some(other) => Err(LiveError::Config(format!(
            "`{}` is paid in {} and `{}` in {}: a session has one currency; give each its own \
             session and `state_dir`",
            first.symbol(),
            currency(first),
            other.symbol(),
            currency(other)
        ))),
    }
}

/// What can be sold of the coins that are `owned`, in 1e-18, each with the venue's price of it.
pub(super) fn held(
    wire: &mut Wire,
    symbols: &SymbolTable,
    owned: impl Fn(&Listing) -> i128,
    mut make: impl FnMut(&Listing, &mut Vec<u8>),
    decode: impl Fn(&[u8]) -> Result<Decimal, Malformed>,
) -> Result<Vec<Held>, LiveError> {
    let mut found = Vec::new();
    for listing in symbols.listings() {
        let Some(qty) = sellable(listing.instrument(), owned(listing)) else {
            continue;
        };
        let price = wire.ask(&mut |out| make(listing, out), "a price", |body| {
            decode(body).map_err(|error| LiveError::Venue(format!("the venue's price: {error}")))
        })?;
        found.push((listing.id(), qty, price));
    }
    Ok(found)
}

/// What of an amount in 1e-18 can be sold: whole lots, and not less than the smallest order.
fn sellable(instrument: &Instrument, owned: i128) -> Option<Qty> {
    let lot = instrument.spec().lot_size.to_atto().unwrap_or(1);
    let lots = owned / lot.max(1);
    let qty = Qty(i64::try_from(lots).unwrap_or(i64::MAX));
    (qty.0 > 0 && qty >= instrument.min_qty()).then_some(qty)
}
