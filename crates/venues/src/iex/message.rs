//! One message of DEEP or DEEP+.

use crate::error::DecodeError;
use crate::wire::{exactly, le32, le64, le64i, text};

/// A symbol, filled up with spaces on the right.
pub type Symbol = [u8; 8];

/// What most messages say: when, and about which symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Time at the venue, ns UTC.
    pub ts: i64,
    /// Symbol.
    pub symbol: Symbol,
}

/// A message. Letters of codes are kept as they are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of a variant are those of the specification, in its order
#[rustfmt::skip]
pub enum IexMessage {
    /// `S`: start and end of messages, system hours, market hours.
    SystemEvent { event: u8, ts: i64 },
    /// `D`: what is known of a security.
    Directory { about: About, flags: u8, round_lot: u32, reference: i64, tier: u8 },
    /// `H`: trading status (H halted, O order acceptance, P paused, T trading).
    TradingStatus { about: About, status: u8, reason: [u8; 4] },
    /// `I`: retail liquidity.
    RetailLiquidity { about: About, indicator: u8 },
    /// `O`: operational halt (O halted, N not).
    OperationalHalt { about: About, status: u8 },
    /// `P`: short sale price test.
    ShortSale { about: About, status: u8, detail: u8 },
    /// `E`: opening or closing process complete.
    SecurityEvent { about: About, event: u8 },
    /// `8` and `5`: the quantity of a price level, 0 removes it; a flag ends the transaction.
    PriceLevel { about: About, side: i8, complete: bool, qty: u32, price: i64 },
    /// `T`: an execution; in DEEP+ one against orders that were not displayed.
    Trade { about: About, flags: u8, qty: u32, price: i64, trade_id: i64 },
    /// `B`: an execution was broken.
    TradeBreak { about: About, flags: u8, qty: u32, price: i64, trade_id: i64 },
    /// `X`: official opening or closing price.
    OfficialPrice { about: About, kind: u8, price: i64 },
    /// `A`: state of an auction.
    Auction { about: About, kind: u8 },
    /// `a`: a new order.
    AddOrder { about: About, side: i8, order_id: u64, qty: u32, price: i64 },
    /// `M`: an order has another quantity or price; it keeps its place when `keeps` says so.
    Modify { about: About, keeps: bool, order_id: u64, qty: u32, price: i64 },
    /// `R`: an order is gone.
    Delete { about: About, order_id: u64 },
    /// `L`: an order was executed.
    Executed { about: About, flags: u8, order_id: u64, qty: u32, price: i64, trade_id: i64 },
    /// `C`: all orders of a symbol are gone.
    ClearBook { about: About },
}

#[inline]
const fn about<const N: usize>(m: &[u8; N]) -> About {
    About {
        ts: le64i(m, 2),
        symbol: text(m, 10),
    }
}

impl IexMessage {
    /// Decodes one message, whole and without its length.
    ///
    /// # Errors
    /// `Malformed`: `message type` for an unknown letter, `length` for a wrong length.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.first().copied().unwrap_or_default() {
            b'8' | b'5' | b'T' | b'B' => Self::decode_level(bytes),
            b'a' | b'M' | b'R' | b'L' | b'C' => Self::decode_order(bytes),
            b'D' | b'X' | b'A' => Self::decode_reference(bytes),
            _ => Self::decode_state(bytes),
        }
    }

    fn decode_level(bytes: &[u8]) -> Result<Self, DecodeError> {
        let kind = bytes.first().copied().unwrap_or_default();
        Ok(match kind {
            b'8' | b'5' => {
                let m = exactly::<30>(bytes)?;
                Self::PriceLevel {
                    about: about(m),
                    side: side_of(kind)?,
                    complete: m[1] & 1 != 0,
                    qty: le32(m, 18),
                    price: le64i(m, 22),
                }
            }
            _ => {
                let m = exactly::<38>(bytes)?;
                let (about, flags) = (about(m), m[1]);
                let (qty, price, trade_id) = (le32(m, 18), le64i(m, 22), le64i(m, 30));
                if kind == b'T' {
                    Self::Trade {
                        about,
                        flags,
                        qty,
                        price,
                        trade_id,
                    }
                } else {
                    Self::TradeBreak {
                        about,
                        flags,
                        qty,
                        price,
                        trade_id,
                    }
                }
            }
        })
    }

    fn decode_order(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match bytes.first().copied().unwrap_or_default() {
            b'a' => {
                let m = exactly::<38>(bytes)?;
                Self::AddOrder {
                    about: about(m),
                    side: side_of(m[1])?,
                    order_id: le64(m, 18),
                    qty: le32(m, 26),
                    price: le64i(m, 30),
                }
            }
            b'M' => {
                let m = exactly::<38>(bytes)?;
                Self::Modify {
                    about: about(m),
                    keeps: m[1] & 1 != 0,
                    order_id: le64(m, 18),
                    qty: le32(m, 26),
                    price: le64i(m, 30),
                }
            }
            b'R' => {
                let m = exactly::<26>(bytes)?;
                Self::Delete {
                    about: about(m),
                    order_id: le64(m, 18),
                }
            }
            b'L' => {
                let m = exactly::<46>(bytes)?;
                Self::Executed {
                    about: about(m),
                    flags: m[1],
                    order_id: le64(m, 18),
                    qty: le32(m, 26),
                    price: le64i(m, 30),
                    trade_id: le64i(m, 38),
                }
            }
            _ => Self::ClearBook {
                about: about(exactly::<18>(bytes)?),
            },
        })
    }

    fn decode_reference(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match bytes.first().copied().unwrap_or_default() {
            b'D' => {
                let m = exactly::<31>(bytes)?;
                Self::Directory {
                    about: about(m),
                    flags: m[1],
                    round_lot: le32(m, 18),
                    reference: le64i(m, 22),
                    tier: m[30],
                }
            }
            b'X' => {
                let m = exactly::<26>(bytes)?;
                Self::OfficialPrice {
                    about: about(m),
                    kind: m[1],
                    price: le64i(m, 18),
                }
            }
            _ => {
                let m = exactly::<80>(bytes)?;
                Self::Auction {
                    about: about(m),
                    kind: m[1],
                }
            }
        })
    }

    fn decode_state(bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match bytes.first().copied().unwrap_or_default() {
            b'S' => {
                let m = exactly::<10>(bytes)?;
                Self::SystemEvent {
                    event: m[1],
                    ts: le64i(m, 2),
                }
            }
            b'H' => {
                let m = exactly::<22>(bytes)?;
                Self::TradingStatus {
                    about: about(m),
                    status: m[1],
                    reason: text(m, 18),
                }
            }
            b'I' => {
                let m = exactly::<18>(bytes)?;
                Self::RetailLiquidity {
                    about: about(m),
                    indicator: m[1],
                }
            }
            b'O' => {
                let m = exactly::<18>(bytes)?;
                Self::OperationalHalt {
                    about: about(m),
                    status: m[1],
                }
            }
            b'P' => {
                let m = exactly::<19>(bytes)?;
                Self::ShortSale {
                    about: about(m),
                    status: m[1],
                    detail: m[18],
                }
            }
            b'E' => {
                let m = exactly::<18>(bytes)?;
                Self::SecurityEvent {
                    about: about(m),
                    event: m[1],
                }
            }
            _ => return Err(DecodeError::malformed(0, "message type")),
        })
    }
}

const fn side_of(letter: u8) -> Result<i8, DecodeError> {
    match letter {
        b'8' => Ok(1),
        b'5' => Ok(-1),
        _ => Err(DecodeError::malformed(1, "side")),
    }
}
