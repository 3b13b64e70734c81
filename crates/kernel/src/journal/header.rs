//! The first record of a journal: everything a replay needs but the strategy itself.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{Instrument, InstrumentSpec, UnixNanos};

use super::bytes::{Malformed, Reader, Wire};
use super::Totals;
use crate::kernel::KernelConfig;

/// What a session is.
#[derive(Debug, Clone)]
pub struct Header {
    /// The name of the state directory, part of every order id.
    pub lineage: String,
    /// The number of the session in its state directory, from 1.
    pub session: u64,
    /// When it began.
    pub ts_start: UnixNanos,
    /// The first order id that it may give.
    pub first_sequence: u64,
    /// The name of the strategy.
    pub strategy: String,
    /// The parameters of the strategy, in the caller's own spelling.
    pub parameters: Vec<u8>,
    /// The hash of the resolved configuration, as the caller made it.
    pub config_hash: String,
    /// The hash of the strategy's code, as the caller made it.
    pub code_hash: String,
    /// Whether decisions were synced before they left (`durability = "strict"`).
    pub strict: bool,
    /// What happened in the sessions before.
    pub totals_before: Totals,
    /// What the kernel was made from.
    pub kernel: KernelConfig,
}

impl Wire for KernelConfig {
    fn put(&self, out: &mut Vec<u8>) {
        (self.instruments.len() as u32).put(out);
        for instrument in &self.instruments {
            instrument.spec().put(out);
        }
        self.limits.put(out);
        self.times.put(out);
        self.cash.put(out);
        self.reconciled.put(out);
        self.cancel_on_stop.put(out);
        self.bar_interval_ns.put(out);
        self.strategies.put(out);
        self.opens_at.put(out);
        self.currencies.put(out);
        self.margin.put(out);
    }

    fn read(reader: &mut Reader<'_>, _field: &'static str) -> Result<Self, Malformed> {
        let count = u32::read(reader, "instruments")?;
        let mut instruments = Vec::new();
        for _ in 0..count {
            let bad = reader.malformed("instruments");
            let spec: InstrumentSpec = Wire::read(reader, "instruments")?;
            instruments.push(Instrument::try_new(spec).map_err(|_| bad)?);
        }
        Ok(Self {
            instruments,
            limits: Wire::read(reader, "limits")?,
            times: Wire::read(reader, "times")?,
            cash: Wire::read(reader, "cash")?,
            reconciled: Wire::read(reader, "reconciled")?,
            cancel_on_stop: Wire::read(reader, "cancel_on_stop")?,
            bar_interval_ns: Wire::read(reader, "bar_interval_ns")?,
            strategies: Wire::read(reader, "strategies")?,
            opens_at: Wire::read(reader, "opens_at")?,
            currencies: Wire::read(reader, "currencies")?,
            margin: Wire::read(reader, "margin")?,
        })
    }
}

impl Wire for Header {
    fn put(&self, out: &mut Vec<u8>) {
        self.lineage.put(out);
        self.session.put(out);
        self.ts_start.put(out);
        self.first_sequence.put(out);
        self.strategy.put(out);
        self.parameters.put(out);
        self.config_hash.put(out);
        self.code_hash.put(out);
        self.strict.put(out);
        self.totals_before.put(out);
        self.kernel.put(out);
    }

    fn read(reader: &mut Reader<'_>, _field: &'static str) -> Result<Self, Malformed> {
        Ok(Self {
            lineage: Wire::read(reader, "lineage")?,
            session: Wire::read(reader, "session")?,
            ts_start: Wire::read(reader, "ts_start")?,
            first_sequence: Wire::read(reader, "first_sequence")?,
            strategy: Wire::read(reader, "strategy")?,
            parameters: Wire::read(reader, "parameters")?,
            config_hash: Wire::read(reader, "config_hash")?,
            code_hash: Wire::read(reader, "code_hash")?,
            strict: Wire::read(reader, "strict")?,
            totals_before: Wire::read(reader, "totals_before")?,
            kernel: Wire::read(reader, "kernel")?,
        })
    }
}
