//! A fast 128-bit hash over 64-bit words: the order hash and the state hashes.
//!
//! Two lanes of multiply and rotate with different odd constants, mixed at the end by the
//! finaliser of MurmurHash3 (Appleby 2011, public domain). It finds differences between runs; it
//! is no defence against an adversary.

/// A running hash. Words in, 128 bits out; order matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderHash {
    low: u64,
    high: u64,
    words: u64,
}

impl Default for OrderHash {
    fn default() -> Self {
        Self::new()
    }
}

impl OrderHash {
    /// The hash of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            low: 0x9e37_79b9_7f4a_7c15,
            high: 0xc2b2_ae3d_27d4_eb4f,
            words: 0,
        }
    }

    /// Takes one word in.
    #[inline]
    pub const fn write(&mut self, word: u64) {
        self.low = (self.low ^ word)
            .wrapping_mul(0x87c3_7b91_1142_53d5)
            .rotate_left(31);
        self.high = (self.high.rotate_left(27) ^ word).wrapping_mul(0x4cf5_ad43_2745_937f);
        self.words += 1;
    }

    /// The hash of all words so far.
    #[must_use]
    pub const fn finish(&self) -> u128 {
        let low = mix(self.low ^ self.words);
        let high = mix(self.high.wrapping_add(low));
        ((high as u128) << 64) | low as u128
    }
}

const fn mix(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

#[cfg(test)]
mod tests {
    use super::OrderHash;

    fn hash(words: &[u64]) -> u128 {
        let mut hash = OrderHash::new();
        words.iter().for_each(|&word| hash.write(word));
        hash.finish()
    }

    #[test]
    fn order_length_and_every_bit_matter() {
        assert_ne!(hash(&[1, 2]), hash(&[2, 1]));
        assert_ne!(hash(&[]), hash(&[0]));
        assert_ne!(hash(&[0]), hash(&[0, 0]));
        for bit in 0..64 {
            assert_ne!(hash(&[5, 7]), hash(&[5, 7 ^ (1 << bit)]), "bit {bit}");
        }
    }
}
