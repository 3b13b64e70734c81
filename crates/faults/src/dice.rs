//! Randomness from a seed, and from nothing else.

/// SplitMix64 (Steele, Lea, Flood 2014, figure 4).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall alike for one seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Other dice for another purpose of the same run: what one purpose draws moves no other.
    #[must_use]
    pub fn fork(&self, purpose: u64) -> Self {
        let mut dice = Self(self.0 ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        dice.roll();
        dice
    }

    /// 64 bits.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// From `low` to `high`, both included.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.roll() % (high - low + 1) as u64) as i64
    }

    /// True in `permille` of a thousand cases.
    pub const fn falls(&mut self, permille: u32) -> bool {
        self.roll() % 1_000 < permille as u64
    }
}
