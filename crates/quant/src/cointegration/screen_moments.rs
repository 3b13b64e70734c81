//! Moments of every spread of a panel, from symmetric products only.
//!
//! With `V_h` the matrix of `sum_t (x_t - x_{t-h})(x_t - x_{t-h})'`, every moment that a
//! Dickey-Fuller regression of `u = x_i - b x_j` needs is a combination of `V_h(u) = V_h[i, i] -
//! 2 b V_h[i, j] + b^2 V_h[j, j]` and of a few rows at the edges: sums of `u_{t-1} (u_t - u_{t-1})`
//! telescope, and `2 sum d_t d_{t-h}` is a second difference of `V` in h. Symmetric products cost
//! half of general ones, and the small moments are sums of small numbers, so nothing cancels.

#![allow(clippy::needless_range_loop)] // The subscripts are those of the formulas.

use crate::error::{QuantError, Result};
use crate::linalg::lanes::{axpy, centre, dot, is_constant, sum};
use crate::linalg::{product, Matrix};
use crate::series::Trend;

const STRIP: usize = 64;

/// Columns in units of themselves, less their deterministic part, with their products.
pub(super) struct Panel {
    pub x: Matrix,
    pub units: Vec<f64>,
    pub sums: Vec<f64>,
    /// `v[0]` is `X'X`, `v[h]` that of the differences over h steps.
    pub v: Vec<Matrix>,
    /// Their diagonals.
    pub own: Vec<Vec<f64>>,
}

impl Panel {
    pub(super) fn try_new(
        levels: &Matrix,
        trend: Trend,
        (max_lag, threads): (usize, usize),
        watch: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<Self> {
        let (x, units) = standardised(levels, trend)?;
        let sums = (0..x.cols()).map(|j| sum(x.col(j))).collect();
        let stages = max_lag + 2;
        let mut v = Vec::with_capacity(stages);
        for h in 0..stages {
            if !watch(h, 2 * stages) {
                return Err(QuantError::Interrupted);
            }
            v.push(if h == 0 {
                symmetric(&x, threads)
            } else {
                symmetric(&differenced(&x, h), threads)
            });
        }
        let own = v
            .iter()
            .map(|v| (0..v.cols()).map(|j| v.at(j, j)).collect())
            .collect();
        Ok(Self {
            x,
            units,
            sums,
            v,
            own,
        })
    }
}

fn standardised(levels: &Matrix, trend: Trend) -> Result<(Matrix, Vec<f64>)> {
    let n = levels.rows();
    let mut x = levels.clone();
    let mut units = Vec::with_capacity(x.cols());
    let time: Vec<f64> = (0..n)
        .map(|t| (t as f64 - 0.5 * (n as f64 - 1.0)) / n as f64)
        .collect();
    let mut square: Vec<f64> = time.iter().map(|t| t * t).collect();
    centre(&mut square);
    let powers = [time, square];
    for j in 0..x.cols() {
        let column = x.col_mut(j);
        let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if is_constant(column) {
            return Err(QuantError::constant("prices", Some(j)));
        }
        for value in column.iter_mut() {
            *value /= largest;
        }
        if trend != Trend::None {
            centre(column);
        }
        for power in &powers[..trend.terms().saturating_sub(1)] {
            let along = dot(power, column) / dot(power, power);
            axpy(-along, power, column);
        }
        let spread = (dot(column, column) / n as f64).sqrt();
        if spread < 1e-13 {
            return Err(QuantError::constant("prices", Some(j)));
        }
        for value in column.iter_mut() {
            *value /= spread;
        }
        units.push(largest * spread);
    }
    Ok((x, units))
}

fn differenced(x: &Matrix, h: usize) -> Matrix {
    let rows = x.rows() - h;
    let mut data = Vec::with_capacity(rows * x.cols());
    for j in 0..x.cols() {
        let column = x.col(j);
        data.extend(column[h..].iter().zip(column).map(|(now, then)| now - then));
    }
    Matrix::from_columns(rows, x.cols(), data)
}

/// Whose strip this is: strips shorten, so they are dealt out forwards and backwards in turn.
const fn dealt(place: usize, threads: usize) -> usize {
    let (round, at) = (place / threads, place % threads);
    if round % 2 == 0 {
        at
    } else {
        threads - 1 - at
    }
}

/// `x' x`, strip by strip of the upper part; which thread does a strip makes no difference to it.
fn symmetric(x: &Matrix, threads: usize) -> Matrix {
    let (rows, n) = (x.rows(), x.cols());
    let starts: Vec<usize> = (0..n).step_by(STRIP).collect();
    let strip = |i: usize| {
        let own = &x.data()[i * rows..(i + STRIP).min(n) * rows];
        let mut out = vec![0.0; (own.len() / rows) * (n - i)];
        product::block_gram(own, &x.data()[i * rows..], rows, &mut out);
        (i, out)
    };
    let mut done = Vec::new();
    if threads < 2 || starts.len() < 2 {
        done.extend(starts.iter().map(|i| strip(*i)));
    } else {
        std::thread::scope(|scope| {
            let (starts, strip) = (&starts, &strip);
            let work = move |thread: usize| {
                let mine = starts.iter().enumerate();
                let mine = mine.filter(|(place, _)| dealt(*place, threads) == thread);
                mine.map(|(_, i)| strip(*i)).collect::<Vec<_>>()
            };
            let others: Vec<_> = (1..threads).map(|k| scope.spawn(move || work(k))).collect();
            done.extend(work(0));
            for other in others {
                // A panic in a thread is a panic here: there is no other way for it to fail.
                let more = other.join();
                done.extend(more.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
    let mut g = Matrix::zeros(n, n);
    for (i, out) in done {
        let height = STRIP.min(n - i);
        for (c, column) in out.chunks_exact(height).enumerate() {
            for (r, value) in column.iter().enumerate() {
                g.set(i + r, i + c, *value);
                g.set(i + c, i + r, *value);
            }
        }
    }
    g
}

/// What is known of one spread; `W` is the number of lags and two.
pub(super) struct Spread<const W: usize> {
    /// `v[0]` is the sum of squares, `v[h]` that of the differences over h steps.
    pub v: [f64; W],
    /// The first values.
    pub head: [f64; W],
    /// The last values.
    pub tail: [f64; W],
    pub sum: f64,
    pub rows: usize,
}

/// Symmetric moments of (lags 1..p, level, target) in the first p + 2 places.
pub(super) type Moments<const W: usize> = [[f64; W]; W];

impl<const W: usize> Spread<W> {
    /// Sums of `d_t d_{t-h}` over all rows that have both.
    #[inline(always)]
    fn products(&self) -> [f64; W] {
        let (v, head, tail) = (&self.v, &self.head, &self.tail);
        let first = |h: usize| (head[h] - head[0]) * (head[h] - head[0]);
        let last = |h: usize| {
            let step = tail[W - 1] - tail[W - 1 - h];
            step * step
        };
        let mut r = [0.0; W];
        r[0] = v[1];
        for h in 1..W - 1 {
            let inner = if h == 1 { 0.0 } else { v[h - 1] };
            let one = v[h] - first(h);
            let two = v[h] - last(h);
            r[h] = 0.5 * (v[h + 1] - one - two + (inner - first(h - 1) - last(h - 1)));
        }
        r
    }

    /// The moments of the regression with `p` lags on its longest sample; the level comes before
    /// the lags when `level_first`.
    #[inline(always)]
    pub(super) fn moments(&self, p: usize, level_first: bool) -> Moments<W> {
        let r = self.products();
        let (head, tail) = (&self.head, &self.tail);
        let early = |s: usize| head[s] - head[s - 1];
        let late = |back: usize| tail[W - 1 - back] - tail[W - 2 - back];
        let mut a = [[0.0; W]; W];
        for k in 0..=p {
            for l in k..=p {
                let h = l - k;
                let mut value = r[h];
                for s in h + 1..=p - k {
                    value -= early(s) * early(s - h);
                }
                for back in 0..k {
                    value -= late(back) * late(back + h);
                }
                a[k][l] = value;
                a[l][k] = value;
            }
        }
        let mut b = [0.0; W];
        for k in 0..=p {
            let (end, start) = (tail[W - 1 - k], head[p - k]);
            b[k] = 0.5 * (end * end - start * start - a[k][k]);
            for m in 1..=k {
                b[k] += a[m][k];
            }
        }
        let mut level = self.v[0] - tail[W - 1] * tail[W - 1];
        for value in &head[..p] {
            level -= value * value;
        }
        let at = |lag: usize| match lag {
            0 => p + 1,
            _ if level_first => lag,
            _ => lag - 1,
        };
        let level_at = if level_first { 0 } else { p };
        let mut moments = [[0.0; W]; W];
        moments[level_at][level_at] = level;
        for k in 0..=p {
            moments[at(k)][level_at] = b[k];
            moments[level_at][at(k)] = b[k];
            for l in 0..=p {
                moments[at(k)][at(l)] = a[k][l];
            }
        }
        moments
    }

    /// The statistic of Dickey and Fuller with `p` lags; NaN where it has none.
    #[inline(always)]
    pub(super) fn statistic(&self, p: usize) -> f64 {
        let l = factor(&self.moments(p, false), p + 2);
        let freedom = (self.rows - 1 - p) as f64 - (p + 1) as f64;
        l[p + 1][p] / (l[p + 1][p + 1] / freedom.sqrt())
    }

    /// The coefficient of the regression on the past, with a constant.
    #[inline(always)]
    pub(super) fn phi(&self) -> f64 {
        let n = self.rows as f64 - 1.0;
        let (first, last) = (self.head[0], self.tail[W - 1]);
        let past = (self.sum - last) / n;
        let now = (self.sum - first) / n;
        let square = self.v[0] - last * last;
        let both = square + 0.5 * (last * last - first * first - self.v[1]);
        (both - n * past * now) / (square - n * past * past)
    }
}

/// The lower factor of the first `size` rows; NaN from a column on that depends on those before it.
#[inline(always)]
pub(super) fn factor<const W: usize>(m: &Moments<W>, size: usize) -> Moments<W> {
    let mut l = [[0.0; W]; W];
    for j in 0..size {
        for i in j..size {
            let mut value = m[i][j];
            for k in 0..j {
                value -= l[i][k] * l[j][k];
            }
            l[i][j] = if i > j {
                value / l[j][j]
            } else if value > 1e-12 * m[j][j] {
                value.sqrt()
            } else {
                f64::NAN
            };
        }
    }
    l
}
