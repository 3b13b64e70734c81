//! The Exchange feed: `snapshot`, `l2update`, `match`, `ticker`.

use crate::coinbase::Frame;
use crate::error::{DecodeError, Malformed};
use crate::feed::grid::Grid;
use crate::feed::instant::optional_text;
use crate::feed::read::{digits, element, leave_array, pairs_of, side_of};
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, Suspect};
use crate::json::{Raw, Scanner};

pub(super) fn resolve<G: Grid>(
    frame: &Frame<'_>,
    context: &Context<'_>,
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let kind = frame.kind.text("type")?.unwrap_or_default();
    let (message, quotes) = match &*kind {
        b"snapshot" => (MessageKind::Snapshot, false),
        b"l2update" => (MessageKind::Change, false),
        b"match" => (MessageKind::Trade, false),
        b"ticker" if sheet.quotes => (MessageKind::Quote, true),
        other => {
            sheet.suspect = Suspect::None;
            sheet.skip(if other.is_empty() { b"control" } else { other });
            return Ok(());
        }
    };
    if quotes || message == MessageKind::Trade {
        sheet.suspect = Suspect::None;
    }
    let Some(place) = sheet.place(&frame.symbol.required_text("product_id")?) else {
        return Ok(());
    };
    let begin = sheet.levels.len();
    match message {
        MessageKind::Snapshot => {
            pairs_of(frame.bids.required("bids")?, place, 1, sheet)?;
            pairs_of(frame.asks.required("asks")?, place, -1, sheet)?;
        }
        MessageKind::Change => {
            let raw = frame.changes.required("changes")?;
            changes(raw, place, sheet).map_err(|error| error.in_whole(raw.end()))?;
        }
        MessageKind::Trade => {
            let maker = side_of(&frame.side.required_text("side")?);
            let maker = maker.ok_or_else(|| frame.side.malformed("side"))?;
            let (price, qty) = (digits(&frame.price, "price")?, digits(&frame.size, "size")?);
            sheet.push(place, -maker, price, qty)?;
        }
        _ => {
            for (side, price, qty) in [
                (1, &frame.best_bid, &frame.best_bid_size),
                (-1, &frame.best_ask, &frame.best_ask_size),
            ] {
                sheet.push(
                    place,
                    side,
                    digits(price, "best")?,
                    digits(qty, "best_size")?,
                )?;
            }
        }
    }
    let message = Message {
        ts_event: optional_text(&frame.time, "time")?,
        ..Message::new(message, place, context)
    };
    sheet.finish(begin, message);
    Ok(())
}

/// Reads `[["buy", "price", "size"], …]`.
fn changes<G: Grid>(raw: Raw<'_>, place: u32, sheet: &mut Sheet<G>) -> Result<(), DecodeError> {
    let mut scanner = Scanner::within(raw);
    scanner.begin_array()?;
    while scanner.next_element()? {
        scanner.begin_array()?;
        let side = element(&mut scanner, "side")?;
        let price = element(&mut scanner, "price")?;
        let qty = element(&mut scanner, "size")?;
        leave_array(&mut scanner)?;
        let side = side_of(side.text).ok_or(DecodeError::malformed(side.offset, "side"))?;
        sheet.push(place, side, price, qty)?;
    }
    Ok(())
}
