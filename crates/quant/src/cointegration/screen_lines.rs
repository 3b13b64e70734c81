//! One column against all others: a line of the screen, block by block.
//!
//! A block of neighbouring columns is a loop without branches over slices, so that it runs on wide
//! registers; what cannot be tested comes out as NaN.

use super::screen_moments::{factor, Panel, Spread};
use crate::linalg::lanes::wide;

/// Columns tested in one loop.
const BLOCK: usize = 16;

/// What is found about one pair, prices in their own units.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tested {
    /// The Dickey-Fuller statistic; NaN when one column is all the other says.
    pub statistic: f64,
    pub hedge_ratio: f64,
    /// Coefficient of the spread on its past.
    pub phi: f64,
    pub lags: usize,
}

/// How the lags of a spread are chosen.
pub(super) trait Lags<const W: usize>: Sync {
    fn of(&self, spread: &Spread<W>) -> usize;
}

/// As many as fit into the moments.
pub(super) struct All;
/// This many.
pub(super) struct Fixed(pub usize);
/// Up to this many, by Akaike's criterion.
pub(super) struct Akaike(pub usize);

impl<const W: usize> Lags<W> for All {
    #[inline(always)]
    fn of(&self, _spread: &Spread<W>) -> usize {
        W - 2
    }
}

impl<const W: usize> Lags<W> for Fixed {
    fn of(&self, _spread: &Spread<W>) -> usize {
        self.0
    }
}

impl<const W: usize> Lags<W> for Akaike {
    fn of(&self, spread: &Spread<W>) -> usize {
        let max = self.0;
        let l = factor(&spread.moments(max, true), max + 2);
        let n = (spread.rows - 1 - max) as f64;
        let target = &l[max + 1];
        let mut sse = target[max + 1] * target[max + 1];
        let mut best = (max, f64::INFINITY);
        for lag in (0..=max).rev() {
            let criterion = n * libm::log(sse / n) + 2.0 * (1 + lag) as f64;
            if criterion <= best.1 {
                best = (lag, criterion);
            }
            sse += target[lag] * target[lag];
        }
        best.0
    }
}

/// A figure of all columns, filled up to whole blocks.
fn figure(values: impl Iterator<Item = f64>, n: usize) -> Vec<f64> {
    let mut all: Vec<f64> = values.take(n).collect();
    all.resize(n.next_multiple_of(BLOCK), 1.0);
    all
}

#[inline(always)]
fn block(figure: &[f64], at: usize) -> &[f64; BLOCK] {
    figure[at..].first_chunk().unwrap_or(&[1.0; BLOCK])
}

#[inline(always)]
fn blocks<const W: usize>(figures: &[Vec<f64>; W], at: usize) -> [&[f64; BLOCK]; W] {
    core::array::from_fn(|h| block(&figures[h], at))
}

#[inline(always)]
fn all<const W: usize>(figures: &[Vec<f64>; W], i: usize) -> [f64; W] {
    core::array::from_fn(|h| figures[h][i])
}

/// What the columns bring to any pair: one slice a figure.
pub(super) struct Columns<'a, const W: usize> {
    panel: &'a Panel,
    own: [Vec<f64>; W],
    head: [Vec<f64>; W],
    tail: [Vec<f64>; W],
    sums: Vec<f64>,
}

impl<'a, const W: usize> Columns<'a, W> {
    pub(super) fn new(panel: &'a Panel) -> Self {
        let (rows, n) = (panel.x.rows(), panel.x.cols());
        let row = |t: usize| figure((0..n).map(|j| panel.x.at(t, j)), n);
        Self {
            panel,
            own: core::array::from_fn(|h| {
                let own = &panel.own[h.min(panel.own.len() - 1)];
                figure(own.iter().copied(), n)
            }),
            head: core::array::from_fn(row),
            tail: core::array::from_fn(|t| row(rows - W + t)),
            sums: figure(panel.sums.iter().copied(), n),
        }
    }

    /// Column `i` against every other one, in their order.
    pub(super) fn line(&self, lags: &impl Lags<W>, i: usize, found: &mut [Tested]) {
        let panel = self.panel;
        let n = panel.x.cols();
        let v: [Vec<f64>; W] = core::array::from_fn(|h| {
            let column = panel.v[h.min(panel.v.len() - 1)].col(i);
            figure(column.iter().copied(), n)
        });
        let mut slots = found.iter_mut();
        for at in (0..n).step_by(BLOCK) {
            let tested = wide(
                #[inline(always)]
                || self.block(lags, i, &v, at),
            );
            let others = (at..n).zip(tested).filter(|(j, _)| *j != i);
            for ((j, mut tested), slot) in others.zip(&mut slots) {
                tested.hedge_ratio *= panel.units[i] / panel.units[j];
                *slot = tested;
            }
        }
    }

    #[inline(always)]
    fn block(
        &self,
        lags: &impl Lags<W>,
        i: usize,
        v: &[Vec<f64>; W],
        at: usize,
    ) -> [Tested; BLOCK] {
        let rows = self.panel.x.rows();
        let (v_i, head_i, tail_i) = (all(v, i), all(&self.head, i), all(&self.tail, i));
        let (v_ij, own) = (blocks(v, at), blocks(&self.own, at));
        let (head, tail) = (blocks(&self.head, at), blocks(&self.tail, at));
        let (sum_i, sums) = (self.sums[i], block(&self.sums, at));
        let (mut hedge_ratio, mut phi) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (mut statistic, mut chosen) = ([0.0; BLOCK], [0_usize; BLOCK]);
        for k in 0..BLOCK {
            let b = v_ij[0][k] / own[0][k];
            let spread = Spread::<W> {
                v: core::array::from_fn(|h| v_i[h] - b * (2.0 * v_ij[h][k] - b * own[h][k])),
                head: core::array::from_fn(|t| head_i[t] - b * head[t][k]),
                tail: core::array::from_fn(|t| tail_i[t] - b * tail[t][k]),
                sum: sum_i - b * sums[k],
                rows,
            };
            let p = lags.of(&spread);
            let told = spread.statistic(p);
            let something = spread.v[0] > 1e-12 * v_i[0];
            statistic[k] = if something { told } else { f64::NAN };
            phi[k] = spread.phi();
            hedge_ratio[k] = b;
            chosen[k] = p;
        }
        core::array::from_fn(|k| Tested {
            statistic: statistic[k],
            hedge_ratio: hedge_ratio[k],
            phi: phi[k],
            lags: chosen[k],
        })
    }
}
