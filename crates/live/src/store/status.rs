//! The status file: the session as it stands, for `py-rt status`.

use std::fmt::Write as _;

use py_rt_kernel::journal::Totals;
use py_rt_kernel::portfolio::Position;
use py_rt_types::{Money, Qty, UnixNanos};

use super::{exact_text, Ledger};

/// A session at one moment.
#[derive(Debug, Clone)]
pub struct Status {
    /// When.
    pub now: UnixNanos,
    /// `trading` or `ended`.
    pub phase: &'static str,
    /// What is allowed.
    pub trading: &'static str,
    /// Whether reports can arrive.
    pub connected: bool,
    /// Whether our books and the venue's agree.
    pub reconciled: bool,
    /// What happened so far.
    pub totals: Totals,
    /// Open orders.
    pub open_orders: usize,
    /// Cash.
    pub cash: Money,
    /// Cash and positions at their marks.
    pub equity: Money,
    /// Positions, in the order of the instruments.
    pub positions: Vec<Position>,
    /// The order hash so far.
    pub order_hash: u128,
    /// Records in the journal.
    pub records: u64,
}

impl Status {
    /// One JSON object. Decimals are text, times are nanoseconds.
    #[must_use]
    pub fn to_json(&self, ledger: &Ledger) -> String {
        let mut out = String::with_capacity(512);
        // Writing to a String cannot fail.
        let _written = write!(
            out,
            "{{\"pid\":{},\"ts\":{},\"phase\":\"{}\",\"strategy\":{},\"lineage\":\"{}\",\
             \"trading\":\"{}\",\"connected\":{},\"reconciled\":{},\"orders\":{},\"fills\":{},\
             \"rejected\":{},\"open_orders\":{},\"cash\":\"{}\",\"equity\":\"{}\",\
             \"order_hash\":\"{:032x}\",\"records\":{},\"positions\":{{",
            std::process::id(),
            self.now,
            self.phase,
            quoted(&ledger.strategy),
            ledger.lineage,
            self.trading,
            self.connected,
            self.reconciled,
            self.totals.orders,
            self.totals.fills,
            self.totals.rejected,
            self.open_orders,
            exact_text(self.cash),
            exact_text(self.equity),
            self.order_hash,
            self.records,
        );
        let held = ledger.instruments.iter().zip(&self.positions);
        let held = held.filter(|(_, position)| position.qty != Qty::ZERO);
        for (place, (instrument, position)) in held.enumerate() {
            let qty = instrument.qty_decimal(position.qty);
            let qty = qty.map_or_else(|_| position.qty.0.to_string(), String::from);
            let comma = if place > 0 { "," } else { "" };
            let _written = write!(out, "{comma}{}:\"{qty}\"", quoted(instrument.symbol()));
        }
        out.push_str("}}\n");
        out
    }
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _written = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
