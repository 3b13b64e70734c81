//! Sums over the best levels, from decimal text as the venue wrote it.

use alloc::vec::Vec;

use crate::feed::grid::Precision;
use crate::feed::ladder::{Ladder, Step};
use crate::feed::number::NO_DECIMALS;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            let low = value & 1;
            value >>= 1;
            if low == 1 {
                value ^= 0xedb8_8320;
            }
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};

/// CRC-32 as IEEE 802.3 has it.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, &byte| {
        let at = (sum ^ u32::from(byte)) & 0xff;
        (sum >> 8) ^ TABLE.get(at as usize).copied().unwrap_or(0)
    });
    !sum
}

/// Both sides of a book and how its numbers are written.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// Bids.
    pub bids: &'a Ladder,
    /// Asks.
    pub asks: &'a Ladder,
    /// How prices are written.
    pub price: Precision,
    /// How quantities are written.
    pub qty: Precision,
}

/// `units` as an integer of `10^-decimals`; `None` when it lies between two of them.
fn at_decimals(units: i64, precision: Precision, decimals: u32) -> Option<i128> {
    let value = i128::from(units) * i128::from(precision.mantissa);
    if decimals >= precision.scale {
        return value.checked_mul(10i128.checked_pow(decimals - precision.scale)?);
    }
    let divisor = 10i128.checked_pow(precision.scale - decimals)?;
    (value % divisor == 0).then(|| value / divisor)
}

/// Appends the digits of an integer without a sign.
fn push_integer(value: u128, out: &mut Vec<u8>) {
    let mut digits = [0; 39];
    let (mut at, mut rest) = (digits.len(), value);
    loop {
        at -= 1;
        if let Some(place) = digits.get_mut(at) {
            *place = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Appends plain decimal text.
fn push_decimal(value: i128, decimals: u32, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let magnitude = value.unsigned_abs();
    if decimals == 0 {
        return push_integer(magnitude, out);
    }
    let unit = 10u128.saturating_pow(decimals);
    push_integer(magnitude / unit, out);
    out.push(b'.');
    let start = out.len();
    push_integer(magnitude % unit, out);
    for _ in out.len() - start..decimals as usize {
        out.insert(start, b'0');
    }
}

/// Appends a number the way ECMAScript prints it: no zeros at the end, an exponent below 1e-6.
fn push_script_number(value: i128, decimals: u32, out: &mut Vec<u8>) {
    let (mut value, mut decimals) = (value, decimals);
    while decimals > 0 && value % 10 == 0 {
        value /= 10;
        decimals -= 1;
    }
    let start = out.len();
    push_integer(value.unsigned_abs(), out);
    let digits = (out.len() - start) as u32;
    out.truncate(start);
    if value == 0 || decimals < digits + 6 {
        return push_decimal(value, decimals, out);
    }
    if value < 0 {
        out.push(b'-');
    }
    let mut mantissa = Vec::new();
    push_integer(value.unsigned_abs(), &mut mantissa);
    let (first, rest) = mantissa.split_at(1.min(mantissa.len()));
    out.extend_from_slice(first);
    if !rest.is_empty() {
        out.push(b'.');
        out.extend_from_slice(rest);
    }
    out.extend_from_slice(b"e-");
    push_integer(u128::from(decimals - digits + 1), out);
}

/// Kraken's sum: ten asks from the best, then ten bids; price and quantity with the pair's
/// decimals, without the point and the zeros in front.
///
/// Source: Kraken, "Spot WebSockets v2, book checksum".
#[must_use]
pub fn kraken(sides: &Sides<'_>, text: &mut Vec<u8>) -> Option<u32> {
    text.clear();
    for ladder in [sides.asks, sides.bids] {
        for step in ladder.from_best().take(10) {
            for (units, precision) in [(step.key, sides.price), (step.qty, sides.qty)] {
                let value = at_decimals(units, precision, precision.written)?;
                push_integer(value.unsigned_abs(), text);
            }
        }
    }
    Some(crc32(text))
}

/// OKX's sum: 25 levels, bid and ask in turn, `price:quantity` as they were sent, joined by `:`.
///
/// Source: OKX, "API guide v5, order book channel, checksum".
#[must_use]
pub fn okx(sides: &Sides<'_>, text: &mut Vec<u8>) -> Option<u32> {
    in_turn(sides, text, |step, sign, sides, out| {
        let (price, qty) = step.decimals;
        for (units, precision, decimals) in [
            (step.key * sign, sides.price, price),
            (step.qty, sides.qty, qty),
        ] {
            let decimals = match decimals {
                NO_DECIMALS => precision.scale,
                sent => u32::from(sent),
            };
            push_decimal(at_decimals(units, precision, decimals)?, decimals, out);
            out.push(b':');
        }
        Some(())
    })
}

/// Bitfinex's sum over a book by price: 25 levels, bid and ask in turn, `price:amount`, asks with
/// a negative amount, joined by `:`.
///
/// Source: Bitfinex, "WebSocket API v2, order book checksum".
#[must_use]
pub fn bitfinex(sides: &Sides<'_>, text: &mut Vec<u8>) -> Option<u32> {
    in_turn(sides, text, |step, sign, sides, out| {
        let (price, qty) = (sides.price, sides.qty);
        let ticks = at_decimals(step.key * sign, price, price.scale)?;
        push_script_number(ticks, price.scale, out);
        out.push(b':');
        let lots = at_decimals(step.qty * sign, qty, qty.scale)?;
        push_script_number(lots, qty.scale, out);
        out.push(b':');
        Some(())
    })
}

/// Bitfinex's sum over a book by order: 25 orders, `id:amount`.
#[must_use]
pub fn bitfinex_orders(
    orders: [&[(u64, i64)]; 2],
    qty: Precision,
    text: &mut Vec<u8>,
) -> Option<u32> {
    text.clear();
    for at in 0..25 {
        for (side, sign) in orders.into_iter().zip([1, -1]) {
            if let Some(&(id, lots)) = side.get(at) {
                push_integer(u128::from(id), text);
                text.push(b':');
                push_script_number(at_decimals(lots * sign, qty, qty.scale)?, qty.scale, text);
                text.push(b':');
            }
        }
    }
    text.pop();
    Some(crc32(text))
}

type Print = fn(&Step, i64, &Sides<'_>, &mut Vec<u8>) -> Option<()>;

fn in_turn(sides: &Sides<'_>, text: &mut Vec<u8>, print: Print) -> Option<u32> {
    text.clear();
    let (mut bids, mut asks) = (sides.bids.from_best(), sides.asks.from_best());
    for _ in 0..25 {
        if let Some(bid) = bids.next() {
            print(bid, 1, sides, text)?;
        }
        if let Some(ask) = asks.next() {
            print(ask, -1, sides, text)?;
        }
    }
    text.pop();
    Some(crc32(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn numbers_as_ecmascript_prints_them() {
        for (value, decimals, expected) in [
            (10, 1, "1"),
            (-12_500, 4, "-1.25"),
            (1, 6, "0.000001"),
            (1, 7, "1e-7"),
            (-125, 9, "-1.25e-7"),
            (0, 3, "0"),
            (1_234_500, 0, "1234500"),
            (5, 3, "0.005"),
        ] {
            let mut out = Vec::new();
            push_script_number(value, decimals, &mut out);
            assert_eq!(core::str::from_utf8(&out), Ok(expected));
        }
    }
}
