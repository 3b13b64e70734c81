//! Messages behind a length of two bytes.

use crate::error::DecodeError;
use crate::wire::{be16, part};

/// Cuts the message behind a two-byte length off; returns it and the bytes used. A length of 0 is
/// the end mark of BinaryFILE and an empty message here.
///
/// # Errors
/// `Incomplete` when the bytes end before the message does.
#[inline]
pub fn cut_prefixed(bytes: &[u8]) -> Result<(&[u8], usize), DecodeError> {
    let length = usize::from(be16(part::<2>(bytes, 0)?, 0));
    let message = bytes.get(2..2 + length).ok_or(DecodeError::Incomplete)?;
    Ok((message, 2 + length))
}

/// One packet of SoupBinTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soup<'a> {
    /// `S` and `U`: data of the application.
    Data(&'a [u8]),
    /// `H` and `R`: nothing to say.
    Heartbeat,
    /// `Z` and `O`: the session ends.
    End,
    /// `+`, `A`, `J`, `L`: about the login or for people.
    Session(u8),
}

/// Cuts one SoupBinTCP packet off; returns it and the bytes used.
///
/// # Errors
/// `Incomplete`, or `Malformed` for a length of 0 or an unknown type.
#[inline]
pub fn cut_soup(bytes: &[u8]) -> Result<(Soup<'_>, usize), DecodeError> {
    let (packet, used) = cut_prefixed(bytes)?;
    let packet = match packet {
        [b'S' | b'U', data @ ..] => Soup::Data(data),
        [b'H' | b'R'] => Soup::Heartbeat,
        [b'Z' | b'O'] => Soup::End,
        [kind @ (b'+' | b'A' | b'J' | b'L'), ..] => Soup::Session(*kind),
        [] => return Err(DecodeError::malformed(0, "packet length")),
        [..] => return Err(DecodeError::malformed(2, "packet type")),
    };
    Ok((packet, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_cut_and_named() {
        assert_eq!(cut_soup(b"\0\x03Sab\0"), Ok((Soup::Data(b"ab"), 5)));
        assert_eq!(cut_soup(b"\0\x01H"), Ok((Soup::Heartbeat, 3)));
        assert_eq!(cut_soup(b"\0\x03Sa"), Err(DecodeError::Incomplete));
        assert_eq!(cut_soup(b"\0"), Err(DecodeError::Incomplete));
        assert_eq!(
            cut_soup(b"\0\0"),
            Err(DecodeError::malformed(0, "packet length"))
        );
        assert_eq!(
            cut_soup(b"\0\x01?"),
            Err(DecodeError::malformed(2, "packet type"))
        );
    }
}
