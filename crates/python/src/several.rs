//! Several venues of one run: dictionaries to configurations.

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_kernel::market::{ListingError, ListingTerms, Listings, VENUES_MAX};
use py_rt_sim::{Extras, Latency, OtherVenue};
use py_rt_types::{Instrument, InstrumentId, UnixNanos};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{self, field};
use crate::error::FaceError;

/// When the sessions of a venue close.
pub(crate) fn closes(dict: &Bound<'_, PyDict>) -> PyResult<Vec<UnixNanos>> {
    let closes: Vec<i64> = field(dict, "session_closes")?;
    Ok(closes.into_iter().map(UnixNanos).collect())
}

/// The venues beyond the first.
pub(crate) fn others(run: &Bound<'_, PyDict>) -> PyResult<Vec<OtherVenue>> {
    let seed: u64 = field(run, "seed")?;
    let given: Vec<Bound<'_, PyDict>> = field(run, "others")?;
    let other = |(place, dict): (usize, &Bound<'_, PyDict>)| {
        let listed: Vec<u32> = field(dict, "listed")?;
        let wanted = field(dict, "venue")?;
        let (venue, latency) = config::venue(&wanted)?;
        // Each venue draws by a seed of its own.
        let seed = seed ^ ((place as u64 + 1) << 48);
        Ok(OtherVenue {
            listed: listed.into_iter().map(InstrumentId).collect(),
            venue,
            latency,
            extras: config::extras(&wanted, seed)?,
            closes: closes(dict)?,
        })
    };
    given.iter().enumerate().map(other).collect()
}

/// Times of the execution stage: silence cannot outlast the latencies of the slowest venue.
pub(crate) fn simulated_times(
    run: &Bound<'_, PyDict>,
    latency: Latency,
    extras: &Extras,
) -> PyResult<ExecutionTimes> {
    let mut times = config::simulated_times(latency, extras);
    for other in others(run)? {
        let own = config::simulated_times(other.latency, &other.extras);
        times.ack_timeout_ns = times.ack_timeout_ns.max(own.ack_timeout_ns);
    }
    Ok(times)
}

/// A listing: the number of its product, the taker's rate, the fee of a unit, an order's latency.
type Row = (u32, i64, String, i64);

/// Which instruments are the same product, and what taking costs at each.
pub(crate) fn listings(run: &Bound<'_, PyDict>, instruments: &[Instrument]) -> PyResult<Listings> {
    let rows: Vec<Row> = field(run, "listings")?;
    if rows.is_empty() {
        return Ok(Listings::default());
    }
    let terms = |(product, taker_e9, per_unit, order_ns): &Row| {
        Ok(ListingTerms {
            product: *product,
            taker_e9: *taker_e9,
            per_unit: config::money("per_share", per_unit)?,
            order_ns: *order_ns,
        })
    };
    let terms: Vec<ListingTerms> = rows.iter().map(terms).collect::<PyResult<_>>()?;
    Listings::try_new(instruments, &terms).map_err(|error| refused(instruments, error))
}

fn refused(instruments: &[Instrument], error: ListingError) -> PyErr {
    let symbol = |id: InstrumentId| instruments.get(id.index()).map_or("?", |i| i.symbol());
    let (problem, remedy) = match error {
        ListingError::Count => ("there is not a product for each instrument".to_owned(), ""),
        ListingError::Unlike(id) => (
            format!("{} has another currency or multiplier", symbol(id)),
            "give it another symbol",
        ),
        ListingError::Lot(id) => (
            format!("the lot of {} is no multiple of the finest one", symbol(id)),
            "load it with a finer lot_size, or give it another symbol",
        ),
        ListingError::Many(id) => (
            format!("{} is one venue more than {VENUES_MAX}", symbol(id)),
            "leave venues out",
        ),
    };
    FaceError::parameter("data", problem, remedy)
}
