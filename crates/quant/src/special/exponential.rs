//! The exponential, in straight lines of arithmetic that run in lanes.

const LOG2_E: f64 = core::f64::consts::LOG2_E;
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1.5 * 2^52: adding it rounds to a whole number, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LEAST: f64 = -708.0;

/// `e^x` for `x <= 0`, to about 1e-16; below -708 it is 0.
///
/// The branches are selections, so that a loop over it uses wide registers.
#[must_use]
#[inline(always)]
pub fn exp_down(x: f64) -> f64 {
    let bounded = if x < LEAST { LEAST } else { x };
    let shifted = bounded * LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (bounded - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut sum = 1.0 / 6_227_020_800.0;
    sum = sum * r + 1.0 / 479_001_600.0;
    sum = sum * r + 1.0 / 39_916_800.0;
    sum = sum * r + 1.0 / 3_628_800.0;
    sum = sum * r + 1.0 / 362_880.0;
    sum = sum * r + 1.0 / 40_320.0;
    sum = sum * r + 1.0 / 5_040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    let value = 1.0 + (r + r * r * sum);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023_u64 << 52));
    let scaled = value * power;
    if x < LEAST {
        0.0
    } else {
        scaled
    }
}
