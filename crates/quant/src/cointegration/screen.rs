//! Engle-Granger tests of all ordered pairs of a panel.

use super::engle_granger::regress;
use super::screen_lines::{Akaike, All, Columns, Fixed, Lags, Tested};
use super::screen_moments::Panel;
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
    pvalue: f64,
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
    let found = match plan.lags {
        ScreenLags::Fixed(0) => pairs::<2>(&panel, &All, plan, watch),
        ScreenLags::Fixed(1) => pairs::<3>(&panel, &All, plan, watch),
        ScreenLags::Fixed(2) => pairs::<4>(&panel, &All, plan, watch),
        ScreenLags::Fixed(3) => pairs::<5>(&panel, &All, plan, watch),
        ScreenLags::Fixed(4) => pairs::<6>(&panel, &All, plan, watch),
        ScreenLags::Fixed(5) => pairs::<7>(&panel, &All, plan, watch),
        ScreenLags::Fixed(max) => pairs::<12>(&panel, &Fixed(max), plan, watch),
        ScreenLags::Aic(max) if max <= 5 => pairs::<7>(&panel, &Akaike(max), plan, watch),
        ScreenLags::Aic(max) => pairs::<12>(&panel, &Akaike(max), plan, watch),
    }?;
    settle(prices, plan, found)
}

/// Every ordered pair, in parallel by y.
fn pairs<const W: usize>(
    panel: &Panel,
    lags: &impl Lags<W>,
    plan: ScreenPlan,
    watch: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Vec<Row>> {
    let n = panel.x.cols();
    let columns = Columns::<W>::new(panel);
    let mut found = vec![Row::default(); n * (n - 1)];
    for (batch, rows) in found.chunks_mut(BATCH * (n - 1)).enumerate() {
        if !watch(n + batch * BATCH, 2 * n) {
            return Err(QuantError::Interrupted);
        }
        let part = BATCH.div_ceil(plan.threads.max(1)) * (n - 1);
        let work = |piece: usize, rows: &mut [Row]| {
            let first = batch * BATCH + piece * part / (n - 1);
            for (k, line) in rows.chunks_mut(n - 1).enumerate() {
                one_against_all(&columns, lags, plan.trend, first + k, line)?;
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
    columns: &Columns<'_, W>,
    lags: &impl Lags<W>,
    trend: Trend,
    i: usize,
    line: &mut [Row],
) -> Result<()> {
    let others = (0..=line.len()).filter(|j| *j != i);
    let mut found = vec![Tested::default(); line.len()];
    columns.line(lags, i, &mut found);
    for ((slot, tested), j) in line.iter_mut().zip(found).zip(others) {
        if tested.statistic.is_nan() {
            return Err(QuantError::collinear("prices", Some(i.max(j))));
        }
        *slot = Row {
            statistic: tested.statistic,
            pvalue: p_value(tested.statistic, trend, 2),
            hedge_ratio: tested.hedge_ratio,
            half_life: duration(tested.phi, HalfLifeMethod::Exact),
            lags: tested.lags,
        };
    }
    Ok(())
}

/// P-values, adjusted ones, the selection, and a second look at the best.
fn settle(prices: &Matrix, plan: ScreenPlan, mut found: Vec<Row>) -> Result<Screen> {
    let pair = |row: usize| {
        let (i, k) = (row / (prices.cols() - 1), row % (prices.cols() - 1));
        (i, k + usize::from(k >= i))
    };
    let order = ascending(&found);
    let adjusted = adjust(&order, &found, plan);
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
        found[*row].pvalue = p_value(root.statistic, plan.trend, 2);
        found[*row].hedge_ratio = fit.hedge[0];
    }
    Ok(Screen {
        pvalue: found.iter().map(|row| row.pvalue).collect(),
        selected: adjusted.iter().map(|q| *q <= plan.fdr).collect(),
        qvalue: adjusted,
        statistic: found.iter().map(|row| row.statistic).collect(),
        hedge_ratio: found.iter().map(|row| row.hedge_ratio).collect(),
        half_life: found.iter().map(|row| row.half_life).collect(),
        lags: found.iter().map(|row| row.lags).collect(),
    })
}

/// Rows from the smallest statistic on, equal ones in their order.
///
/// P-values rise with the statistic and fill their range, so they make good bins.
fn ascending(found: &[Row]) -> Vec<usize> {
    let bins = found.len();
    let bin = |row: &Row| ((row.pvalue * bins as f64) as usize).min(bins - 1);
    let mut starts = vec![0_u32; bins + 1];
    for row in found {
        starts[bin(row) + 1] += 1;
    }
    for at in 0..bins {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let mut order = vec![0; found.len()];
    for (at, row) in found.iter().enumerate() {
        let place = &mut next[bin(row)];
        order[*place as usize] = at;
        *place += 1;
    }
    for ends in starts.windows(2) {
        let inside = &mut order[ends[0] as usize..ends[1] as usize];
        if inside.len() > 1 {
            inside.sort_by(|a, b| found[*a].statistic.total_cmp(&found[*b].statistic));
        }
    }
    order
}

/// Benjamini-Hochberg 1995; with Yekutieli's factor (2001) under dependence.
fn adjust(order: &[usize], found: &[Row], plan: ScreenPlan) -> Vec<f64> {
    let m = order.len() as f64;
    let factor = if plan.dependent {
        (1..=order.len()).map(|k| 1.0 / k as f64).sum()
    } else {
        1.0
    };
    let mut adjusted = vec![1.0; order.len()];
    let mut least = 1.0_f64;
    for (rank, row) in order.iter().enumerate().rev() {
        least = least.min(found[*row].pvalue * factor * m / (rank as f64 + 1.0));
        adjusted[*row] = least;
    }
    adjusted
}
