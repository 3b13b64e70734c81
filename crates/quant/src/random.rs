//! Random numbers that are a function of a seed, a stream and a position: Philox 4x64-10
//! (Salmon et al. 2011), the same bits as `numpy.random.Philox(key=[seed, stream])`.
//!
//! A stream a chain, a fold or a restart: however they are spread over threads, each sees its own
//! numbers.

use crate::special::normal_quantile;

const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];

/// A counter-based generator.
#[derive(Debug, Clone)]
pub struct Random {
    key: [u64; 2],
    counter: u64,
    buffer: [u64; 4],
    used: usize,
}

impl Random {
    /// The generator of a seed and a stream.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Self {
            key: [seed, stream],
            counter: 0,
            buffer: [0; 4],
            used: 4,
        }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        if self.used == 4 {
            self.counter += 1;
            self.buffer = philox([self.counter, 0, 0, 0], self.key);
            self.used = 0;
        }
        self.used += 1;
        self.buffer[self.used - 1]
    }

    /// A number in [0, 1), with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number in (0, 1), both ends excluded.
    pub fn open_uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// A standard normal number, by inversion.
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.open_uniform())
    }

    /// A whole number below `n`, without bias (Lemire 2019).
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is no number below 0");
        let n = n as u64;
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// Shuffles in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

fn philox(mut counter: [u64; 4], mut key: [u64; 2]) -> [u64; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let a = u128::from(MULTIPLIERS[0]) * u128::from(counter[0]);
        let b = u128::from(MULTIPLIERS[1]) * u128::from(counter[2]);
        counter = [
            (b >> 64) as u64 ^ counter[1] ^ key[0],
            b as u64,
            (a >> 64) as u64 ^ counter[3] ^ key[1],
            a as u64,
        ];
    }
    counter
}
