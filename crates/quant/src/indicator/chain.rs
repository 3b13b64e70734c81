//! Averages of averages over stretches: all links of the chain in the lanes of one register.
//!
//! Each link takes strides of four, as `smooth.rs` explains, and the strides of one wait for each
//! other. Here the links march in step, each some rows behind the one that feeds it, so that what a
//! link takes in was made some steps before and nobody waits for it. The rows before all are on
//! their way, and those after the first has arrived, are taken link by link.

use super::column::{each_row, Rows, Scratch, SCRATCH};
use super::smooth::{Decay, Quad, Recursion, Seeded, LANES, STRIDE};
use crate::linalg::lanes::wide;

/// Rows of the past that are kept of every link: more than two links are ever apart.
const KEPT: usize = 16;

/// Sends a stretch through a chain of averages, each fed by the one before, and writes what is told
/// of their values; returns how many of the first rows have none.
pub(super) fn run_chain<const N: usize>(
    chain: &mut [Seeded; N],
    xs: &[f64],
    line: &mut [f64],
    told: impl Fn([f64; N]) -> f64,
) -> usize
where
    for<'a> [&'a [f64]; N]: Rows<N>,
{
    let n = xs.len();
    let mut averages = [SCRATCH; N];
    let untold = run_links(chain, xs, &mut averages);
    let averages = averages.each_ref().map(|average| &average[untold..n]);
    each_row(averages, &mut line[untold..], told);
    untold
}

/// Writes the averages of every link; returns how many of the first rows do not have all.
fn run_links(chain: &mut [Seeded], xs: &[f64], averages: &mut [Scratch]) -> usize {
    let n = xs.len();
    let mut untold = 0;
    let mut before: Option<&Scratch> = None;
    for (links, averages) in chain.chunks_mut(LANES).zip(averages.chunks_mut(LANES)) {
        let mut fed = before.map_or(xs, |average| average);
        if untold > 0 || !march(links, &fed[..n], averages) {
            for (link, average) in links.iter_mut().zip(averages.iter_mut()) {
                untold += link.go_on(&fed[untold..n], &mut average[untold..n]);
                fed = average;
            }
        }
        before = averages.last();
    }
    untold
}

/// Writes the averages of every link, in step; false when some link has none yet, or the stretch is
/// too short.
fn march(chain: &mut [Seeded], xs: &[f64], averages: &mut [Scratch]) -> bool {
    let Some(starts) = starts(chain) else {
        return false;
    };
    let (links, n) = (chain.len(), xs.len());
    let gap = starts[0].saturating_sub(starts[1]);
    let mut pairs = starts[..links].windows(2);
    if !pairs.all(|pair| pair[0] - pair[1] == gap) || starts[0] + KEPT > n {
        return false;
    }
    take_alone(chain, xs, averages, |k| 0..starts[k]);
    let steps = (n - starts[0]) / STRIDE;
    wide(
        #[inline(always)]
        || take_in_step(chain, xs, averages, (starts, gap, steps)),
    );
    take_alone(chain, xs, averages, |k| starts[k] + STRIDE * steps..n);
    true
}

/// The row from which on each link marches: the beginning of a stride of its own, and more than a
/// stride behind that of the link that it feeds. None when a link has no average yet.
fn starts(chain: &mut [Seeded]) -> Option<[usize; LANES]> {
    let mut starts = [0; LANES];
    let mut behind = 0;
    for (start, link) in starts[..chain.len()].iter_mut().zip(chain).rev() {
        if !link.is_seeded() {
            return None;
        }
        let odd = (STRIDE - link.recursion().phase()) % STRIDE;
        *start = behind + (odd + STRIDE - behind % STRIDE) % STRIDE;
        behind = *start + STRIDE + 1;
    }
    Some(starts)
}

/// Takes rows link by link.
fn take_alone(
    chain: &mut [Seeded],
    xs: &[f64],
    averages: &mut [Scratch],
    rows: impl Fn(usize) -> core::ops::Range<usize>,
) {
    let mut fed = xs;
    for (k, (link, average)) in chain.iter_mut().zip(averages).enumerate() {
        link.go_on(&fed[rows(k)], &mut average[rows(k)]);
        fed = average;
    }
}

/// Takes as many strides of every link, each from its own start.
#[inline(always)]
fn take_in_step(
    chain: &mut [Seeded],
    xs: &[f64],
    averages: &mut [Scratch],
    (starts, gap, steps): ([usize; LANES], usize, usize),
) {
    // What every link told last, each at its own row; place 0 is that of the next one.
    let mut kept = [Quad::default(); KEPT];
    for back in 1..=gap {
        for (k, average) in averages
            .split_last()
            .map_or(&[][..], |(_, all)| all)
            .iter()
            .enumerate()
        {
            kept[KEPT - back].0[k] = average[starts[k] - back];
        }
    }
    let mut links = chain.iter_mut().map(|link| &*link.recursion());
    let mut marching = Decay::abreast([links.next(), links.next(), links.next(), links.next()]);
    let first = &xs[starts[0]..];
    let mut place = 0;
    for (step, fresh) in first.chunks_exact(STRIDE).take(steps).enumerate() {
        let fed = |t: usize| {
            let Quad([a, b, c, _]) = kept[(place + t + KEPT - gap) % KEPT];
            Quad([fresh[t], a, b, c])
        };
        let [e, f, g, h] = marching.stride([fed(0), fed(1), fed(2), fed(3)]);
        kept[place] = e;
        kept[place + 1] = f;
        kept[place + 2] = g;
        kept[place + 3] = h;
        place = (place + STRIDE) % KEPT;
        let told = turned([e, f, g, h]);
        for ((average, start), told) in averages.iter_mut().zip(starts).zip(told) {
            if let Some(slots) = average[start + STRIDE * step..].first_chunk_mut() {
                *slots = told;
            }
        }
    }
    for (link, base) in chain.iter_mut().zip(marching.bases()) {
        link.recursion().start(base);
    }
}

/// Four numbers of every lane, lane by lane.
#[inline(always)]
fn turned([a, b, c, d]: [Quad; STRIDE]) -> [[f64; STRIDE]; LANES] {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a.0, b.0);
    let ([c0, c1, c2, c3], [d0, d1, d2, d3]) = (c.0, d.0);
    [
        [a0, b0, c0, d0],
        [a1, b1, c1, d1],
        [a2, b2, c2, d2],
        [a3, b3, c3, d3],
    ]
}
