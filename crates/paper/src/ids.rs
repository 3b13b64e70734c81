//! Ids and random numbers: everything from one seed, so that two runs are equal.

/// A reproducible stream of 64-bit numbers (splitmix64; Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Random {
    /// A stream of its own for every pair of seed and name.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let state = name
            .bytes()
            .fold(mix(seed ^ GOLDEN), |acc, byte| mix(acc ^ u64::from(byte)));
        Self { state }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Uniform over 0 (inclusive) to 1 (exclusive).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform over 0 to `bound - 1`; 0 when `bound` is not positive.
    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        if bound <= 0 {
            return 0;
        }
        (self.next() % bound.unsigned_abs()) as i64
    }

    /// About normal with mean 0 and variance 1: twelve uniforms less six.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// The next id of 22 letters and digits, as Binance makes them.
    pub(crate) fn word(&mut self) -> String {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..22)
            .map(|_| char::from(LETTERS[(self.next() % 62) as usize]))
            .collect()
    }

    /// The next id, shaped like a random UUID.
    pub(crate) fn uuid(&mut self) -> Uuid {
        Uuid::shaped(u128::from(self.next()) << 64 | u128::from(self.next()))
    }
}

/// A UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uuid(u128);

impl Uuid {
    const fn shaped(bits: u128) -> Self {
        let version = 0xf << 76;
        let variant = 0b11 << 62;
        Self((bits & !version & !variant) | (0x4 << 76) | (0b10 << 62))
    }

    /// The id of a name: the same in every run, whatever the seed.
    pub(crate) fn of_name(name: &str) -> Self {
        Random::new(0, name).uuid()
    }

    /// Reads the usual text, with or without dashes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(&digits, 16).ok().map(Self)
    }
}

impl std::fmt::Display for Uuid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let v = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            v >> 96,
            (v >> 80) & 0xffff,
            (v >> 64) & 0xffff,
            (v >> 48) & 0xffff,
            v & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_four_and_repeat_with_the_seed() {
        let (mut a, mut b) = (Random::new(7, "ids"), Random::new(7, "ids"));
        for _ in 0..100 {
            let id = a.uuid();
            assert_eq!(id, b.uuid());
            let text = id.to_string();
            assert_eq!(text.len(), 36);
            assert_eq!(&text[14..15], "4");
            assert!("89ab".contains(&text[19..20]));
            assert_eq!(Uuid::parse(&text), Some(id));
        }
        assert_ne!(Random::new(8, "ids").uuid(), Random::new(7, "ids").uuid());
        assert_eq!(Uuid::parse("nonsense"), None);
    }
}
