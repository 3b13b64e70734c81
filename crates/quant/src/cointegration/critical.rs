//! tables
/// max dim
pub const DIMENSION_MAX: usize = 12;
/// crit
#[must_use]
pub fn critical_values(_case: usize, _dimension: usize, _largest: bool) -> [f64; 3] {
    [0.0; 3]
}
