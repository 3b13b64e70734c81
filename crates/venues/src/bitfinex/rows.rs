//! Messages of channels: `[channel, payload, sequence, time]`.

use crate::bitfinex::{Bitfinex, Topic};
use crate::error::DecodeError;
use crate::feed::grid::Grid;
use crate::feed::instant::from_millis;
use crate::feed::read::{element, leave_array, next_digits, whole};
use crate::feed::sheet::{Context, Digits, Level, Message, MessageKind, Sheet, Suspect, NOWHERE};
use crate::json::{Kind, Raw, Scalar, Scanner};

/// A whole number from here on is a time, not a sequence number.
const TIMES_FROM: u64 = 1_000_000_000_000;

/// What stands behind the channel's number.
#[derive(Default)]
struct Frame<'a> {
    word: &'a [u8],
    payload: Option<Raw<'a>>,
    sum: Option<u32>,
    sequence: Option<u64>,
    time: u64,
}

type Scan<T> = Result<T, DecodeError>;

pub(super) fn decode<G: Grid>(
    decoder: &mut Bitfinex,
    context: &Context<'_>,
    bytes: &[u8],
    sheet: &mut Sheet<G>,
) -> Scan<()> {
    let mut scanner = Scanner::new(bytes);
    scanner.begin_array()?;
    let id = element(&mut scanner, "channel")?;
    let id = whole(id.text).ok_or(DecodeError::malformed(id.offset, "channel"))?;
    let frame = Frame::read(&mut scanner)?;
    scanner.finish()?;
    let ts = from_millis(frame.time).unwrap_or_default();
    let head = Message {
        ts_event: ts,
        ..Message::new(MessageKind::Beat, NOWHERE, context)
    };
    let begin = sheet.levels.len();
    if frame.sequence.is_some() {
        let sequence = frame.sequence;
        sheet.finish(begin, Message { sequence, ..head });
    }
    let guess = || guess(&frame);
    let channel = match frame.word {
        b"hb" => return Ok(()),
        _ => decoder.channel(id, guess, context, sheet),
    };
    let Some(place) = channel.place else {
        sheet.suspect = Suspect::None;
        sheet.skip(b"other channels");
        return Ok(());
    };
    let head = Message { place, ..head };
    sheet.suspect = match channel.topic {
        Topic::Levels | Topic::Orders => Suspect::One(place),
        _ => Suspect::None,
    };
    if frame.word == b"cs" {
        let message = Message {
            kind: MessageKind::Check,
            checksum: frame.sum,
            ..head
        };
        sheet.finish(begin, message);
        return Ok(());
    }
    let payload = frame.payload.ok_or(DecodeError::malformed(0, "payload"))?;
    match channel.topic {
        Topic::Trades if frame.word == b"te" => trade(payload, &head, sheet),
        Topic::Levels => book(payload, &head, sheet, read_level),
        Topic::Orders => {
            let head = Message {
                by_order: true,
                ..head
            };
            book(payload, &head, sheet, read_order)
        }
        Topic::Ticker if sheet.quotes => quote(payload, &head, sheet),
        Topic::Ticker => {
            sheet.skip(b"ticker");
            Ok(())
        }
        _ => Ok(()),
    }
}

impl<'a> Frame<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Scan<Self> {
        let mut frame = Self::default();
        while scanner.next_element()? {
            let offset = scanner.offset();
            match scanner.peek()? {
                Kind::Array if frame.payload.is_none() => frame.payload = Some(scanner.raw()?),
                Kind::Text if frame.word.is_empty() => {
                    if let Scalar::Text(text) = scanner.scalar()? {
                        frame.word = text.plain().unwrap_or_default();
                    }
                }
                Kind::Number => {
                    let Scalar::Number(text) = scanner.scalar()? else {
                        continue;
                    };
                    frame
                        .number(text)
                        .ok_or(DecodeError::malformed(offset, "sequence"))?;
                }
                _ => return Err(DecodeError::malformed(offset, "payload")),
            }
        }
        Ok(frame)
    }

    /// The sum of a `cs`, a sequence number or a time.
    fn number(&mut self, text: &[u8]) -> Option<()> {
        if self.word == b"cs" && self.sum.is_none() {
            let (negative, digits) = match text {
                [b'-', rest @ ..] => (true, rest),
                rest => (false, rest),
            };
            let value = i64::try_from(whole(digits)?).ok()?;
            self.sum = Some(if negative { -value } else { value } as u32);
            return Some(());
        }
        match whole(text)? {
            time if time >= TIMES_FROM => self.time = time,
            number => self.sequence = Some(number),
        }
        Some(())
    }
}

/// What a channel is that nobody confirmed, from the form of a message.
fn guess(frame: &Frame<'_>) -> Topic {
    let look = |raw: Raw<'_>| -> Scan<Topic> {
        let mut scanner = Scanner::within(raw);
        scanner.begin_array()?;
        if !scanner.next_element()? {
            return Ok(Topic::Other);
        }
        let nested = scanner.peek()? == Kind::Array;
        if nested {
            scanner.begin_array()?;
            scanner.next_element()?;
        }
        let first = next_digits(&mut scanner, "first")?;
        let mut more = 0;
        while scanner.next_element()? {
            scanner.skip()?;
            more += 1;
        }
        Ok(match (whole(first.text), more) {
            (Some(id), 2) if id > 100_000_000 => Topic::Orders,
            (_, 2) => Topic::Levels,
            (Some(_), 3) => Topic::Trades,
            _ => Topic::Other,
        })
    };
    match frame.payload {
        Some(raw) if frame.word.is_empty() => look(raw).unwrap_or(Topic::Other),
        Some(_) if frame.word.starts_with(b"t") => Topic::Trades,
        _ => Topic::Other,
    }
}

type ReadRow<G> = fn(&mut Scanner<'_>, u32, &mut Sheet<G>) -> Scan<()>;

/// A book whole, or one row of it.
fn book<G: Grid>(
    payload: Raw<'_>,
    head: &Message,
    sheet: &mut Sheet<G>,
    read: ReadRow<G>,
) -> Scan<()> {
    let begin = sheet.levels.len();
    let mut scanner = Scanner::within(payload);
    let mut probe = scanner.clone();
    probe.begin_array()?;
    let kind = if !probe.next_element()? || probe.peek()? == Kind::Array {
        scanner.begin_array()?;
        while scanner.next_element()? {
            read(&mut scanner, head.place, sheet)?;
        }
        MessageKind::Snapshot
    } else {
        read(&mut scanner, head.place, sheet)?;
        MessageKind::Change
    };
    sheet.finish(begin, Message { kind, ..*head });
    Ok(())
}

/// Splits the sign off.
fn signed(digits: Digits<'_>) -> (i8, Digits<'_>) {
    match digits.text {
        [b'-', text @ ..] => (-1, Digits { text, ..digits }),
        _ => (1, digits),
    }
}

/// `[price, count, ±amount]`; a count of 0 removes the level.
fn read_level<G: Grid>(scanner: &mut Scanner<'_>, place: u32, sheet: &mut Sheet<G>) -> Scan<()> {
    scanner.begin_array()?;
    let price = element(scanner, "price")?;
    let count = element(scanner, "count")?;
    let (side, amount) = signed(element(scanner, "amount")?);
    leave_array(scanner)?;
    let count = whole(count.text).ok_or(DecodeError::malformed(count.offset, "count"))?;
    if count == 0 {
        return push_removed(place, side, Some(price), 0, sheet);
    }
    sheet.push(place, side, price, amount)?;
    Ok(())
}

/// `[id, price, ±amount]`; a price of 0 removes the order.
fn read_order<G: Grid>(scanner: &mut Scanner<'_>, place: u32, sheet: &mut Sheet<G>) -> Scan<()> {
    scanner.begin_array()?;
    let id = element(scanner, "id")?;
    let price = element(scanner, "price")?;
    let (side, amount) = signed(element(scanner, "amount")?);
    leave_array(scanner)?;
    let order_id = whole(id.text).ok_or(DecodeError::malformed(id.offset, "id"))?;
    let removed = price.text.iter().all(|byte| matches!(byte, b'0' | b'.'));
    if removed {
        return push_removed(place, side, None, order_id, sheet);
    }
    sheet.push(place, side, price, amount)?.order_id = order_id;
    Ok(())
}

/// A level or an order that is gone; the amount says its side only.
fn push_removed<G: Grid>(
    place: u32,
    side: i8,
    price: Option<Digits<'_>>,
    order_id: u64,
    sheet: &mut Sheet<G>,
) -> Scan<()> {
    let zero = |field| Digits {
        text: b"0",
        offset: 0,
        field,
    };
    let price = price.unwrap_or_else(|| zero("price"));
    let level: &mut Level = sheet.push(place, side, price, zero("amount"))?;
    level.order_id = order_id;
    Ok(())
}

/// `[id, time, ±amount, price]`.
fn trade<G: Grid>(payload: Raw<'_>, head: &Message, sheet: &mut Sheet<G>) -> Scan<()> {
    let begin = sheet.levels.len();
    let mut scanner = Scanner::within(payload);
    scanner.begin_array()?;
    element(&mut scanner, "id")?;
    let time = element(&mut scanner, "time")?;
    let (side, amount) = signed(element(&mut scanner, "amount")?);
    let price = element(&mut scanner, "price")?;
    let ts_event = whole(time.text).and_then(from_millis);
    let ts_event = ts_event.ok_or(DecodeError::malformed(time.offset, "time"))?;
    sheet.push(head.place, side, price, amount)?;
    let message = Message {
        kind: MessageKind::Trade,
        ts_event,
        ..*head
    };
    sheet.finish(begin, message);
    Ok(())
}

/// `[bid, bid size, ask, ask size, …]`.
fn quote<G: Grid>(payload: Raw<'_>, head: &Message, sheet: &mut Sheet<G>) -> Scan<()> {
    let begin = sheet.levels.len();
    let mut scanner = Scanner::within(payload);
    scanner.begin_array()?;
    for side in [1, -1] {
        let price = element(&mut scanner, "price")?;
        let qty = element(&mut scanner, "size")?;
        sheet.push(head.place, side, price, qty)?;
    }
    let kind = MessageKind::Quote;
    sheet.finish(begin, Message { kind, ..*head });
    Ok(())
}
