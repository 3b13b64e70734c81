//! The short way: messages in the very form in which the venue writes them.
//!
//! Anything else, a space or a member in another place, says `None`, and [`Members`] reads the
//! message from its start. Both ways say the same: `tests/short_way.rs`.
//!
//! [`Members`]: super::members::Members

use crate::feed::cursor::Cursor;
use crate::feed::grid::Grid;
use crate::feed::instant::from_millis;
use crate::feed::number::Units;
use crate::feed::read::pairs_inside;
use crate::feed::sheet::{Context, Level, Message, MessageKind, Sheet, Suspect};
use crate::json::Scanner;

/// Reads a message; `None` when its form is another, and the sheet is to be rolled back.
#[inline]
pub(super) fn read<G: Grid>(
    context: &Context<'_>,
    bytes: &[u8],
    sheet: &mut Sheet<G>,
) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    let wrapped = cursor.maybe(b"{\"stream\":\"");
    if wrapped {
        let stream = cursor.word()?;
        if stream.ends_with(b"@bookTicker") && !sheet.quotes {
            sheet.suspect = Suspect::None;
            sheet.quotes_skipped += 1;
            return Some(());
        }
        let depth = stream.iter().position(|&byte| byte == b'@')?;
        if stream.get(depth..)?.starts_with(b"@depth")
            && stream
                .get(depth + 6..)?
                .first()
                .is_some_and(u8::is_ascii_digit)
        {
            return None;
        }
        cursor.literal(b",\"data\":")?;
    }
    let message = if cursor.maybe(b"{\"e\":\"depthUpdate\",\"E\":") {
        read_depth(context, bytes, &mut cursor, sheet)?
    } else if cursor.maybe(b"{\"e\":\"trade\",\"E\":") {
        read_trade(context, &mut cursor, sheet)?
    } else {
        read_quote(context, &mut cursor, sheet)?
    };
    cursor.literal(b"}")?;
    if wrapped {
        cursor.literal(b"}")?;
    }
    cursor.end()?;
    if let Some((begin, message)) = message {
        sheet.finish(begin, message);
    }
    Some(())
}

/// Where the levels begin, and the message.
type Read = Option<Option<(usize, Message)>>;

#[inline]
fn read_depth<G: Grid>(
    context: &Context<'_>,
    bytes: &[u8],
    cursor: &mut Cursor<'_>,
    sheet: &mut Sheet<G>,
) -> Read {
    let sent = cursor.whole()?;
    let happened = match cursor.maybe(b",\"T\":") {
        true => cursor.whole()?,
        false => sent,
    };
    cursor.literal(b",\"s\":\"")?;
    let place = sheet.place(cursor.word()?)?;
    cursor.literal(b",\"U\":")?;
    let first_id = cursor.whole()?;
    cursor.literal(b",\"u\":")?;
    let last_id = cursor.whole()?;
    let previous_id = match cursor.maybe(b",\"pu\":") {
        true => Some(cursor.whole()?),
        false => None,
    };
    if last_id < first_id {
        return None;
    }
    let begin = sheet.levels.len();
    cursor.literal(b",\"b\":[")?;
    read_levels(bytes, cursor, place, 1, sheet)?;
    cursor.literal(b",\"a\":[")?;
    read_levels(bytes, cursor, place, -1, sheet)?;
    let message = Message {
        ts_event: from_millis(happened)?,
        first_id,
        last_id,
        previous_id,
        ..Message::new(MessageKind::Change, place, context)
    };
    Some(Some((begin, message)))
}

#[inline]
fn read_levels<G: Grid>(
    bytes: &[u8],
    cursor: &mut Cursor<'_>,
    place: u32,
    side: i8,
    sheet: &mut Sheet<G>,
) -> Option<()> {
    let mut scanner = Scanner::within_array(bytes, cursor.at());
    pairs_inside(&mut scanner, place, side, sheet).ok()?;
    cursor.move_to(scanner.at());
    Some(())
}

#[inline]
fn read_trade<G: Grid>(
    context: &Context<'_>,
    cursor: &mut Cursor<'_>,
    sheet: &mut Sheet<G>,
) -> Read {
    cursor.whole()?;
    let mut happened = None;
    if cursor.maybe(b",\"T\":") {
        happened = Some(cursor.whole()?);
    }
    cursor.literal(b",\"s\":\"")?;
    sheet.suspect = Suspect::None;
    let place = sheet.place(cursor.word()?)?;
    cursor.literal(b",\"t\":")?;
    cursor.whole()?;
    let scales = sheet.grid.scales(place)?;
    cursor.literal(b",\"p\":\"")?;
    let price = cursor.units(scales[0])?;
    cursor.literal(b"\",\"q\":\"")?;
    let qty = cursor.units(scales[1])?;
    cursor.literal(b"\"")?;
    if happened.is_none() {
        cursor.literal(b",\"T\":")?;
        happened = Some(cursor.whole()?);
    } else if cursor.maybe(b",\"X\":\"") {
        cursor.word()?;
    }
    cursor.literal(b",\"m\":")?;
    let maker = cursor.flag()?;
    if cursor.maybe(b",\"M\":") {
        cursor.flag()?;
    }
    if price.count == 0 || qty.count == 0 {
        return None;
    }
    let begin = sheet.levels.len();
    push(sheet, place, if maker { -1 } else { 1 }, price, qty);
    let message = Message {
        ts_event: from_millis(happened?)?,
        ..Message::new(MessageKind::Trade, place, context)
    };
    Some(Some((begin, message)))
}

#[inline]
fn read_quote<G: Grid>(
    context: &Context<'_>,
    cursor: &mut Cursor<'_>,
    sheet: &mut Sheet<G>,
) -> Read {
    let futures = cursor.maybe(b"{\"e\":\"bookTicker\",\"u\":");
    if !futures {
        cursor.literal(b"{\"u\":")?;
    }
    if !sheet.quotes {
        return None;
    }
    sheet.suspect = Suspect::None;
    cursor.whole()?;
    cursor.literal(b",\"s\":\"")?;
    let place = sheet.place(cursor.word()?)?;
    let scales = sheet.grid.scales(place)?;
    cursor.literal(b",\"b\":\"")?;
    let bid = cursor.units(scales[0])?;
    cursor.literal(b"\",\"B\":\"")?;
    let bid_qty = cursor.units(scales[1])?;
    cursor.literal(b"\",\"a\":\"")?;
    let ask = cursor.units(scales[0])?;
    cursor.literal(b"\",\"A\":\"")?;
    let ask_qty = cursor.units(scales[1])?;
    cursor.literal(b"\"")?;
    let mut message = Message::new(MessageKind::Quote, place, context);
    if futures {
        cursor.literal(b",\"T\":")?;
        message.ts_event = from_millis(cursor.whole()?)?;
        cursor.literal(b",\"E\":")?;
        cursor.whole()?;
    }
    let begin = sheet.levels.len();
    push(sheet, place, 1, bid, bid_qty);
    push(sheet, place, -1, ask, ask_qty);
    Some(Some((begin, message)))
}

#[inline]
fn push<G: Grid>(sheet: &mut Sheet<G>, place: u32, side: i8, price: Units, qty: Units) {
    sheet.grid.note(place, [price.decimals, qty.decimals]);
    sheet.levels.push(Level {
        price: price.count,
        qty: qty.count,
        order_id: 0,
        side,
        price_decimals: price.decimals,
        qty_decimals: qty.decimals,
    });
}
