//! OKX market data: `books` and its relatives, `trades`, `tickers`.
//!
//! Changes name the sequence id that they follow; older recordings have a CRC-32 over 25 levels
//! instead, over texts as they were sent.
//!
//! Source: OKX, "API guide v5: order book channel".

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::optional_millis;
use crate::feed::read::{digits, pairs_of, side_of, whole, Part};
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Scanner, Slot};

/// Decodes `books`, `books-l2-tbt`, `books50-l2-tbt`, `books5`, `bbo-tbt`, `trades`, `tickers`.
#[derive(Debug, Clone, Default)]
pub struct Okx;

#[derive(Default)]
struct Frame<'a> {
    event: Slot<'a>,
    action: Slot<'a>,
    channel: Slot<'a>,
    symbol: Slot<'a>,
    data: Part<'a>,
}

#[derive(Default)]
struct Row<'a> {
    ts: Slot<'a>,
    checksum: Slot<'a>,
    sequence: Slot<'a>,
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

impl Decoder for Okx {
    const RULES: Rules = Rules {
        chain: Chain::PreviousId,
        checksum: Checksum::Okx,
        crossing_breaks: true,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        if bytes == b"pong" || bytes == b"ping" {
            sheet.suspect = Suspect::None;
            return Ok(());
        }
        let mut scanner = Scanner::new(bytes);
        let frame = Frame::read(&mut scanner).map_err(|error| error.in_whole(bytes.len()))?;
        frame.resolve(context, sheet)
    }
}

impl<'a> Frame<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut frame = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"event" => frame.event.fill(scanner)?,
                b"action" => frame.action.fill(scanner)?,
                b"data" => frame.data.fill(scanner)?,
                b"arg" => {
                    scanner.begin_object()?;
                    while let Some(name) = scanner.next_key()? {
                        match name {
                            b"channel" => frame.channel.fill(scanner)?,
                            b"instId" => frame.symbol.fill(scanner)?,
                            _ => scanner.skip()?,
                        }
                    }
                }
                _ => scanner.skip()?,
            }
        }
        scanner.finish()?;
        Ok(frame)
    }

    fn resolve<G: Grid>(
        &self,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        if let Some(event) = self.event.text("event")? {
            sheet.suspect = Suspect::None;
            sheet.skip(&event);
            return Ok(());
        }
        let channel = self.channel.text("channel")?.unwrap_or_default();
        let book = channel.starts_with(b"books") || *channel == *b"bbo-tbt";
        if !book && !channel.is_empty() {
            sheet.suspect = Suspect::None;
        }
        let wanted = book || *channel == *b"trades" || (*channel == *b"tickers" && sheet.quotes);
        if !wanted {
            sheet.skip(if channel.is_empty() {
                b"control"
            } else {
                &channel
            });
            return Ok(());
        }
        let Some(place) = sheet.place(&self.symbol.required_text("instId")?) else {
            return Ok(());
        };
        let raw = self.data.required("data")?;
        let whole = |error: DecodeError| error.in_whole(raw.end());
        let mut scanner = Scanner::within(raw);
        scanner.begin_array().map_err(whole)?;
        while scanner.next_element().map_err(whole)? {
            let row = Row::read(&mut scanner).map_err(whole)?;
            let begin = sheet.levels.len();
            let message = match &*channel {
                b"trades" => row.trade(place, context, sheet)?,
                b"tickers" => row.quote(place, context, sheet)?,
                _ => self.book(&row, place, context, sheet)?,
            };
            sheet.finish(begin, message);
        }
        Ok(())
    }

    fn book<G: Grid>(
        &self,
        row: &Row<'_>,
        place: u32,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<Message, Malformed> {
        let kind = match self.action.text("action")?.as_deref() {
            None | Some(b"snapshot") => MessageKind::Snapshot,
            Some(b"update") => MessageKind::Change,
            Some(_) => return Err(self.action.malformed("action")),
        };
        pairs_of(row.bids.required("bids")?, place, 1, sheet)?;
        pairs_of(row.asks.required("asks")?, place, -1, sheet)?;
        let previous = signed(&row.previous, "prevSeqId")?;
        Ok(Message {
            ts_event: optional_millis(&row.ts, "ts")?,
            last_id: signed(&row.sequence, "seqId")?.map_or(0, i64::unsigned_abs),
            previous_id: previous.and_then(|id| u64::try_from(id).ok()),
            // The venue has stopped summing and sends 0.
            checksum: signed(&row.checksum, "checksum")?
                .filter(|sum| *sum != 0)
                .map(|sum| sum as u32),
            ..Message::new(kind, place, context)
        })
    }
}

impl<'a> Row<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut row = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"ts" => row.ts.fill(scanner)?,
                b"checksum" => row.checksum.fill(scanner)?,
                b"seqId" => row.sequence.fill(scanner)?,
                b"prevSeqId" => row.previous.fill(scanner)?,
                b"side" => row.side.fill(scanner)?,
                b"px" => row.price.fill(scanner)?,
                b"sz" => row.qty.fill(scanner)?,
                b"bidPx" => row.bid.fill(scanner)?,
                b"bidSz" => row.bid_qty.fill(scanner)?,
                b"askPx" => row.ask.fill(scanner)?,
                b"askSz" => row.ask_qty.fill(scanner)?,
                b"bids" => row.bids.fill(scanner)?,
                b"asks" => row.asks.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(row)
    }

    fn trade<G: Grid>(
        &self,
        place: u32,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<Message, Malformed> {
        let side = side_of(&self.side.required_text("side")?);
        let side = side.ok_or_else(|| self.side.malformed("side"))?;
        sheet.push(
            place,
            side,
            digits(&self.price, "px")?,
            digits(&self.qty, "sz")?,
        )?;
        Ok(Message {
            ts_event: optional_millis(&self.ts, "ts")?,
            ..Message::new(MessageKind::Trade, place, context)
        })
    }

    fn quote<G: Grid>(
        &self,
        place: u32,
        context: &Context<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<Message, Malformed> {
        let bid = (digits(&self.bid, "bidPx")?, digits(&self.bid_qty, "bidSz")?);
        let ask = (digits(&self.ask, "askPx")?, digits(&self.ask_qty, "askSz")?);
        sheet.push(place, 1, bid.0, bid.1)?;
        sheet.push(place, -1, ask.0, ask.1)?;
        Ok(Message {
            ts_event: optional_millis(&self.ts, "ts")?,
            ..Message::new(MessageKind::Quote, place, context)
        })
    }
}

/// A whole number that may be negative.
fn signed(slot: &Slot<'_>, field: &'static str) -> Result<Option<i64>, Malformed> {
    let Some(text) = slot.digits(field)? else {
        return Ok(None);
    };
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let value = whole(digits).and_then(|value| i64::try_from(value).ok());
    let value = value.ok_or_else(|| slot.malformed(field))?;
    Ok(Some(if negative { -value } else { value }))
}
