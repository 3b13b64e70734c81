//! The exponential recursion that most averages with memory stand on.

use core::ops::{Add, Mul, Sub};

use crate::linalg::lanes::wide;

/// `value += weight * (x - value)`, taken four steps at a time.
///
/// Within a stride of four, every value is the first x, plus a power of the decay times the
/// distance from it to the base that the last stride left, plus what the other x of the stride
/// brought. So one stride waits for the last one once, not four times, and a constant stays exactly
/// constant. Streaming takes the same expressions in the same order.
#[derive(Debug, Clone)]
pub(crate) struct Decay {
    weight: f64,
    /// The decay to the powers 1 to 4.
    powers: [f64; STRIDE],
    base: f64,
    first: f64,
    /// From the first x of the stride to the base.
    distance: f64,
    brought: f64,
    phase: u8,
}

impl Decay {
    pub(crate) fn new(weight: f64) -> Self {
        let keep = 1.0 - weight;
        let square = keep * keep;
        Self {
            weight,
            powers: [keep, square, square * keep, square * square],
            base: 0.0,
            first: 0.0,
            distance: 0.0,
            brought: 0.0,
            phase: 0,
        }
    }

    /// One step.
    #[inline]
    fn step(&mut self, x: f64) -> f64 {
        let [p1, p2, p3, p4] = self.powers;
        self.phase += 1;
        match self.phase {
            1 => {
                self.first = x;
                self.distance = self.base - x;
                return x + p1 * self.distance;
            }
            2 => self.brought = self.weight * (x - self.first),
            _ => self.brought = p1 * self.brought + self.weight * (x - self.first),
        }
        let power = match self.phase {
            2 => p2,
            3 => p3,
            _ => p4,
        };
        let value = self.first + (power * self.distance + self.brought);
        if self.phase == 4 {
            self.base = value;
            self.phase = 0;
        }
        value
    }

    /// Four recursions side by side, each at the beginning of a stride; lanes without one idle.
    pub(crate) fn abreast(links: [Option<&Self>; LANES]) -> Abreast {
        let of = |told: fn(&Self) -> f64| Quad(links.map(|link| link.map_or(0.0, told)));
        Abreast {
            weight: of(|link| link.weight),
            powers: [
                of(|link| link.powers[0]),
                of(|link| link.powers[1]),
                of(|link| link.powers[2]),
                of(|link| link.powers[3]),
            ],
            base: of(|link| link.base),
        }
    }
}

/// Steps of a stride.
pub(crate) const STRIDE: usize = 4;

/// Four steps of [`Decay`] from the beginning of a stride: the values, the last of which is the
/// base of the next stride.
#[inline(always)]
fn four<X>(weight: X, [p1, p2, p3, p4]: [X; STRIDE], base: X, xs: [X; STRIDE]) -> [X; STRIDE]
where
    X: Copy + Add<Output = X> + Sub<Output = X> + Mul<Output = X>,
{
    let [x, y, z, last] = xs;
    let b = weight * (y - x);
    let c = p1 * b + weight * (z - x);
    let d = p1 * c + weight * (last - x);
    let distance = base - x;
    [
        x + p1 * distance,
        x + (p2 * distance + b),
        x + (p3 * distance + c),
        x + (p4 * distance + d),
    ]
}

/// Numbers side by side in one register.
pub(crate) const LANES: usize = 4;

/// Four numbers in one register. Each operation is written out, as the compiler likes it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quad(pub(crate) [f64; LANES]);

macro_rules! lane_by_lane {
    ($($trait:ident $name:ident $operator:tt;)+) => {
        $(
            impl $trait for Quad {
                type Output = Self;

                #[inline(always)]
                fn $name(self, other: Self) -> Self {
                    let ([a, b, c, d], [p, q, r, s]) = (self.0, other.0);
                    Self([a $operator p, b $operator q, c $operator r, d $operator s])
                }
            }
        )+
    };
}

lane_by_lane! {
    Add add +;
    Sub sub -;
    Mul mul *;
}

/// Recursions side by side, one a lane.
pub(crate) struct Abreast {
    weight: Quad,
    powers: [Quad; STRIDE],
    base: Quad,
}

impl Abreast {
    /// Four steps of every lane.
    #[inline(always)]
    pub(crate) fn stride(&mut self, xs: [Quad; STRIDE]) -> [Quad; STRIDE] {
        let told = four(self.weight, self.powers, self.base, xs);
        self.base = told[STRIDE - 1];
        told
    }

    /// What each lane's next stride begins at.
    pub(crate) fn bases(&self) -> [f64; LANES] {
        self.base.0
    }
}

/// The same recursion for ranges and moves, where a constant need not stay exactly constant.
///
/// Within a stride of four a value is a power of the decay times the base that the last stride
/// left, plus what the stride itself brought: one product and one sum are all that a stride waits
/// for.
#[derive(Debug, Clone)]
pub(crate) struct Wilder {
    weight: f64,
    /// The decay to the powers 1 to 4.
    powers: [f64; STRIDE],
    base: f64,
    brought: f64,
    phase: u8,
}

impl Wilder {
    fn new(weight: f64) -> Self {
        Self::of(weight, 1.0 - weight)
    }

    /// A mean over `len` steps that is started elsewhere.
    pub(crate) fn mean(len: usize) -> Self {
        Self::new(1.0 / len as f64)
    }

    /// A sum that lets 1 / `len` of itself go before it takes a value in.
    pub(crate) fn sum(len: usize) -> Self {
        Self::of(1.0, 1.0 - 1.0 / len as f64)
    }

    fn of(weight: f64, keep: f64) -> Self {
        let square = keep * keep;
        Self {
            weight,
            powers: [keep, square, square * keep, square * square],
            base: 0.0,
            brought: 0.0,
            phase: 0,
        }
    }
}

/// A recursion, taken four steps at a time.
pub(crate) trait Recursion: Clone + core::fmt::Debug {
    /// Begins a stride at a value.
    fn start(&mut self, value: f64);
    /// Takes one step.
    fn one(&mut self, x: f64) -> f64;
    /// Four steps at once, from the beginning of a stride.
    fn stride(&mut self, xs: [f64; STRIDE]) -> [f64; STRIDE];
    /// Steps taken in this stride.
    fn phase(&self) -> usize;

    /// Writes the value after each of any number of steps.
    #[inline(always)]
    fn run(&mut self, xs: &[f64], line: &mut [f64]) {
        let mut own = self.clone();
        let odd = xs.len().min((4 - own.phase()) % 4);
        let (first, xs) = xs.split_at(odd);
        let (first_slots, line) = line.split_at_mut(odd);
        for (slot, &x) in first_slots.iter_mut().zip(first) {
            *slot = own.one(x);
        }
        let (mut slots, strides) = (line.chunks_exact_mut(4), xs.chunks_exact(4));
        let rest = strides.remainder();
        for (slot, stride) in slots.by_ref().zip(strides) {
            if let (Some(slot), Some(&stride)) = (slot.first_chunk_mut(), stride.first_chunk()) {
                *slot = own.stride(stride);
            }
        }
        for (slot, &x) in slots.into_remainder().iter_mut().zip(rest) {
            *slot = own.one(x);
        }
        *self = own;
    }
}

/// Runs two recursions side by side where their strides begin together: they do not wait for each
/// other.
pub(crate) fn run_both<R: Recursion>(
    [one, two]: [&mut R; 2],
    [xs, ys]: [&[f64]; 2],
    [a, b]: [&mut [f64]; 2],
) {
    let odd = xs.len().min((STRIDE - one.phase()) % STRIDE);
    let together = one.phase() == two.phase();
    let whole = if together {
        odd + (xs.len() - odd) / STRIDE * STRIDE
    } else {
        odd
    };
    one.run(&xs[..odd], &mut a[..odd]);
    two.run(&ys[..odd], &mut b[..odd]);
    wide(
        #[inline(always)]
        || {
            let (mut first, mut second) = (one.clone(), two.clone());
            let slots = a[odd..whole].chunks_exact_mut(STRIDE);
            let slots = slots.zip(b[odd..whole].chunks_exact_mut(STRIDE));
            let strides = xs[odd..whole].chunks_exact(STRIDE);
            let strides = strides.zip(ys[odd..whole].chunks_exact(STRIDE));
            for ((a, b), (x, y)) in slots.zip(strides) {
                let slots = (a.first_chunk_mut(), b.first_chunk_mut());
                if let ((Some(a), Some(b)), (Some(&x), Some(&y))) =
                    (slots, (x.first_chunk(), y.first_chunk()))
                {
                    *a = first.stride(x);
                    *b = second.stride(y);
                }
            }
            (*one, *two) = (first, second);
        },
    );
    one.run(&xs[whole..], &mut a[whole..]);
    two.run(&ys[whole..], &mut b[whole..]);
}

/// Writes two averages of a stretch that begin together; returns how many of the first rows have
/// none.
pub(crate) fn go_on_both<R: Recursion>(
    [one, two]: [&mut Seeded<R>; 2],
    [xs, ys]: [&[f64]; 2],
    [a, b]: [&mut [f64]; 2],
) -> usize {
    if one.is_seeded() && two.is_seeded() {
        run_both([one.recursion(), two.recursion()], [xs, ys], [a, b]);
        return 0;
    }
    let untold = one.go_on(xs, a);
    untold.max(two.go_on(ys, b))
}

impl Recursion for Wilder {
    fn start(&mut self, value: f64) {
        self.base = value;
        self.phase = 0;
    }

    #[inline]
    fn one(&mut self, x: f64) -> f64 {
        let brought = self.weight * x;
        self.brought = if self.phase == 0 {
            brought
        } else {
            self.powers[0] * self.brought + brought
        };
        let power = self.powers.get(usize::from(self.phase)).copied();
        let value = power.unwrap_or(0.0) * self.base + self.brought;
        self.phase += 1;
        if self.phase == 4 {
            self.base = value;
            self.phase = 0;
        }
        value
    }

    #[inline(always)]
    fn stride(&mut self, xs: [f64; STRIDE]) -> [f64; STRIDE] {
        let [p1, p2, p3, p4] = self.powers;
        let [a, b, c, d] = xs.map(|x| self.weight * x);
        let b = p1 * a + b;
        let c = p1 * b + c;
        let d = p1 * c + d;
        let base = self.base;
        self.base = p4 * base + d;
        [p1 * base + a, p2 * base + b, p3 * base + c, self.base]
    }

    fn phase(&self) -> usize {
        usize::from(self.phase)
    }
}

impl Recursion for Decay {
    fn start(&mut self, value: f64) {
        self.base = value;
        self.phase = 0;
    }

    #[inline]
    fn one(&mut self, x: f64) -> f64 {
        self.step(x)
    }

    #[inline(always)]
    fn stride(&mut self, xs: [f64; STRIDE]) -> [f64; STRIDE] {
        let told = four(self.weight, self.powers, self.base, xs);
        self.base = told[STRIDE - 1];
        told
    }

    fn phase(&self) -> usize {
        usize::from(self.phase)
    }
}

/// An exponential average that starts with the simple average of its first values.
#[derive(Debug, Clone)]
pub(crate) struct Seeded<R = Decay> {
    period: usize,
    recursion: R,
    seen: usize,
    anchor: f64,
    sum: f64,
}

impl Seeded {
    /// The caller has checked the period, 1 or more.
    pub(crate) fn new(period: usize, weight: f64) -> Self {
        Self::of(period, Decay::new(weight))
    }

    /// Weight 2 / (period + 1).
    pub(crate) fn exponential(period: usize) -> Self {
        Self::new(period, 2.0 / (period as f64 + 1.0))
    }
}

impl Seeded<Wilder> {
    /// Weight 1 / period; the caller has checked the period, 1 or more.
    pub(crate) fn wilder(period: usize) -> Self {
        Self::of(period, Wilder::new(1.0 / period as f64))
    }
}

impl<R: Recursion> Seeded<R> {
    fn of(period: usize, recursion: R) -> Self {
        Self {
            period,
            recursion,
            seen: 0,
            anchor: 0.0,
            sum: 0.0,
        }
    }

    #[inline]
    pub(crate) fn update(&mut self, x: f64) -> Option<f64> {
        if self.seen >= self.period {
            Some(self.recursion.one(x))
        } else {
            self.seed(x)
        }
    }

    /// Gathers the first values; offsets from the first one keep a constant exact.
    fn seed(&mut self, x: f64) -> Option<f64> {
        if self.seen == 0 {
            self.anchor = x;
        }
        self.seen += 1;
        self.sum += x - self.anchor;
        if self.seen < self.period {
            return None;
        }
        let value = self.anchor + self.sum / self.period as f64;
        self.recursion.start(value);
        Some(value)
    }

    /// Takes values in until there is an average, and returns how many that took.
    fn write_seed(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        for (i, (&x, slot)) in xs.iter().zip(line).enumerate() {
            let value = self.update(x);
            *slot = value.unwrap_or(f64::NAN);
            if value.is_some() {
                return i + 1;
            }
        }
        xs.len()
    }

    /// Writes the averages of a stretch that follows the last one, and returns how many of its
    /// first values have none yet.
    pub(crate) fn go_on(&mut self, xs: &[f64], line: &mut [f64]) -> usize {
        let was_seeded = self.is_seeded();
        let seeded = if was_seeded {
            0
        } else {
            self.write_seed(xs, line)
        };
        if !self.is_seeded() {
            return xs.len();
        }
        wide(
            #[inline(always)]
            || self.recursion.run(&xs[seeded..], &mut line[seeded..]),
        );
        if was_seeded {
            0
        } else {
            seeded - 1
        }
    }

    /// Whether there is an average.
    pub(crate) fn is_seeded(&self) -> bool {
        self.seen >= self.period
    }

    /// The recursion alone, once there is an average.
    pub(crate) fn recursion(&mut self) -> &mut R {
        &mut self.recursion
    }

    pub(crate) fn reset(&mut self) {
        self.seen = 0;
        self.sum = 0.0;
    }
}
