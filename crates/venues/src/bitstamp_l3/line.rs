//! One line: `id,timestamp,exchange.timestamp,price,volume,action,direction`, or
//! `<ms> <kind> <json>`.

use crate::columns::{parse_places, Columns};
use crate::error::{DecodeError, Malformed};
use crate::json::{Scalar, Scanner};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A table with a line of names, volumes in 1e-8.
    Table,
    /// A log of messages, decimals as text.
    Log,
}

/// The line of names of a table.
pub const HEADER: &[u8] = b"id,timestamp,exchange.timestamp,price,volume,action,direction";

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// It has another quantity or price.
    Changed,
    /// It is gone; with a quantity it was canceled, without it was filled.
    Deleted,
}

/// A change of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When it was received, ns UTC.
    pub ts_recv: i64,
    /// The venue's id; a younger order has a greater one.
    pub order_id: u64,
    /// Price in 1e-8.
    pub price: i64,
    /// What is left, in 1e-8.
    pub qty: i64,
    /// What happened.
    pub kind: ChangeKind,
    /// +1 bid, -1 ask.
    pub side: i8,
}

impl Form {
    /// Recognises a file by its first line.
    #[must_use]
    pub fn recognise(line: &[u8]) -> Option<Self> {
        if line == HEADER {
            return Some(Self::Table);
        }
        let kinds: [&[u8]; 4] = [
            b"order_created",
            b"order_changed",
            b"order_deleted",
            b"order_book",
        ];
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let stamp = words.next()?;
        let kind = words.next()?;
        let json = words.next()?;
        let told = kinds.contains(&kind) || kind == b"trade";
        let right = !stamp.is_empty() && stamp.iter().all(u8::is_ascii_digit);
        (told && right && json.starts_with(b"{")).then_some(Self::Log)
    }

    /// Parses one line; `None` for a message that changes no order.
    ///
    /// # Errors
    /// [`Malformed`] with the column or member.
    pub fn parse(self, line: &[u8]) -> Result<Option<Change>, Malformed> {
        match self {
            Self::Table => parse_row(line).map(Some),
            Self::Log => parse_message(line),
        }
    }
}

fn milliseconds(ms: i64) -> Option<i64> {
    ms.checked_mul(1_000_000)
}

fn parse_row(line: &[u8]) -> Result<Change, Malformed> {
    let mut columns = Columns::new(line);
    let order_id = columns.integer("id")?;
    let ms = columns.integer("timestamp")?;
    columns.integer("exchange.timestamp")?;
    let at = columns.at();
    let bad = |field| Malformed { offset: at, field };
    let price = parse_places(columns.text("price")?, 8).ok_or(bad("price"))?;
    let qty = columns.integer("volume")?;
    let kind = match columns.text("action")? {
        b"created" => ChangeKind::Created,
        b"changed" => ChangeKind::Changed,
        b"deleted" => ChangeKind::Deleted,
        _ => return Err(bad("action")),
    };
    let side = match columns.text("direction")? {
        b"bid" => 1,
        b"ask" => -1,
        _ => return Err(bad("direction")),
    };
    columns.finish()?;
    let ts_recv = milliseconds(ms).ok_or(bad("timestamp"))?;
    let order_id = u64::try_from(order_id).map_err(|_| bad("id"))?;
    checked(
        Change {
            ts_recv,
            order_id,
            price,
            qty,
            kind,
            side,
        },
        at,
    )
}

fn checked(change: Change, at: usize) -> Result<Change, Malformed> {
    let empty = change.qty == 0 && change.kind == ChangeKind::Created;
    if change.qty < 0 || empty {
        return Err(Malformed {
            offset: at,
            field: "volume",
        });
    }
    if change.price < 0 {
        return Err(Malformed {
            offset: at,
            field: "price",
        });
    }
    Ok(change)
}

fn parse_message(line: &[u8]) -> Result<Option<Change>, Malformed> {
    let bad = |offset, field| Malformed { offset, field };
    let space = line
        .iter()
        .position(|byte| *byte == b' ')
        .ok_or(bad(0, "time"))?;
    let stamp = line.get(..space).unwrap_or_default();
    let ms = parse_places(stamp, 0)
        .filter(|ms| *ms >= 0)
        .ok_or(bad(0, "time"))?;
    let rest = line.get(space + 1..).unwrap_or_default();
    let end = rest
        .iter()
        .position(|byte| *byte == b' ')
        .ok_or(bad(space + 1, "kind"))?;
    let kind = match rest.get(..end).unwrap_or_default() {
        b"order_created" => ChangeKind::Created,
        b"order_changed" => ChangeKind::Changed,
        b"order_deleted" => ChangeKind::Deleted,
        b"trade" | b"order_book" => return Ok(None),
        _ => return Err(bad(space + 1, "kind")),
    };
    let at = space + 1 + end + 1;
    let json = line.get(at..).unwrap_or_default();
    let members = Members::scan(json).map_err(|error| {
        let malformed = error.in_whole(json.len());
        bad(at + malformed.offset, malformed.field)
    })?;
    let change = Change {
        ts_recv: milliseconds(ms).ok_or(bad(0, "time"))?,
        order_id: members.order_id.ok_or(bad(at, "id"))?,
        price: members.price.ok_or(bad(at, "price"))?,
        qty: members.qty.ok_or(bad(at, "amount"))?,
        kind,
        side: members.side.ok_or(bad(at, "order_type"))?,
    };
    checked(change, at).map(Some)
}

#[derive(Default)]
struct Members {
    order_id: Option<u64>,
    price: Option<i64>,
    qty: Option<i64>,
    side: Option<i8>,
}

impl Members {
    fn scan(json: &[u8]) -> Result<Self, DecodeError> {
        let mut members = Self::default();
        let mut scanner = Scanner::new(json);
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            if !matches!(name, b"id" | b"price" | b"amount" | b"order_type") {
                scanner.skip()?;
                continue;
            }
            let digits: &[u8] = match scanner.scalar()? {
                Scalar::Number(digits) => digits,
                Scalar::Text(text) => text.plain().unwrap_or_default(),
                _ => &[],
            };
            match name {
                b"id" => {
                    members.order_id =
                        parse_places(digits, 0).and_then(|id| u64::try_from(id).ok());
                }
                b"price" => members.price = parse_places(digits, 8),
                b"amount" => members.qty = parse_places(digits, 8),
                _ => {
                    members.side = match digits {
                        b"0" => Some(1),
                        b"1" => Some(-1),
                        _ => None,
                    };
                }
            }
        }
        scanner.finish()?;
        Ok(members)
    }
}
