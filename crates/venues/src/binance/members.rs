//! The members of a message, and what they say together.

use alloc::vec::Vec;

use py_rt_types::UnixNanos;

use crate::binance::NAMELESS;
use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::{from_millis, optional_millis};
use crate::feed::read::{digits, optional_whole, pairs, pairs_of, required_whole, Part};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Kind, Scanner, Slot};

/// One message, as it was sent.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    stream: Slot<'a>,
    event: Slot<'a>,
    symbol: Slot<'a>,
    sent: Slot<'a>,
    happened: Slot<'a>,
    first_id: Slot<'a>,
    last_id: Slot<'a>,
    previous_id: Slot<'a>,
    snapshot_id: Slot<'a>,
    price: Slot<'a>,
    qty: Slot<'a>,
    maker: Slot<'a>,
    bid: Slot<'a>,
    ask: Slot<'a>,
    bid_qty: Slot<'a>,
    ask_qty: Slot<'a>,
    sides: [Part<'a>; 2],
    /// Which sides were read at once, and for whom.
    direct: [bool; 2],
    place: Option<u32>,
    foreign: bool,
    /// Whether the message lay in another object.
    wrapped: bool,
}

impl<'a> Members<'a> {
    /// Reads an object; false when the message is of a stream that nobody wants.
    pub(super) fn read<G: Grid>(
        &mut self,
        scanner: &mut Scanner<'a>,
        sheet: &mut Sheet<G>,
        inner: bool,
    ) -> Result<bool, DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            let slot = match name {
                b"e" => &mut self.event,
                b"E" => &mut self.sent,
                b"T" => &mut self.happened,
                b"s" => &mut self.symbol,
                b"U" => &mut self.first_id,
                b"u" => &mut self.last_id,
                b"pu" => &mut self.previous_id,
                b"p" => &mut self.price,
                b"q" => &mut self.qty,
                b"m" => &mut self.maker,
                b"B" => &mut self.bid_qty,
                b"A" => &mut self.ask_qty,
                b"b" | b"bids" => {
                    self.side(0, scanner, sheet)?;
                    continue;
                }
                b"a" | b"asks" => {
                    self.side(1, scanner, sheet)?;
                    continue;
                }
                b"lastUpdateId" => &mut self.snapshot_id,
                b"stream" if !inner => {
                    self.stream.fill(scanner)?;
                    if self.unwanted(sheet)? {
                        return Ok(false);
                    }
                    continue;
                }
                b"data" if !inner => {
                    if core::mem::replace(&mut self.wrapped, true) {
                        return Err(DecodeError::malformed(scanner.offset(), "data"));
                    }
                    self.read(scanner, sheet, true)?;
                    continue;
                }
                _ => {
                    scanner.skip()?;
                    continue;
                }
            };
            slot.fill(scanner)?;
        }
        Ok(true)
    }

    fn unwanted<G: Grid>(&self, sheet: &mut Sheet<G>) -> Result<bool, Malformed> {
        let stream = self.stream.text("stream")?.unwrap_or_default();
        let unwanted = !sheet.quotes && stream.ends_with(b"@bookTicker");
        if unwanted {
            sheet.suspect = Suspect::None;
            sheet.skip(b"bookTicker");
        }
        Ok(unwanted)
    }

    /// A price of a quote, or the levels of a side: at once when it is known whose they are.
    fn side<G: Grid>(
        &mut self,
        at: usize,
        scanner: &mut Scanner<'a>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), DecodeError> {
        if matches!(scanner.peek()?, Kind::Text | Kind::Number) {
            let slot = if at == 0 {
                &mut self.bid
            } else {
                &mut self.ask
            };
            return slot.fill(scanner);
        }
        if self.place.is_none() && !self.foreign {
            let event = self.event.text("e")?.unwrap_or_default();
            if *event == *b"depthUpdate" {
                if let Some(symbol) = self.symbol.text("s")? {
                    self.place = sheet.place(&symbol);
                    self.foreign = self.place.is_none();
                }
            }
        }
        let (Some(place), Some(done)) = (self.place, self.direct.get_mut(at)) else {
            return self
                .sides
                .get_mut(at)
                .map_or(Ok(()), |part| part.fill(scanner));
        };
        if core::mem::replace(done, true) || scanner.peek()? != Kind::Array {
            return Err(DecodeError::malformed(scanner.offset(), "b"));
        }
        pairs(scanner, place, [1, -1][at & 1], sheet)
    }

    /// Appends what the message says.
    pub(super) fn resolve<G: Grid>(
        &self,
        context: &Context<'_>,
        begin: usize,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let event = self.event.text("e")?.unwrap_or_default();
        match &*event {
            b"depthUpdate" => self.depth(context, begin, sheet),
            b"trade" | b"aggTrade" => self.trade(context, begin, sheet, *event == *b"aggTrade"),
            b"bookTicker" => self.quote(context, begin, sheet),
            b"" if self.is_snapshot()? => self.snapshot(context, begin, sheet),
            b"" if !self.bid_qty.is_empty() && !self.ask_qty.is_empty() => {
                self.quote(context, begin, sheet)
            }
            b"" => self.nothing(b"control", sheet),
            other => self.nothing(other, sheet),
        }
    }

    fn is_snapshot(&self) -> Result<bool, Malformed> {
        let [bids, asks] = &self.sides;
        let sides = bids.get("bids")?.is_some() || asks.get("asks")?.is_some();
        Ok(sides || !self.snapshot_id.is_empty())
    }

    fn nothing<G: Grid>(&self, name: &[u8], sheet: &mut Sheet<G>) -> Result<(), Malformed> {
        sheet.suspect = Suspect::None;
        sheet.skip(name);
        Ok(())
    }

    fn happened(&self) -> Result<UnixNanos, Malformed> {
        let ts = optional_millis(&self.happened, "T")?;
        if ts.0 != 0 {
            return Ok(ts);
        }
        optional_millis(&self.sent, "E")
    }

    fn depth<G: Grid>(
        &self,
        context: &Context<'_>,
        begin: usize,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let symbol = self.symbol.required_text("s")?;
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        for (at, field) in [(0, "b"), (1, "a")] {
            let (Some(part), Some(&direct)) = (self.sides.get(at), self.direct.get(at)) else {
                continue;
            };
            match part.get(field)? {
                Some(raw) if !direct => pairs_of(raw, place, [1, -1][at & 1], sheet)?,
                None if direct => {}
                _ => part.required(field).map(|_| ())?,
            }
        }
        let stream = self.stream.text("stream")?.unwrap_or_default();
        let kind = if is_partial(&stream) {
            MessageKind::Snapshot
        } else {
            MessageKind::Change
        };
        let message = Message {
            ts_event: self.happened()?,
            first_id: required_whole(&self.first_id, "U")?,
            last_id: required_whole(&self.last_id, "u")?,
            previous_id: optional_whole(&self.previous_id, "pu")?,
            ..Message::new(kind, place, context)
        };
        if message.last_id < message.first_id {
            return Err(self.last_id.malformed("u"));
        }
        sheet.finish(begin, message);
        Ok(())
    }

    fn snapshot<G: Grid>(
        &self,
        context: &Context<'_>,
        begin: usize,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let stream = self.stream.text("stream")?;
        let named = self.symbol.text("s")?.map(|symbol| symbol.into_owned());
        let symbol = named
            .or_else(|| stream.as_deref().map(symbol_of_stream))
            .or_else(|| symbol_of_url(context.url?))
            .unwrap_or_else(|| NAMELESS.to_vec());
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        for (part, (side, field)) in self.sides.iter().zip([(1, "bids"), (-1, "asks")]) {
            pairs_of(part.required(field)?, place, side, sheet)?;
        }
        let last = required_whole(&self.snapshot_id, "lastUpdateId")?;
        let message = Message {
            ts_event: self.happened()?,
            first_id: last,
            last_id: last,
            ..Message::new(MessageKind::Snapshot, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }

    fn trade<G: Grid>(
        &self,
        context: &Context<'_>,
        begin: usize,
        sheet: &mut Sheet<G>,
        aggregate: bool,
    ) -> Result<(), Malformed> {
        sheet.suspect = Suspect::None;
        let symbol = self.symbol.required_text("s")?;
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        let maker = self.maker.flag("m")?;
        let maker = maker.ok_or_else(|| self.maker.malformed("m"))?;
        let (price, qty) = (digits(&self.price, "p")?, digits(&self.qty, "q")?);
        let level = *sheet.push(place, if maker { -1 } else { 1 }, price, qty)?;
        if level.price == 0 || level.qty == 0 {
            sheet.levels.truncate(begin);
            sheet.skip(b"zero-quantity trade");
            return Ok(());
        }
        let message = Message {
            ts_event: from_millis(required_whole(&self.happened, "T")?)
                .ok_or_else(|| self.happened.malformed("T"))?,
            aggregate,
            ..Message::new(MessageKind::Trade, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }

    fn quote<G: Grid>(
        &self,
        context: &Context<'_>,
        begin: usize,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        sheet.suspect = Suspect::None;
        if !sheet.quotes {
            sheet.skip(b"bookTicker");
            return Ok(());
        }
        let symbol = self.symbol.required_text("s")?;
        let Some(place) = sheet.place(&symbol) else {
            return Ok(());
        };
        let bid = (digits(&self.bid, "b")?, digits(&self.bid_qty, "B")?);
        let ask = (digits(&self.ask, "a")?, digits(&self.ask_qty, "A")?);
        sheet.push(place, 1, bid.0, bid.1)?;
        sheet.push(place, -1, ask.0, ask.1)?;
        let message = Message {
            ts_event: self.happened()?,
            ..Message::new(MessageKind::Quote, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }
}

/// Whether a stream sends the best levels whole each time: `btcusdt@depth20@100ms`.
fn is_partial(stream: &[u8]) -> bool {
    let mut parts = stream.split(|&byte| byte == b'@').skip(1);
    parts.any(|part| matches!(part, b"depth5" | b"depth10" | b"depth20"))
}

fn symbol_of_stream(stream: &[u8]) -> Vec<u8> {
    let symbol = stream.split(|&byte| byte == b'@').next();
    symbol.unwrap_or_default().to_ascii_uppercase()
}

/// The value of `symbol=` in an address.
fn symbol_of_url(url: &[u8]) -> Option<Vec<u8>> {
    let query = url.split(|&byte| byte == b'?').nth(1)?;
    let pairs = query.split(|&byte| byte == b'&');
    let symbol = pairs.into_iter().find_map(|p| p.strip_prefix(b"symbol="));
    symbol.map(<[u8]>::to_ascii_uppercase)
}
