//! Answers of the REST interface: orders, executions, positions, account, assets, clock.
//!
//! Lists are read as far as their grammar goes; a row that cannot be read is named in
//! [`Page::malformed`] and the rest stands, so that the caller can use what was said and still know
//! that it is not everything.

use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{
    AccountReport, AssetClass, ClientOrderId, Decimal, ExecId, InstrumentSpec, Money, OrderTick,
    Qty, Report, ReportKind, UnixNanos,
};

use crate::alpaca::ids::{encode_uuid, parse_uuid};
use crate::alpaca::orders::{price, read_side, uuid, Order, RawOrder};
use crate::alpaca::time::parse_instant;
use crate::alpaca::updates::{read_fee, read_liquidity};
use crate::alpaca::Dialect;
use crate::error::{DecodeError, Malformed};
use crate::json::{each_element, each_member, read_whole, Scanner, Slot};
use crate::symbols::{decimal, optional_atto, qty, required_atto, Listing};

/// What a page of rows was, beside the reports that came out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// How many rows it had.
    pub rows: usize,
    /// How many were of instruments that are not in the run, or unreadable and not ours.
    pub foreign: usize,
    /// The id text of the last row, for the next page.
    pub last: Option<Vec<u8>>,
    /// The first row that could not be read and may be ours.
    pub malformed: Option<Malformed>,
}

/// Cash and rights of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Cash, negative when borrowed.
    pub cash: Money,
    /// Cash and positions, when it says.
    pub equity: Option<Money>,
    /// What new positions may cost, when it says.
    pub buying_power: Option<Money>,
    /// Whether the venue refuses orders of this account.
    pub blocked: bool,
}

/// The venue's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// What time the venue says it is.
    pub ts_event: UnixNanos,
    /// Whether the stock session is open.
    pub is_open: bool,
    /// When it opens next.
    pub next_open: UnixNanos,
    /// When it closes next.
    pub next_close: UnixNanos,
}

/// What the venue says about an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The venue's string.
    pub symbol: String,
    /// The kind of thing.
    pub asset_class: AssetClass,
    /// Whether orders are taken.
    pub tradable: bool,
    /// Whether it may be sold short.
    pub shortable: bool,
    /// Whether parts of a share may be traded.
    pub fractionable: bool,
    /// Smallest order, where the venue says it.
    pub min_order_qty: Option<Decimal>,
    /// Quantity step, where the venue says it.
    pub lot_size: Option<Decimal>,
    /// Price step, where the venue says it.
    pub tick_size: Option<Decimal>,
}

impl Asset {
    /// The instrument that this asset makes.
    ///
    /// Stocks get a tick of 0.0001 because executions may be finer than a cent; orders of a dollar
    /// and more lie on the cent. Where nothing is said, the lot is 1e-9 for
    /// what can be divided and 1 for what cannot.
    #[must_use]
    pub fn spec(&self, venue: &str) -> InstrumentSpec {
        let step = |mantissa, scale| Decimal::try_new(mantissa, scale).unwrap_or(Decimal::ZERO);
        let is_crypto = self.asset_class == AssetClass::Crypto;
        let divisible = self.fractionable || is_crypto;
        InstrumentSpec {
            symbol: self.symbol.clone(),
            venue: venue.into(),
            tick_size: self.tick_size.unwrap_or_else(|| step(1, 4)),
            order_tick: (self.tick_size.is_none() && !is_crypto).then(|| OrderTick {
                from: step(1, 0),
                step: step(1, 2),
            }),
            lot_size: self
                .lot_size
                .unwrap_or_else(|| step(1, if divisible { 9 } else { 0 })),
            min_qty: self.min_order_qty.unwrap_or(Decimal::ZERO),
            min_notional: Decimal::ZERO,
            multiplier: step(1, 0),
            currency: match self.symbol.split_once('/') {
                Some((_, quote)) if is_crypto => quote.into(),
                _ => "USD".into(),
            },
            asset_class: self.asset_class,
            shortable: self.shortable,
            sessions: !is_crypto,
        }
    }
}

/// One order object. `Ok(None)` is an instrument that is not in the run.
///
/// # Errors
/// [`Malformed`] naming what is wrong.
pub fn decode_order(dialect: &Dialect, body: &[u8]) -> Result<Option<Order>, Malformed> {
    read_whole(body, RawOrder::scan)?.resolve(dialect)
}

/// A list of orders: a `Snapshot` each.
///
/// # Errors
/// [`Malformed`] when the body is no array of objects; forget the reports then.
pub fn decode_orders(
    dialect: &Dialect,
    body: &[u8],
    reports: &mut Vec<Report>,
) -> Result<Page, Malformed> {
    let mut page = Page::default();
    each_element(body, |scanner| {
        let raw = RawOrder::scan(scanner)?;
        page.rows += 1;
        page.last = raw.venue_order_id().map(|id| {
            let mut text = Vec::with_capacity(36);
            encode_uuid(id.0, &mut text);
            text
        });
        match raw.resolve(dialect) {
            Ok(Some(order)) => reports.push(order.report(order.snapshot())),
            Ok(None) => page.foreign += 1,
            Err(_) if raw.is_foreign(dialect) => page.foreign += 1,
            Err(malformed) => page.malformed = page.malformed.or(Some(malformed)),
        }
        Ok(())
    })?;
    Ok(page)
}

#[derive(Default)]
struct RawFill<'a> {
    id: Slot<'a>,
    ts_event: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    side: Slot<'a>,
    symbol: Slot<'a>,
    order_id: Slot<'a>,
    cum_qty: Slot<'a>,
    kind: Slot<'a>,
    fee: Slot<'a>,
    liquidity: Slot<'a>,
}

impl<'a> RawFill<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut fill = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"id" => &mut fill.id,
                b"transaction_time" => &mut fill.ts_event,
                b"price" => &mut fill.price,
                b"qty" => &mut fill.qty,
                b"side" => &mut fill.side,
                b"symbol" => &mut fill.symbol,
                b"order_id" => &mut fill.order_id,
                b"cum_qty" => &mut fill.cum_qty,
                b"activity_type" => &mut fill.kind,
                b"fee" => &mut fill.fee,
                b"liquidity" => &mut fill.liquidity,
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(fill)
    }

    fn resolve(&self, dialect: &Dialect) -> Result<Option<Report>, Malformed> {
        let symbol = self.symbol.required_text("symbol")?;
        let Some(listing) = dialect.symbols.find(&symbol) else {
            return Ok(None);
        };
        let kind = self.kind.text("activity_type")?;
        if kind.is_some_and(|kind| &*kind != b"FILL") {
            return Err(self.kind.malformed("activity_type"));
        }
        let id = self.id.required_text("id")?;
        let exec_id = exec_id(&id).ok_or_else(|| self.id.malformed("id"))?;
        let time = self.ts_event.required_text("transaction_time")?;
        let last_qty = qty(&self.qty, "qty", listing)?;
        let cum_qty = qty(&self.cum_qty, "cum_qty", listing)?;
        if last_qty.0 == 0 || last_qty > cum_qty {
            return Err(self.qty.malformed("qty"));
        }
        Ok(Some(Report {
            ts_event: parse_instant(&time)
                .ok_or_else(|| self.ts_event.malformed("transaction_time"))?,
            client_order_id: ClientOrderId::FOREIGN,
            venue_order_id: uuid(&self.order_id, "order_id")?
                .ok_or_else(|| self.order_id.malformed("order_id"))?,
            instrument: listing.id(),
            side: read_side(&self.side)?,
            kind: ReportKind::Fill {
                exec_id,
                last_qty,
                last_price: price(&self.price, "price", listing)?
                    .ok_or_else(|| self.price.malformed("price"))?,
                cum_qty,
                fee: read_fee(&self.fee)?,
                fee_asset: py_rt_types::FeeAsset::Quote,
                liquidity: read_liquidity(&self.liquidity)?,
            },
        }))
    }
}

/// The execution in an activity id `YYYYMMDDHHMMSSmmm::uuid`.
fn exec_id(text: &[u8]) -> Option<ExecId> {
    let at = text.windows(2).position(|pair| pair == b"::")?;
    parse_uuid(text.get(at + 2..)?).map(ExecId)
}

/// A page of executions: a `Fill` each.
///
/// The venue names the order by its own id only, so `client_order_id` is
/// [`ClientOrderId::FOREIGN`]: find the order by `venue_order_id`. Rows before `since` are left
/// out.
///
/// # Errors
/// [`Malformed`] when the body is no array of objects; forget the reports then.
pub fn decode_fills(
    dialect: &Dialect,
    body: &[u8],
    since: UnixNanos,
    reports: &mut Vec<Report>,
) -> Result<Page, Malformed> {
    let mut page = Page::default();
    each_element(body, |scanner| {
        let raw = RawFill::scan(scanner)?;
        page.rows += 1;
        page.last = raw.id.text("id").ok().flatten().map(|id| id.into_owned());
        match raw.resolve(dialect) {
            Ok(Some(report)) if report.ts_event >= since => reports.push(report),
            Ok(Some(_)) => {}
            Ok(None) => page.foreign += 1,
            Err(malformed) => page.malformed = page.malformed.or(Some(malformed)),
        }
        Ok(())
    })?;
    Ok(page)
}

/// All positions: a `Position` each; `cost` is signed as the quantity.
///
/// # Errors
/// [`Malformed`] when the body is no array of objects; forget the reports then.
pub fn decode_positions(
    dialect: &Dialect,
    body: &[u8],
    reports: &mut Vec<AccountReport>,
) -> Result<Page, Malformed> {
    let mut page = Page::default();
    each_element(body, |scanner| {
        let [mut symbol, mut lots, mut side, mut cost] = [Slot::default(); 4];
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"symbol" => symbol.fill(scanner)?,
                b"qty" => lots.fill(scanner)?,
                b"side" => side.fill(scanner)?,
                b"cost_basis" => cost.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        page.rows += 1;
        match position(dialect, [&symbol, &lots, &side, &cost]) {
            Ok(Some(report)) => reports.push(report),
            Ok(None) => page.foreign += 1,
            Err(malformed) => page.malformed = page.malformed.or(Some(malformed)),
        }
        Ok(())
    })?;
    Ok(page)
}

fn position(dialect: &Dialect, slots: [&Slot<'_>; 4]) -> Result<Option<AccountReport>, Malformed> {
    let [symbol, lots, side, cost] = slots;
    let Some(listing) = dialect.symbols.find(&symbol.required_text("symbol")?) else {
        return Ok(None);
    };
    let qty = signed_qty(lots, side, listing)?;
    let amount = Money(required_atto(cost, "cost_basis")?);
    let cost = if qty.0 < 0 {
        Money(-amount.abs().0)
    } else {
        amount.abs()
    };
    Ok(Some(AccountReport::Position {
        instrument: listing.id(),
        qty,
        cost,
    }))
}

/// Shorts are written with a negative quantity, and some clients have seen a positive one: the
/// side decides, and a long position with a negative quantity is nonsense.
fn signed_qty(lots: &Slot<'_>, side: &Slot<'_>, listing: &Listing) -> Result<Qty, Malformed> {
    let wrong = |_| lots.malformed("qty");
    let value = listing.qty(lots.required_digits("qty")?).map_err(wrong)?;
    match &*side.required_text("side")? {
        b"long" if value.0 >= 0 => Ok(value),
        b"long" => Err(lots.malformed("qty")),
        b"short" => Ok(Qty(value.0.checked_abs().map_or(i64::MIN, |lots| -lots))),
        _ => Err(side.malformed("side")),
    }
}

/// The account. A member that only informs is `None` when it cannot be read.
///
/// # Errors
/// [`Malformed`] when there is no readable cash or an unreadable right.
pub fn decode_account(body: &[u8]) -> Result<Account, Malformed> {
    let [mut cash, mut equity, mut power] = [Slot::default(); 3];
    let mut blocks = [Slot::default(); 3];
    each_member(body, |name, scanner| {
        let [trading, account, user] = &mut blocks;
        match name {
            b"cash" => cash.fill(scanner),
            b"equity" => equity.fill(scanner),
            b"buying_power" => power.fill(scanner),
            b"trading_blocked" => trading.fill(scanner),
            b"account_blocked" => account.fill(scanner),
            b"trade_suspended_by_user" => user.fill(scanner),
            _ => scanner.skip(),
        }
    })?;
    let mut blocked = false;
    for block in &blocks {
        blocked |= block.flag("blocked")?.unwrap_or(false);
    }
    Ok(Account {
        cash: Money(required_atto(&cash, "cash")?),
        equity: optional_atto(&equity, "equity")?.map(Money),
        buying_power: optional_atto(&power, "buying_power")?.map(Money),
        blocked,
    })
}

/// The clock.
///
/// # Errors
/// [`Malformed`] naming the member that is absent or wrong.
pub fn decode_clock(body: &[u8]) -> Result<Clock, Malformed> {
    let [mut time, mut open, mut next_open, mut next_close] = [Slot::default(); 4];
    each_member(body, |name, scanner| match name {
        b"timestamp" => time.fill(scanner),
        b"is_open" => open.fill(scanner),
        b"next_open" => next_open.fill(scanner),
        b"next_close" => next_close.fill(scanner),
        _ => scanner.skip(),
    })?;
    let instant = |slot: &Slot<'_>, field| -> Result<UnixNanos, Malformed> {
        parse_instant(&slot.required_text(field)?).ok_or_else(|| slot.malformed(field))
    };
    Ok(Clock {
        ts_event: instant(&time, "timestamp")?,
        is_open: open.required_flag("is_open")?,
        next_open: instant(&next_open, "next_open")?,
        next_close: instant(&next_close, "next_close")?,
    })
}

/// An asset.
///
/// # Errors
/// [`Malformed`] naming the member that is absent or wrong.
pub fn decode_asset(body: &[u8]) -> Result<Asset, Malformed> {
    let [mut symbol, mut class, mut tradable, mut short] = [Slot::default(); 4];
    let [mut fraction, mut smallest, mut lot, mut tick] = [Slot::default(); 4];
    each_member(body, |name, scanner| match name {
        b"symbol" => symbol.fill(scanner),
        b"class" => class.fill(scanner),
        b"tradable" => tradable.fill(scanner),
        b"shortable" => short.fill(scanner),
        b"fractionable" => fraction.fill(scanner),
        b"min_order_size" => smallest.fill(scanner),
        b"min_trade_increment" => lot.fill(scanner),
        b"price_increment" => tick.fill(scanner),
        _ => scanner.skip(),
    })?;
    let text = symbol.required_text("symbol")?;
    let text = core::str::from_utf8(&text).map_err(|_| symbol.malformed("symbol"))?;
    let flag = |slot: &Slot<'_>, field| slot.flag(field).map(|flag| flag.unwrap_or(false));
    Ok(Asset {
        symbol: text.into(),
        asset_class: match &*class.required_text("class")? {
            b"us_equity" => AssetClass::Equity,
            b"crypto" => AssetClass::Crypto,
            _ => AssetClass::Other,
        },
        tradable: flag(&tradable, "tradable")?,
        shortable: flag(&short, "shortable")?,
        fractionable: flag(&fraction, "fractionable")?,
        min_order_qty: step(&smallest, "min_order_size", true)?,
        lot_size: step(&lot, "min_trade_increment", false)?,
        tick_size: step(&tick, "price_increment", false)?,
    })
}

fn step(
    slot: &Slot<'_>,
    field: &'static str,
    zero_is_fine: bool,
) -> Result<Option<Decimal>, Malformed> {
    let Some(digits) = slot.digits(field)? else {
        return Ok(None);
    };
    match decimal(digits) {
        Ok(step) if step.mantissa() > 0 || (zero_is_fine && step.mantissa() == 0) => Ok(Some(step)),
        _ => Err(slot.malformed(field)),
    }
}
