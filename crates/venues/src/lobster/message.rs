//! The message file: time, type, order id, size, price, direction.

use alloc::vec::Vec;

use crate::columns::{BadLine, Columns, Place};
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
        let messages = &mut self.messages;
        self.place.read_lines(bytes, last, |line| {
            let message = LobsterMessage::parse(line)?;
            if messages.last().is_some_and(|before| before.ns > message.ns) {
                return Err(Malformed {
                    offset: 0,
                    field: "time",
                });
            }
            messages.push(message);
            Ok(())
        })
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
