//! Messages of OUCH 5.0. Prices have four decimals; times are nanoseconds since midnight in New
//! York; letters of codes are kept as they are on the wire.

use crate::error::DecodeError;
use crate::wire::{be16, be32, be64, part, text};

/// A symbol, filled up with spaces on the right.
pub type Symbol = [u8; 8];
/// The member's own id of an order.
pub type ClientOrderId = [u8; 14];

/// What a member sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of a variant are those of the specification, in its order
#[rustfmt::skip]
pub enum FromMember<'a> {
    /// `O`: a new order.
    Enter { reference: u32, side: u8, qty: u32, symbol: Symbol, price: u64, tif: u8, display: u8,
        capacity: u8, sweep: u8, cross: u8, client_order_id: ClientOrderId, optional: &'a [u8] },
    /// `U`: replace an order.
    Replace { original: u32, reference: u32, qty: u32, price: u64, tif: u8, display: u8, sweep: u8,
        client_order_id: ClientOrderId, optional: &'a [u8] },
    /// `X`: cancel an order down to `qty`.
    Cancel { reference: u32, qty: u32 },
    /// `M`: change side or quantity in place.
    Modify { reference: u32, side: u8, qty: u32 },
    /// `C`: cancel all orders of a firm and symbol.
    MassCancel { reference: u32, firm: [u8; 4], symbol: Symbol },
    /// `D`: take no more orders of a firm.
    DisableEntry { reference: u32, firm: [u8; 4] },
    /// `E`: take orders of a firm again.
    EnableEntry { reference: u32, firm: [u8; 4] },
    /// `Q`: which reference comes next.
    AccountQuery,
}

/// What the venue answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of a variant are those of the specification, in its order
#[rustfmt::skip]
pub enum FromVenue<'a> {
    /// `S`: the day starts or ends.
    SystemEvent { ns: u64, event: u8 },
    /// `A`: an order was accepted.
    Accepted { ns: u64, reference: u32, side: u8, qty: u32, symbol: Symbol, price: u64, tif: u8,
        display: u8, order_id: u64, capacity: u8, sweep: u8, cross: u8, state: u8,
        client_order_id: ClientOrderId, optional: &'a [u8] },
    /// `U`: an order was replaced.
    Replaced { ns: u64, original: u32, reference: u32, side: u8, qty: u32, symbol: Symbol,
        price: u64, tif: u8, display: u8, order_id: u64, capacity: u8, sweep: u8, cross: u8,
        state: u8, client_order_id: ClientOrderId, optional: &'a [u8] },
    /// `C`: `qty` of an order was canceled.
    Canceled { ns: u64, reference: u32, qty: u32, reason: u8 },
    /// `D`: canceled because it would have met an order of the same firm.
    SelfMatch { ns: u64, reference: u32, decrement: u32, reason: u8, prevented: u32, price: u64,
        liquidity: u8, strategy: u8 },
    /// `E`: an order was executed.
    Executed { ns: u64, reference: u32, qty: u32, price: u64, liquidity: u8, match_number: u64 },
    /// `B`: an execution was broken.
    Broken { ns: u64, reference: u32, match_number: u64, reason: u8,
        client_order_id: ClientOrderId },
    /// `J`: an order was rejected.
    Rejected { ns: u64, reference: u32, reason: u16, client_order_id: ClientOrderId },
    /// `P`: a cancel waits for a cross.
    CancelPending { ns: u64, reference: u32 },
    /// `I`: a cancel was refused.
    CancelRejected { ns: u64, reference: u32 },
    /// `T`: an order has a new place in the queue.
    Priority { ns: u64, reference: u32, price: u64, display: u8, order_id: u64 },
    /// `M`: an order was modified.
    Modified { ns: u64, reference: u32, side: u8, qty: u32 },
    /// `R`: the venue changed an order by itself.
    Restated { ns: u64, reference: u32, reason: u8, optional: &'a [u8] },
    /// `X`: the answer to a mass cancel.
    MassCancel { ns: u64, reference: u32, firm: [u8; 4], symbol: Symbol },
    /// `G`: orders of a firm are not taken any more.
    EntryDisabled { ns: u64, reference: u32, firm: [u8; 4] },
    /// `K`: orders of a firm are taken again.
    EntryEnabled { ns: u64, reference: u32, firm: [u8; 4] },
    /// `Q`: the reference that comes next.
    NextReference { ns: u64, reference: u32 },
}

/// The first `N` bytes; what is missing is malformed, as a message is whole.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<&[u8; N], DecodeError> {
    part::<N>(bytes, 0).map_err(|_| DecodeError::malformed(bytes.len(), "length"))
}

/// The optional fields behind a two-byte length at `at`, which end the message.
fn tail(bytes: &[u8], at: usize) -> Result<&[u8], DecodeError> {
    let bad = DecodeError::malformed(at, "appendage length");
    let length = usize::from(be16(part::<2>(bytes, at).map_err(|_| bad)?, 0));
    let tail = bytes.get(at + 2..).ok_or(bad)?;
    if tail.len() == length {
        Ok(tail)
    } else {
        Err(bad)
    }
}

/// The optional fields one by one: tag and value.
///
/// # Errors
/// `Malformed` when a field is longer than what is left.
pub fn optional_fields(
    mut fields: &[u8],
    mut visit: impl FnMut(u8, &[u8]),
) -> Result<(), DecodeError> {
    let whole = fields.len();
    while let [length, rest @ ..] = fields {
        let at = whole - fields.len();
        let bad = DecodeError::malformed(at, "optional field");
        let (field, behind) = rest.split_at_checked(usize::from(*length)).ok_or(bad)?;
        let (tag, value) = field.split_first().ok_or(bad)?;
        visit(*tag, value);
        fields = behind;
    }
    Ok(())
}

impl<'a> FromMember<'a> {
    /// Decodes one message, whole and without its frame.
    ///
    /// # Errors
    /// `Malformed`: `message type`, `length`, or `appendage length`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match bytes.first().copied().unwrap_or_default() {
            b'O' => {
                let m = fixed::<47>(bytes)?;
                Self::Enter {
                    reference: be32(m, 1),
                    side: m[5],
                    qty: be32(m, 6),
                    symbol: text(m, 10),
                    price: be64(m, 18),
                    tif: m[26],
                    display: m[27],
                    capacity: m[28],
                    sweep: m[29],
                    cross: m[30],
                    client_order_id: text(m, 31),
                    optional: tail(bytes, 45)?,
                }
            }
            b'U' => {
                let m = fixed::<40>(bytes)?;
                Self::Replace {
                    original: be32(m, 1),
                    reference: be32(m, 5),
                    qty: be32(m, 9),
                    price: be64(m, 13),
                    tif: m[21],
                    display: m[22],
                    sweep: m[23],
                    client_order_id: text(m, 24),
                    optional: tail(bytes, 38)?,
                }
            }
            _ => return Self::decode_change(bytes),
        })
    }

    fn decode_change(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match bytes.first().copied().unwrap_or_default() {
            b'X' => {
                let m = fixed::<9>(bytes)?;
                Self::Cancel {
                    reference: be32(m, 1),
                    qty: be32(m, 5),
                }
            }
            b'M' => {
                let m = fixed::<10>(bytes)?;
                Self::Modify {
                    reference: be32(m, 1),
                    side: m[5],
                    qty: be32(m, 6),
                }
            }
            b'C' => {
                let m = fixed::<17>(bytes)?;
                Self::MassCancel {
                    reference: be32(m, 1),
                    firm: text(m, 5),
                    symbol: text(m, 9),
                }
            }
            b'D' => {
                let m = fixed::<9>(bytes)?;
                Self::DisableEntry {
                    reference: be32(m, 1),
                    firm: text(m, 5),
                }
            }
            b'E' => {
                let m = fixed::<9>(bytes)?;
                Self::EnableEntry {
                    reference: be32(m, 1),
                    firm: text(m, 5),
                }
            }
            b'Q' => Self::AccountQuery,
            _ => return Err(DecodeError::malformed(0, "message type")),
        })
    }
}

impl<'a> FromVenue<'a> {
    /// Decodes one message, whole and without its frame.
    ///
    /// # Errors
    /// `Malformed`: `message type`, `length`, or `appendage length`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match bytes.first().copied().unwrap_or_default() {
            b'A' | b'U' => Self::decode_taken(bytes),
            b'C' | b'D' | b'E' | b'B' | b'J' => Self::decode_end(bytes),
            _ => Self::decode_state(bytes),
        }
    }

    fn decode_taken(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.first() == Some(&b'A') {
            let m = fixed::<64>(bytes)?;
            return Ok(Self::Accepted {
                ns: be64(m, 1),
                reference: be32(m, 9),
                side: m[13],
                qty: be32(m, 14),
                symbol: text(m, 18),
                price: be64(m, 26),
                tif: m[34],
                display: m[35],
                order_id: be64(m, 36),
                capacity: m[44],
                sweep: m[45],
                cross: m[46],
                state: m[47],
                client_order_id: text(m, 48),
                optional: tail(bytes, 62)?,
            });
        }
        let m = fixed::<68>(bytes)?;
        Ok(Self::Replaced {
            ns: be64(m, 1),
            original: be32(m, 9),
            reference: be32(m, 13),
            side: m[17],
            qty: be32(m, 18),
            symbol: text(m, 22),
            price: be64(m, 30),
            tif: m[38],
            display: m[39],
            order_id: be64(m, 40),
            capacity: m[48],
            sweep: m[49],
            cross: m[50],
            state: m[51],
            client_order_id: text(m, 52),
            optional: tail(bytes, 66)?,
        })
    }

    fn decode_end(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let head = fixed::<13>(bytes)?;
        let (ns, reference) = (be64(head, 1), be32(head, 9));
        Ok(match head[0] {
            b'C' => {
                let m = fixed::<18>(bytes)?;
                Self::Canceled {
                    ns,
                    reference,
                    qty: be32(m, 13),
                    reason: m[17],
                }
            }
            b'D' => {
                let m = fixed::<32>(bytes)?;
                Self::SelfMatch {
                    ns,
                    reference,
                    decrement: be32(m, 13),
                    reason: m[17],
                    prevented: be32(m, 18),
                    price: be64(m, 22),
                    liquidity: m[30],
                    strategy: m[31],
                }
            }
            b'E' => {
                let m = fixed::<34>(bytes)?;
                Self::Executed {
                    ns,
                    reference,
                    qty: be32(m, 13),
                    price: be64(m, 17),
                    liquidity: m[25],
                    match_number: be64(m, 26),
                }
            }
            b'B' => {
                let m = fixed::<36>(bytes)?;
                let client_order_id = text(m, 22);
                Self::Broken {
                    ns,
                    reference,
                    match_number: be64(m, 13),
                    reason: m[21],
                    client_order_id,
                }
            }
            _ => {
                let m = fixed::<29>(bytes)?;
                Self::Rejected {
                    ns,
                    reference,
                    reason: be16(m, 13),
                    client_order_id: text(m, 15),
                }
            }
        })
    }

    fn decode_state(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let kind = bytes.first().copied().unwrap_or_default();
        if !b"SPITMRXGKQ".contains(&kind) {
            return Err(DecodeError::malformed(0, "message type"));
        }
        if kind == b'S' {
            let m = fixed::<10>(bytes)?;
            return Ok(Self::SystemEvent {
                ns: be64(m, 1),
                event: m[9],
            });
        }
        let head = fixed::<13>(bytes)?;
        let (ns, reference) = (be64(head, 1), be32(head, 9));
        Ok(match kind {
            b'P' => Self::CancelPending { ns, reference },
            b'I' => Self::CancelRejected { ns, reference },
            b'Q' => Self::NextReference { ns, reference },
            b'T' => {
                let m = fixed::<30>(bytes)?;
                let (price, display, order_id) = (be64(m, 13), m[21], be64(m, 22));
                Self::Priority {
                    ns,
                    reference,
                    price,
                    display,
                    order_id,
                }
            }
            b'M' => {
                let m = fixed::<18>(bytes)?;
                Self::Modified {
                    ns,
                    reference,
                    side: m[13],
                    qty: be32(m, 14),
                }
            }
            b'R' => {
                let m = fixed::<16>(bytes)?;
                Self::Restated {
                    ns,
                    reference,
                    reason: m[13],
                    optional: tail(bytes, 14)?,
                }
            }
            b'X' => {
                let m = fixed::<25>(bytes)?;
                Self::MassCancel {
                    ns,
                    reference,
                    firm: text(m, 13),
                    symbol: text(m, 17),
                }
            }
            b'G' => Self::EntryDisabled {
                ns,
                reference,
                firm: text(fixed::<17>(bytes)?, 13),
            },
            _ => Self::EntryEnabled {
                ns,
                reference,
                firm: text(fixed::<17>(bytes)?, 13),
            },
        })
    }
}
