//! Sums in a fixed order, eight lanes wide.
//!
//! The order of summation is written down, and no product is fused into a sum, so wide registers
//! change the time and never the bits. `wide` runs a closure with AVX2 where the processor has it;
//! the closure and what it calls must be `#[inline(always)]` to profit.

const WIDTH: usize = 8;

/// Runs `work` on the widest registers of this processor; the result has the same bits on any.
#[inline]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just asked whether it has AVX2.
            #[allow(unsafe_code)]
            return unsafe { with_avx2(work) };
        }
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[allow(unsafe_code)]
unsafe fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// The same lanes, through memory: what follows them is compiled by itself. Otherwise the compiler
/// arranges the lanes of the loop as the last additions would like them, two by two.
#[inline(always)]
fn settled<T>(mut lanes: T) -> T {
    core::hint::black_box(&mut lanes);
    lanes
}

#[inline(always)]
fn fold(lanes: [f64; WIDTH]) -> f64 {
    let a = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
    let b = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
    a + b
}

/// The sum of products; the shorter slice counts.
#[must_use]
#[inline(always)]
pub fn dot_in(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut lanes = [0.0; WIDTH];
    let (heads_a, heads_b) = (a.chunks_exact(WIDTH), b.chunks_exact(WIDTH));
    let (tail_a, tail_b) = (heads_a.remainder(), heads_b.remainder());
    for (x, y) in heads_a.zip(heads_b) {
        for i in 0..WIDTH {
            lanes[i] += x[i] * y[i];
        }
    }
    let mut lanes = settled(lanes);
    for (i, (x, y)) in tail_a.iter().zip(tail_b).enumerate() {
        lanes[i] += x * y;
    }
    fold(lanes)
}

/// Four sums of products with the same values, each with the bits of [`dot_in`].
#[must_use]
#[inline(always)]
pub fn dots_in(a: &[f64], others: [&[f64]; 4]) -> [f64; 4] {
    let n = others.iter().fold(a.len(), |n, b| n.min(b.len()));
    let (a, others) = (&a[..n], others.map(|b| &b[..n]));
    let heads = others.map(|b| b.chunks_exact(WIDTH));
    let [b, c, d, e] = heads.clone();
    let mut lanes = [[0.0; WIDTH]; 4];
    let mine = a.chunks_exact(WIDTH);
    let tail = mine.remainder();
    for ((((x, b), c), d), e) in mine.zip(b).zip(c).zip(d).zip(e) {
        for i in 0..WIDTH {
            lanes[0][i] += x[i] * b[i];
            lanes[1][i] += x[i] * c[i];
            lanes[2][i] += x[i] * d[i];
            lanes[3][i] += x[i] * e[i];
        }
    }
    let mut lanes = settled(lanes);
    for (lanes, head) in lanes.iter_mut().zip(&heads) {
        for (i, (x, y)) in tail.iter().zip(head.remainder()).enumerate() {
            lanes[i] += x * y;
        }
    }
    lanes.map(fold)
}

/// The sum.
#[must_use]
#[inline(always)]
pub fn sum_in(a: &[f64]) -> f64 {
    let mut lanes = [0.0; WIDTH];
    let heads = a.chunks_exact(WIDTH);
    let tail = heads.remainder();
    for x in heads {
        for i in 0..WIDTH {
            lanes[i] += x[i];
        }
    }
    for (i, x) in tail.iter().enumerate() {
        lanes[i] += x;
    }
    fold(lanes)
}

/// `y += k * x`.
#[inline(always)]
pub fn axpy_in(k: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += k * x;
    }
}

/// The sum of products, on the widest registers.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    wide(
        #[inline(always)]
        || dot_in(a, b),
    )
}

/// The sum, on the widest registers.
#[must_use]
pub fn sum(a: &[f64]) -> f64 {
    wide(
        #[inline(always)]
        || sum_in(a),
    )
}

/// The mean; NaN of nothing.
#[must_use]
pub fn mean(a: &[f64]) -> f64 {
    sum(a) / a.len() as f64
}

/// `y += k * x`, on the widest registers.
pub fn axpy(k: f64, x: &[f64], y: &mut [f64]) {
    wide(
        #[inline(always)]
        || axpy_in(k, x, y),
    );
}

/// Subtracts the mean and returns it; twice, so that a large level leaves no rounding behind.
pub fn centre(a: &mut [f64]) -> f64 {
    if a.is_empty() {
        return 0.0;
    }
    let first = mean(a);
    for x in a.iter_mut() {
        *x -= first;
    }
    let second = mean(a);
    for x in a.iter_mut() {
        *x -= second;
    }
    first + second
}

/// Whether every value is finite: times 0 those are 0 and others NaN, which stays in a sum.
#[must_use]
pub fn all_finite(a: &[f64]) -> bool {
    wide(
        #[inline(always)]
        || {
            let mut sums = [0.0; 2 * WIDTH];
            let heads = a.chunks_exact(sums.len());
            let tail = heads.remainder();
            for stride in heads {
                for (sum, x) in sums.iter_mut().zip(stride) {
                    *sum += x * 0.0;
                }
            }
            tail.iter().all(|x| x.is_finite()) && sums.iter().all(|sum| !sum.is_nan())
        },
    )
}

/// Whether all values are the same; also of nothing.
#[must_use]
pub fn is_constant(a: &[f64]) -> bool {
    a.iter().all(|x| x - a[0] == 0.0)
}

/// The variance about the mean with `ddof` degrees of freedom taken off; two passes.
#[must_use]
pub fn variance(a: &[f64], ddof: usize) -> f64 {
    let mut centred = a.to_vec();
    centre(&mut centred);
    dot(&centred, &centred) / (a.len() as f64 - ddof as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_sums_at_once_have_the_bits_of_one() {
        let mut random = crate::random::Random::new(3, 0);
        for n in [0, 1, 7, 8, 9, 31, 500] {
            let mut column = || -> Vec<f64> { (0..n).map(|_| random.normal()).collect() };
            let (a, others) = (column(), [column(), column(), column(), column()]);
            let together = dots_in(&a, others.each_ref().map(Vec::as_slice));
            for (sum, other) in together.iter().zip(&others) {
                assert_eq!(sum.to_bits(), dot_in(&a, other).to_bits());
            }
        }
    }
}
