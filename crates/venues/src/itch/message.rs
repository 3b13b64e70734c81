//! One ITCH message: its bytes to a value, every type of the specification.

use crate::error::DecodeError;
use crate::wire::{be16, be32, be48, be64, exactly, text};

/// A price with four decimals, as on the wire.
pub type Price4 = u32;
/// A symbol, filled up with spaces on the right.
pub type Stock = [u8; 8];

/// What every message starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The day's number of the security; 0 where the message is about none.
    pub locate: u16,
    /// Nasdaq's own tracking number.
    pub tracking: u16,
    /// Nanoseconds since midnight in New York.
    pub ns: u64,
}

/// A message. Letters of codes are kept as they are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of a variant are those of the specification, in its order
#[rustfmt::skip]
pub enum Message {
    /// `S`: start and end of messages, system hours, market hours (O S Q M E C).
    SystemEvent { stamp: Stamp, event: u8 },
    /// `R`: what is known of a security.
    StockDirectory { stamp: Stamp, directory: Directory },
    /// `H`: trading state of a security (H halted, P paused, Q quotation only, T trading).
    TradingAction { stamp: Stamp, stock: Stock, state: u8, reason: [u8; 4] },
    /// `Y`: short sale price test (0 none, 1 in effect, 2 remains).
    RegSho { stamp: Stamp, stock: Stock, action: u8 },
    /// `L`: a market maker's position.
    ParticipantPosition { stamp: Stamp, mpid: [u8; 4], stock: Stock, primary: u8, mode: u8,
        state: u8 },
    /// `V`: market-wide circuit breaker levels, prices with eight decimals.
    BreakerLevels { stamp: Stamp, levels: [u64; 3] },
    /// `W`: a market-wide circuit breaker was breached (1 to 3).
    BreakerStatus { stamp: Stamp, level: u8 },
    /// `K`: quotation release of an IPO; seconds since midnight.
    IpoRelease { stamp: Stamp, stock: Stock, release_s: u32, qualifier: u8, price: Price4 },
    /// `J`: auction collar of a limit-up limit-down pause.
    AuctionCollar { stamp: Stamp, stock: Stock, reference: Price4, upper: Price4,
        lower: Price4, extension: u32 },
    /// `h`: operational halt at one of Nasdaq's markets (H halted, T resumed).
    OperationalHalt { stamp: Stamp, stock: Stock, market: u8, action: u8 },
    /// `A` and `F`: a new order; `F` names the participant.
    AddOrder { stamp: Stamp, order_id: u64, side: u8, qty: u32, stock: Stock, price: Price4,
        mpid: Option<[u8; 4]> },
    /// `E`: an order was executed at its own price.
    Executed { stamp: Stamp, order_id: u64, qty: u32, match_number: u64 },
    /// `C`: an order was executed at another price; not printable when it is part of a cross.
    ExecutedWithPrice { stamp: Stamp, order_id: u64, qty: u32, match_number: u64,
        printable: u8, price: Price4 },
    /// `X`: part of an order was canceled.
    Canceled { stamp: Stamp, order_id: u64, qty: u32 },
    /// `D`: an order is gone.
    Deleted { stamp: Stamp, order_id: u64 },
    /// `U`: an order was replaced by one of the same side and stock, at the end of the queue.
    Replaced { stamp: Stamp, order_id: u64, new_id: u64, qty: u32, price: Price4 },
    /// `P`: an execution against an order that was not displayed.
    Trade { stamp: Stamp, order_id: u64, side: u8, qty: u32, stock: Stock, price: Price4,
        match_number: u64 },
    /// `Q`: the bulk print of a cross (O opening, C closing, H halt or IPO, I intraday).
    CrossTrade { stamp: Stamp, qty: u64, stock: Stock, price: Price4, match_number: u64,
        cross: u8 },
    /// `B`: an execution was broken.
    BrokenTrade { stamp: Stamp, match_number: u64 },
    /// `I`: net order imbalance before a cross.
    Imbalance { stamp: Stamp, imbalance: NetImbalance },
    /// `N`: retail interest on a side (B, S, A both, N none).
    RetailInterest { stamp: Stamp, stock: Stock, interest: u8 },
    /// `O`: a direct listing with capital raise: price range and near execution price.
    DirectListing { stamp: Stamp, listing: DirectListing },
}

/// The body of a stock directory message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub struct Directory {
    /// Symbol.
    pub stock: Stock,
    /// Listing market.
    pub market: u8,
    /// Financial status.
    pub status: u8,
    /// Shares of a round lot.
    pub round_lot: u32,
    /// Whether only round lots are taken.
    pub round_lots_only: u8,
    /// Issue classification.
    pub class: u8,
    /// Issue subtype.
    pub subtype: [u8; 2],
    /// P production, T test.
    pub authenticity: u8,
    /// Short sale threshold.
    pub short_sale_threshold: u8,
    /// IPO flag.
    pub ipo: u8,
    /// Tier of limit-up limit-down.
    pub tier: u8,
    /// Exchange-traded product.
    pub etp: u8,
    /// Leverage of an exchange-traded product.
    pub leverage: u32,
    /// Inverse product.
    pub inverse: u8,
}

/// The body of an imbalance message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetImbalance {
    /// Shares that pair at the reference price.
    pub paired: u64,
    /// Shares that do not.
    pub imbalance: u64,
    /// B, S, N none, O too few orders, P paused.
    pub direction: u8,
    /// Symbol.
    pub stock: Stock,
    /// Far indicative price.
    pub far: Price4,
    /// Near indicative price.
    pub near: Price4,
    /// Current reference price.
    pub reference: Price4,
    /// Type of the cross.
    pub cross: u8,
    /// Deviation of the near price from the nearest current reference.
    pub variation: u8,
}

/// The body of a direct listing message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectListing {
    /// Symbol.
    pub stock: Stock,
    /// Whether it may open (Y, N).
    pub open_eligible: u8,
    /// Lowest allowed price.
    pub lowest: Price4,
    /// Highest allowed price.
    pub highest: Price4,
    /// Near execution price.
    pub near: Price4,
    /// When the near execution price was set, nanoseconds since midnight.
    pub near_ns: u64,
    /// Lower collar.
    pub lower: Price4,
    /// Upper collar.
    pub upper: Price4,
}

#[inline]
const fn stamp<const N: usize>(m: &[u8; N]) -> Stamp {
    Stamp {
        locate: be16(m, 1),
        tracking: be16(m, 3),
        ns: be48(m, 5),
    }
}

/// Length of a message of this type, or `None` for a letter that is no type.
#[inline]
#[must_use]
pub const fn length_of(kind: u8) -> Option<usize> {
    Some(match kind {
        b'S' | b'W' => 12,
        b'R' => 39,
        b'H' => 25,
        b'Y' | b'N' => 20,
        b'L' => 26,
        b'V' | b'J' | b'U' => 35,
        b'K' => 28,
        b'h' => 21,
        b'A' | b'C' => 36,
        b'F' | b'Q' => 40,
        b'E' => 31,
        b'X' => 23,
        b'D' | b'B' => 19,
        b'P' => 44,
        b'I' => 50,
        b'O' => 48,
        _ => return None,
    })
}

/// What `A` and `F` say of a new order.
pub(super) struct Added {
    pub(super) stamp: Stamp,
    pub(super) order_id: u64,
    pub(super) side: u8,
    pub(super) qty: u32,
    pub(super) stock: Stock,
    pub(super) price: Price4,
}

#[inline(always)]
pub(super) const fn added<const N: usize>(m: &[u8; N]) -> Added {
    Added {
        stamp: stamp(m),
        order_id: be64(m, 11),
        side: m[19],
        qty: be32(m, 20),
        stock: text(m, 24),
        price: be32(m, 32),
    }
}

#[inline(always)]
pub(super) const fn named<const N: usize>(m: &[u8; N]) -> (Stamp, u64) {
    (stamp(m), be64(m, 11))
}

/// The order that a message takes from, and how much.
#[inline(always)]
pub(super) const fn taken<const N: usize>(m: &[u8; N]) -> (Stamp, (u64, u32)) {
    (stamp(m), (be64(m, 11), be32(m, 19)))
}

impl Message {
    /// Decodes one message, whole and without its frame.
    ///
    /// # Errors
    /// `Malformed`: `message type` for an unknown letter, `length` for a wrong length.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let kind = *bytes
            .first()
            .ok_or(DecodeError::malformed(0, "message type"))?;
        match kind {
            b'A' | b'F' | b'E' | b'C' | b'X' | b'D' | b'U' => Self::decode_order(kind, bytes),
            b'P' | b'Q' | b'B' | b'I' | b'N' | b'O' => Self::decode_print(kind, bytes),
            _ => Self::decode_state(kind, bytes),
        }
    }

    #[inline]
    fn decode_order(kind: u8, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            b'A' => Self::add(exactly::<36>(bytes)?, None),
            b'F' => {
                let m = exactly::<40>(bytes)?;
                Self::add(m, Some(text(m, 36)))
            }
            b'E' => {
                let m = exactly::<31>(bytes)?;
                let (stamp, (order_id, qty)) = taken(m);
                Self::Executed {
                    stamp,
                    order_id,
                    qty,
                    match_number: be64(m, 23),
                }
            }
            b'C' => {
                let m = exactly::<36>(bytes)?;
                Self::ExecutedWithPrice {
                    stamp: stamp(m),
                    order_id: be64(m, 11),
                    qty: be32(m, 19),
                    match_number: be64(m, 23),
                    printable: m[31],
                    price: be32(m, 32),
                }
            }
            b'X' => {
                let (stamp, (order_id, qty)) = taken(exactly::<23>(bytes)?);
                Self::Canceled {
                    stamp,
                    order_id,
                    qty,
                }
            }
            b'D' => {
                let (stamp, order_id) = named(exactly::<19>(bytes)?);
                Self::Deleted { stamp, order_id }
            }
            _ => {
                let m = exactly::<35>(bytes)?;
                Self::Replaced {
                    stamp: stamp(m),
                    order_id: be64(m, 11),
                    new_id: be64(m, 19),
                    qty: be32(m, 27),
                    price: be32(m, 31),
                }
            }
        })
    }

    #[inline]
    const fn add<const N: usize>(m: &[u8; N], mpid: Option<[u8; 4]>) -> Self {
        let new = added(m);
        Self::AddOrder {
            stamp: new.stamp,
            order_id: new.order_id,
            side: new.side,
            qty: new.qty,
            stock: new.stock,
            price: new.price,
            mpid,
        }
    }

    fn decode_print(kind: u8, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            b'P' => {
                let m = exactly::<44>(bytes)?;
                Self::Trade {
                    stamp: stamp(m),
                    order_id: be64(m, 11),
                    side: m[19],
                    qty: be32(m, 20),
                    stock: text(m, 24),
                    price: be32(m, 32),
                    match_number: be64(m, 36),
                }
            }
            b'Q' => {
                let m = exactly::<40>(bytes)?;
                Self::CrossTrade {
                    stamp: stamp(m),
                    qty: be64(m, 11),
                    stock: text(m, 19),
                    price: be32(m, 27),
                    match_number: be64(m, 31),
                    cross: m[39],
                }
            }
            b'B' => {
                let m = exactly::<19>(bytes)?;
                Self::BrokenTrade {
                    stamp: stamp(m),
                    match_number: be64(m, 11),
                }
            }
            b'I' => Self::decode_imbalance(exactly::<50>(bytes)?),
            b'N' => {
                let m = exactly::<20>(bytes)?;
                Self::RetailInterest {
                    stamp: stamp(m),
                    stock: text(m, 11),
                    interest: m[19],
                }
            }
            _ => Self::decode_listing(exactly::<48>(bytes)?),
        })
    }

    const fn decode_imbalance(m: &[u8; 50]) -> Self {
        Self::Imbalance {
            stamp: stamp(m),
            imbalance: NetImbalance {
                paired: be64(m, 11),
                imbalance: be64(m, 19),
                direction: m[27],
                stock: text(m, 28),
                far: be32(m, 36),
                near: be32(m, 40),
                reference: be32(m, 44),
                cross: m[48],
                variation: m[49],
            },
        }
    }

    const fn decode_listing(m: &[u8; 48]) -> Self {
        Self::DirectListing {
            stamp: stamp(m),
            listing: DirectListing {
                stock: text(m, 11),
                open_eligible: m[19],
                lowest: be32(m, 20),
                highest: be32(m, 24),
                near: be32(m, 28),
                near_ns: be64(m, 32),
                lower: be32(m, 40),
                upper: be32(m, 44),
            },
        }
    }

    fn decode_state(kind: u8, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            b'S' => {
                let m = exactly::<12>(bytes)?;
                Self::SystemEvent {
                    stamp: stamp(m),
                    event: m[11],
                }
            }
            b'R' => Self::decode_directory(exactly::<39>(bytes)?),
            b'H' => {
                let m = exactly::<25>(bytes)?;
                Self::TradingAction {
                    stamp: stamp(m),
                    stock: text(m, 11),
                    state: m[19],
                    reason: text(m, 21),
                }
            }
            b'Y' => {
                let m = exactly::<20>(bytes)?;
                Self::RegSho {
                    stamp: stamp(m),
                    stock: text(m, 11),
                    action: m[19],
                }
            }
            b'L' => {
                let m = exactly::<26>(bytes)?;
                Self::ParticipantPosition {
                    stamp: stamp(m),
                    mpid: text(m, 11),
                    stock: text(m, 15),
                    primary: m[23],
                    mode: m[24],
                    state: m[25],
                }
            }
            b'V' => {
                let m = exactly::<35>(bytes)?;
                Self::BreakerLevels {
                    stamp: stamp(m),
                    levels: [be64(m, 11), be64(m, 19), be64(m, 27)],
                }
            }
            b'W' => {
                let m = exactly::<12>(bytes)?;
                Self::BreakerStatus {
                    stamp: stamp(m),
                    level: m[11],
                }
            }
            _ => return Self::decode_auction(kind, bytes),
        })
    }

    fn decode_auction(kind: u8, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match kind {
            b'K' => {
                let m = exactly::<28>(bytes)?;
                Self::IpoRelease {
                    stamp: stamp(m),
                    stock: text(m, 11),
                    release_s: be32(m, 19),
                    qualifier: m[23],
                    price: be32(m, 24),
                }
            }
            b'J' => {
                let m = exactly::<35>(bytes)?;
                Self::AuctionCollar {
                    stamp: stamp(m),
                    stock: text(m, 11),
                    reference: be32(m, 19),
                    upper: be32(m, 23),
                    lower: be32(m, 27),
                    extension: be32(m, 31),
                }
            }
            b'h' => {
                let m = exactly::<21>(bytes)?;
                Self::OperationalHalt {
                    stamp: stamp(m),
                    stock: text(m, 11),
                    market: m[19],
                    action: m[20],
                }
            }
            _ => return Err(DecodeError::malformed(0, "message type")),
        })
    }

    const fn decode_directory(m: &[u8; 39]) -> Self {
        Self::StockDirectory {
            stamp: stamp(m),
            directory: Directory {
                stock: text(m, 11),
                market: m[19],
                status: m[20],
                round_lot: be32(m, 21),
                round_lots_only: m[25],
                class: m[26],
                subtype: text(m, 27),
                authenticity: m[29],
                short_sale_threshold: m[30],
                ipo: m[31],
                tier: m[32],
                etp: m[33],
                leverage: be32(m, 34),
                inverse: m[38],
            },
        }
    }
}
