//! What is done to bytes: flips, cuts, repeats, splices, numbers and words that hurt.

/// Words that decoders have stumbled over.
const WORDS: [&[u8]; 22] = [
    b"null",
    b"NaN",
    b"-0",
    b"1e999",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"0.000000000000000001",
    b"1e-400",
    b"\"",
    b"\\",
    b"\\u0000",
    b"{",
    b"[",
    b"]",
    b"}",
    b",",
    b"\r\n",
    b"\n",
    b"\xff\xff\xff\xff",
];
/// Longer inputs teach nothing more.
const MOST: usize = 1 << 14;

/// Numbers by a seed (splitmix64, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next() % end).unwrap_or(0)
    }
}

/// Changes bytes a few times; `other` lends pieces.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        mutate_once(bytes, other, dice);
    }
    bytes.truncate(MOST);
}

fn mutate_once(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let length = dice.below(bytes.len() - at + 1).min(dice.below(64) + 1);
    let end = at + length.min(bytes.len() - at);
    match dice.below(9) {
        0 => flip(bytes, at, dice),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let piece = bytes[at..end].to_vec();
            splice(bytes, at, at, &piece);
        }
        3 => {
            let word = WORDS[dice.below(WORDS.len())];
            let upto = if dice.below(2) == 0 { at } else { end };
            splice(bytes, at, upto, word);
        }
        4 => {
            let from = dice.below(other.len() + 1);
            let upto = (from + dice.below(128)).min(other.len());
            splice(bytes, at, end, &other[from..upto]);
        }
        5 => bytes.truncate(at),
        6 => {
            let edge = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)];
            bytes[at..end].fill(edge);
        }
        7 => {
            // A number of another size, in either order.
            let word = [0, 1, u64::MAX, 1 << 31, 1 << 63, dice.next()][dice.below(6)];
            let wide = [1, 2, 4, 8][dice.below(4)];
            let raw = if dice.below(2) == 0 {
                word.to_le_bytes()
            } else {
                word.to_be_bytes()
            };
            let upto = (at + wide).min(bytes.len());
            splice(bytes, at, upto, &raw[..wide]);
        }
        _ => digit(bytes, dice),
    }
}

fn flip(bytes: &mut [u8], at: usize, dice: &mut Dice) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
}

/// Another digit where one stands: numbers stay numbers.
fn digit(bytes: &mut [u8], dice: &mut Dice) {
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let place = dice.below(digits);
    if let Some(byte) = bytes.iter_mut().filter(|b| b.is_ascii_digit()).nth(place) {
        *byte = b'0' + dice.below(10) as u8;
    }
}

fn splice(bytes: &mut Vec<u8>, from: usize, upto: usize, piece: &[u8]) {
    drop(bytes.splice(from..upto.max(from), piece.iter().copied()));
}
