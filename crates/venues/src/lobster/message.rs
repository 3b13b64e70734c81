//! The message file: time, type, order id, size, price, direction.

use alloc::vec::Vec;

use crate::columns::{few_digits, leading_digits, BadLine, Columns, Place};
use crate::error::Malformed;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum LobsterKind {
    /// A new limit order.
    Add = 1,
    /// Part of an order was canceled.
    Cancel = 2,
    /// All that was left of an order was canceled.
    Delete = 3,
    /// A visible order was executed.
    Execute = 4,
    /// A hidden order was executed.
    Hidden = 5,
    /// The print of a cross.
    Cross = 6,
    /// Trading was halted, or quoting or trading went on: price -1, 0, 1.
    Halt = 7,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LobsterMessage {
    /// Nanoseconds after midnight in New York.
    pub ns: i64,
    /// The order, 0 where there is none.
    pub order_id: u64,
    /// Price in 1e-4.
    pub price: i64,
    /// Shares.
    pub qty: u32,
    /// What it says.
    pub kind: LobsterKind,
    /// Side of the resting order: +1 buy, -1 sell.
    pub side: i8,
}

/// A message file on its way in.
#[derive(Debug, Clone, Default)]
pub struct LobsterMessages {
    place: Place,
    messages: Vec<LobsterMessage>,
}

impl LobsterMessages {
    /// Takes bytes in; returns how many were used. What is left has to come again; `last` says
    /// that nothing follows.
    ///
    /// # Errors
    /// [`BadLine`] for a line that is no message, or a time that goes back.
    pub fn handle_input(&mut self, bytes: &[u8], last: bool) -> Result<usize, BadLine> {
        if self.messages.is_empty() {
            self.messages.reserve(bytes.len() / 40);
        }
        let mut at = 0;
        loop {
            at += self.handle_plain(bytes.get(at..).unwrap_or_default());
            let rest = bytes.get(at..).unwrap_or_default();
            let messages = &mut self.messages;
            let read = self.place.read_line(rest, last, |line| {
                let message = LobsterMessage::parse(line)?;
                if messages.last().is_some_and(|before| before.ns > message.ns) {
                    return Err(Malformed {
                        offset: 0,
                        field: "time",
                    });
                }
                messages.push(message);
                Ok(())
            })?;
            at += read;
            if read == 0 {
                return Ok(at);
            }
        }
    }

    /// Takes lines as long as they are written as the venue's own files are; returns their bytes.
    fn handle_plain(&mut self, bytes: &[u8]) -> usize {
        let (mut at, first) = (0, self.messages.len());
        let mut before = self.messages.last().map_or(0, |message| message.ns);
        while let Some((message, used)) = bytes.get(at..).and_then(LobsterMessage::parse_plain) {
            if message.ns < before {
                break;
            }
            before = message.ns;
            self.messages.push(message);
            at += used;
        }
        self.place.lines += (self.messages.len() - first) as u64;
        self.place.bytes += at as u64;
        at
    }

    /// All messages.
    #[must_use]
    pub fn into_messages(self) -> Vec<LobsterMessage> {
        self.messages
    }
}

impl LobsterMessage {
    /// Parses one line.
    ///
    /// # Errors
    /// [`Malformed`] with the column.
    #[inline]
    pub fn parse(line: &[u8]) -> Result<Self, Malformed> {
        let (ns, used) = parse_time(line)?;
        let rest = line.get(used..).unwrap_or_default();
        let later = |bad: Malformed| Malformed {
            offset: bad.offset + used,
            ..bad
        };
        Self::parse_rest(ns, rest).map_err(later)
    }

    /// A line that is written as the venue's own files are, and the bytes used with its end; `None`
    /// for any other, which is read column by column.
    #[inline]
    fn parse_plain(bytes: &[u8]) -> Option<(Self, usize)> {
        let (ns, at) = parse_plain_time(bytes)?;
        let kind = match *bytes.get(at..)? {
            [b'1', b',', ..] => LobsterKind::Add,
            [b'2', b',', ..] => LobsterKind::Cancel,
            [b'3', b',', ..] => LobsterKind::Delete,
            [b'4', b',', ..] => LobsterKind::Execute,
            [b'5', b',', ..] => LobsterKind::Hidden,
            _ => return None,
        };
        let rest = bytes.get(at + 2..)?;
        let (order_id, id_len) = few_digits(rest)?;
        let rest = rest.get(id_len + 1..)?;
        let (qty, qty_len) = few_digits(rest)?;
        let rest = rest.get(qty_len + 1..)?;
        let (price, price_len) = few_digits(rest)?;
        let (side, end) = match *rest.get(price_len + 1..)? {
            [b'1', b'\n', ..] => (1, 2),
            [b'-', b'1', b'\n', ..] => (-1, 3),
            _ => return None,
        };
        let message = Self {
            ns,
            order_id: order_id as u64,
            price,
            qty: u32::try_from(qty).ok()?,
            kind,
            side,
        };
        let good = qty > 0 && price > 0;
        good.then_some((message, at + 2 + id_len + qty_len + price_len + 3 + end))
    }

    #[inline]
    fn parse_rest(ns: i64, rest: &[u8]) -> Result<Self, Malformed> {
        let mut columns = Columns::new(rest);
        let kind = match columns.integer("type")? {
            1 => LobsterKind::Add,
            2 => LobsterKind::Cancel,
            3 => LobsterKind::Delete,
            4 => LobsterKind::Execute,
            5 => LobsterKind::Hidden,
            6 => LobsterKind::Cross,
            7 => LobsterKind::Halt,
            _ => {
                return Err(Malformed {
                    offset: 0,
                    field: "type",
                })
            }
        };
        let order_id = columns.integer("order id")?;
        let at = columns.at();
        let qty = columns.integer("size")?;
        let price = columns.integer("price")?;
        let side = columns.integer("direction")?;
        columns.finish()?;
        let order_id = u64::try_from(order_id).unwrap_or(0);
        let qty = u32::try_from(qty).map_err(|_| Malformed {
            offset: at,
            field: "size",
        })?;
        if kind != LobsterKind::Halt && (qty == 0 || price <= 0) {
            let field = if qty == 0 { "size" } else { "price" };
            return Err(Malformed { offset: at, field });
        }
        let side = match side {
            1 => 1,
            -1 => -1,
            _ => {
                return Err(Malformed {
                    offset: at,
                    field: "direction",
                })
            }
        };
        Ok(Self {
            ns,
            order_id,
            price,
            qty,
            kind,
            side,
        })
    }

    /// By how much the quantity of its level changes.
    #[inline]
    #[must_use]
    pub const fn change(&self) -> i64 {
        match self.kind {
            LobsterKind::Add => self.qty as i64,
            LobsterKind::Cancel | LobsterKind::Delete | LobsterKind::Execute => -(self.qty as i64),
            LobsterKind::Hidden | LobsterKind::Cross | LobsterKind::Halt => 0,
        }
    }

    /// Whether it speaks about an order that rests already.
    #[inline]
    #[must_use]
    pub const fn is_about_resting(&self) -> bool {
        self.change() < 0
    }
}

/// [`parse_time`] of up to seven digits, a point, and one to nine digits.
#[inline]
fn parse_plain_time(line: &[u8]) -> Option<(i64, usize)> {
    const TENS: [i64; 8] = [
        0,
        100_000_000,
        10_000_000,
        1_000_000,
        100_000,
        10_000,
        1_000,
        100,
    ];
    let (seconds, whole) = leading_digits(line)?;
    let part = line.get(whole + 1..)?;
    let (digits, count) = leading_digits(part)?;
    let next = part.get(count)?.wrapping_sub(b'0');
    let (nanos, count) = match count {
        8 if next <= 9 => (digits * 10 + i64::from(next), 9),
        8 => (digits * 10, 8),
        _ => (digits * TENS[count & 7], count),
    };
    let framed = line.get(whole) == Some(&b'.') && part.get(count) == Some(&b',');
    let ns = seconds * 1_000_000_000 + nanos;
    let good = framed && (1..8).contains(&whole) && count > 0 && ns <= 86_400_000_000_000;
    good.then_some((ns, whole + count + 2))
}

/// Seconds with decimals to nanoseconds, the tenth decimal rounds; and the bytes used with the
/// comma.
#[inline]
fn parse_time(line: &[u8]) -> Result<(i64, usize), Malformed> {
    const BAD: Malformed = Malformed {
        offset: 0,
        field: "time",
    };
    let (mut ns, mut places, mut behind, mut up) = (0i64, 0u32, false, 0i64);
    for (at, &byte) in line.iter().enumerate() {
        match byte {
            b'0'..=b'9' if places < 9 => {
                ns = ns * 10 + i64::from(byte - b'0');
                places += u32::from(behind);
                if ns > 100_000_000_000_000 {
                    return Err(BAD); // more than a day
                }
            }
            b'0'..=b'9' => {
                up = if places == 9 {
                    i64::from(byte >= b'5')
                } else {
                    up
                };
                places += 1;
            }
            b'.' if !behind && at > 0 => behind = true,
            b',' if at > 0 => {
                let ns = ns.checked_mul(10i64.pow(9 - places.min(9))).ok_or(BAD)? + up;
                return if ns <= 86_400_000_000_000 {
                    Ok((ns, at + 1))
                } else {
                    Err(BAD)
                };
            }
            _ => break,
        }
    }
    Err(BAD)
}
