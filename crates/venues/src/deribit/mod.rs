//! Deribit market data: `book`, `trades`, `ticker`.
//!
//! Changes name the change id that they follow. Grouped books are whole each time.
//!
//! Source: Deribit, "API v2: book.{instrument_name}.{interval}, trades, ticker".

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::optional_millis;
use crate::feed::read::{digits, element, leave_array, optional_whole, side_of, Part};
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Digits, Message, MessageKind, Sheet, Suspect};
use crate::json::{read_whole, Raw, Scanner, Slot};

/// Decodes subscriptions of the public channels.
#[derive(Debug, Clone, Default)]
pub struct Deribit;

#[derive(Default)]
struct Frame<'a> {
    channel: Slot<'a>,
    data: Part<'a>,
    /// Whether `params` came.
    wrapped: bool,
}

#[derive(Default)]
struct Row<'a> {
    kind: Slot<'a>,
    symbol: Slot<'a>,
    timestamp: Slot<'a>,
    change_id: Slot<'a>,
    previous: Slot<'a>,
    side: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    bid: Slot<'a>,
    bid_qty: Slot<'a>,
    ask: Slot<'a>,
    ask_qty: Slot<'a>,
    bids: Part<'a>,
    asks: Part<'a>,
}

impl Decoder for Deribit {
    const RULES: Rules = Rules {
        chain: Chain::PreviousId,
        checksum: Checksum::None,
        crossing_breaks: true,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let mut frame = Frame::default();
        read_whole(bytes, |scanner| frame.read(scanner, false))?;
        frame.resolve(context, sheet)
    }
}

impl<'a> Frame<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, inner: bool) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"channel" => self.channel.fill(scanner)?,
                b"data" => self.data.fill(scanner)?,
                b"params" if !inner => {
                    if core::mem::replace(&mut self.wrapped, true) {
                        return Err(DecodeError::malformed(scanner.offset(), "params"));
                    }
                    self.read(scanner, true)?;
                }
                _ => scanner.skip()?,
            }
        }
        Ok(())
    }

    fn resolve<G: Grid>(
        &self,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let channel = self.channel.text("channel")?.unwrap_or_default();
        let topic = channel.split(|&byte| byte == b'.').next();
        let topic = topic.unwrap_or_default();
        if topic != b"book" && !channel.is_empty() {
            sheet.suspect = Suspect::None;
        }
        let wanted = matches!(topic, b"book" | b"trades")
            || (matches!(topic, b"ticker" | b"quote") && sheet.quotes);
        if !wanted {
            sheet.skip(if topic.is_empty() { b"control" } else { topic });
            return Ok(());
        }
        let raw = self.data.required("data")?;
        let whole = |error: DecodeError| error.in_whole(raw.end());
        let mut scanner = Scanner::within(raw);
        if topic == b"trades" {
            scanner.begin_array().map_err(whole)?;
            while scanner.next_element().map_err(whole)? {
                Row::read(&mut scanner)
                    .map_err(whole)?
                    .trade(context, sheet)?;
            }
            return Ok(());
        }
        let row = Row::read(&mut scanner).map_err(whole)?;
        if topic == b"book" {
            return row.book(context, sheet);
        }
        row.quote(context, sheet)
    }
}

impl<'a> Row<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut row = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"type" => row.kind.fill(scanner)?,
                b"instrument_name" => row.symbol.fill(scanner)?,
                b"timestamp" => row.timestamp.fill(scanner)?,
                b"change_id" => row.change_id.fill(scanner)?,
                b"prev_change_id" => row.previous.fill(scanner)?,
                b"direction" => row.side.fill(scanner)?,
                b"price" => row.price.fill(scanner)?,
                b"amount" => row.qty.fill(scanner)?,
                b"best_bid_price" => row.bid.fill(scanner)?,
                b"best_bid_amount" => row.bid_qty.fill(scanner)?,
                b"best_ask_price" => row.ask.fill(scanner)?,
                b"best_ask_amount" => row.ask_qty.fill(scanner)?,
                b"bids" => row.bids.fill(scanner)?,
                b"asks" => row.asks.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(row)
    }

    fn book<G: Grid>(&self, context: &Context<'_>, sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        let kind = match self.kind.text("type")?.as_deref() {
            None | Some(b"snapshot") => MessageKind::Snapshot,
            Some(b"change") => MessageKind::Change,
            Some(_) => return Err(self.kind.malformed("type")),
        };
        let symbol = self.symbol.required_text("instrument_name")?;
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        for (part, side, field) in [(&self.bids, 1, "bids"), (&self.asks, -1, "asks")] {
            let raw = part.required(field)?;
            levels(raw, place, side, sheet).map_err(|error| error.in_whole(raw.end()))?;
        }
        let message = Message {
            ts_event: optional_millis(&self.timestamp, "timestamp")?,
            last_id: optional_whole(&self.change_id, "change_id")?.unwrap_or(0),
            previous_id: optional_whole(&self.previous, "prev_change_id")?,
            ..Message::new(kind, place, context)
        };
        if kind == MessageKind::Change && message.previous_id.is_none() {
            return Err(self.previous.malformed("prev_change_id"));
        }
        sheet.finish(begin, message);
        Ok(())
    }

    fn trade<G: Grid>(&self, context: &Context<'_>, sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        let symbol = self.symbol.required_text("instrument_name")?;
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        let side = side_of(&self.side.required_text("direction")?);
        let side = side.ok_or_else(|| self.side.malformed("direction"))?;
        let begin = sheet.levels.len();
        let (price, qty) = (digits(&self.price, "price")?, digits(&self.qty, "amount")?);
        sheet.push(place, side, price, qty)?;
        self.finish(MessageKind::Trade, begin, place, context, sheet)
    }

    /// A side without orders is `null` or 0.
    fn quote<G: Grid>(&self, context: &Context<'_>, sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        let symbol = self.symbol.required_text("instrument_name")?;
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        for (side, price, qty) in [
            (1, &self.bid, &self.bid_qty),
            (-1, &self.ask, &self.ask_qty),
        ] {
            let none = |field| Digits {
                text: b"0",
                offset: 0,
                field,
            };
            let price = match price.digits("best_price")? {
                None => none("best_price"),
                Some(_) => digits(price, "best_price")?,
            };
            let qty = match qty.digits("best_amount")? {
                None => none("best_amount"),
                Some(_) => digits(qty, "best_amount")?,
            };
            sheet.push(place, side, price, qty)?;
        }
        self.finish(MessageKind::Quote, begin, place, context, sheet)
    }

    fn finish<G: Grid>(
        &self,
        kind: MessageKind,
        begin: usize,
        place: u32,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let message = Message {
            ts_event: optional_millis(&self.timestamp, "timestamp")?,
            ..Message::new(kind, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }
}

/// Reads `[["new", price, amount], …]`, or `[[price, amount], …]` of grouped books.
fn levels<G: Grid>(
    raw: Raw<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Result<(), DecodeError> {
    let mut scanner = Scanner::within(raw);
    scanner.begin_array()?;
    while scanner.next_element()? {
        scanner.begin_array()?;
        let first = element(&mut scanner, "action")?;
        let price = match first.text {
            b"new" | b"change" | b"delete" => element(&mut scanner, "price")?,
            _ => first,
        };
        let qty = element(&mut scanner, "amount")?;
        leave_array(&mut scanner)?;
        let level = sheet.push(place, side, price, qty)?;
        if first.text == b"delete" {
            level.qty = 0;
        }
    }
    Ok(())
}
