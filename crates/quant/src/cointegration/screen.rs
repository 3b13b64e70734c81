//! Engle-Granger tests of all ordered pairs of a panel.

use super::engle_granger::regress;
use super::screen_moments::{factor, Panel, Spread};
use crate::error::{Fault, QuantError, Result};
use crate::linalg::Matrix;
use crate::series::mackinnon::p_value;
use crate::series::{duration, unit_root, HalfLifeMethod, LagRule, Trend};

/// The largest number of lags.
const LAGS_MAX: usize = 10;
/// Rows of pairs between two looks at the caller.
const BATCH: usize = 64;

/// How many lagged differences every pair has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenLags {
    /// As many as this.
    Fixed(usize),
    /// Up to this many, chosen by Akaike's criterion, pair by pair.
    Aic(usize),
}

/// One column a figure, one row an ordered pair: y = 0 with x = 1, 2, ..., then y = 1, ...
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Screen {
    /// Statistics.
    pub statistic: Vec<f64>,
    /// MacKinnon's asymptotic p-values.
    pub pvalue: Vec<f64>,
    /// Benjamini-Hochberg (or Yekutieli) adjusted p-values.
    pub qvalue: Vec<f64>,
    /// Units of x against one of y.
    pub hedge_ratio: Vec<f64>,
    /// Half-life of the spread [observations].
    pub half_life: Vec<f64>,
    /// Lagged differences.
    pub lags: Vec<usize>,
    /// Whether the adjusted p-value is small enough.
    pub selected: Vec<bool>,
}

/// What a pair is found to be.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    statistic: f64,
    hedge_ratio: f64,
    half_life: f64,
    lags: usize,
}

/// What is asked of a screen.
#[derive(Debug, Clone, Copy)]
pub struct ScreenPlan {
    /// Deterministic terms of the first regression.
    pub trend: Trend,
    /// Lagged differences.
    pub lags: ScreenLags,
    /// Largest adjusted p-value of a selected pair.
    pub fdr: f64,
    /// Yekutieli's correction, valid under any dependence.
    pub dependent: bool,
    /// Threads; the result does not depend on them.
    pub threads: usize,
}

/// Tests every ordered pair; the best are tested again by QR of the prices themselves.
///
/// # Errors
/// Values that are not finite, fewer than two columns, too short a sample, constant or collinear
/// columns, a parameter outside its range, an interruption.
pub fn screen(
    prices: &Matrix,
    plan: ScreenPlan,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Screen> {
    let (rows, n) = (prices.rows(), prices.cols());
    let (ScreenLags::Fixed(max_lag) | ScreenLags::Aic(max_lag)) = plan.lags;
    if n < 2 {
        let fault = Fault::new(
            "prices",
            format!("{n} columns make no pair"),
            "pass two or more",
        );
        return Err(QuantError::Data(fault));
    }
    if max_lag > LAGS_MAX {
        let problem = format!("is {max_lag}, but must be at most {LAGS_MAX}");
        return Err(QuantError::parameter("lags", problem, "ask for fewer lags"));
    }
    if !(plan.fdr > 0.0 && plan.fdr < 1.0) {
        let problem = format!("is {}, but must lie between 0 and 1", plan.fdr);
        return Err(QuantError::parameter("fdr", problem, "use 0.05"));
    }
    prices.checked("prices")?;
    let needed = 2 * max_lag + 8 + 2 * plan.trend.terms();
    if rows < needed {
        return Err(QuantError::too_short("prices", rows, needed));
    }
    let panel = Panel::try_new(prices, plan.trend, (max_lag, plan.threads), watch)?;
    let found = match max_lag {
        0 => pairs::<2>(&panel, plan, watch),
        1 => pairs::<3>(&panel, plan, watch),
        2 => pairs::<4>(&panel, plan, watch),
        3 => pairs::<5>(&panel, plan, watch),
        4 => pairs::<6>(&panel, plan, watch),
        5 => pairs::<7>(&panel, plan, watch),
        _ => pairs::<12>(&panel, plan, watch),
    }?;
    settle(prices, plan, found)
}

/// Every ordered pair, in parallel by y.
fn pairs<const W: usize>(
    panel: &Panel,
    plan: ScreenPlan,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Vec<Row>> {
    let n = panel.x.cols();
    let mut found = vec![Row::default(); n * (n - 1)];
    for (batch, rows) in found.chunks_mut(BATCH * (n - 1)).enumerate() {
        if !watch(n + batch * BATCH, 2 * n) {
            return Err(QuantError::Interrupted);
        }
        let part = BATCH.div_ceil(plan.threads.max(1)) * (n - 1);
        let work = |piece: usize, rows: &mut [Row]| {
            let first = batch * BATCH + piece * part / (n - 1);
            for (k, line) in rows.chunks_mut(n - 1).enumerate() {
                one_against_all::<W>(panel, plan, first + k, line)?;
            }
            Ok(())
        };
        let failures: Vec<Result<()>> = std::thread::scope(|scope| {
            let work = &work;
            let mut pieces = rows.chunks_mut(part).enumerate();
            let own = pieces.next();
            let others: Vec<_> = pieces
                .map(|(piece, rows)| scope.spawn(move || work(piece, rows)))
                .collect();
            let mut answers = vec![own.map_or(Ok(()), |(piece, rows)| work(piece, rows))];
            for other in others {
                let answer = other.join();
                answers.push(answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            answers
        });
        failures.into_iter().collect::<Result<()>>()?;
    }
    Ok(found)
}

fn one_against_all<const W: usize>(
    panel: &Panel,
    plan: ScreenPlan,
    i: usize,
    line: &mut [Row],
) -> Result<()> {
    let n = panel.x.cols();
    let rows = panel.x.rows();
    let v: [&[f64]; W] = core::array::from_fn(|h| panel.v[h.min(panel.v.len() - 1)].col(i));
    for (slot, j) in line.iter_mut().zip((0..n).filter(|j| *j != i)) {
        let (first, second) = (panel.x.col(i), panel.x.col(j));
        let b = v[0][j] / panel.v[0].at(j, j);
        let spread = Spread::<W> {
            v: core::array::from_fn(|h| {
                let other = panel.v[h.min(panel.v.len() - 1)].at(j, j);
                v[h][i] - b * (2.0 * v[h][j] - b * other)
            }),
            head: core::array::from_fn(|t| first[t] - b * second[t]),
            tail: core::array::from_fn(|t| first[rows - W + t] - b * second[rows - W + t]),
            sum: panel.sums[i] - b * panel.sums[j],
            rows,
        };
        let tested = match plan.lags {
            ScreenLags::Fixed(p) => statistic(&spread, p).map(|s| (s, p)),
            ScreenLags::Aic(max) => {
                chosen(&spread, max).and_then(|p| statistic(&spread, p).map(|s| (s, p)))
            }
        };
        let Some((statistic, lags)) = tested.filter(|_| spread.v[0] > 1e-12 * v[0][i]) else {
            return Err(QuantError::collinear("prices", Some(i.max(j))));
        };
        *slot = Row {
            statistic,
            hedge_ratio: b * (panel.units[i] / panel.units[j]),
            half_life: duration(spread.phi(), HalfLifeMethod::Exact),
            lags,
        };
    }
    Ok(())
}

#[inline(always)]
fn statistic<const W: usize>(spread: &Spread<W>, p: usize) -> Option<f64> {
    let l = factor(&spread.moments(p, false), p + 2)?;
    let freedom = (spread.rows - 1 - p) as f64 - (p + 1) as f64;
    Some(l[p + 1][p] / (l[p + 1][p + 1] / freedom.sqrt()))
}

fn chosen<const W: usize>(spread: &Spread<W>, max: usize) -> Option<usize> {
    let l = factor(&spread.moments(max, true), max + 2)?;
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
    Some(best.0)
}

/// P-values, adjusted ones, the selection, and a second look at the best.
fn settle(prices: &Matrix, plan: ScreenPlan, mut found: Vec<Row>) -> Result<Screen> {
    let pair = |row: usize| {
        let (i, k) = (row / (prices.cols() - 1), row % (prices.cols() - 1));
        (i, k + usize::from(k >= i))
    };
    let p_of = |statistic: f64| p_value(statistic, plan.trend, 2);
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| found[*a].statistic.total_cmp(&found[*b].statistic));
    let adjusted = adjust(&order, &found, plan, p_of);
    let again = order.len().div_ceil(100).max(10).min(order.len());
    for row in &order[..again] {
        if adjusted[*row] > plan.fdr {
            break;
        }
        let (i, j) = pair(*row);
        let other = prices.block(0, j, prices.rows(), 1);
        let fit = regress(prices.col(i), &other, plan.trend)?;
        let lags = Some(found[*row].lags);
        let root = unit_root("prices", &fit.residual, Trend::None, lags, LagRule::Fixed)?;
        found[*row].statistic = root.statistic;
        found[*row].hedge_ratio = fit.hedge[0];
    }
    Ok(Screen {
        pvalue: found.iter().map(|row| p_of(row.statistic)).collect(),
        selected: adjusted.iter().map(|q| *q <= plan.fdr).collect(),
        qvalue: adjusted,
        statistic: found.iter().map(|row| row.statistic).collect(),
        hedge_ratio: found.iter().map(|row| row.hedge_ratio).collect(),
        half_life: found.iter().map(|row| row.half_life).collect(),
        lags: found.iter().map(|row| row.lags).collect(),
    })
}

/// Benjamini-Hochberg 1995; with Yekutieli's factor (2001) under dependence.
fn adjust(order: &[usize], found: &[Row], plan: ScreenPlan, p_of: impl Fn(f64) -> f64) -> Vec<f64> {
    let m = order.len() as f64;
    let factor = if plan.dependent {
        (1..=order.len()).map(|k| 1.0 / k as f64).sum()
    } else {
        1.0
    };
    let mut adjusted = vec![1.0; order.len()];
    let mut least = 1.0_f64;
    for (rank, row) in order.iter().enumerate().rev() {
        least = least.min(p_of(found[*row].statistic) * factor * m / (rank as f64 + 1.0));
        adjusted[*row] = least;
    }
    adjusted
}
