//! The kill switch that needs no session: cancels, and on demand closes, over its own connection.
//!
//! For the hour in which the session hangs, is stopped or is dead. It takes no lock. The kill file
//! is written first, so that a session that wakes up obeys it. Its own orders bear ids of the
//! session's lineage, far beyond those that the session reserved: what they execute is ours, and
//! whoever comes next adopts it. What was done stands in the file `direct_kill` of the state
//! directory, from which the next session takes the first id that is free.

use std::fs;
use std::path::Path;
use std::time::Duration;

use py_rt_kernel::input::Person;
use py_rt_kernel::journal::Entry;
use py_rt_types::{
    ClientOrderId, Decimal, Instrument, InstrumentId, NewOrder, OrderType, Price, Qty, Side,
    TimeInForce,
};
use py_rt_venues::Lineage;

use crate::bootstrap::{Bootstrap, Purpose};
use crate::clock::pause_for;
use crate::config::LiveConfig;
use crate::error::LiveError;
use crate::journal::JournalReader;
use crate::net::tls_config;
use crate::state::{last_segment_in, replace_file};

/// Ids that a session may still give before those of this switch begin.
const ID_GAP: u64 = 1 << 20;
/// How often the venue is looked at until nothing works any more.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);
/// How often a position is tried to be closed.
const ROUNDS: u32 = 5;
/// The file that says what was done.
const RECORD: &str = "direct_kill";

/// What the switch came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectSummary {
    /// Orders of the session that were cancelled.
    pub canceled: usize,
    /// Orders that were sent to close positions.
    pub closing_orders: u64,
    /// Positions at the venue that remain, by symbol, decimal text.
    pub positions: Vec<(String, String)>,
    /// Orders of the session that still work.
    pub open_orders: usize,
    /// Why something remains.
    pub notes: Vec<String>,
}

/// Cancels every open order of a state directory; with `flatten` closes what the account holds of
/// the configured symbols, whoever bought it, by limits at the edge of the price collar.
///
/// # Errors
/// [`LiveError`] when no session has used the directory, or the venue cannot be asked. The kill
/// file is written by then.
pub fn kill_direct(
    config: &LiveConfig,
    flatten: bool,
    by: Person,
) -> Result<DirectSummary, LiveError> {
    let folder = &config.state_dir;
    let lineage = lineage_of(folder)?;
    let word = if flatten { "flatten" } else { "halt" };
    let text = format!("{word} by {}\n", by.name());
    replace_file(&folder.join("kill"), text.as_bytes(), true).map_err(|e| unwritten(folder, &e))?;
    let endpoints = config.endpoints()?;
    let tls = if endpoints.trading.is_secure() {
        Some(tls_config().map_err(|error| LiveError::Connection(error.to_string()))?)
    } else {
        None
    };
    let mut venue = Bootstrap::open(
        &endpoints.trading,
        tls.as_ref(),
        &Purpose::of(config, lineage),
    )?;
    venue.check_mode(config.venue.mode)?;
    let instruments = venue.instruments(&config.symbols, config.venue.fractional)?;
    let mut switch = Switch {
        next: next_free(folder)?,
        venue,
        instruments,
        collar_bps: config.limits.price_collar_bps.min(9_999),
        summary: DirectSummary::default(),
    };
    switch.cancel()?;
    let first = switch.next;
    if flatten {
        // The ids are taken before the first of them is used.
        let last = first + u64::from(ROUNDS) * switch.instruments.len() as u64;
        record(folder, by, word, last)?;
        switch.flatten()?;
    } else {
        record(folder, by, word, first)?;
    }
    switch.summary.closing_orders = switch.next - first;
    switch.look_around()?;
    Ok(switch.summary)
}

/// The first id beyond those that the switch may have used, for the session that comes next.
pub(crate) fn used_directly(folder: &Path) -> Option<u64> {
    let text = fs::read_to_string(folder.join(RECORD)).ok()?;
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix("next_sequence "));
    found?.trim().parse().ok()
}

fn record(folder: &Path, by: Person, word: &str, next: u64) -> Result<(), LiveError> {
    let text = format!("next_sequence {next}\nlevel {word}\nby {}\n", by.name());
    replace_file(&folder.join(RECORD), text.as_bytes(), true).map_err(|e| unwritten(folder, &e))
}

fn unwritten(folder: &Path, error: &std::io::Error) -> LiveError {
    LiveError::Journal(format!("`{}` cannot be written: {error}", folder.display()))
}

fn lineage_of(folder: &Path) -> Result<Lineage, LiveError> {
    let place = folder.join("lineage");
    let text = fs::read_to_string(&place).unwrap_or_default();
    Lineage::parse(text.trim()).ok_or_else(|| {
        LiveError::Journal(format!(
            "`{}` holds no lineage: no session has used this directory, so no order is of it",
            place.display()
        ))
    })
}

/// The first id that neither a session nor an earlier call of this switch can have given.
fn next_free(folder: &Path) -> Result<u64, LiveError> {
    let mut reserved = 1;
    if let Some(path) = last_segment_in(folder)? {
        let mut reader = JournalReader::open(&path)?;
        // A record that is not whole ends the reading: what follows was never acted on.
        while let Ok(Some(found)) = reader.next_record() {
            match found.entry {
                Entry::IdBlock { end } => reserved = reserved.max(end),
                Entry::Header(header) => reserved = reserved.max(header.first_sequence),
                _ => {}
            }
        }
    }
    let before = used_directly(folder).unwrap_or(0);
    Ok(reserved.saturating_add(ID_GAP).max(before))
}

struct Switch {
    venue: Bootstrap,
    instruments: Vec<Instrument>,
    next: u64,
    collar_bps: u32,
    summary: DirectSummary,
}

impl Switch {
    /// Cancels until the venue shows no open order of ours.
    fn cancel(&mut self) -> Result<(), LiveError> {
        let first = self.venue.cancel_open(&self.instruments)?;
        self.summary.canceled += first;
        let mut left = first;
        for _ in 0..LOOKS {
            if left == 0 {
                break;
            }
            pause_for(PAUSE);
            left = self.venue.cancel_open(&self.instruments)?;
        }
        self.summary.open_orders = left;
        Ok(())
    }

    fn flatten(&mut self) -> Result<(), LiveError> {
        for _ in 0..ROUNDS {
            let held = self.venue.held(&self.instruments)?;
            if held.is_empty() || self.summary.open_orders > 0 {
                break;
            }
            let before = self.next;
            for (id, qty, price) in held {
                if let Some(order) = self.closing_order(id, qty, price) {
                    if let Err(error) = self.venue.send(&self.instruments, &order) {
                        self.summary.notes.push(error.to_string());
                    }
                }
            }
            if self.next == before {
                break;
            }
            for _ in 0..LOOKS / 2 {
                pause_for(PAUSE);
                if self.venue.held(&self.instruments)?.is_empty() {
                    break;
                }
            }
            let canceled = self.summary.canceled;
            self.cancel()?;
            self.summary.canceled = canceled;
        }
        Ok(())
    }

    /// A limit at the edge of the collar around the venue's own price.
    fn closing_order(&mut self, id: InstrumentId, held: Qty, price: Decimal) -> Option<NewOrder> {
        let instrument = self.instruments.get(id.index())?;
        let spec = instrument.spec();
        let (price, tick) = (price.to_atto().ok()?, spec.tick_size.to_atto().ok()?);
        if price <= 0 {
            let text = format!("the venue gives no price of {} to bound by", spec.symbol);
            self.summary.notes.push(text);
            return None;
        }
        let away = price.abs() / 10_000 * i128::from(self.collar_bps);
        let sell = held.0 > 0;
        let ticks = |atto: i128| i64::try_from(atto.div_euclid(tick)).ok().map(Price);
        let limit_price = if sell {
            instrument.ceil_price(ticks(price - away)?)
        } else {
            instrument.floor_price(ticks(price + away)?)
        };
        let tif = if spec.sessions {
            TimeInForce::Day
        } else {
            TimeInForce::Gtc
        };
        let sequence = self.next;
        self.next += 1;
        Some(NewOrder {
            client_order_id: ClientOrderId::new(sequence),
            instrument: id,
            side: if sell { Side::Sell } else { Side::Buy },
            order_type: OrderType::Limit,
            tif,
            order_qty: Qty(held.0.checked_abs()?),
            limit_price: Some(limit_price),
            stop_price: None,
            post_only: false,
            reduce_only: true,
        })
    }

    /// Says exactly what remains.
    fn look_around(&mut self) -> Result<(), LiveError> {
        for (id, qty, _) in self.venue.held(&self.instruments)? {
            if let Some(one) = self.instruments.get(id.index()) {
                let text = one.qty_decimal(qty);
                let text = text.map_or_else(|_| qty.0.to_string(), |qty| qty.to_string());
                self.summary
                    .positions
                    .push((one.symbol().to_string(), text));
            }
        }
        Ok(())
    }
}
