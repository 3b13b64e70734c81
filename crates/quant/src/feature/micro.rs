//! Stoikov's micro-price: where the mid will be after many changes, given imbalance and spread.
//!
//! The states are the imbalance in buckets and the spread in ticks. From a recording come the
//! chances of moving between states without a change of the mid (Q), of a change of the mid and how
//! large (R), and of the state after it (T). The first adjustment is G = (1 - Q)^-1 R k, each later
//! one B = (1 - Q)^-1 T of it; the micro-price is mid + sum of B^i G. Every move is counted with its
//! mirror image (bid for ask), which makes the sum converge.

use core::fmt;

/// Best bid and ask with their quantities, as columns of one length.
#[derive(Debug, Clone, Copy)]
pub struct Touch<'a> {
    /// Bid prices.
    pub bid: &'a [f64],
    /// Bid quantities.
    pub bid_qty: &'a [f64],
    /// Ask prices.
    pub ask: &'a [f64],
    /// Ask quantities.
    pub ask_qty: &'a [f64],
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MicroError {
    /// A parameter is outside its range.
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// The columns are not equally long.
    Length,
    /// The recording has no change of the mid in the states that it visits.
    NoChange,
    /// The adjustments did not become small.
    NotConverged {
        /// The largest of the last adjustment [price].
        rest: f64,
    },
}

impl fmt::Display for MicroError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, must } => write!(f, "{name} must be {must}"),
            Self::Length => write!(f, "the columns are not equally long"),
            Self::NoChange => write!(f, "the mid never changes from some state that is visited"),
            Self::NotConverged { rest } => {
                write!(f, "the adjustments do not fade: the last one is {rest}")
            }
        }
    }
}

impl core::error::Error for MicroError {}

/// The micro-price of every state.
#[derive(Debug, Clone)]
pub struct MicroPrice {
    buckets: usize,
    spreads: usize,
    tick: f64,
    /// What is added to the mid, by spread, then bucket [price].
    adjustments: Vec<f64>,
}

/// Bucket and spread of one row; None where the spread is outside of the states.
fn state(touch: [f64; 4], buckets: usize, spreads: usize, tick: f64) -> Option<usize> {
    let [bid, bid_qty, ask, ask_qty] = touch;
    let ticks = ((ask - bid) / tick).round();
    let both = bid_qty + ask_qty;
    if !(ticks >= 1.0 && ticks <= spreads as f64 && both > 0.0) {
        return None;
    }
    let bucket = ((bid_qty / both) * buckets as f64) as usize;
    Some((ticks as usize - 1) * buckets + bucket.min(buckets - 1))
}

/// Counts of moves between states.
struct Moves {
    n: usize,
    still: Vec<f64>,
    moved: Vec<f64>,
    change: Vec<f64>,
    visits: Vec<f64>,
}

impl Moves {
    fn add(&mut self, from: usize, to: usize, change: f64) {
        self.visits[from] += 1.0;
        if change == 0.0 {
            self.still[from * self.n + to] += 1.0;
        } else {
            self.moved[from * self.n + to] += 1.0;
            self.change[from] += change;
        }
    }
}

impl MicroPrice {
    /// Learns the micro-price of `buckets` x `spreads` states from a recording, row by row.
    ///
    /// Rows whose spread is wider, or that have no quantity, are left out, and so are moves into
    /// or out of them.
    ///
    /// # Source
    /// Stoikov 2018, The micro-price: a high-frequency estimator of future prices, section 4.
    ///
    /// # Errors
    /// See [`MicroError`].
    pub fn fit(
        rows: Touch<'_>,
        buckets: usize,
        spreads: usize,
        tick: f64,
    ) -> Result<Self, MicroError> {
        let parameter = |name, must| Err(MicroError::Parameter { name, must });
        if !(1..=50).contains(&buckets) {
            return parameter("buckets", "1 to 50");
        }
        if !(1..=20).contains(&spreads) {
            return parameter("spreads", "1 to 20");
        }
        if !(tick.is_finite() && tick > 0.0) {
            return parameter("tick", "a finite number above 0");
        }
        let n = rows.bid.len();
        if [rows.bid_qty.len(), rows.ask.len(), rows.ask_qty.len()] != [n; 3] {
            return Err(MicroError::Length);
        }
        let moves = count(rows, buckets, spreads, tick);
        let adjustments = adjust(&moves, tick)?;
        Ok(Self {
            buckets,
            spreads,
            tick,
            adjustments,
        })
    }

    /// What is added to the mid, by spread from one tick, then bucket from 0 [price].
    #[must_use]
    pub fn adjustments(&self) -> &[f64] {
        &self.adjustments
    }

    /// The micro-price of one row; the mid where its state was not learned.
    #[must_use]
    pub fn price(&self, touch: [f64; 4]) -> f64 {
        let mid = (touch[0] + touch[2]) / 2.0;
        let state = state(touch, self.buckets, self.spreads, self.tick);
        let adjustment = state.and_then(|state| self.adjustments.get(state));
        mid + adjustment.copied().unwrap_or(0.0)
    }
}

fn count(rows: Touch<'_>, buckets: usize, spreads: usize, tick: f64) -> Moves {
    let n = buckets * spreads;
    let mut moves = Moves {
        n,
        still: vec![0.0; n * n],
        moved: vec![0.0; n * n],
        change: vec![0.0; n],
        visits: vec![0.0; n],
    };
    let row = |i: usize| [rows.bid[i], rows.bid_qty[i], rows.ask[i], rows.ask_qty[i]];
    // The mirror image of a state; of the imbalance itself it would depend on which bucket a
    // boundary belongs to.
    let mirrored = |state: usize| {
        let bucket = state % buckets;
        state - bucket + (buckets - 1 - bucket)
    };
    let state = |touch| state(touch, buckets, spreads, tick);
    for i in 1..rows.bid.len() {
        let (before, after) = (row(i - 1), row(i));
        let (Some(from), Some(to)) = (state(before), state(after)) else {
            continue;
        };
        // Twice the mid in ticks is a whole number.
        let change = ((after[0] + after[2] - before[0] - before[2]) / tick).round() / 2.0;
        moves.add(from, to, change);
        moves.add(mirrored(from), mirrored(to), -change);
    }
    moves
}

/// Sum of B^i G in units of price.
fn adjust(moves: &Moves, tick: f64) -> Result<Vec<f64>, MicroError> {
    const ROUNDS: usize = 10_000;
    let n = moves.n;
    // Rows: (1 - Q), then G's right side and T, all divided by the visits.
    let width = 2 * n + 1;
    let mut system = vec![0.0; n * width];
    for from in 0..n {
        let row = &mut system[from * width..(from + 1) * width];
        row[from] = 1.0;
        let visits = moves.visits[from];
        if visits == 0.0 {
            continue;
        }
        for to in 0..n {
            row[to] -= moves.still[from * n + to] / visits;
            row[n + 1 + to] = moves.moved[from * n + to] / visits;
        }
        row[n] = tick * moves.change[from] / visits;
    }
    eliminate(&mut system, n, width)?;
    let right = |from: usize, column: usize| system[from * width + n + column];
    let mut step: Vec<f64> = (0..n).map(|from| right(from, 0)).collect();
    let mut sum = step.clone();
    let mut rest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let next = |from: usize| -> f64 { (0..n).map(|to| right(from, 1 + to) * step[to]).sum() };
        step = (0..n).map(next).collect();
        rest = step.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        for (total, x) in sum.iter_mut().zip(&step) {
            *total += x;
        }
        if rest <= 1e-12 * tick {
            return Ok(sum);
        }
    }
    Err(MicroError::NotConverged { rest })
}

/// Solves the left n columns away (Gauss and Jordan, with the largest pivot of each column).
fn eliminate(system: &mut [f64], n: usize, width: usize) -> Result<(), MicroError> {
    for column in 0..n {
        let size = |row: usize, system: &[f64]| system[row * width + column].abs();
        let mut best = column;
        for row in column + 1..n {
            if size(row, system) > size(best, system) {
                best = row;
            }
        }
        if size(best, system) < 1e-12 {
            return Err(MicroError::NoChange);
        }
        for k in 0..width {
            system.swap(column * width + k, best * width + k);
        }
        let pivot = system[column * width + column];
        for k in 0..width {
            system[column * width + k] /= pivot;
        }
        for row in (0..n).filter(|row| *row != column) {
            let factor = system[row * width + column];
            if factor != 0.0 {
                for k in 0..width {
                    system[row * width + k] -= factor * system[column * width + k];
                }
            }
        }
    }
    Ok(())
}
