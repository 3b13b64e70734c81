//! The generator behind everything that is drawn here.

/// The next number of a stream: SplitMix64 (Steele, Lea, Flood 2014, figure 4).
pub(crate) const fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::roll;

    /// The first words of the reference implementation from seed 0.
    #[test]
    fn the_stream_is_the_published_one() {
        let mut state = 0;
        assert_eq!(roll(&mut state), 0xe220_a839_7b1d_cdaf);
        assert_eq!(roll(&mut state), 0x6e78_9e6a_a1b9_65f4);
    }
}
