//! Advanced Trade: `{channel, timestamp, sequence_num, events: […]}`.

use crate::coinbase::Frame;
use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::optional_text;
use crate::feed::read::{digits, optional_whole, side_of, Part};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Raw, Scanner, Slot};

/// One element of `events`.
#[derive(Default)]
struct Event<'a> {
    kind: Slot<'a>,
    symbol: Slot<'a>,
    updates: Part<'a>,
    trades: Part<'a>,
    tickers: Part<'a>,
}

/// One element of `updates`, `trades` or `tickers`.
#[derive(Default)]
struct Row<'a> {
    symbol: Slot<'a>,
    side: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    time: Slot<'a>,
    bid: Slot<'a>,
    bid_qty: Slot<'a>,
    ask: Slot<'a>,
    ask_qty: Slot<'a>,
}

pub(super) fn resolve<G: Grid>(
    frame: &Frame<'_>,
    context: &Context<'_>,
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let channel = frame.channel.required_text("channel")?;
    let ts_event = optional_text(&frame.timestamp, "timestamp")?;
    let mut beat = Message {
        ts_event,
        sequence: optional_whole(&frame.sequence, "sequence_num")?,
        ..Message::new(MessageKind::Beat, u32::MAX, context)
    };
    let wanted = match &*channel {
        b"l2_data" | b"level2" => true,
        b"market_trades" => true,
        b"ticker" | b"ticker_batch" => sheet.quotes,
        _ => false,
    };
    if !matches!(&*channel, b"l2_data" | b"level2") {
        sheet.suspect = Suspect::None;
    }
    let begin = sheet.levels.len();
    sheet.finish(begin, beat);
    if !wanted {
        sheet.skip(&channel);
        return Ok(());
    }
    beat.sequence = None;
    let raw = frame.events.required("events")?;
    let whole = |error: DecodeError| error.in_whole(raw.end());
    let mut scanner = Scanner::within(raw);
    scanner.begin_array().map_err(whole)?;
    while scanner.next_element().map_err(whole)? {
        let event = Event::read(&mut scanner).map_err(whole)?;
        match &*channel {
            b"market_trades" => event.trades(&beat, sheet)?,
            b"ticker" | b"ticker_batch" => event.quotes(&beat, sheet)?,
            _ => event.book(&beat, sheet)?,
        }
    }
    Ok(())
}

impl<'a> Event<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut event = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"type" => event.kind.fill(scanner)?,
                b"product_id" => event.symbol.fill(scanner)?,
                b"updates" => event.updates.fill(scanner)?,
                b"trades" => event.trades.fill(scanner)?,
                b"tickers" => event.tickers.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(event)
    }

    fn book<G: Grid>(&self, head: &Message, sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        let kind = match &*self.kind.required_text("type")? {
            b"snapshot" => MessageKind::Snapshot,
            b"update" => MessageKind::Change,
            _ => return Err(self.kind.malformed("type")),
        };
        let Some(place) = sheet.place(&self.symbol.required_text("product_id")?) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        each(self.updates.required("updates")?, |row| {
            let side = side_of(&row.side.required_text("side")?);
            let side = side.ok_or_else(|| row.side.malformed("side"))?;
            let price = digits(&row.price, "price_level")?;
            let qty = digits(&row.qty, "new_quantity")?;
            sheet.push(place, side, price, qty).map(|_| ())
        })?;
        let message = Message {
            kind,
            place,
            ..*head
        };
        sheet.finish(begin, message);
        Ok(())
    }

    /// Trades are listed newest first; they go out oldest first.
    fn trades<G: Grid>(&self, head: &Message, sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        if &*self.kind.required_text("type")? == b"snapshot" {
            sheet.skip(b"market_trades of before");
            return Ok(());
        }
        let first = sheet.messages.len();
        each(self.trades.required("trades")?, |row| {
            let Some(place) = sheet.place(&row.symbol.required_text("product_id")?) else {
                return Ok(());
            };
            let maker = side_of(&row.side.required_text("side")?);
            let maker = maker.ok_or_else(|| row.side.malformed("side"))?;
            let begin = sheet.levels.len();
            let (price, qty) = (digits(&row.price, "price")?, digits(&row.qty, "size")?);
            sheet.push(place, -maker, price, qty)?;
            let message = Message {
                kind: MessageKind::Trade,
                place,
                ts_event: optional_text(&row.time, "time")?,
                ..*head
            };
            sheet.finish(begin, message);
            Ok(())
        })?;
        let fresh = sheet.messages.get_mut(first..).unwrap_or_default();
        let newest_first = fresh.first().map(|one| one.ts_event);
        if newest_first > fresh.last().map(|one| one.ts_event) {
            fresh.reverse();
        }
        Ok(())
    }

    fn quotes<G: Grid>(&self, head: &Message, sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        each(self.tickers.required("tickers")?, |row| {
            let Some(place) = sheet.place(&row.symbol.required_text("product_id")?) else {
                return Ok(());
            };
            let begin = sheet.levels.len();
            for (side, price, qty) in [(1, &row.bid, &row.bid_qty), (-1, &row.ask, &row.ask_qty)] {
                let (price, qty) = (digits(price, "best")?, digits(qty, "best_quantity")?);
                sheet.push(place, side, price, qty)?;
            }
            let message = Message {
                kind: MessageKind::Quote,
                place,
                ..*head
            };
            sheet.finish(begin, message);
            Ok(())
        })
    }
}

/// Calls `take` with every object of an array.
fn each<'a>(
    raw: Raw<'a>,
    mut take: impl FnMut(&Row<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let whole = |error: DecodeError| error.in_whole(raw.end());
    let mut scanner = Scanner::within(raw);
    scanner.begin_array().map_err(whole)?;
    while scanner.next_element().map_err(whole)? {
        take(&Row::read(&mut scanner).map_err(whole)?)?;
    }
    Ok(())
}

impl<'a> Row<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut row = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"product_id" => row.symbol.fill(scanner)?,
                b"side" => row.side.fill(scanner)?,
                b"price_level" | b"price" => row.price.fill(scanner)?,
                b"new_quantity" | b"size" => row.qty.fill(scanner)?,
                b"time" => row.time.fill(scanner)?,
                b"best_bid" => row.bid.fill(scanner)?,
                b"best_bid_quantity" => row.bid_qty.fill(scanner)?,
                b"best_ask" => row.ask.fill(scanner)?,
                b"best_ask_quantity" => row.ask_qty.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(row)
    }
}
