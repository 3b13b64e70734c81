//! What all objects of one run share: symbols, scales, texts.

use std::collections::BTreeMap;
use std::sync::Mutex;

use py_rt_types::{ClientOrderId, Instrument, InstrumentId, Price, Qty};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::direct::Held;
use crate::error::FaceError;

/// One instrument's scales as floats: `value = count * mantissa / divisor`, correctly rounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    mantissa: f64,
    divisor: f64,
}

impl Scale {
    const NONE: Self = Self {
        mantissa: f64::NAN,
        divisor: 1.0,
    };

    fn new(step: py_rt_types::Decimal) -> Self {
        let divisor = 10u64.pow(step.scale()) as f64;
        Self {
            mantissa: step.mantissa() as f64,
            divisor,
        }
    }

    /// Counts of steps to a value.
    #[inline]
    pub(crate) fn value(self, count: i64) -> f64 {
        count as f64 * self.mantissa / self.divisor
    }

    /// A value to steps, not rounded.
    #[inline]
    pub(crate) fn steps(self, value: f64) -> f64 {
        value * self.divisor / self.mantissa
    }

    /// A value to a whole count, forgiving float noise; `None` when it lies between two steps.
    #[inline]
    pub(crate) fn count(self, value: f64) -> Option<i64> {
        let steps = self.steps(value);
        let nearest = steps.round();
        let noise = 1e-6f64.max(nearest.abs() * 1e-12);
        let whole = (steps - nearest).abs() <= noise && nearest.abs() < 9.0e18;
        whole.then_some(nearest as i64)
    }
}

/// Shared by the context and all views of one run.
pub(crate) struct Shared {
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) symbols: Vec<Py<PyString>>,
    pub(crate) prices: Vec<Scale>,
    pub(crate) qtys: Vec<Scale>,
    pub(crate) money: Vec<f64>,
    by_symbol: BTreeMap<String, u32>,
    /// The name of each instrument's product; empty where each is its own.
    products: Vec<String>,
    lineage: String,
    texts: Mutex<Texts>,
    /// Symbol objects that were looked up before; holding them keeps their addresses theirs.
    seen: Held<Vec<(Py<PyString>, InstrumentId)>>,
}

/// Symbol objects that are remembered; beyond that they are looked up by their text.
const SEEN_MAX: usize = 16;

/// Texts that the kernel knows by number only.
#[derive(Debug, Default)]
struct Texts {
    tags: Vec<String>,
    timers: Vec<String>,
    reasons: BTreeMap<u64, String>,
}

impl Shared {
    pub(crate) fn new(py: Python<'_>, instruments: Vec<Instrument>, lineage: &str) -> Self {
        let symbols = instruments
            .iter()
            .map(|i| PyString::new(py, i.symbol()).unbind())
            .collect();
        let mut by_symbol = BTreeMap::new();
        for (index, instrument) in instruments.iter().enumerate() {
            by_symbol.insert(instrument.symbol().to_owned(), index as u32);
        }
        Self {
            symbols,
            prices: instruments
                .iter()
                .map(|i| Scale::new(i.spec().tick_size))
                .collect(),
            qtys: instruments
                .iter()
                .map(|i| Scale::new(i.spec().lot_size))
                .collect(),
            money: instruments
                .iter()
                .map(|i| i.tick_value() as f64 / 1e18)
                .collect(),
            by_symbol,
            products: Vec::new(),
            instruments,
            lineage: lineage.to_owned(),
            texts: Mutex::new(Texts::default()),
            seen: Held::new(Vec::new()),
        }
    }

    /// Names the product of each instrument.
    pub(crate) fn with_products(mut self, products: Vec<String>) -> Self {
        self.products = products;
        self
    }

    /// The name of an instrument's product.
    pub(crate) fn product(&self, id: InstrumentId) -> &str {
        let own = self.instruments.get(id.index()).map_or("?", |i| i.symbol());
        self.products.get(id.index()).map_or(own, String::as_str)
    }

    /// The instrument of a product in whose lots it is counted: that with the finest lot.
    pub(crate) fn find_product(&self, name: &str) -> PyResult<InstrumentId> {
        let ids = (0..self.instruments.len() as u32).map(InstrumentId);
        let members = ids.filter(|&id| self.product(id) == name);
        let lot = |id: &InstrumentId| self.instruments[id.index()].spec().lot_size.to_atto().ok();
        members.min_by_key(lot).ok_or_else(|| {
            let mut known: Vec<&str> = if self.products.is_empty() {
                self.by_symbol.keys().map(String::as_str).collect()
            } else {
                self.products.iter().map(String::as_str).collect()
            };
            known.sort_unstable();
            known.dedup();
            let remedy = format!("the run has: {}", known.join(", "));
            FaceError::parameter("symbol", format!("{name:?} is no product"), &remedy)
        })
    }

    /// The instrument of a symbol, or an error that names the nearest.
    pub(crate) fn find(&self, symbol: &str) -> PyResult<InstrumentId> {
        match self.by_symbol.get(symbol) {
            Some(&index) => Ok(InstrumentId(index)),
            None => {
                let mut known: Vec<&str> = self.by_symbol.keys().map(String::as_str).collect();
                known.sort_unstable();
                let remedy = format!("the run has: {}", known.join(", "));
                Err(FaceError::parameter(
                    "symbol",
                    format!("{symbol:?} is unknown"),
                    &remedy,
                ))
            }
        }
    }

    /// [`Shared::find`] for a Python string. An object that was looked up before is found by its
    /// address: those of events, and the literals of a strategy, are the same ones every time.
    #[inline]
    pub(crate) fn find_object(&self, symbol: &Bound<'_, PyString>) -> PyResult<InstrumentId> {
        let py = symbol.py();
        let same = |known: &&(Py<PyString>, InstrumentId)| known.0.as_ptr() == symbol.as_ptr();
        let known = self
            .seen
            .with(py, |seen| seen.iter().find(same).map(|known| known.1));
        if let Some(id) = known {
            return Ok(id);
        }
        let id = self.find(&symbol.to_cow()?)?;
        let kept = symbol.clone().unbind();
        self.seen.with(py, |seen| {
            if seen.len() < SEEN_MAX {
                seen.push((kept, id));
            }
        });
        Ok(id)
    }

    pub(crate) fn symbol(&self, py: Python<'_>, id: InstrumentId) -> Py<PyString> {
        match self.symbols.get(id.index()) {
            Some(symbol) => symbol.clone_ref(py),
            None => PyString::new(py, "?").unbind(),
        }
    }

    /// The scale of an instrument's prices; NaN for an id outside the run.
    #[inline]
    pub(crate) fn price_scale(&self, id: InstrumentId) -> Scale {
        self.prices.get(id.index()).copied().unwrap_or(Scale::NONE)
    }

    #[inline]
    pub(crate) fn price(&self, id: InstrumentId, price: Price) -> f64 {
        self.prices
            .get(id.index())
            .map_or(f64::NAN, |scale| scale.value(price.0))
    }

    #[inline]
    pub(crate) fn qty(&self, id: InstrumentId, qty: Qty) -> f64 {
        self.qtys
            .get(id.index())
            .map_or(f64::NAN, |scale| scale.value(qty.0))
    }

    /// Text of one of our order ids.
    pub(crate) fn id_text(&self, id: ClientOrderId) -> String {
        format!("rt-{}-{}", self.lineage, id.sequence)
    }

    /// An order id from its text.
    pub(crate) fn parse_id(&self, text: &str) -> PyResult<ClientOrderId> {
        let parts: Vec<&str> = text.split('-').collect();
        if let ["rt", lineage, sequence, ..] = parts[..] {
            if let (true, Ok(sequence)) = (lineage == self.lineage, sequence.parse()) {
                return Ok(ClientOrderId::new(sequence));
            }
        }
        let problem = format!("{text:?} is not an order of this run");
        Err(FaceError::parameter(
            "client_order_id",
            problem,
            "pass what buy() or sell() returned",
        ))
    }

    fn with<R>(&self, use_texts: impl FnOnce(&mut Texts) -> R) -> R {
        use_texts(
            &mut self
                .texts
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    /// A number for a tag; 0 is no tag.
    pub(crate) fn intern_tag(&self, tag: &str) -> u32 {
        self.with(|texts| intern(&mut texts.tags, tag) + 1)
    }

    pub(crate) fn tag(&self, number: u32) -> Option<String> {
        let index = (number as usize).checked_sub(1)?;
        self.with(|texts| texts.tags.get(index).cloned())
    }

    pub(crate) fn intern_timer(&self, name: &str) -> u32 {
        self.with(|texts| intern(&mut texts.timers, name))
    }

    pub(crate) fn timer(&self, number: u32) -> String {
        self.with(|texts| {
            texts
                .timers
                .get(number as usize)
                .cloned()
                .unwrap_or_default()
        })
    }

    /// Remembers why an order could not be expressed.
    pub(crate) fn explain(&self, id: ClientOrderId, reason: String) {
        self.with(|texts| texts.reasons.insert(id.sequence, reason));
    }

    pub(crate) fn explanation(&self, id: ClientOrderId) -> Option<String> {
        self.with(|texts| texts.reasons.get(&id.sequence).cloned())
    }
}

fn intern(known: &mut Vec<String>, text: &str) -> u32 {
    if let Some(place) = known.iter().position(|have| have == text) {
        return place as u32;
    }
    known.push(text.to_owned());
    known.len() as u32 - 1
}
