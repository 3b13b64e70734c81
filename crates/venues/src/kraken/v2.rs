//! Version 2: objects by channel; numbers are JSON numbers with significant zeros.

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::optional_text;
use crate::feed::read::{digits, optional_whole, side_of, Part};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Raw, Scanner, Slot};
use crate::kraken::Kraken;

#[derive(Default)]
struct Frame<'a> {
    channel: Slot<'a>,
    kind: Slot<'a>,
    event: Slot<'a>,
    method: Slot<'a>,
    pair: Slot<'a>,
    name: Slot<'a>,
    data: Part<'a>,
    result: Part<'a>,
}

/// One element of `data`.
#[derive(Default)]
struct Row<'a> {
    symbol: Slot<'a>,
    checksum: Slot<'a>,
    timestamp: Slot<'a>,
    side: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    bid: Slot<'a>,
    bid_qty: Slot<'a>,
    ask: Slot<'a>,
    ask_qty: Slot<'a>,
    channel: Slot<'a>,
    depth: Slot<'a>,
    bids: Part<'a>,
    asks: Part<'a>,
}

impl<'a> Row<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut row = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"symbol" => &mut row.symbol,
                b"checksum" => &mut row.checksum,
                b"timestamp" => &mut row.timestamp,
                b"side" => &mut row.side,
                b"price" => &mut row.price,
                b"qty" => &mut row.qty,
                b"bid" => &mut row.bid,
                b"bid_qty" => &mut row.bid_qty,
                b"ask" => &mut row.ask,
                b"ask_qty" => &mut row.ask_qty,
                b"channel" => &mut row.channel,
                b"depth" => &mut row.depth,
                b"bids" => {
                    row.bids.fill(scanner)?;
                    continue;
                }
                b"asks" => {
                    row.asks.fill(scanner)?;
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(row)
    }
}

impl Kraken {
    pub(super) fn decode_v2<G: Grid>(
        &mut self,
        context: &Context<'_>,
        scanner: &mut Scanner<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), DecodeError> {
        let mut frame = Frame::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"channel" => frame.channel.fill(scanner)?,
                b"type" => frame.kind.fill(scanner)?,
                b"event" => frame.event.fill(scanner)?,
                b"method" => frame.method.fill(scanner)?,
                b"pair" => frame.pair.fill(scanner)?,
                b"channelName" => frame.name.fill(scanner)?,
                b"data" => frame.data.fill(scanner)?,
                b"result" => frame.result.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(self.resolve(context, &frame, sheet)?)
    }

    fn resolve<G: Grid>(
        &mut self,
        context: &Context<'_>,
        frame: &Frame<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        if let Some(event) = frame.event.text("event")? {
            return self.event(context, &event, frame, sheet);
        }
        let Some(channel) = frame.channel.text("channel")? else {
            sheet.suspect = Suspect::None;
            return self.answer(frame, sheet);
        };
        let wanted = match &*channel {
            b"book" => true,
            b"trade" => frame.kind.text("type")?.as_deref() != Some(b"snapshot"),
            b"ticker" => sheet.quotes,
            _ => false,
        };
        if *channel != *b"book" {
            sheet.suspect = Suspect::None;
        }
        if !wanted {
            sheet.skip(&channel);
            return Ok(());
        }
        let data = frame.data.required("data")?;
        let whole = |error: DecodeError| error.in_whole(data.end());
        let mut scanner = Scanner::within(data);
        scanner.begin_array().map_err(whole)?;
        while scanner.next_element().map_err(whole)? {
            let row = Row::read(&mut scanner).map_err(whole)?;
            match &*channel {
                b"book" => self.book(context, frame, &row, sheet)?,
                b"trade" => trade(context, &row, sheet)?,
                _ => quote(context, &row, sheet)?,
            }
        }
        Ok(())
    }

    /// Events of version 1 and its confirmations.
    fn event<G: Grid>(
        &mut self,
        context: &Context<'_>,
        event: &[u8],
        frame: &Frame<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        sheet.suspect = Suspect::None;
        sheet.skip(event);
        if *event == *b"systemStatus" {
            let begin = sheet.levels.len();
            let opened = Message::new(MessageKind::Opened, u32::MAX, context);
            sheet.finish(begin, opened);
        }
        let name = frame.name.text("channelName")?.unwrap_or_default();
        if let (Some(depth), Some(pair)) = (super::v1::depth_of(&name), frame.pair.text("pair")?) {
            if let Some(place) = sheet.place(&pair) {
                self.confirm(place, depth);
            }
        }
        Ok(())
    }

    /// The confirmation of a subscription says the depth.
    fn answer<G: Grid>(
        &mut self,
        frame: &Frame<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        sheet.skip(b"control");
        let Some(raw) = frame.result.get("result")? else {
            return Ok(());
        };
        let row =
            Row::read(&mut Scanner::within(raw)).map_err(|error| error.in_whole(raw.end()))?;
        if row.channel.text("channel")?.as_deref() != Some(b"book") {
            return Ok(());
        }
        let depth = optional_whole(&row.depth, "depth")?;
        if let (Some(depth), Some(symbol)) = (depth, row.symbol.text("symbol")?) {
            if let Some(place) = sheet.place(&symbol) {
                self.confirm(place, depth);
            }
        }
        Ok(())
    }

    fn book<G: Grid>(
        &mut self,
        context: &Context<'_>,
        frame: &Frame<'_>,
        row: &Row<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let kind = match &*frame.kind.required_text("type")? {
            b"snapshot" => MessageKind::Snapshot,
            b"update" => MessageKind::Change,
            _ => return Err(frame.kind.malformed("type")),
        };
        let Some(place) = sheet.place(&row.symbol.required_text("symbol")?) else {
            return Ok(());
        };
        let begin = sheet.levels.len();
        levels(row.bids.required("bids")?, place, 1, sheet)?;
        let bids = sheet.levels.len() - begin;
        levels(row.asks.required("asks")?, place, -1, sheet)?;
        let most = bids.max(sheet.levels.len() - begin - bids);
        let checksum = optional_whole(&row.checksum, "checksum")?
            .map(|sum| u32::try_from(sum).map_err(|_| row.checksum.malformed("checksum")));
        let snapshot = (kind == MessageKind::Snapshot).then_some(most);
        let message = Message {
            ts_event: optional_text(&row.timestamp, "timestamp")?,
            checksum: checksum.transpose()?,
            depth: self.depth(place, snapshot),
            ..Message::new(kind, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }
}

fn levels<G: Grid>(
    raw: Raw<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let whole = |error: DecodeError| error.in_whole(raw.end());
    let mut scanner = Scanner::within(raw);
    scanner.begin_array().map_err(whole)?;
    while scanner.next_element().map_err(whole)? {
        let level = Row::read(&mut scanner).map_err(whole)?;
        let (price, qty) = (digits(&level.price, "price")?, digits(&level.qty, "qty")?);
        sheet.push(place, side, price, qty)?;
    }
    Ok(())
}

fn trade<G: Grid>(
    context: &Context<'_>,
    row: &Row<'_>,
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let Some(place) = sheet.place(&row.symbol.required_text("symbol")?) else {
        return Ok(());
    };
    let side = side_of(&row.side.required_text("side")?).ok_or(row.side.malformed("side"))?;
    let begin = sheet.levels.len();
    let (price, qty) = (digits(&row.price, "price")?, digits(&row.qty, "qty")?);
    sheet.push(place, side, price, qty)?;
    let message = Message {
        ts_event: optional_text(&row.timestamp, "timestamp")?,
        ..Message::new(MessageKind::Trade, place, context)
    };
    sheet.finish(begin, message);
    Ok(())
}

fn quote<G: Grid>(
    context: &Context<'_>,
    row: &Row<'_>,
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let Some(place) = sheet.place(&row.symbol.required_text("symbol")?) else {
        return Ok(());
    };
    let begin = sheet.levels.len();
    let bid = (digits(&row.bid, "bid")?, digits(&row.bid_qty, "bid_qty")?);
    let ask = (digits(&row.ask, "ask")?, digits(&row.ask_qty, "ask_qty")?);
    sheet.push(place, 1, bid.0, bid.1)?;
    sheet.push(place, -1, ask.0, ask.1)?;
    let message = Message {
        ts_event: optional_text(&row.timestamp, "timestamp")?,
        ..Message::new(MessageKind::Quote, place, context)
    };
    sheet.finish(begin, message);
    Ok(())
}
