//! Version 1: arrays `[channel, payload, …, "name", "pair"]`; numbers are text.

use py_rt_types::UnixNanos;

use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::from_decimal;
use crate::feed::read::{element, leave_array, side_of, whole, Part};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Kind, Raw, Scalar, Scanner, Slot};
use crate::kraken::Kraken;

/// A message before its payload is read.
#[derive(Default)]
struct Frame<'a> {
    objects: [Option<Raw<'a>>; 2],
    array: Option<Raw<'a>>,
    texts: [&'a [u8]; 2],
}

/// The members of a book payload, of both objects together.
#[derive(Default)]
struct Payload<'a> {
    checksum: Slot<'a>,
    bids: Part<'a>,
    asks: Part<'a>,
    whole_bids: Part<'a>,
    whole_asks: Part<'a>,
}

/// The depth in a channel's name: `book-1000`.
pub(super) fn depth_of(name: &[u8]) -> Option<u64> {
    match name.strip_prefix(b"book")? {
        b"" => Some(10),
        rest => whole(rest.strip_prefix(b"-")?),
    }
}

impl<'a> Frame<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut frame = Self::default();
        scanner.begin_array()?;
        while scanner.next_element()? {
            let offset = scanner.offset();
            let too_many = DecodeError::malformed(offset, "payload");
            match scanner.peek()? {
                Kind::Object => {
                    let raw = scanner.raw()?;
                    let free = frame.objects.iter_mut().find(|slot| slot.is_none());
                    *free.ok_or(too_many)? = Some(raw);
                }
                Kind::Array => {
                    let raw = scanner.raw()?;
                    if frame.array.replace(raw).is_some() {
                        return Err(too_many);
                    }
                }
                _ => {
                    if let Scalar::Text(text) = scanner.scalar()? {
                        let text = text.plain().unwrap_or_default();
                        frame.texts = [frame.texts[1], text];
                    }
                }
            }
        }
        Ok(frame)
    }
}

impl Kraken {
    pub(super) fn decode_v1<G: Grid>(
        &mut self,
        context: &Context<'_>,
        scanner: &mut Scanner<'_>,
        sheet: &mut Sheet<G>,
    ) -> Result<(), DecodeError> {
        let offset = scanner.offset();
        let frame = Frame::read(scanner)?;
        let [name, pair] = frame.texts;
        if name.is_empty() || pair.is_empty() {
            return Err(DecodeError::malformed(offset, "channel"));
        }
        let book = depth_of(name);
        if book.is_none() {
            sheet.suspect = Suspect::None;
        }
        if let Some(depth) = book {
            return Ok(self.book_v1(context, &frame, depth, sheet)?);
        }
        match name {
            b"trade" => trades(context, &frame, sheet)?,
            b"ticker" if sheet.quotes => quote(context, &frame, sheet)?,
            _ => sheet.skip(name),
        }
        Ok(())
    }

    fn book_v1<G: Grid>(
        &mut self,
        context: &Context<'_>,
        frame: &Frame<'_>,
        depth: u64,
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let Some(place) = sheet.place(frame.texts[1]) else {
            return Ok(());
        };
        self.confirm(place, depth);
        let mut payload = Payload::default();
        for raw in frame.objects.into_iter().flatten() {
            payload.read(raw)?;
        }
        let snapshot = [payload.whole_bids.get("bs")?, payload.whole_asks.get("as")?];
        let change = [payload.bids.get("b")?, payload.asks.get("a")?];
        let is_snapshot = snapshot.iter().any(Option::is_some);
        if is_snapshot == change.iter().any(Option::is_some) {
            return Err(payload.checksum.malformed("payload"));
        }
        let (kind, sides) = if is_snapshot {
            payload.whole_bids.required("bs")?;
            payload.whole_asks.required("as")?;
            (MessageKind::Snapshot, snapshot)
        } else {
            (MessageKind::Change, change)
        };
        let begin = sheet.levels.len();
        let mut latest = UnixNanos(0);
        for (raw, side) in sides.into_iter().zip([1, -1]) {
            if let Some(raw) = raw {
                latest = latest.max(levels(raw, place, side, sheet)?);
            }
        }
        let checksum = match payload.checksum.digits("c")? {
            None => None,
            Some(text) => Some(
                whole(text)
                    .and_then(|sum| u32::try_from(sum).ok())
                    .ok_or_else(|| payload.checksum.malformed("c"))?,
            ),
        };
        let message = Message {
            ts_event: latest,
            checksum,
            depth: self.depth(place, None),
            ..Message::new(kind, place, context)
        };
        sheet.finish(begin, message);
        Ok(())
    }
}

impl<'a> Payload<'a> {
    fn read(&mut self, raw: Raw<'a>) -> Result<(), Malformed> {
        let mut scanner = Scanner::within(raw);
        self.members(&mut scanner)
            .map_err(|error| error.in_whole(raw.end()))
    }

    fn members(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"b" => self.bids.fill(scanner)?,
                b"a" => self.asks.fill(scanner)?,
                b"bs" => self.whole_bids.fill(scanner)?,
                b"as" => self.whole_asks.fill(scanner)?,
                b"c" => self.checksum.fill(scanner)?,
                _ => scanner.skip()?,
            }
        }
        Ok(())
    }
}

/// Reads levels `["price", "volume", "time", …]`; returns the latest time.
fn levels<G: Grid>(
    raw: Raw<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Result<UnixNanos, Malformed> {
    let mut scanner = Scanner::within(raw);
    let mut latest = UnixNanos(0);
    let mut read = || -> Result<(), DecodeError> {
        scanner.begin_array()?;
        while scanner.next_element()? {
            scanner.begin_array()?;
            let price = element(&mut scanner, "price")?;
            let qty = element(&mut scanner, "volume")?;
            let time = element(&mut scanner, "time")?;
            let ts = from_decimal(time.text);
            latest = latest.max(ts.ok_or(DecodeError::malformed(time.offset, "time"))?);
            sheet.push(place, side, price, qty)?;
            leave_array(&mut scanner)?;
        }
        Ok(())
    };
    read().map_err(|error| error.in_whole(raw.end()))?;
    Ok(latest)
}

/// Reads trades `["price", "volume", "time", "side", …]`.
fn trades<G: Grid>(
    context: &Context<'_>,
    frame: &Frame<'_>,
    sheet: &mut Sheet<G>,
) -> Result<(), DecodeError> {
    let raw = frame.array.ok_or(DecodeError::malformed(0, "trades"))?;
    let Some(place) = sheet.place(frame.texts[1]) else {
        return Ok(());
    };
    let mut scanner = Scanner::within(raw);
    scanner.begin_array()?;
    while scanner.next_element()? {
        let begin = sheet.levels.len();
        scanner.begin_array()?;
        let price = element(&mut scanner, "price")?;
        let qty = element(&mut scanner, "volume")?;
        let time = element(&mut scanner, "time")?;
        let side = element(&mut scanner, "side")?;
        leave_array(&mut scanner)?;
        let bad = |field| DecodeError::malformed(side.offset, field);
        let ts_event = from_decimal(time.text).ok_or(bad("time"))?;
        let taker = side_of(side.text).ok_or(bad("side"))?;
        sheet.push(place, taker, price, qty)?;
        let message = Message {
            ts_event,
            ..Message::new(MessageKind::Trade, place, context)
        };
        sheet.finish(begin, message);
    }
    Ok(())
}

/// Reads `{"b": ["price", whole, "volume"], "a": […]}` of a ticker.
fn quote<G: Grid>(
    context: &Context<'_>,
    frame: &Frame<'_>,
    sheet: &mut Sheet<G>,
) -> Result<(), DecodeError> {
    let raw = frame.objects[0].ok_or(DecodeError::malformed(0, "ticker"))?;
    let Some(place) = sheet.place(frame.texts[1]) else {
        return Ok(());
    };
    let mut payload = Payload::default();
    payload.read(raw)?;
    let begin = sheet.levels.len();
    for (part, side) in [(payload.bids, 1), (payload.asks, -1)] {
        let mut scanner = Scanner::within(part.required("ticker")?);
        scanner.begin_array()?;
        let price = element(&mut scanner, "price")?;
        element(&mut scanner, "whole")?;
        let qty = element(&mut scanner, "volume")?;
        sheet.push(place, side, price, qty)?;
    }
    sheet.finish(begin, Message::new(MessageKind::Quote, place, context));
    Ok(())
}
